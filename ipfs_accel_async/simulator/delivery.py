"""Putting an answer on the wire, whole or damaged as a fault has it."""

import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from aiohttp import web
from aiohttp.web_request import BaseRequest

from .faults import Fault
from .twin import Answer, Frames, Whole

Ending = Literal["end", "close", "silence"]
Pause = Callable[[float | None], Awaitable[None]]


@dataclass(slots=True)
class Outgoing:
    """Bytes to send and how they end: properly, by a closed connection, or in silence.

    `length` is the announced Content-Length; None is a chunked body. `lead` is a pause in seconds between
    the headers and the body.
    """

    parts: list[bytes]
    length: int | None
    ending: Ending = "end"
    lead: float = 0.0


def damage(answer: Answer, fault: Fault | None, error: tuple[bytes, list[bytes]] = (b"", [])) -> Outgoing:
    """Apply a fault to a good answer; `error` is the vendor's error under a 200, as a body and as frames."""
    frames = answer.frames if isinstance(answer, Frames) else [answer.body]
    size = sum(map(len, frames))
    whole = isinstance(answer, Whole)
    out = Outgoing(frames, size if whole else None)
    if fault is None:
        return out
    at = min(size // 2 if fault.at_byte is None else fault.at_byte, max(0, size - 1))
    match fault.kind:
        case "slow-first-token":
            out.lead = fault.delay
        case "cut":
            out.parts, out.ending = _clipped(frames, at), "close"
        case "stall":
            out.parts, out.ending = _clipped(frames, at), "silence"
        case "truncate":
            out.parts = _clipped(frames, at) if whole else frames[: _complete(frames, at)]
        case "error-in-200":
            out.parts = [error[0]] if whole else frames[: _complete(frames, at)] + error[1]
        case "malformed":
            index = max(0, min(_complete(frames, at), len(frames) - 2))
            out.parts = [*frames[:index], _broken(frames[index]), *frames[index + 1 :]]
    if whole and out.ending == "end":
        out.length = sum(map(len, out.parts))
    return out


async def body_of(request: BaseRequest) -> bytes:
    """Read a request's body, and ask for it where the client waits for that, as botocore does."""
    if request.headers.get("expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0
    return await request.content.read()


async def deliver(
    request: BaseRequest, answer: Answer, out: Outgoing, headers: dict[str, str], pause: Pause, pace: float
) -> web.StreamResponse:
    """Send it. `pace` is the pause in seconds after each frame of a stream.

    Raises:
        ConnectionError: The client has left.
    """
    headers = {"Content-Type": answer.media, **answer.headers, **headers}
    if out.length is not None and out.ending == "end" and not out.lead:
        return web.Response(body=b"".join(out.parts), status=answer.status, headers=headers)
    response = web.StreamResponse(status=answer.status, headers=headers)
    response.content_length = out.length
    await response.prepare(request)
    if out.lead:
        await pause(out.lead)
    for part in out.parts:
        await response.write(part)
        if pace and out.length is None:
            await pause(pace)
    if out.ending == "silence":
        await pause(None)
    elif out.ending == "close" and request.transport is not None:
        request.transport.close()
    else:
        await response.write_eof()
    return response


def reset(request: BaseRequest) -> web.StreamResponse:
    """Abort the connection, so that the client sees a reset and not an end."""
    transport = request.transport
    if transport is not None:
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    return web.Response()


def _clipped(frames: list[bytes], at: int) -> list[bytes]:
    kept = []
    for frame in frames:
        if at <= 0:
            break
        kept.append(frame[:at])
        at -= len(frame)
    return kept


def _complete(frames: list[bytes], at: int) -> int:
    """Return how many frames end within the first `at` bytes; never the last, which ends the stream."""
    for i, frame in enumerate(frames[:-1]):
        at -= len(frame)
        if at < 0:
            return i
    return max(0, len(frames) - 1)


def _broken(frame: bytes) -> bytes:
    """Cut the JSON of a frame in half and leave its line ends."""
    start = max(0, frame.find(b"{"))
    text = frame.rstrip(b"\r\n")
    return frame[: start + (len(text) - start) // 2 + 1] + frame[len(text) :] if text else b"{"
