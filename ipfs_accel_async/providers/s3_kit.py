"""S3 and what speaks its protocol: operations and parameters as boto names them (Amazon S3 API reference)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

from ipfs_accel_async.answers import NativeAnswer
from ipfs_accel_async.errors import ConfigError, InvalidRequestError
from ipfs_accel_async.keys import Secret
from ipfs_accel_async.providers import _native
from ipfs_accel_async.providers._codec import Codec
from ipfs_accel_async.providers._s3_errors import s3_error
from ipfs_accel_async.providers._s3_headers import described
from ipfs_accel_async.providers._s3_table import ANY, NATIVE, STREAMED
from ipfs_accel_async.types import NOTHING, NativeRequest
from ipfs_accel_async.wire import s3
from ipfs_accel_async.wire.http import Request

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ipfs_accel_async.answers import Answer
    from ipfs_accel_async.errors import APIError
    from ipfs_accel_async.providers._operation import CallFacts, Operation
    from ipfs_accel_async.wire.http import Headers, Response

DEFAULT_REGION = "us-east-1"
_OPTIONS = {
    "region": s3.REGION,
    "addressing": s3.ADDRESSING,
    "signature": s3.SIGNATURE,
    "checksums": s3.CHECKSUMS,
    "profile": s3.PROFILE,
    "ca_bundle": s3.CA_BUNDLE,
}
_NAMES = (
    ("accesskey", "awsaccesskeyid", "access", "s3accesskey"),
    ("secretkey", "awssecretaccesskey", "secret", "s3secretkey"),
    ("sessiontoken", "awssessiontoken", "session", "s3sessiontoken"),
)
"""Of access key, secret and session token, whatever their case and underscores."""


class S3Key(Secret):
    """Credentials of S3 as one key: ``keys={"s3_kit": S3Key(access, secret)}``.

    The text ``"ACCESS:SECRET"`` or ``"ACCESS:SECRET:SESSION"`` does as well, unless one of them has a colon in it.

    Args:
        access: Access key.
        secret: Secret key.
        session: Session token of temporary credentials.

    Raises:
        ConfigError: One is empty that must not be, or has a character that no header may carry.
    """

    __slots__ = ()

    def __init__(self, access: str, secret: str, session: str = "") -> None:
        super().__init__(s3.joined(s3.Credentials(access.strip(), secret.strip(), session.strip())))


class S3Kit(Codec):
    """Requests for :class:`ipfs_accel_async.transport.s3.S3Transport`, which puts them on the wire and signs them.

    Options:

    - ``region``: What requests are signed for; default ``us-east-1``.
    - ``addressing``: Where the bucket's name goes: ``path``, ``virtual`` (into the host name) or ``auto``; default
      ``auto`` at Amazon, ``path`` elsewhere.
    - ``signature``: ``s3v4``, ``s3`` (version 2, of old servers) or ``unsigned``, which needs no key.
    - ``checksums``: ``when_supported``, or ``when_required`` for servers that do not know them.
    - ``profile``: A profile in ~/.aws to take key and region from.
    - ``ca_bundle``: File of the certificates to trust.
    """

    name = "s3_kit"
    base_url = "https://s3.amazonaws.com"
    key_env = ("S3_ACCESS_KEY", "AWS_ACCESS_KEY_ID")
    key_parts: ClassVar[Mapping[str, Sequence[str]]] = {
        "S3_ACCESS_KEY": ("S3_SECRET_KEY", "S3_SESSION_TOKEN"),
        "AWS_ACCESS_KEY_ID": ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
    }
    url_env = ("S3_ENDPOINT", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
    file_keys = ("s3cfg", "s3")
    file_urls = ("s3_endpoint",)
    fixed_key_header = True
    option_env: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "region": ("S3_REGION", "AWS_REGION", "AWS_DEFAULT_REGION"),
        "addressing": ("S3_ADDRESSING_STYLE",),
        "signature": ("S3_SIGNATURE_VERSION",),
        "checksums": ("S3_CHECKSUMS", "AWS_REQUEST_CHECKSUM_CALCULATION"),
        "profile": (),
        "ca_bundle": ("AWS_CA_BUNDLE", "SSL_CERT_FILE"),
    }
    native: ClassVar[Mapping[str, Operation]] = NATIVE
    request_id_header = "x-amz-request-id"

    def __init__(self, *, headers: Iterable[tuple[str, str]] = (), options: Mapping[str, str] = NOTHING) -> None:
        super().__init__(headers=headers, options=options)
        for option in ("addressing", "signature", "checksums"):
            allowed = s3.OPTIONS[_OPTIONS[option]]
            value = self.options.get(option, "").lower()
            if allowed is not None and value not in {"", *allowed}:
                message = f"the option {option!r} is one of {', '.join(allowed)}, not {value[:40]!r}"
                raise ConfigError(message, provider=self.name)
            if value:
                self.options[option] = value
        if self.options.get("profile") or self.options.get("signature") == "unsigned":
            self.key_required = False  # type: ignore[misc]  # an option of this instance decides

    @property
    def region(self) -> str:
        """The region that requests are signed for."""
        return self.options.get("region", DEFAULT_REGION)

    def key_of(self, values: Mapping[str, Any]) -> str | None:
        """The key in variables of the environment or an object of the credentials file, under any name in use."""
        texts = {name.replace("_", "").lower(): text.strip() for name, text in values.items() if isinstance(text, str)}
        access, secret, session = (next((texts[name] for name in names if texts.get(name)), "") for names in _NAMES)
        return s3.joined(s3.Credentials(access, secret, session)) if access or secret else None

    def normalize_url(self, url: str) -> str:
        """Amazon's own address becomes that of the region."""
        if url == self.base_url and self.region != DEFAULT_REGION:
            return f"https://s3.{self.region}.amazonaws.com"
        return url

    def addressing(self, endpoint: str) -> str:
        """Where the bucket's name goes: Amazon wants it in the host, other servers can be counted on for the path."""
        host = urlsplit(endpoint).hostname or ""
        return self.options.get("addressing") or ("auto" if host.endswith(".amazonaws.com") else "path")

    def auth_headers(self, key: Secret) -> Iterable[tuple[bytes, bytes]]:
        """The credentials, for the transport to sign with."""
        return ((b"authorization", key.header(s3.SCHEME)),)

    def build_request(self, call: CallFacts, key: Secret | None) -> Request:
        """The operation and its parameters, which are the payload's JSON.

        Raises:
            InvalidRequestError: There is no such operation, or its parameters are no mapping.
        """
        payload = call.payload
        row = self.native.get("call" if call.operation == "request" else call.operation)
        if row is None or not isinstance(payload, NativeRequest):
            message = f"S3 has no {call.operation!r}: use client.s3_kit, and its call(...) for any operation of boto"
            raise InvalidRequestError(message, target=call.target)
        options = {**self.options, "addressing": self.addressing(call.target.endpoint), "region": self.region}
        if "profile" in self.options and "region" not in self.options:
            del options["region"]  # the profile may have one
        headers = [(_OPTIONS[name].encode(), value.encode("latin-1")) for name, value in options.items() if value]
        if payload.stream:
            headers.append((s3.LIMIT.encode(), b"none"))
        headers += [(b"x-request-id", call.request_id.encode("ascii")), *self._extra_headers]
        if key is not None:
            headers.extend(self.auth_headers(key))
        operation = payload.method if row.method == ANY else row.method
        return Request(operation, f"s3+{call.target.endpoint}", tuple(headers), payload.content, payload.json or {})

    def parse_response(self, call: CallFacts, response: Response) -> Answer:
        """An object's bytes with what its headers say, or the JSON of the operation."""
        if call.operation in STREAMED:
            known = self.empty_native(call, response.status, response.headers)
            return NativeAnswer(
                **self.meta(call, response.headers),
                raw=known.raw,
                status=known.status,
                body=response.body,
                media_type=known.media_type,
            )
        return _native.answer(self, call, response)

    def empty_native(self, call: CallFacts, status: int, headers: Headers) -> NativeAnswer:
        """What is known of an object before its bytes come."""
        raw = described(headers)
        return NativeAnswer(
            **self.meta(call, headers), raw=raw, status=status, media_type=raw.get("ContentType", "").partition(";")[0]
        )

    def parse_error(self, call: CallFacts, response: Response) -> APIError:
        """By S3's code, then by status; the message says which bucket and key."""
        return s3_error(call, response)


codec = S3Kit()
