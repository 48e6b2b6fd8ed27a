"""Buckets: listed, made, looked for, deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipfs_accel_async.errors import BadRequestError, NotFoundError
from ipfs_accel_async.native.s3_kit._base import Part
from ipfs_accel_async.native.s3_kit._values import Bucket, moment
from ipfs_accel_async.providers.s3_kit import DEFAULT_REGION

if TYPE_CHECKING:
    from ipfs_accel_async.answers import NativeAnswer


class Buckets(Part):
    """``client.s3_kit.buckets``."""

    __slots__ = ()

    async def list(self, **params: Any) -> tuple[Bucket, ...]:
        """List the buckets of the key's owner."""
        answer = await self._do("buckets.list", params)
        return tuple(Bucket(one["Name"], moment(one.get("CreationDate"))) for one in answer["Buckets"] or ())

    async def create(self, bucket: str, *, region: str = "", exist_ok: bool = False, **params: Any) -> None:
        """Make a bucket.

        Args:
            bucket: Its name.
            region: Where; default: the region that requests are signed for.
            exist_ok: Being its owner already is no error.
            params: Further parameters, as boto names them.

        Raises:
            BadRequestError: It is there already, or its name is not allowed.
        """
        where = region or self._s3.region
        place = None if where == DEFAULT_REGION else {"LocationConstraint": where}
        try:
            await self._do("buckets.create", params, Bucket=bucket, CreateBucketConfiguration=place)
        except BadRequestError as error:
            if not (exist_ok and error.code == "BucketAlreadyOwnedByYou"):
                raise

    async def delete(self, bucket: str, **params: Any) -> None:
        """Delete a bucket, which must be empty."""
        await self._do("buckets.delete", params, Bucket=bucket)

    async def head(self, bucket: str, **params: Any) -> NativeAnswer:
        """Ask whether a bucket is there and may be used.

        Raises:
            NotFoundError: It is not there.
            PermissionDeniedError: It belongs to somebody else.
        """
        return await self._do("buckets.head", params, Bucket=bucket)

    async def exists(self, bucket: str) -> bool:
        """Whether a bucket is there."""
        try:
            await self.head(bucket)
        except NotFoundError:
            return False
        return True
