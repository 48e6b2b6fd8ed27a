"""A server that speaks enough of Redis' protocol to be asked, and answers as it is told."""

from __future__ import annotations

import asyncio
from typing import Any, Self

PONG = b"+PONG\r\n"


class Odd:
    """Answers each command but the first greetings with `answer`.

    Args:
        answer: Bytes of an answer to what a client asks for; None to hang up.
        seconds: Before it.
        alive: Whether a PING is answered well and at once.
    """

    def __init__(self, answer: bytes | None = None, *, seconds: float = 0.0, alive: bool = True) -> None:
        self.answer = answer
        self.seconds = seconds
        self.alive = alive
        self.asked: list[bytes] = []
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[Any]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def url(self) -> str:
        """Its address."""
        assert self._server is not None
        return f"redis://:secret@127.0.0.1:{self._server.sockets[0].getsockname()[1]}/0"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            while True:
                count = int((await reader.readuntil(b"\r\n"))[1:])
                parts = []
                for _ in range(count):
                    length = int((await reader.readuntil(b"\r\n"))[1:])
                    parts.append((await reader.readexactly(length + 2))[:-2])
                answer = await self._answer(parts[0].upper())
                if answer is None:
                    return
                writer.write(answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _answer(self, command: bytes) -> bytes | None:
        if command == b"HELLO":
            return b"%1\r\n$5\r\nproto\r\n:3\r\n"
        if command in {b"AUTH", b"CLIENT", b"SELECT"}:
            return b"+OK\r\n"
        if command == b"PING" and self.alive:
            return PONG
        self.asked.append(command)
        if self.seconds:
            await asyncio.sleep(self.seconds)
        return self.answer
