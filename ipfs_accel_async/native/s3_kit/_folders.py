"""Directories up and down: whole, or only what differs."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from anyio import to_thread

from ipfs_accel_async.errors import InvalidRequestError
from ipfs_accel_async.native.s3_kit._downloads import Downloads
from ipfs_accel_async.native.s3_kit._etags import same_content
from ipfs_accel_async.native.s3_kit._files import file_errors
from ipfs_accel_async.native.s3_kit._parallel import each
from ipfs_accel_async.native.s3_kit._paths import checked_bucket, files_below, folder_prefix, path_below
from ipfs_accel_async.native.s3_kit._uploads import PART_BYTES, Uploads
from ipfs_accel_async.native.s3_kit._values import ObjectInfo, SyncReport

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable


class Folders(Uploads, Downloads):
    """The part of ``client.s3_kit`` that transfers directories."""

    __slots__ = ()

    async def upload_dir(
        self, folder: str | os.PathLike[str], bucket: str, prefix: str = "", **options: Any
    ) -> SyncReport:
        """Put every file below a directory; options as of :meth:`sync`."""
        return await self.sync(folder, bucket, prefix, "up", everything=True, **options)

    async def download_dir(
        self, bucket: str, prefix: str, folder: str | os.PathLike[str], **options: Any
    ) -> SyncReport:
        """Write every object below a prefix to a file; options as of :meth:`sync`."""
        return await self.sync(folder, bucket, prefix, "down", everything=True, **options)

    async def sync(
        self,
        folder: str | os.PathLike[str],
        bucket: str,
        prefix: str = "",
        direction: Literal["up", "down"] = "up",
        *,
        delete: bool = False,
        everything: bool = False,
        parallel: int = 4,
        part_size: int = PART_BYTES,
        progress: Callable[[int, int | None], None] | None = None,
    ) -> SyncReport:
        """Make a prefix like a directory, or the other way round.

        Files count as the same when size and content (the ETag, computed from the file) are. No key writes outside the
        directory.

        Args:
            folder: The directory.
            bucket: The bucket.
            prefix: What the keys of the directory's files begin with.
            direction: ``up`` changes the bucket, ``down`` the directory.
            delete: Delete there what is not here.
            everything: Transfer also what is the same.
            parallel: Files at once.
            part_size: As of :meth:`put`; content is compared as if it had been put with it.
            progress: Called with the bytes of the files that are done, and with all to be transferred.

        Raises:
            InvalidRequestError: The directory is none, or a key would lead out of it.
        """
        if direction not in {"up", "down"}:
            raise InvalidRequestError(f"direction is 'up' or 'down', not {direction!r}")
        root, below = Path(folder), folder_prefix(prefix)
        checked_bucket(bucket)
        if direction == "down":
            with file_errors(root, "written"):
                await to_thread.run_sync(partial(root.mkdir, parents=True, exist_ok=True))
        with file_errors(root):
            files = dict(await to_thread.run_sync(lambda: list(files_below(root))))
            sizes = await to_thread.run_sync(lambda: {name: path.stat().st_size for name, path in files.items()})
        objects = {
            one.key.removeprefix(below): one
            async for one in self.iterate(bucket, below)
            if not one.key.endswith("/")  # stands for a directory
        }
        both = [] if everything else [name for name in files if name in objects]
        same = [name for name in both if await same_content(files[name], objects[name], part_size)]
        if direction == "up":
            return await self._up(
                files, sizes, objects, set(same), bucket, below, delete, parallel, part_size, progress
            )
        return await self._down(root, files, objects, set(same), delete, parallel, progress)

    async def _up(
        self,
        files: dict[str, Path],
        sizes: dict[str, int],
        objects: dict[str, ObjectInfo],
        same: set[str],
        bucket: str,
        below: str,
        delete: bool,
        parallel: int,
        part_size: int,
        progress: Callable[[int, int | None], None] | None,
    ) -> SyncReport:
        wanted = {name: size for name, size in sizes.items() if name not in same}
        count = _Count(sum(wanted.values()), progress)

        async def one(name: str) -> None:
            await self.put(bucket, below + name, files[name], part_size=part_size)
            count.add(wanted[name])

        await each(wanted, parallel, one)
        gone = [objects[name].key for name in objects if name not in files] if delete else []
        await self.delete_many(bucket, gone)
        return _report(below, wanted, same, gone, count.done)

    async def _down(
        self,
        root: Path,
        files: dict[str, Path],
        objects: dict[str, ObjectInfo],
        same: set[str],
        delete: bool,
        parallel: int,
        progress: Callable[[int, int | None], None] | None,
    ) -> SyncReport:
        wanted = {name: await to_thread.run_sync(path_below, root, name) for name in objects if name not in same}
        count = _Count(sum(objects[name].size for name in wanted), progress)

        async def one(name: str) -> None:
            found = objects[name]
            await self.download_file(found.bucket, found.key, wanted[name])
            count.add(found.size)

        await each(wanted, parallel, one)
        gone = [name for name in files if name not in objects] if delete else []
        for name in gone:
            with file_errors(files[name], "deleted"):
                await to_thread.run_sync(files[name].unlink)
        below = next((one.key.removesuffix(name) for name, one in objects.items()), "")
        return _report(below, wanted, same, [below + name for name in gone], count.done)


class _Count:
    """Bytes that are done, told to the caller."""

    def __init__(self, total: int, progress: Callable[[int, int | None], None] | None) -> None:
        self.done = 0
        self._total, self._progress = total, progress

    def add(self, size: int) -> None:
        self.done += size
        if self._progress is not None:
            self._progress(self.done, self._total)


def _report(below: str, wanted: Iterable[str], same: Iterable[str], gone: Iterable[str], size: int) -> SyncReport:
    return SyncReport(
        tuple(sorted(below + name for name in wanted)), tuple(sorted(below + name for name in same)), tuple(gone), size
    )
