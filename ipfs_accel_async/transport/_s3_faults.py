"""Exceptions of botocore to ours, by class name: its modules load only where S3 is used."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ipfs_accel_async.errors import (
    AccelError,
    ConfigError,
    ConnectError,
    DecodeError,
    InterruptedCallError,
    InvalidRequestError,
    RequestTimeoutError,
    TLSError,
    TransportError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Row(NamedTuple):
    kind: type[AccelError]
    message: str
    phase: str | None = None


_BROKEN = _Row(InterruptedCallError, "the connection broke before the answer was complete")
_REFUSED = _Row(ConnectError, "no connection to the S3 endpoint: is the address right, and is it running?", "connect")
_ROWS = {
    "ConnectTimeoutError": _Row(RequestTimeoutError, "connecting to the S3 endpoint took too long", "connect"),
    "ReadTimeoutError": _Row(RequestTimeoutError, "the S3 endpoint was silent for too long"),
    "ProxyConnectionError": _Row(ConnectError, "the proxy refused the connection", "connect"),
    "SSLError": _Row(TLSError, "the TLS handshake failed: is the certificate valid for this address?", "tls"),
    "ConnectionClosedError": _BROKEN,
    "ResponseStreamingError": _BROKEN,
    "IncompleteReadError": _BROKEN,
    "HTTPClientError": _BROKEN,
    "ClientError": _BROKEN,  # aiohttp's own: botocore's of that name is an answer, and is handled before
    "OSError": _BROKEN,
    "FlexibleChecksumError": _Row(DecodeError, "the object's bytes do not fit its checksum"),
    "ResponseParserError": _Row(DecodeError, "the answer is not the XML that S3 speaks"),
    "NoCredentialsError": _Row(ConfigError, "the profile has no credentials"),
    "PartialCredentialsError": _Row(ConfigError, "the profile's credentials are incomplete"),
    "ProfileNotFound": _Row(ConfigError, "there is no such profile in ~/.aws: see the option 'profile'"),
    "ConfigParseError": _Row(ConfigError, "the files in ~/.aws cannot be read"),
    "UnsupportedSignatureVersionError": _Row(ConfigError, "the option 'signature' has a value that botocore lacks"),
    "InvalidRegionError": _Row(ConfigError, "the option 'region' is no name of a region"),
    "InvalidEndpointConfigurationError": _Row(ConfigError, "the base URL cannot be used"),
}
_NOT_SENT = {"ClientConnectorError", "ClientConnectorDNSError", "gaierror", "ConnectionRefusedError"}
_VALUE = re.compile(r", value: .*?(?=, (?:type|valid)|$)", re.MULTILINE)
_BUCKET = re.compile(r'(Invalid bucket name "[^"\n]{0,80}").*', re.DOTALL)


def typed(error: Exception, *, phase: str, sent: bool = True) -> Exception:
    """Our error for one of botocore's.

    The original is not chained: its frames hold the credentials.

    Args:
        error: What was raised.
        phase: Where, unless the kind of error says so itself.
        sent: Whether the request was on its way.
    """
    ours = error.kwargs.get("error") if type(error).__name__ == "HTTPClientError" else error  # type: ignore[attr-defined]
    if isinstance(ours, AccelError):
        return ours.with_traceback(None)
    names = [kind.__name__ for kind in type(error).__mro__]
    if "ParamValidationError" in names:
        return InvalidRequestError(_parameters(str(error)))
    if "EndpointConnectionError" in names:  # for a connection that broke, too
        row = _REFUSED if _NOT_SENT & set(_causes(error)) else _BROKEN
        return row.kind(row.message, phase=row.phase or phase)
    for name in names:
        found = _ROWS.get(name)
        if found is not None:
            return found.kind(found.message, phase=found.phase or phase)
    if not sent and (isinstance(error, (TypeError, ValueError, AttributeError)) or "BotoCoreError" in names):
        return InvalidRequestError(f"S3 cannot send these parameters: botocore failed with {type(error).__name__}")
    if isinstance(error, (TypeError, ValueError, AttributeError)):
        return DecodeError(f"botocore cannot read the answer: {type(error).__name__}", phase=phase)
    return TransportError(f"the S3 client failed with {type(error).__name__}", phase=phase, retryable=False)


def _parameters(text: str) -> str:
    """What botocore says of wrong parameters: in one line, without their values, some of which are keys."""
    report = text.partition("\n")[2] or text
    return "S3: " + " ".join(_BUCKET.sub(r"\1", _VALUE.sub("", report)).split())[:300]


def _causes(error: BaseException | None) -> Iterator[str]:
    for _ in range(10):
        if error is None:
            return
        yield from (kind.__name__ for kind in type(error).__mro__)
        error = error.__cause__ or error.__context__
