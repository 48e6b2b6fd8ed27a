"""What all parts of the S3 handle share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from ipfs_accel_async.native._handle import Native, given
from ipfs_accel_async.native.s3_kit._paths import checked_bucket, checked_key
from ipfs_accel_async.types import NativeRequest
from ipfs_accel_async.wire.s3 import FileSlice

if TYPE_CHECKING:
    from ipfs_accel_async.answers import NativeAnswer
    from ipfs_accel_async.native.s3_kit._sources import Piece
    from ipfs_accel_async.providers.s3_kit import S3Kit


class Part(Native):
    """Sends operations of S3: parameters by boto's names, Nones left out."""

    __slots__ = ()

    @property
    def _s3(self) -> S3Kit:
        return cast("S3Kit", self._codec)

    @property
    def endpoint(self) -> str:
        """The base URL that this handle talks to."""
        bound = self._bound
        return bound.engine.provider(bound.provider).target("", "", bound.endpoint).endpoint

    async def _do(self, row: str, params: dict[str, Any], body: Piece = b"", **fields: Any) -> NativeAnswer:
        sent = {**given(**fields), **params}
        if "Bucket" in sent:
            checked_bucket(sent["Bucket"])
        if "Key" in sent:
            checked_key(sent["Key"])
        if isinstance(body, FileSlice):
            sent["Body"], body = body, b""
        return await self._call(row, json=sent, content=body)

    async def _any(self, operation: str, params: dict[str, Any], body: bytes, *, idempotent: bool) -> NativeAnswer:
        """An operation that has no row of its own."""
        bound = self._bound
        engine = bound.engine
        payload = NativeRequest(method=operation, json=params, content=body)
        target = engine.provider(bound.provider).target("", "call", bound.endpoint)
        answer = await engine.send(
            "call", target, payload, bound.priority, bound.timeout, tags=bound.tags, idempotent=idempotent
        )
        return cast("NativeAnswer", answer)
