"""What S3 answers, in the shape of an HTTP response: JSON for what boto parses, bytes for what it streams."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from ipfs_accel_async.errors import ResponseTooLargeError
from ipfs_accel_async.transport._s3_faults import typed
from ipfs_accel_async.wire.http import Headers

if TYPE_CHECKING:
    from collections.abc import Mapping

CHUNK_BYTES = 256 * 1024
_OF_THE_XML = {"content-type", "content-length", "content-encoding", "transfer-encoding"}
# S3 redirects to say that region or endpoint are wrong; a codec is to tell that, and no redirect is followed anyway
_TRANSLATED = {301: 400, 302: 400, 304: 412, 307: 400, 308: 400}


class Parsed:
    """An answer that is complete.

    Args:
        status: HTTP status.
        headers: As they came.
        value: Its content, to be written as JSON.
    """

    __slots__ = ("_body", "headers", "status")

    def __init__(self, status: int, headers: Mapping[str, str], value: Any) -> None:
        kept = [(name, text) for name, text in headers.items() if name not in _OF_THE_XML]
        self.status = _TRANSLATED.get(status, status)
        self.headers = as_headers([*kept, ("content-type", "application/json")])
        self._body = orjson.dumps(value, default=str)

    async def read(self) -> bytes:
        """The body, then nothing."""
        body, self._body = self._body, b""
        return body

    async def aclose(self) -> None:
        """Nothing is open."""


class Streamed:
    """The bytes of an object as they come.

    Args:
        status: HTTP status.
        headers: As they came.
        body: The library's stream.
        limit: Cap on its bytes; None for none.
    """

    __slots__ = ("_body", "_limit", "_seen", "headers", "status")

    def __init__(self, status: int, headers: Mapping[str, str], body: Any, limit: int | None) -> None:
        self.status = status
        self.headers = as_headers(list(headers.items()))
        self._body = body
        self._limit = limit
        self._seen = 0

    async def read(self) -> bytes:
        """The next bytes, empty at the end; then length and checksum have been found right."""
        try:
            data: bytes = await self._body.read(CHUNK_BYTES)
            self._seen += len(data)
            if self._limit is None or self._seen <= self._limit:
                return data
            failure: Exception = ResponseTooLargeError(
                f"the object is larger than max_response_bytes ({self._limit}): stream or download it"
            )
        except Exception as error:  # noqa: BLE001 - each becomes a typed one
            failure = typed(error, phase="body")
        raise failure  # outside: its context would show the frames that hold the credentials

    async def aclose(self) -> None:
        """Give the connection back if the body was read to its end, else drop it."""
        self._body.close()


def failed(error: Any) -> Parsed:
    """The answer in botocore's ``ClientError``: ``{"Code", "Message", "RequestId"}`` and what else S3 said."""
    meta = error.response.get("ResponseMetadata", {})
    headers = meta.get("HTTPHeaders", {})
    status = meta.get("HTTPStatusCode", 500)
    said = dict(error.response.get("Error", {}))
    if status == 304:
        said |= {"Code": "NotModified", "Message": "the object has not changed"}
    if "x-amz-bucket-region" in headers:
        said.setdefault("Region", headers["x-amz-bucket-region"])
    said.setdefault("RequestId", meta.get("RequestId") or headers.get("x-amz-request-id", ""))
    return Parsed(status, headers, said)


def as_headers(pairs: list[tuple[str, str]]) -> Headers:
    """Our headers of the library's."""
    return Headers([(name.encode("latin-1", "replace"), text.encode("utf-8")) for name, text in pairs])
