"""Files in parts (OpenAI API reference, uploads): for those above the 512 MB of ``files.create``, up to 8 GB."""

from __future__ import annotations

import asyncio
import mimetypes
import os
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.errors import AccelError, InvalidRequestError
from ipfs_accel_async.native._handle import Native, given
from ipfs_accel_async.uploads import as_upload
from ipfs_accel_async.wire.multipart import Upload

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ipfs_accel_async.answers import NativeAnswer
    from ipfs_accel_async.uploads import File

PART_SIZE = 64 * 2**20
"""The most that the service takes in one part."""


class Uploads(Native):
    """``client.openai.uploads``."""

    __slots__ = ()

    async def create(
        self, *, filename: str, purpose: str, size: int, media_type: str = "application/octet-stream", **params: Any
    ) -> NativeAnswer:
        """Begin an upload; it expires an hour later unless it is completed.

        Args:
            filename: Name of the file to be.
            purpose: As of a file.
            size: Of all parts together, in bytes.
            media_type: Of the file.
            params: Whatever else the service takes.
        """
        value = {"filename": filename, "purpose": purpose, "bytes": size, "mime_type": media_type, **params}
        return await self._call("uploads.create", json=value)

    async def complete(
        self, upload_id: str, part_ids: Iterable[str], *, md5: str | None = None, **params: Any
    ) -> NativeAnswer:
        """Make a file of the parts, in the order of `part_ids`: it is ``answer["file"]``."""
        value = given(part_ids=list(part_ids), md5=md5, **params)
        return await self._call("uploads.complete", json=value, id=upload_id)

    async def cancel(self, upload_id: str) -> NativeAnswer:
        """Give an upload up."""
        return await self._call("uploads.cancel", id=upload_id)

    @property
    def parts(self) -> UploadParts:
        """The parts of an upload."""
        return UploadParts(self._bound)

    async def upload_file(
        self,
        path: str | os.PathLike[str],
        purpose: str,
        *,
        part_size: int = PART_SIZE,
        media_type: str = "",
        **params: Any,
    ) -> NativeAnswer:
        """Upload a file in parts, one in memory at a time; ``answer["file"]["id"]`` is the file.

        When a part fails, or the caller is cancelled, the upload is cancelled too.

        Args:
            path: Where the file is.
            purpose: As of a file.
            part_size: Bytes of a part, at most 64 MB.
            media_type: Instead of the one that the name's ending means.
            params: Whatever else ``uploads.create`` takes.

        Raises:
            InvalidRequestError: The file cannot be read, is empty or changes, or `part_size` is out of range.
        """
        if not 1 <= part_size <= PART_SIZE:
            raise InvalidRequestError(f"part_size must be from 1 to {PART_SIZE} bytes, not {part_size}")
        name = PurePath(path).name
        kind = media_type or mimetypes.guess_type(name)[0] or "application/octet-stream"
        begun: NativeAnswer | None = None
        try:
            async with await _open(path) as file:
                size = await _size(file)
                if not size:
                    raise InvalidRequestError(f"the file {os.fspath(path)!r} is empty")
                begun = await self.create(filename=name, purpose=purpose, size=size, media_type=kind, **params)
                parts = []
                for at in range(0, size, part_size):
                    data = await file.read(part_size)
                    if len(data) != min(part_size, size - at):
                        raise InvalidRequestError(f"the file {os.fspath(path)!r} changes while it is uploaded")
                    parts.append((await self.parts.create(begun["id"], data))["id"])
            return await self.complete(begun["id"], parts)
        except (AccelError, OSError, asyncio.CancelledError) as error:
            if begun is not None:
                await self._give_up(begun["id"])
            if isinstance(error, OSError) and not isinstance(error, AccelError):
                raise _unreadable(path, error) from error
            raise

    async def _give_up(self, upload_id: str) -> None:
        """Cancel an upload that failed, without hiding why: it would expire by itself."""
        try:
            await self.with_options(timeout=10.0).cancel(upload_id)
        except AccelError:
            pass


class UploadParts(Native):
    """``client.openai.uploads.parts``."""

    __slots__ = ()

    async def create(self, upload_id: str, data: File) -> NativeAnswer:
        """Add a part; their order is told when the upload is completed."""
        part = await as_upload(data, name="part")
        form = [("data", Upload(part.name, part.data))]
        return await self._call("uploads.parts.create", form=form, id=upload_id)


async def _open(path: str | os.PathLike[str]) -> Any:
    from anyio import open_file

    try:
        return await open_file(path, "rb")
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error


async def _size(file: Any) -> int:
    size: int = await file.seek(0, os.SEEK_END)
    await file.seek(0)
    return size


def _unreadable(path: str | os.PathLike[str], error: Exception) -> InvalidRequestError:
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return InvalidRequestError(f"the file {os.fspath(path)!r} cannot be read: {reason}")
