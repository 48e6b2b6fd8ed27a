"""The innermost handler: codec x transport. Build, send, parse; a stream is handed over with its first token."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from ipfs_accel_async.answers import Answer
from ipfs_accel_async.errors import AccelError, ProtocolError, UnexpectedRedirectError
from ipfs_accel_async.keys import Token
from ipfs_accel_async.pieces import Chunks, Pieces, complete, whole
from ipfs_accel_async.stream import ByteStream, EventStream, Stream
from ipfs_accel_async.wire.http import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ipfs_accel_async.answers import Delta
    from ipfs_accel_async.call import Call
    from ipfs_accel_async.core import Result
    from ipfs_accel_async.providers._codec import Codec
    from ipfs_accel_async.trace import Attempt, Trace
    from ipfs_accel_async.transport import Incoming, Transport
    from ipfs_accel_async.wire.http import Request

Known = TypeVar("Known", bound=Answer)
MAX_ERROR_BODY = 64 * 1024


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
        trace, time = call.trace, asyncio.get_running_loop().time
        attempt = trace.current or trace.begin(call.operation, call.target, time(), 0.0)
        try:
            if isinstance(call.key, Token):
                attempt.sent, trace.phase = time(), "key"
                call = call.with_key(await call.key.current())
            request = codec.build_request(call, call.key)
            _follow(request, trace)
            if codec.tls is not None:
                object.__setattr__(request, "tls", codec.tls)  # as above
            attempt.bytes_out = len(request.body)
            trace.phase = "first byte"
            attempt.sent = attempt.sent or time()
            trace.attempts += 1  # not before: a call that ended while its token was fetched was never sent
            incoming = await self._transport.send(request)
            attempt.head, attempt.status = time(), incoming.status
            keep = False
            try:
                if call.payload.stream and incoming.status < 300:
                    stream = await self._stream(call, codec, incoming)
                    keep = True
                    return stream
                return await self._answer(call, codec, incoming, attempt)
            finally:
                if not keep:
                    await incoming.aclose()
        except AccelError as error:
            complete(error, call)
            raise

    async def _answer(self, call: Call, codec: Codec, incoming: Incoming, attempt: Attempt) -> Answer:
        call.trace.phase = "body"
        status = incoming.status
        if status < 300:
            body = await whole(incoming)
            attempt.bytes_in, attempt.received = len(body), asyncio.get_running_loop().time()
            return codec.parse_response(call, Response(status, incoming.headers, body))
        if status < 400:
            message = (
                f"HTTP {status}: redirects are not followed, as the key would leave with them; set the final base_url"
            )
            raise UnexpectedRedirectError(message, status=status)
        body = await whole(incoming, MAX_ERROR_BODY)
        attempt.bytes_in, attempt.received = len(body), asyncio.get_running_loop().time()
        error = codec.parse_error(call, Response(status, incoming.headers, body))
        told = codec.rate_limits(incoming.headers.get)
        if told is not None:
            error.rate_limits = (*error.rate_limits, told)
            if status == 429 and error.retry_after is None:
                error.retry_after = told.wait
        raise error

    async def _stream(self, call: Call, codec: Codec, incoming: Incoming) -> Result:
        """Read until something came that a caller can see: until then an error may still be retried."""
        wanted, headers = call.payload.stream, incoming.headers
        if wanted == "bytes":
            chunks = Chunks(call, incoming)
            data = await chunks.read()
            self._begun(call)
            return ByteStream(
                chunks, _traced(codec.empty_native(call, incoming.status, headers), call), data, call.trace
            )
        kind = headers.get("content-type") or ""
        if wanted == "events":
            events = Pieces(call, incoming, codec.decoder_for(call), codec.parse_native_event, codec.open_ended(call))
            seen = await events.read()
            self._begun(call)
            empty = _traced(codec.empty_native(call, incoming.status, headers), call)
            return EventStream(events, empty, seen, call.trace)
        if kind.startswith("application/json"):  # a server that does not stream, or an error inside a 200
            codec.parse_response(call, Response(incoming.status, headers, await whole(incoming)))
            raise ProtocolError("the server answered with one JSON body where a stream was asked for")
        deltas = Pieces(call, incoming, codec.decoder_for(call), codec.parse_event)
        first: list[Delta] = []
        while not any(delta.committing for delta in first):
            first.extend(await deltas.read())
        self._begun(call)
        reply = _traced(codec.empty_reply(call, headers), call)
        return Stream(deltas, reply, first, call.trace, reasoned=codec.reasoned)

    @staticmethod
    def _begun(call: Call) -> None:
        trace = call.trace
        trace.phase = "stream"
        trace.first_delta_at = now = asyncio.get_running_loop().time()
        if trace.current is not None:
            trace.current.first = trace.current.received = now


def _follow(request: Request, trace: Trace) -> None:
    """Let the transport write into the trace where it is."""
    object.__setattr__(request, "progress", trace)  # frozen, but made for this attempt alone


def _traced(answer: Known, call: Call) -> Known:
    """An answer that knows what happened to its call, before anybody else has it."""
    object.__setattr__(answer, "trace", call.trace)
    return answer
