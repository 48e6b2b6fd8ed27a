"""Exceptions of HTTP libraries to ours. By class name, so that httpx2's clients are understood as well as httpx's."""

from __future__ import annotations

import errno
import socket
import ssl
from typing import TYPE_CHECKING, NamedTuple

from ipfs_accel_async.errors import (
    NO_SUCH_NAME,
    AccelError,
    ConfigError,
    ConnectError,
    DecodeError,
    InterruptedCallError,
    RequestTimeoutError,
    ResponseTooLargeError,
    TLSError,
    TransportError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_OUT_OF_FILES = {errno.EMFILE, errno.ENFILE}


class _Row(NamedTuple):
    kind: type[AccelError]
    message: str
    phase: str | None = None


_ROWS = {
    "ConnectTimeout": _Row(RequestTimeoutError, "connecting took too long", "connect"),
    "PoolTimeout": _Row(RequestTimeoutError, "the HTTP client had no free connection in time", "connect"),
    "WriteTimeout": _Row(RequestTimeoutError, "sending the request took too long", "write"),
    "ReadTimeout": _Row(RequestTimeoutError, "the server was silent for too long"),
    "ConnectError": _Row(
        ConnectError, "no connection to the server: is the address right, and is it running?", "connect"
    ),
    "ProxyError": _Row(ConnectError, "the proxy refused the connection", "connect"),
    "UnsupportedProtocol": _Row(ConfigError, "the base URL cannot be used", "connect"),
    "LocalProtocolError": _Row(ConfigError, "a header or the URL has a character that HTTP cannot carry"),
    "InvalidURL": _Row(ConfigError, "the base URL cannot be used"),
    "DecodingError": _Row(DecodeError, "the answer's content encoding is broken"),
    "HeadTooLarge": _Row(
        ResponseTooLargeError, "the answer's status line or headers are above the cap: 128 headers of 8190 bytes each"
    ),
    "RemoteProtocolError": _Row(InterruptedCallError, "the server broke off its answer"),
    "ReadError": _Row(InterruptedCallError, "the connection broke before the answer was complete"),
    "WriteError": _Row(InterruptedCallError, "the connection broke while the request was sent"),
    "CloseError": _Row(InterruptedCallError, "the connection broke"),
    "TransportError": _Row(TransportError, "the connection failed"),
    "OSError": _Row(InterruptedCallError, "the connection broke"),
}


def typed(error: Exception, *, phase: str) -> Exception:
    """Our error for one of an HTTP library.

    The original is not chained: its message and its frames may hold header bytes, and the key is among them.

    Args:
        error: What was raised.
        phase: Where, unless the kind of error says so itself; but ``tls`` is where in connecting.
    """
    if isinstance(error, AccelError):
        return error
    causes = list(_chain(error))
    if any(isinstance(one, OSError) and one.errno in _OUT_OF_FILES for one in causes):
        local = ConnectError("this process has no file descriptors left: raise its limit (ulimit -n)", phase="connect")
        local.outcome = "ignored"  # the endpoint was not even asked
        return local
    if any(isinstance(one, socket.gaierror) for one in causes):
        unknown = "the server's name cannot be looked up: is the address right, and is there a network?"
        return ConnectError(unknown, phase="connect", code=NO_SUCH_NAME)
    if any(isinstance(one, (ssl.SSLError, ssl.CertificateError)) for one in causes):
        return TLSError("the TLS handshake failed: is the certificate valid for this address?", phase="tls")
    for kind in type(error).__mro__:
        row = _ROWS.get(kind.__name__)
        if row is not None:
            return row.kind(
                row.message, phase=phase if (phase, row.phase) == ("tls", "connect") else row.phase or phase
            )
    return TransportError(f"the HTTP client failed with {type(error).__name__}", phase=phase, retryable=False)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what it came from."""
    for _ in range(10):
        if error is None:
            return
        yield error
        error = error.__cause__ or error.__context__
