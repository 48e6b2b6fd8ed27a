"""HTTP as values: what codecs make and read. No HTTP library's types pass this seam."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from ipfs_accel_async.types import NOTHING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ipfs_accel_async.tls import TLS


class Progress(Protocol):
    """Where a request is: a transport that knows says so."""

    phase: str
    """``connect``, ``tls``, ``write`` or ``first byte``."""


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, ready to send.

    Args:
        method: Upper-case method.
        url: Absolute URL, already quoted.
        headers: Name and value pairs as they go on the wire. They carry the key, so the repr leaves them out.
        body: The whole body; a request can therefore be sent again.
        params: Parameters of an operation that a library puts on the wire (S3): what they become is its business.
        progress: Where a transport may write down how far it is; set for each attempt.
        tls: How the connection is to be secured; None: as usual.
    """

    method: str
    url: str
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes = b""
    params: Mapping[str, Any] = field(default_factory=lambda: NOTHING, repr=False, hash=False)
    progress: Progress | None = field(default=None, repr=False, compare=False)
    tls: TLS | None = field(default=None, repr=False, compare=False)

    def __repr__(self) -> str:
        return f"Request({self.method} {self.url}, {len(self.headers)} headers, {len(self.body)} bytes)"


class Headers:
    """Response headers, looked up by lower-case name; kept raw, as most are never read."""

    __slots__ = ("_raw",)

    def __init__(self, raw: Iterable[tuple[bytes, bytes]] = ()) -> None:
        self._raw = raw if isinstance(raw, (tuple, list)) else tuple(raw)

    def get(self, name: str) -> str | None:
        """Value of the first header of that (lower-case) name, or None."""
        wanted = name.encode("ascii")
        for key, value in self._raw:
            if len(key) == len(wanted) and key.lower() == wanted:
                return value.decode("latin-1")
        return None

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return ((key.decode("latin-1").lower(), value.decode("latin-1")) for key, value in self._raw)

    def __repr__(self) -> str:
        return f"Headers({len(self._raw)})"


@dataclass(frozen=True, slots=True)
class Response:
    """A complete HTTP response: status, headers and decoded body."""

    status: int
    headers: Headers
    body: bytes = b""

    def __repr__(self) -> str:
        return f"Response({self.status}, {len(self.body)} bytes)"
