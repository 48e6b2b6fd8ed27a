"""Putting objects: in one piece where they are small, else in parts, several at once."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anyio import to_thread

from ipfs_accel_async.errors import AccelError, InvalidRequestError
from ipfs_accel_async.native.s3_kit import _cid
from ipfs_accel_async.native.s3_kit._base import Part
from ipfs_accel_async.native.s3_kit._files import file_errors
from ipfs_accel_async.native.s3_kit._multipart import Multipart
from ipfs_accel_async.native.s3_kit._parallel import workers
from ipfs_accel_async.native.s3_kit._sources import Data, Piece, Source, length
from ipfs_accel_async.native.s3_kit._values import ObjectInfo, info_of
from ipfs_accel_async.wire.s3 import FileSlice

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping

PART_BYTES = 8 * 2**20
SMALLEST_PART = 5 * 2**20
MOST_PARTS = 10_000


class Uploads(Part):
    """The part of ``client.s3_kit`` that puts objects."""

    __slots__ = ()

    async def put(
        self,
        bucket: str,
        key: str,
        data: Data,
        *,
        metadata: Mapping[str, str] | None = None,
        content_type: str = "",
        checksum: str = "",
        cid: bool = False,
        part_size: int = PART_BYTES,
        parallel: int = 4,
        progress: Callable[[int, int | None], None] | None = None,
        resume: bool = False,
        **params: Any,
    ) -> ObjectInfo:
        """Put an object.

        What is larger than a part goes in parts, `parallel` at once, each through the whole stack: no more than that
        many parts are in memory. When one fails for good, those that have arrived are given up, unless `resume`.

        Args:
            bucket: Where to.
            key: Its name; with `cid` what goes before it.
            data: Bytes, the path of a file, or a file open for reading bytes.
            metadata: Names and values of your own.
            content_type: Default: by the ending of a file's name.
            checksum: ``SHA256``, ``SHA1``, ``CRC32``, ``CRC32C``: sent along and kept by the service.
            cid: Name the object by its content: ``key`` + CID (v1, raw, sha2-256). `get` verifies it.
            part_size: Bytes, from 5 MiB; more where there would be over 10,000 parts.
            parallel: Parts at once.
            progress: Called with the bytes that have arrived, and with all there are, None where that is not known.
            resume: Go on with an upload of this key that was cut, and leave the parts there when this one is.
            params: Further parameters, as boto names them: ``ACL``, ``IfNoneMatch``, ``StorageClass``...

        Raises:
            InvalidRequestError: The data cannot be read, or an argument cannot be sent.
        """
        if isinstance(part_size, bool) or not isinstance(part_size, int) or part_size < SMALLEST_PART:
            raise InvalidRequestError(f"part_size is a number of bytes from {SMALLEST_PART}, not {part_size!r}")
        source = Source(data)
        await source.open()
        name = _cid.cid_of(await source.digest()) if cid else ""
        about = {
            "Metadata": dict(metadata) if metadata else None,
            "ContentType": content_type or source.media_type or None,
            "ChecksumAlgorithm": checksum or None,
        }
        fields = {**{field: value for field, value in about.items() if value is not None}, **params}
        size = max(part_size, -(-(source.size or 0) // MOST_PARTS))
        first = await source.take(size)
        upload = _Upload(self, bucket, key + name, source, size, parallel, progress)
        if length(first) < size or source.size == size:
            answer = await self._do("put", fields, first, Bucket=bucket, Key=key + name)
            upload.arrived(length(first))
        else:
            answer = await upload.run(first, fields, resume=resume)
        known = {**(answer.raw or {}), "Size": upload.done, "Metadata": fields.get("Metadata")}
        info = info_of(bucket, key + name, {**known, "ContentType": fields.get("ContentType", "")}, answer)
        return replace(info, cid=name)

    async def upload_file(self, path: str | os.PathLike[str], bucket: str, key: str = "", **options: Any) -> ObjectInfo:
        """Put a file, under its own name by default; options as of :meth:`put`."""
        return await self.put(bucket, key or Path(path).name, Path(path), **options)

    async def mkdir(self, bucket: str, path: str, **params: Any) -> ObjectInfo:
        """Put the empty object that stands for a directory: its key ends with a slash."""
        return await self.put(
            bucket, f"{path.rstrip('/')}/", b"", **{"content_type": "application/x-directory", **params}
        )


class _Upload:
    """One object under way."""

    def __init__(
        self,
        handle: Part,
        bucket: str,
        key: str,
        source: Source,
        size: int,
        parallel: int,
        progress: Callable[[int, int | None], None] | None,
    ) -> None:
        self.done = 0
        self._multipart = Multipart(handle._bound)  # noqa: SLF001 - a part of the same handle
        self._where = (bucket, key)
        self._source, self._size, self._parallel, self._progress = source, size, parallel, progress
        self._parts: dict[int, dict[str, Any]] = {}
        self._there: dict[int, dict[str, Any]] = {}
        self._number = 0
        self._taking = asyncio.Lock()

    def arrived(self, size: int) -> None:
        """Count bytes that are there now, and tell the caller."""
        self.done += size
        if self._progress is not None:
            self._progress(self.done, self._source.size)

    async def run(self, first: Piece, fields: dict[str, Any], *, resume: bool) -> Any:
        """Send all parts and make the object of them."""
        bucket, key = self._where
        upload = await self._unfinished() if resume else ""
        if not upload:
            upload = await self._multipart.create(bucket, key, **fields)
        algorithm = {name: fields[name] for name in ("ChecksumAlgorithm",) if name in fields}
        waiting: list[Piece] = [first]

        async def worker() -> None:
            while True:
                async with self._taking:
                    piece = waiting.pop() if waiting else await self._source.take(self._size)
                    self._number += 1
                    number = self._number
                if not length(piece):
                    return
                await self._send(upload, number, piece, algorithm)
                self.arrived(length(piece))

        try:
            await workers(self._parallel, worker)
            parts = [self._parts[number] for number in sorted(self._parts)]
            return await self._multipart.complete(bucket, key, upload, parts)
        except BaseException:
            if not resume:
                await self._give_up(upload)
            raise

    async def _send(self, upload: str, number: int, piece: Piece, algorithm: dict[str, Any]) -> None:
        found = self._there.get(number)
        if found is None or found.get("Size") != length(piece) or found["ETag"].strip('"') != await _md5(piece):
            found = (await self._multipart.part(*self._where, upload, number, piece, **algorithm)).raw
        part = {"PartNumber": number, "ETag": found["ETag"]}
        if algorithm:
            name = f"Checksum{algorithm['ChecksumAlgorithm']}"
            part |= {name: found[name]} if name in found else {}
        self._parts[number] = part

    async def _unfinished(self) -> str:
        """The latest upload of this key that was cut, its parts noted; empty if there is none."""
        bucket, key = self._where
        page = await self._multipart.list(bucket, key)
        cut = [one for one in page.get("Uploads") or () if one["Key"] == key]
        if not cut:
            return ""
        upload: str = max(cut, key=lambda one: str(one.get("Initiated", "")))["UploadId"]
        self._there = {part["PartNumber"]: part async for part in self._multipart.arrived(bucket, key, upload)}
        return upload

    async def _give_up(self, upload: str) -> None:
        try:
            await self._multipart.abort(*self._where, upload)
        except AccelError:
            pass  # what went wrong first is what the caller is to hear


async def _md5(piece: Piece) -> str:
    """What S3 gives as the ETag of a part; no matter of security."""
    with file_errors("the file"):
        return await to_thread.run_sync(_md5_of, piece)


def _md5_of(piece: Piece) -> str:
    if isinstance(piece, FileSlice):
        with Path(piece.path).open("rb") as file:
            file.seek(piece.offset)
            piece = file.read(piece.size)
    return hashlib.md5(piece, usedforsecurity=False).hexdigest()
