"""A TCP proxy with faults in either direction, in toxiproxy's words: they combine, come and go while it runs."""

from __future__ import annotations

import asyncio
import random
import socket
import struct
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from types import TracebackType

Chunks = AsyncIterator[bytes]
Toxic = Callable[[Chunks], Chunks]


class ResetError(Exception):
    """A toxic asks for RST on both sides."""


def latency(seconds: float, jitter: float = 0.0, rng: random.Random | None = None) -> Toxic:
    """Hold every chunk up, by as much as `jitter` more or less."""

    async def toxic(chunks: Chunks) -> Chunks:
        async for chunk in chunks:
            await asyncio.sleep(max(0.0, seconds + (rng or random.Random(0)).uniform(-jitter, jitter)))
            yield chunk

    return toxic


def bandwidth(bytes_per_second: float) -> Toxic:
    """Let no more through than that."""

    async def toxic(chunks: Chunks) -> Chunks:
        async for chunk in chunks:
            await asyncio.sleep(len(chunk) / bytes_per_second)
            yield chunk

    return toxic


def slicer(size: int, delay: float = 0.0) -> Toxic:
    """Cut chunks into small ones, with a pause between them."""

    async def toxic(chunks: Chunks) -> Chunks:
        async for chunk in chunks:
            for at in range(0, len(chunk), size):
                yield chunk[at : at + size]
                await asyncio.sleep(delay)

    return toxic


def slow_close(seconds: float) -> Toxic:
    """Hold up the end of the connection, not its bytes."""

    async def toxic(chunks: Chunks) -> Chunks:
        async for chunk in chunks:
            yield chunk
        await asyncio.sleep(seconds)

    return toxic


def timeout(seconds: float = 0.0) -> Toxic:
    """Let nothing through, and close after that time; never, if it is 0: a black hole."""

    async def toxic(chunks: Chunks) -> Chunks:
        await (asyncio.sleep(seconds) if seconds else asyncio.Event().wait())
        return
        yield b""

    return toxic


def reset_peer(seconds: float = 0.0) -> Toxic:
    """Let bytes through, and end with RST after that time."""

    async def toxic(chunks: Chunks) -> Chunks:
        ends = asyncio.get_running_loop().time() + seconds
        async for chunk in chunks:
            if asyncio.get_running_loop().time() >= ends:
                break
            yield chunk
        raise ResetError

    return toxic


def limit_data(size: int) -> Toxic:
    """Close when so many bytes have passed."""

    async def toxic(chunks: Chunks) -> Chunks:
        left = size
        async for chunk in chunks:
            yield chunk[:left]
            left -= len(chunk)
            if left <= 0:
                return

    return toxic


class Proxy:
    """Passes connections on to a server, through its toxics.

    Args:
        url: Where to.

    Attributes:
        upstream: Toxics of what clients send, outermost last. Those there are when a connection begins are its own.
        downstream: Toxics of what the server sends.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._to = (parts.hostname, parts.port)
        self._path = parts.path
        self.upstream: list[Toxic] = []
        self.downstream: list[Toxic] = []
        self.tasks: set[asyncio.Task[None]] = set()
        self.open = 0
        self._server: asyncio.Server | None = None
        self._port = 0

    @property
    def url(self) -> str:
        """Its own address."""
        return f"http://127.0.0.1:{self._port}{self._path}"

    async def __aenter__(self) -> Self:
        await self.up()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.down()

    async def up(self) -> None:
        """Listen; again on the same port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def down(self) -> None:
        """Toxiproxy's ``down``: nobody listens, and connections are dropped."""
        if self._server is not None:
            self._server.close()
        for task in list(self.tasks):
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.tasks.add(task)
        self.open += 1
        there: asyncio.StreamWriter | None = None
        try:
            back, there = await asyncio.open_connection(*self._to)
            ways = ((reader, there, self.upstream), (back, writer, self.downstream))
            pipes = [asyncio.ensure_future(_pipe(source, sink, list(toxics))) for source, sink, toxics in ways]
            self.tasks.update(pipes)
            try:
                await asyncio.wait(pipes, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for pipe in pipes:
                    pipe.cancel()
                ends = await asyncio.gather(*pipes, return_exceptions=True)
                self.tasks.difference_update(pipes)
            if any(isinstance(end, ResetError) for end in ends):
                _linger_none(writer)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self.open -= 1
            self.tasks.discard(task)
            for one in (writer, there):
                if one is not None:
                    one.transport.abort() if one is writer and _lingers_none(one) else one.close()


async def _pipe(source: asyncio.StreamReader, sink: asyncio.StreamWriter, toxics: list[Toxic]) -> None:
    async def read() -> Chunks:
        while chunk := await source.read(65_536):
            yield chunk

    chunks: Chunks = read()
    for toxic in toxics:
        chunks = toxic(chunks)
    try:
        async for chunk in chunks:
            sink.write(chunk)
            await sink.drain()
    except ConnectionError:
        pass


def _linger_none(writer: asyncio.StreamWriter) -> None:
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _lingers_none(writer: asyncio.StreamWriter) -> bool:
    sock = writer.get_extra_info("socket")
    return bool(struct.unpack("ii", sock.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8))[0])
