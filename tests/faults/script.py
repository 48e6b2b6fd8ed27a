"""What a faulty server does on one connection, as a list of steps: send, sleep, drip, reset, half-close, hang."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field


class ConnectionOverError(Exception):
    """A step has ended the connection."""


@dataclass
class Wire:
    """One accepted connection.

    Attributes:
        heads: Heads of the requests that came on it, newest last.
    """

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    heads: list[bytes] = field(default_factory=list)


Step = Callable[[Wire], Awaitable[None]]
Script = tuple[Step, ...]


def send(data: bytes) -> Step:
    """Write bytes and wait until they are on their way."""

    async def step(wire: Wire) -> None:
        wire.writer.write(data)
        await wire.writer.drain()

    return step


def repeat(data: bytes, times: int) -> Step:
    """Write the same bytes again and again, as fast as the client takes them."""

    async def step(wire: Wire) -> None:
        for _ in range(times):
            wire.writer.write(data)
            await wire.writer.drain()

    return step


def sleep(seconds: float) -> Step:
    """Do nothing for a while."""

    async def step(wire: Wire) -> None:
        await asyncio.sleep(seconds)

    return step


def drip(data: bytes, *, every: float, size: int = 1) -> Step:
    """Write bytes a few at a time."""

    async def step(wire: Wire) -> None:
        for at in range(0, len(data), size):
            wire.writer.write(data[at : at + size])
            await wire.writer.drain()
            await asyncio.sleep(every)

    return step


def split(data: bytes, size: int) -> Step:
    """Write bytes in pieces, one turn of the loop apart, so that most arrive by themselves."""
    return drip(data, every=0, size=size)


def reset() -> Step:
    """End the connection by RST."""

    async def step(wire: Wire) -> None:
        sock = wire.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        wire.writer.transport.abort()
        raise ConnectionOverError

    return step


def cut() -> Step:
    """Drop the connection as it is: no close_notify under TLS."""

    async def step(wire: Wire) -> None:
        wire.writer.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
        wire.writer.transport.abort()
        raise ConnectionOverError

    return step


def close() -> Step:
    """End the connection by FIN."""

    async def step(wire: Wire) -> None:
        raise ConnectionOverError

    return step


def half_close() -> Step:
    """Say that nothing more will come, and go on reading until the client leaves."""

    async def step(wire: Wire) -> None:
        wire.writer.write_eof()
        await wire.reader.read()

    return step


def hang() -> Step:
    """Silence until the client leaves."""

    async def step(wire: Wire) -> None:
        while await wire.reader.read(65_536):
            pass
        raise ConnectionOverError

    return step


def deaf() -> Step:
    """Neither read nor write, for ever: the client's window fills up."""

    async def step(wire: Wire) -> None:
        wire.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await asyncio.Event().wait()

    return step


def head() -> Step:
    """Read the head of a request and leave its body unread."""

    async def step(wire: Wire) -> None:
        wire.heads.append(await wire.reader.readuntil(b"\r\n\r\n"))

    return step
