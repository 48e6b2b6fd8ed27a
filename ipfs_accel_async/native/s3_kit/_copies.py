"""Copying and moving objects inside a service: no bytes pass through here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipfs_accel_async.errors import AccelError
from ipfs_accel_async.native.s3_kit._base import Part
from ipfs_accel_async.native.s3_kit._multipart import Multipart
from ipfs_accel_async.native.s3_kit._parallel import each
from ipfs_accel_async.native.s3_kit._paths import checked_bucket, checked_key
from ipfs_accel_async.native.s3_kit._values import ObjectInfo, info_of

if TYPE_CHECKING:
    from collections.abc import Mapping

COPIED_WHOLE = 5 * 2**30
COPIED_PART = 512 * 2**20


class Copies(Part):
    """The part of ``client.s3_kit`` that copies and moves."""

    __slots__ = ()

    async def copy(
        self,
        bucket: str,
        key: str,
        to_bucket: str,
        to_key: str,
        *,
        metadata: Mapping[str, str] | None = None,
        size: int | None = None,
        **params: Any,
    ) -> ObjectInfo:
        """Copy an object.

        Args:
            bucket: Where it is.
            key: Its name.
            to_bucket: Where to.
            to_key: Its new name.
            metadata: In place of that of the original.
            size: Bytes, where they are known to be over 5 GiB: such objects are copied in parts.
            params: Further parameters, as boto names them.

        Raises:
            NotFoundError: There is no such object or bucket.
        """
        source = {"Bucket": checked_bucket(bucket), "Key": checked_key(key)}
        if size is not None and size > COPIED_WHOLE:
            return await self._in_parts(source, to_bucket, to_key, size, {"Metadata": dict(metadata or {}), **params})
        answer = await self._do(
            "copy",
            params,
            Bucket=to_bucket,
            Key=to_key,
            CopySource=source,
            Metadata=None if metadata is None else dict(metadata),
            MetadataDirective=None if metadata is None else "REPLACE",
        )
        return info_of(to_bucket, to_key, {**answer["CopyObjectResult"], "Metadata": metadata}, answer)

    async def move(self, bucket: str, key: str, to_bucket: str, to_key: str, **params: Any) -> ObjectInfo:
        """Copy an object, and delete the original once the copy is there; arguments as of :meth:`copy`."""
        made = await self.copy(bucket, key, to_bucket, to_key, **params)
        if (bucket, key) != (to_bucket, to_key):
            await self._do("delete", {}, Bucket=bucket, Key=key)
        return made

    async def _in_parts(
        self, source: dict[str, str], bucket: str, key: str, size: int, fields: dict[str, Any]
    ) -> ObjectInfo:
        multipart = Multipart(self._bound)
        upload = await multipart.create(bucket, key, **fields)
        parts: dict[int, dict[str, Any]] = {}

        async def one(number: int) -> None:
            first = (number - 1) * COPIED_PART
            span = f"bytes={first}-{min(first + COPIED_PART, size) - 1}"
            answer = await multipart.copy_part(bucket, key, upload, number, source, span)
            parts[number] = {"PartNumber": number, "ETag": answer["CopyPartResult"]["ETag"]}

        try:
            await each(range(1, -(-size // COPIED_PART) + 1), 4, one)
            answer = await multipart.complete(bucket, key, upload, [parts[number] for number in sorted(parts)])
        except BaseException:
            try:
                await multipart.abort(bucket, key, upload)
            except AccelError:
                pass  # what went wrong first is what the caller is to hear
            raise
        return info_of(bucket, key, {**(answer.raw or {}), "Size": size}, answer)
