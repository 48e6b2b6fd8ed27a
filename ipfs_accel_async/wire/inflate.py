"""Content encodings, undone chunk by chunk under a cap on the decoded bytes (RFC 9110, section 8.4.1)."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from ipfs_accel_async.errors import DecodeError, ResponseTooLargeError

if TYPE_CHECKING:
    from zlib import _Decompress

GZIP, ZLIB, RAW = 31, 15, -15  # window bits, which also name the container
WINDOW_BITS = {"gzip": GZIP, "x-gzip": GZIP, "deflate": ZLIB, "identity": None, "": None}
SLICE = 16 * 1024  # bounds what a body of tiny gzip members makes us copy
MAX_RATIO = 200  # text and JSON shrink to a twentieth; only a bomb, or a large tensor of one number, to a thousandth
ANY_RATIO = 16 * 2**20  # decoded bytes up to which a body may have shrunk by any factor


class Inflater:
    """Decoder of one response body.

    Args:
        encoding: The ``Content-Encoding`` header's value; "" and "identity" leave the bytes alone.
        limit: Cap on the decoded bytes of the body. At most one byte more is ever inflated, so a
            decompression bomb costs no more than its limit; and no more than :data:`MAX_RATIO` times what was
            received, once :data:`ANY_RATIO` is passed.

    Raises:
        DecodeError: The encoding is not gzip, deflate or identity.
    """

    __slots__ = ("_bits", "_engine", "_head", "_limit", "_received", "_total", "encoding")

    def __init__(self, encoding: str, limit: int) -> None:
        self.encoding = encoding.strip().lower()
        if self.encoding not in WINDOW_BITS:
            raise DecodeError(f"cannot decode the content encoding {self.encoding[:40]!r}: ask for gzip or deflate")
        self._bits = WINDOW_BITS[self.encoding]
        self._limit = limit
        self._received = 0
        self._total = 0
        self._engine: _Decompress | None = None
        self._head = b""  # the first byte of a deflate body, which alone does not tell its container

    def feed(self, data: bytes) -> bytes:
        """The decoded bytes that `data` completes.

        Raises:
            ResponseTooLargeError: The body decodes to more than the limit, or to too many times its size.
            DecodeError: The body is damaged.
        """
        if self._bits is None:
            self._count(len(data))
            return data
        if len(data) <= SLICE:
            return self._inflate(data)
        return b"".join([self._inflate(data[at : at + SLICE]) for at in range(0, len(data), SLICE)])

    def close(self) -> bytes:
        """End of the body: what was still held back, which is nothing in a sound body.

        Raises:
            DecodeError: The body was cut off.
        """
        if self._head or (self._engine is not None and not self._engine.eof):
            raise DecodeError(f"the {self.encoding} body was cut off before its end")
        return b""

    def _inflate(self, data: bytes) -> bytes:
        self._received += len(data)
        limit = min(self._limit, max(ANY_RATIO, MAX_RATIO * self._received))
        pieces: list[bytes] = []
        while data:
            engine = self._engine
            if engine is None or engine.eof:
                data = self._begin(data)
                engine = self._engine
                if engine is None or not data:
                    break
            try:
                piece = engine.decompress(data, max(limit - self._total + 1, 1))
            except zlib.error:
                raise DecodeError(f"the {self.encoding} body is damaged") from None
            self._count(len(piece))
            if self._total > limit:
                raise ResponseTooLargeError(
                    f"the body decodes to more than {MAX_RATIO} times its size: this is how decompression bombs look"
                )
            pieces.append(piece)
            data = engine.unused_data
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _begin(self, data: bytes) -> bytes:
        """Make the engine for what starts here; the bytes to give it, or b"" when there are too few."""
        if self._engine is not None:
            if self._bits != GZIP:
                raise DecodeError(f"there are bytes after the end of the {self.encoding} body")
            data = data.lstrip(b"\0")  # padding between gzip members is legal
            if not data:
                return b""
        bits = self._bits or GZIP
        if bits == ZLIB:
            data = self._head + data
            self._head = data if len(data) < 2 else b""
            if self._head:
                return b""
            if data[0] & 15 != 8 or int.from_bytes(data[:2], "big") % 31:
                bits = RAW  # no zlib header: many servers send the bare stream under this name
        self._engine = zlib.decompressobj(bits)
        return data

    def _count(self, size: int) -> None:
        self._total += size
        if self._total > self._limit:
            raise ResponseTooLargeError(
                f"the body decodes to more than {self._limit} bytes: raise the cap or ask for less"
            )
