"""Reading, listing and deleting objects."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.errors import APIError, InvalidRequestError, NotFoundError
from ipfs_accel_async.native._handle import given
from ipfs_accel_async.native.s3_kit import _cid
from ipfs_accel_async.native.s3_kit._base import Part
from ipfs_accel_async.native.s3_kit._paths import checked_bucket, checked_key
from ipfs_accel_async.native.s3_kit._values import ObjectInfo, Page, PartialFailureError, StoredObject, facts, info_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable
    from contextlib import AbstractAsyncContextManager

    from ipfs_accel_async.answers import NativeAnswer
    from ipfs_accel_async.stream import ByteStream

DELETED_AT_ONCE = 1000


class Objects(Part):
    """The part of ``client.s3_kit`` that reads, lists and deletes."""

    __slots__ = ()

    async def call(self, operation: str, *, body: bytes = b"", idempotent: bool = False, **params: Any) -> NativeAnswer:
        """Any other operation of S3, by boto's name: ``call("GetBucketTagging", Bucket="b")``.

        Args:
            operation: Its name, as ``PutBucketTagging``.
            body: Bytes, for operations that take them.
            idempotent: Whether it may be sent twice.
            params: Parameters as boto names them.
        """
        return await self._any(operation, params, body, idempotent=idempotent)

    async def get(
        self,
        bucket: str,
        key: str,
        *,
        offset: int = 0,
        length: int | None = None,
        verify: bool | None = None,
        **params: Any,
    ) -> StoredObject:
        """Read an object into memory, whole or a range of it.

        Args:
            bucket: Where it is.
            key: Its name.
            offset: First byte; below 0 counts from the end.
            length: Bytes; None for all that follow.
            verify: Compare the bytes with the CID in the key. Default: wherever the key ends with one and all is read.
            params: Further parameters, as boto names them: ``IfMatch``, ``VersionId``...

        Raises:
            NotFoundError: There is no such object or bucket.
            ResponseValidationError: The bytes are not those of the CID.
            ResponseTooLargeError: It is larger than ``max_response_bytes``.
        """
        promised, span = _promised(key, verify, offset, length), _range(offset, length)
        answer = await self._do("get", params, Bucket=bucket, Key=key, Range=span)
        cid = "" if promised is None else _cid.check(hashlib.sha256(answer.body).digest(), promised, key)
        return StoredObject(**{**facts(bucket, key, answer.raw, answer), "cid": cid}, data=answer.body)

    def stream(
        self, bucket: str, key: str, *, offset: int = 0, length: int | None = None, **params: Any
    ) -> AbstractAsyncContextManager[ByteStream]:
        """An object's bytes as they come: ``async with ... as stream``, then ``async for chunk in stream``.

        Arguments as of :meth:`get`. ``stream.answer.raw`` has what the headers said. Nothing is verified by CID here:
        bytes have been handed out before their end is known; `download_file` verifies.
        """
        checked_bucket(bucket)
        sent = {**given(Bucket=bucket, Key=checked_key(key), Range=_range(offset, length)), **params}
        return self._bytes("get", json=sent)

    async def head(self, bucket: str, key: str, **params: Any) -> ObjectInfo:
        """What is known of an object, without its bytes.

        Raises:
            NotFoundError: There is no such object or bucket; it was asked for once.
        """
        answer = await self._do("head", params, Bucket=bucket, Key=key)
        return info_of(bucket, key, answer.raw, answer)

    async def exists(self, bucket: str, key: str, **params: Any) -> bool:
        """Whether an object is there."""
        try:
            await self.head(bucket, key, **params)
        except NotFoundError:
            return False
        return True

    async def list(
        self,
        bucket: str,
        prefix: str = "",
        *,
        delimiter: str = "",
        limit: int = 1000,
        token: str = "",
        after: str = "",
        **params: Any,
    ) -> Page:
        """One page of a bucket's objects, in the order of their keys.

        Args:
            bucket: The bucket.
            prefix: What their keys begin with.
            delimiter: Keys that have it after the prefix are summed up as prefixes: ``/`` lists like a directory.
            limit: Objects a page, at most 1,000.
            token: Of the page before.
            after: Begin after this key.
            params: Further parameters, as boto names them.
        """
        answer = await self._do(
            "list",
            params,
            Bucket=bucket,
            Prefix=prefix or None,
            Delimiter=delimiter or None,
            MaxKeys=limit,
            ContinuationToken=token or None,
            StartAfter=after or None,
        )
        found = answer.get("Contents") or ()
        return Page(
            tuple(info_of(bucket, one["Key"], one) for one in found),
            tuple(one["Prefix"] for one in answer.get("CommonPrefixes") or ()),
            answer.get("NextContinuationToken", "") if answer.get("IsTruncated") else "",
        )

    async def iterate(self, bucket: str, prefix: str = "", **options: Any) -> AsyncIterator[ObjectInfo]:
        """All objects of a bucket, page after page; arguments as of :meth:`list`."""
        token = ""
        while True:
            page = await self.list(bucket, prefix, token=token, **options)
            for one in page.objects:
                yield one
            token = page.token
            if not token:
                return

    async def delete(self, bucket: str, key: str, **params: Any) -> NativeAnswer:
        """Delete an object; one that is not there is no error."""
        return await self._do("delete", params, Bucket=bucket, Key=key)

    async def delete_many(self, bucket: str, keys: Iterable[str], **params: Any) -> tuple[str, ...]:
        """Delete any number of objects, 1,000 a request, and give their keys.

        Raises:
            PartialFailureError: Some could not be deleted; it has both kinds.
        """
        wanted = [checked_key(key) for key in ([keys] if isinstance(keys, str) else keys)]
        failures: dict[str, APIError] = {}
        for at in range(0, len(wanted), DELETED_AT_ONCE):
            batch = {"Objects": [{"Key": key} for key in wanted[at : at + DELETED_AT_ONCE]], "Quiet": True}
            answer = await self._do("delete_many", params, Bucket=bucket, Delete=batch)
            for one in answer.get("Errors") or ():
                said = one.get("Message") or one.get("Code", "")
                failures[one.get("Key", "")] = APIError(said, provider="s3_kit", code=one.get("Code"))
        deleted = tuple(key for key in wanted if key not in failures)
        if failures:
            message = f"{len(failures)} of {len(wanted)} objects were not deleted, the first {min(failures)!r}"
            raise PartialFailureError(message, dict.fromkeys(deleted, True), failures)
        return deleted


def _range(offset: int, length: int | None) -> str | None:
    """The header of a range (RFC 9110, byte ranges); None for the whole.

    Raises:
        InvalidRequestError: There is no such range.
    """
    if isinstance(offset, bool) or not isinstance(offset, int) or (length is not None and length < 1):
        raise InvalidRequestError(f"a range has a whole offset and a length from 1, not {offset!r} and {length!r}")
    if offset < 0:
        if length is not None and length < -offset:
            raise InvalidRequestError("a range from the end goes to the end: leave length out")
        return f"bytes={offset}"
    if length is None:
        return f"bytes={offset}-" if offset else None
    return f"bytes={offset}-{offset + length - 1}"


def _promised(key: str, verify: bool | None, offset: int, length: int | None) -> bytes | None:
    """The digest that is to be compared; None for none."""
    part = bool(offset) or length is not None
    if verify is False or (verify is None and part):
        return None
    promised = _cid.digest_in(key)
    if verify and (part or promised is None):
        raise InvalidRequestError("verify=True needs a key that ends with a CID (v1, raw, sha2-256), and no range")
    return promised
