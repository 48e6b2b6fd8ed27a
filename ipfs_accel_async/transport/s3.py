"""S3 through aioboto3: one operation, once. Retries, limits and deadlines are the stack's business, not botocore's."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anyio import to_thread

from ipfs_accel_async.errors import ConfigError, InvalidRequestError
from ipfs_accel_async.transport._s3_client import SENDING, ClientKey, OpenClient, Sending, open_client
from ipfs_accel_async.transport._s3_faults import typed
from ipfs_accel_async.transport._s3_incoming import Parsed, Streamed, failed
from ipfs_accel_async.wire import s3
from ipfs_accel_async.wire.s3 import FileSlice

if TYPE_CHECKING:
    from ipfs_accel_async.transport import Incoming
    from ipfs_accel_async.wire.http import Request

_NOT_SENT = {"authorization", "accept", "accept-encoding", "content-type", "content-length", "user-agent"}


class S3Transport:
    """One S3 operation, once: see :mod:`ipfs_accel_async.wire.s3` for what a request looks like.

    A client of aioboto3 is opened on first use for each endpoint, credentials and options, and kept open. It reads
    nothing from ``~/.aws``, the environment or the instance's metadata, unless the option ``profile`` names a profile.

    Args:
        connect_timeout: Seconds for TCP and TLS.
        max_response_bytes: Cap on an object that is read whole; streams have none.
    """

    def __init__(self, *, connect_timeout: float, max_response_bytes: int) -> None:
        self._connect_timeout = connect_timeout
        self._limit = max_response_bytes
        self._clients: dict[ClientKey, OpenClient] = {}
        self._opening = asyncio.Lock()

    async def send(self, request: Request) -> Incoming:
        """Send one operation and wait for the head of its answer; an error that S3 answers with is an answer.

        Raises:
            ConfigError: aioboto3 is not installed, or an option cannot be used.
            InvalidRequestError: There is no such operation, or botocore refuses its parameters.
            TransportError: No answer came.
        """
        options, extra = _headers(request)
        params = await _with_body(request)
        opened = await self._opened(_key(request, options))
        sending = Sending(extra)
        token = SENDING.set(sending)
        try:
            if request.method not in opened.operations:
                raise InvalidRequestError(f"S3 has no operation {request.method!r}: write it as boto does, 'PutObject'")
            return await self._send(opened.client, request.method, params, None if s3.LIMIT in options else self._limit)
        except Exception as error:  # noqa: BLE001 - each becomes a typed one
            failure = typed(error, phase="first byte", sent=sending.sent)
        finally:
            SENDING.reset(token)
        raise failure  # outside: not even as its context the original follows, as its frames hold the credentials

    @staticmethod
    async def _send(client: Any, operation: str, params: dict[str, Any], limit: int | None) -> Incoming:
        from botocore import xform_name  # type: ignore[import-untyped]
        from botocore.exceptions import ClientError  # type: ignore[import-untyped]

        if client.meta.service_model.operation_model(operation).has_event_stream_output:
            raise InvalidRequestError(f"{operation} answers with an event stream, which is not supported")
        try:
            answer = await getattr(client, xform_name(operation))(**params)
        except ClientError as error:
            return failed(error)
        meta = answer.pop("ResponseMetadata", {})
        status, headers = meta.get("HTTPStatusCode", 200), meta.get("HTTPHeaders", {})
        body = answer.pop("Body", None)
        if body is not None:
            return Streamed(status, headers, body, limit)
        return Parsed(status, headers, answer)

    async def _opened(self, key: ClientKey) -> OpenClient:
        """The client of a key; whoever asks while it is being opened waits for it."""
        found = self._clients.get(key)
        if found is not None:
            return found
        try:
            async with self._opening:
                found = self._clients.get(key)
                if found is None:
                    found = self._clients[key] = await open_client(key, connect_timeout=self._connect_timeout)
                return found
        except Exception as error:  # noqa: BLE001 - each becomes a typed one
            failure = typed(error, phase="connect")
        raise failure

    async def aclose(self) -> None:
        """Close every client. Idempotent."""
        async with self._opening:
            clients, self._clients = list(self._clients.values()), {}
        for opened in clients:
            await opened.closing.aclose()


def _headers(request: Request) -> tuple[dict[str, str], tuple[tuple[str, str], ...]]:
    """Options, and the headers to send."""
    options: dict[str, str] = {}
    extra: list[tuple[str, str]] = []
    for raw, value in request.headers:
        name = raw.decode("ascii").lower()
        if name in s3.OPTIONS:
            options[name] = value.decode("latin-1")
        elif name not in _NOT_SENT:
            extra.append((name, value.decode("latin-1")))
    for name, allowed in s3.OPTIONS.items():
        if allowed is not None and options.get(name, allowed[0]) not in allowed:
            message = f"option {name.removeprefix('s3-')!r} is one of {', '.join(allowed)}, not {options[name]!r}"
            raise ConfigError(message)
    return options, tuple(extra)


def _key(request: Request, options: dict[str, str]) -> ClientKey:
    key = next((value for name, value in request.headers if name.lower() == b"authorization"), None)
    if key is None and s3.PROFILE not in options and options.get(s3.SIGNATURE) != "unsigned":
        raise ConfigError("S3 needs a key, the option 'profile', or the option 'signature' set to 'unsigned'")
    return ClientKey(
        request.url.removeprefix("s3+"),
        None if key is None else s3.split(key.decode("ascii").removeprefix(f"{s3.SCHEME} ")),
        options.get(s3.REGION, ""),
        options.get(s3.ADDRESSING, "auto"),
        options.get(s3.SIGNATURE, "s3v4"),
        options.get(s3.CHECKSUMS, "when_supported"),
        options.get(s3.PROFILE, ""),
        options.get(s3.CA_BUNDLE, ""),
    )


async def _with_body(request: Request) -> dict[str, Any]:
    """The parameters, with a body that is in the request or in a file."""
    params = dict(request.params)
    piece = params.get("Body")
    if isinstance(piece, FileSlice):
        params["Body"] = await to_thread.run_sync(_read, piece)
    elif request.body:
        params["Body"] = request.body
    return params


def _read(piece: FileSlice) -> bytes:
    try:
        with Path(piece.path).open("rb") as file:
            file.seek(piece.offset)
            data = file.read(piece.size)
    except OSError as error:
        raise InvalidRequestError(f"{piece.path} cannot be read: {error.strerror}") from None
    if len(data) != piece.size:
        raise InvalidRequestError(f"{piece.path} has become shorter while it was sent")
    return data
