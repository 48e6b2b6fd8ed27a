"""The pieces of one streaming response: bytes through a decoder and a codec, up to the end mark."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from ipfs_accel_async.errors import AccelError, InterruptedCallError, ProtocolError, StreamIncompleteError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ipfs_accel_async.call import Call
    from ipfs_accel_async.transport import Incoming
    from ipfs_accel_async.wire.frames import Frame

DRAIN_SECONDS = 0.1
DRAIN_BYTES = 64 * 1024


class Ending(Protocol):
    """A piece that knows whether it is the last."""

    @property
    def end(self) -> bool:
        """Whether nothing follows."""


class Decoder(Protocol):
    """Bytes to frames, however the network cuts them."""

    def feed(self, chunk: bytes) -> Iterable[Frame]:
        """The frames that are complete now."""

    def close(self) -> Iterable[Frame]:
        """The frames that the end of the body completes."""


P = TypeVar("P", bound=Ending)


class Pieces(Generic[P]):
    """The pieces of one streaming response.

    Args:
        call: The call that it answers.
        incoming: Its bytes.
        decoder: Makes frames of them.
        parse: Makes pieces of a frame.
        open_ended: There is no end mark: the end of the body is the end.
    """

    __slots__ = ("_attempt", "_call", "_decoder", "_ended", "_failed", "_incoming", "_open_ended", "_parse")

    def __init__(
        self,
        call: Call,
        incoming: Incoming,
        decoder: Decoder,
        parse: Callable[[Call, Frame], Iterable[P]],
        open_ended: bool = False,
    ) -> None:
        self._call = call
        self._attempt = call.trace.current
        self._incoming = incoming
        self._decoder = decoder
        self._parse = parse
        self._open_ended = open_ended
        self._ended = False
        self._failed: AccelError | None = None

    async def read(self) -> Sequence[P]:
        """The next pieces, as many as one read of the socket brings.

        Raises:
            StreamIncompleteError: The body ended, cleanly or not, before the end mark.
            APIError: The stream carried an error.
        """
        if self._failed is not None:  # what came before it in the same bytes has been delivered
            raise self._failed
        call, parse = self._call, self._parse
        pieces: list[P] = []
        while not pieces and not self._ended:
            try:
                chunk = await self._incoming.read()
                if self._attempt is not None:
                    self._attempt.bytes_in += len(chunk)
                frames = self._decoder.feed(chunk) if chunk else self._decoder.close()
                for frame in frames:
                    if not frame.data:  # a bare "data:" line: some proxies keep connections alive that way
                        continue
                    pieces.extend(parse(call, frame))
                    if pieces and pieces[-1].end:
                        self._ended = True
                        break  # whatever a server sends after its end mark is no part of the answer
                else:
                    if not chunk and self._open_ended:
                        self._ended = True
                    elif not chunk:
                        raise StreamIncompleteError("the stream ended before its end mark", phase="stream")
            except InterruptedCallError:
                self._fail(StreamIncompleteError("the connection broke before the stream's end mark", phase="stream"))
            except AccelError as error:
                self._fail(error)
            if self._failed is not None and not pieces:
                raise self._failed
        return pieces

    def _fail(self, error: AccelError) -> None:
        complete(error, self._call)
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


class Chunks:
    """The bytes of one response, as they come. Where the body has a known length the transport raises on a cut one.

    Args:
        call: The call that it answers.
        incoming: Its bytes.
    """

    __slots__ = ("_call", "_incoming")

    def __init__(self, call: Call, incoming: Incoming) -> None:
        self._call = call
        self._incoming = incoming

    async def read(self) -> Sequence[bytes]:
        """The next bytes; none at the end.

        Raises:
            StreamIncompleteError: The connection broke before the end.
        """
        failure: AccelError
        try:
            chunk = await self._incoming.read()
        except InterruptedCallError:
            failure = StreamIncompleteError("the connection broke before the end of the body", phase="stream")
        except AccelError as error:
            failure = error
        else:
            if self._call.trace.current is not None:
                self._call.trace.current.bytes_in += len(chunk)
            return (chunk,) if chunk else ()
        complete(failure, self._call)
        raise failure

    async def aclose(self) -> None:
        """Free the connection."""
        await self._incoming.aclose()


async def whole(incoming: Incoming, cap: int | None = None) -> bytes:
    """A body in one piece; with a `cap`, as many bytes of it or as few as there are.

    Under a cap a body that breaks off, or is a bomb, is what came of it: it is that of an error, whose status has been
    read and says more.
    """
    chunks = []
    size = 0
    try:
        while chunk := await incoming.read():
            chunks.append(chunk)
            size += len(chunk)
            if cap is not None and size > cap:
                break
    except (ProtocolError, InterruptedCallError):
        if cap is None:
            raise
    return chunks[0][:cap] if len(chunks) == 1 else b"".join(chunks)[:cap]


def complete(error: AccelError, call: Call) -> None:
    """Say whose error it is, where the place that raised it could not know."""
    if error.target is None:
        error.target = call.target
        error.provider = call.target.provider
    if call.key is not None:
        error.redact(call.key.reveal())
    error.request_id = error.request_id or call.request_id
    error.attempts = call.attempts
    error.phase = error.phase or call.trace.phase
