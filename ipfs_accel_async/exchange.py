"""The innermost handler: codec x transport. Build, send, parse; a stream is handed over with its first token."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ipfs_accel_async.errors import (
    AccelError,
    InterruptedCallError,
    ProtocolError,
    StreamIncompleteError,
    UnexpectedRedirectError,
)
from ipfs_accel_async.stream import Stream
from ipfs_accel_async.wire.http import Response

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ipfs_accel_async.answers import Answer, Delta
    from ipfs_accel_async.call import Call
    from ipfs_accel_async.core import Result
    from ipfs_accel_async.providers._codec import Codec
    from ipfs_accel_async.transport import Incoming, Transport

MAX_ERROR_BODY = 64 * 1024
DRAIN_SECONDS = 0.1
DRAIN_BYTES = 64 * 1024


class Exchange:
    """Terminal handler of the stack.

    Args:
        codecs: By provider name.
        transport: Sends their requests.
    """

    def __init__(self, codecs: Mapping[str, Codec], transport: Transport) -> None:
        self._codecs = codecs
        self._transport = transport

    async def __call__(self, call: Call) -> Result:
        """Send `call` once.

        Raises:
            TransportError: No complete answer came.
            ProtocolError: The answer cannot be right.
            APIError: The answer is an error.
        """
        codec = self._codecs[call.target.provider]
        trace = call.trace
        trace.attempts += 1
        try:
            request = codec.build_request(call, call.key)
            trace.phase = "first byte"
            incoming = await self._transport.send(request)
            keep = False
            try:
                if call.payload.stream and incoming.status < 300:
                    stream = await self._stream(call, codec, incoming)
                    keep = True
                    return stream
                return await self._answer(call, codec, incoming)
            finally:
                if not keep:
                    await incoming.aclose()
        except AccelError as error:
            _complete(error, call)
            raise

    async def _answer(self, call: Call, codec: Codec, incoming: Incoming) -> Answer:
        call.trace.phase = "body"
        status = incoming.status
        if status < 300:
            body = await _whole(incoming)
            return codec.parse_response(call, Response(status, incoming.headers, body))
        if status < 400:
            message = (
                f"HTTP {status}: redirects are not followed, as the key would leave with them; set the final base_url"
            )
            raise UnexpectedRedirectError(message, status=status)
        body = await _whole(incoming, MAX_ERROR_BODY)
        raise codec.parse_error(call, Response(status, incoming.headers, body))

    async def _stream(self, call: Call, codec: Codec, incoming: Incoming) -> Stream:
        """Read until something came that a caller can see: until then an error may still be retried."""
        kind = incoming.headers.get("content-type") or ""
        if kind.startswith("application/json"):  # a server that does not stream, or an error inside a 200
            codec.parse_response(call, Response(incoming.status, incoming.headers, await _whole(incoming)))
            raise ProtocolError("the server answered with one JSON body where a stream was asked for")
        events = Events(call, codec, incoming)
        first: list[Delta] = []
        while not any(delta.committing for delta in first):
            first.extend(await events.read())
        call.trace.phase = "stream"
        call.trace.first_delta_at = asyncio.get_running_loop().time()
        return Stream(events, codec.empty_reply(call, incoming.headers), first)


class Events:
    """The deltas of one streaming response."""

    __slots__ = ("_call", "_codec", "_decoder", "_ended", "_failed", "_incoming")

    def __init__(self, call: Call, codec: Codec, incoming: Incoming) -> None:
        self._call = call
        self._codec = codec
        self._incoming = incoming
        self._decoder = codec.decoder()
        self._ended = False
        self._failed: AccelError | None = None

    async def read(self) -> Sequence[Delta]:
        """The next deltas, as many as one read of the socket brings.

        Raises:
            StreamIncompleteError: The body ended, cleanly or not, before the end mark.
            APIError: The stream carried an error.
        """
        if self._failed is not None:  # what came before it in the same bytes has been delivered
            raise self._failed
        call, parse = self._call, self._codec.parse_event
        deltas: list[Delta] = []
        while not deltas and not self._ended:
            try:
                chunk = await self._incoming.read()
                frames = self._decoder.feed(chunk) if chunk else self._decoder.close()
                for frame in frames:
                    if not frame.data:  # a bare "data:" line: some proxies keep connections alive that way
                        continue
                    deltas.extend(parse(call, frame))
                    if deltas and deltas[-1].end:
                        self._ended = True
                        break  # whatever a server sends after its end mark is no part of the answer
                else:
                    if not chunk:
                        raise StreamIncompleteError("the stream ended before its end mark", phase="stream")
            except InterruptedCallError:
                self._fail(StreamIncompleteError("the connection broke before the stream's end mark", phase="stream"))
            except AccelError as error:
                self._fail(error)
            if self._failed is not None and not deltas:
                raise self._failed
        return deltas

    def _fail(self, error: AccelError) -> None:
        _complete(error, self._call)
        self._failed = error

    async def aclose(self) -> None:
        """Free the connection; after the end mark the few bytes that follow are read, so that it can be used again."""
        try:
            if self._ended:
                async with asyncio.timeout(DRAIN_SECONDS):
                    seen = 0
                    while seen < DRAIN_BYTES and (chunk := await self._incoming.read()):
                        seen += len(chunk)
        except (AccelError, TimeoutError):
            pass  # the answer is complete; only the connection is lost
        finally:
            await self._incoming.aclose()


async def _whole(incoming: Incoming, cap: int | None = None) -> bytes:
    chunks = []
    size = 0
    while chunk := await incoming.read():
        chunks.append(chunk)
        size += len(chunk)
        if cap is not None and size > cap:
            break
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)[:cap]


def _complete(error: AccelError, call: Call) -> None:
    """Say whose error it is, where the place that raised it could not know."""
    if error.target is None:
        error.target = call.target
        error.provider = call.target.provider
    if call.key is not None:
        error.redact(call.key.reveal())
    error.request_id = error.request_id or call.request_id
    error.attempts = call.attempts
    error.phase = error.phase or call.trace.phase
