"""The operations of a multipart upload, one by one; ``put`` does all of them by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipfs_accel_async.native.s3_kit._base import Part

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from ipfs_accel_async.answers import NativeAnswer
    from ipfs_accel_async.native.s3_kit._sources import Piece


class Multipart(Part):
    """``client.s3_kit.multipart``."""

    __slots__ = ()

    async def create(self, bucket: str, key: str, **params: Any) -> str:
        """Begin an upload and give its id."""
        answer = await self._do("multipart.create", params, Bucket=bucket, Key=key)
        return str(answer["UploadId"])

    async def part(self, bucket: str, key: str, upload: str, number: int, body: Piece, **params: Any) -> NativeAnswer:
        """Send one part: numbers are from 1 to 10,000, all parts but the last of at least 5 MiB."""
        return await self._do(
            "multipart.part", params, body, Bucket=bucket, Key=key, UploadId=upload, PartNumber=number
        )

    async def copy_part(
        self, bucket: str, key: str, upload: str, number: int, source: dict[str, str], span: str, **params: Any
    ) -> NativeAnswer:
        """Take one part from another object: `source` is ``{"Bucket": ..., "Key": ...}``, `span` as ``bytes=0-99``."""
        return await self._do(
            "multipart.copy_part",
            params,
            Bucket=bucket,
            Key=key,
            UploadId=upload,
            PartNumber=number,
            CopySource=source,
            CopySourceRange=span,
        )

    async def complete(
        self, bucket: str, key: str, upload: str, parts: Sequence[dict[str, Any]], **params: Any
    ) -> NativeAnswer:
        """Make the object of its parts: ``{"PartNumber": ..., "ETag": ...}`` of each, in their order."""
        made = {"Parts": list(parts)}
        return await self._do(
            "multipart.complete", params, Bucket=bucket, Key=key, UploadId=upload, MultipartUpload=made
        )

    async def abort(self, bucket: str, key: str, upload: str, **params: Any) -> None:
        """Give an upload up; its parts cost nothing any more."""
        await self._do("multipart.abort", params, Bucket=bucket, Key=key, UploadId=upload)

    async def list(self, bucket: str, prefix: str = "", **params: Any) -> NativeAnswer:
        """List the uploads under way, a page of 1,000."""
        return await self._do("multipart.list", params, Bucket=bucket, Prefix=prefix or None)

    async def parts(self, bucket: str, key: str, upload: str, **params: Any) -> NativeAnswer:
        """List the parts of an upload that have arrived, a page of 1,000."""
        return await self._do("multipart.parts", params, Bucket=bucket, Key=key, UploadId=upload)

    async def arrived(self, bucket: str, key: str, upload: str) -> AsyncIterator[dict[str, Any]]:
        """All parts of an upload that have arrived, page by page."""
        after: dict[str, Any] = {}
        while True:
            page = await self.parts(bucket, key, upload, **after)
            for part in page.get("Parts") or ():
                yield part
            if not page.get("IsTruncated"):
                return
            after = {"PartNumberMarker": page["NextPartNumberMarker"]}
