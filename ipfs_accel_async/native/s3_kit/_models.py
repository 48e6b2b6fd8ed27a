"""Model directories as objects with a manifest: saved and loaded file by file, gone on with where they were cut."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from anyio import to_thread

from ipfs_accel_async.errors import InvalidRequestError, NotFoundError, ResponseValidationError
from ipfs_accel_async.native.s3_kit import _cid
from ipfs_accel_async.native.s3_kit._files import file_errors
from ipfs_accel_async.native.s3_kit._folders import Folders
from ipfs_accel_async.native.s3_kit._parallel import each
from ipfs_accel_async.native.s3_kit._paths import files_below, folder_prefix, path_below

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

MANIFEST = "manifest.json"
VERSION = 1


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A file of a model: its path in the directory, bytes and CID."""

    path: str
    size: int
    cid: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a saved model consists of."""

    files: tuple[ModelFile, ...]
    version: int = VERSION

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)


class Models(Folders):
    """The part of ``client.s3_kit`` that keeps models."""

    __slots__ = ()

    async def save_model(
        self,
        folder: str | os.PathLike[str],
        bucket: str,
        prefix: str,
        *,
        parallel: int = 4,
        progress: Callable[[int, int | None], None] | None = None,
    ) -> Manifest:
        """Put a model's directory, and last its manifest: who finds that finds all.

        Files that are there with the same CID are not sent again, so a save that was cut goes on where it was.

        Args:
            folder: The directory.
            bucket: Where to.
            prefix: The model's name there.
            parallel: Files at once.
            progress: Called with the bytes of the files that are there, and with all.

        Raises:
            InvalidRequestError: There is no directory, or it has a file of the manifest's name.
        """
        root, below = Path(folder), folder_prefix(prefix)
        with file_errors(root):
            manifest = await to_thread.run_sync(_described, root)
        done = 0

        async def one(file: ModelFile) -> None:
            nonlocal done
            key = below + file.path
            if not await self._is_there(bucket, key, file):
                await self.put(bucket, key, root / file.path, metadata={"cid": file.cid}, resume=True)
            done += file.size
            if progress is not None:
                progress(done, manifest.size)

        await each(manifest.files, parallel, one)
        written = orjson.dumps(asdict(manifest), option=orjson.OPT_INDENT_2)
        await self.put(bucket, below + MANIFEST, written, content_type="application/json")
        return manifest

    async def load_model(
        self,
        bucket: str,
        prefix: str,
        folder: str | os.PathLike[str],
        *,
        parallel: int = 4,
        progress: Callable[[int, int | None], None] | None = None,
    ) -> Manifest:
        """Write a saved model to a directory, every file verified by its CID.

        Files that are there with the right CID are not fetched again, and a file that was cut is gone on with.

        Args:
            bucket: Where it is.
            prefix: The model's name there.
            folder: The directory; made where it is not there.
            parallel: Files at once.
            progress: Called with the bytes of the files that are there, and with all.

        Raises:
            NotFoundError: There is no such model, or its save was never finished.
            ResponseValidationError: The manifest is none, or a file is not what it says.
        """
        root, below = Path(folder), folder_prefix(prefix)
        manifest = _read((await self.get(bucket, below + MANIFEST)).data)
        places = {file: await to_thread.run_sync(path_below, root, file.path) for file in manifest.files}
        done = 0

        async def one(file: ModelFile) -> None:
            nonlocal done
            with file_errors(places[file], "written"):
                await self._load(bucket, below, file, places[file])
            done += file.size
            if progress is not None:
                progress(done, manifest.size)

        await each(manifest.files, parallel, one)
        return manifest

    async def _load(self, bucket: str, below: str, file: ModelFile, path: Path) -> None:
        """Have a file of a model where it belongs, and nothing else in its place."""
        if await to_thread.run_sync(_is_file, path, file):
            return
        await self.download_file(bucket, below + file.path, path, resume=True)
        if not await to_thread.run_sync(_is_file, path, file):
            await to_thread.run_sync(path.unlink)
            message = f"{file.path!r} is not what the manifest says: the object has changed since"
            raise ResponseValidationError(message, provider="s3_kit")

    async def _is_there(self, bucket: str, key: str, file: ModelFile) -> bool:
        try:
            found = await self.head(bucket, key)
        except NotFoundError:
            return False
        return (found.size, found.metadata.get("cid")) == (file.size, file.cid)


def _described(root: Path) -> Manifest:
    files = []
    for name, path in files_below(root):
        if name == MANIFEST:
            raise InvalidRequestError(f"{root} has a {MANIFEST} of its own: that name is the manifest's")
        files.append(ModelFile(name, path.stat().st_size, _cid.cid_of(_cid.digest_of_file(path))))
    return Manifest(tuple(files))


def _is_file(path: Path, file: ModelFile) -> bool:
    return path.is_file() and path.stat().st_size == file.size and _cid.cid_of(_cid.digest_of_file(path)) == file.cid


def _read(data: bytes) -> Manifest:
    try:
        value: Any = orjson.loads(data)
        if value["version"] != VERSION:
            raise ValueError(f"version {value['version']!r}")
        files = tuple(ModelFile(str(one["path"]), int(one["size"]), str(one["cid"])) for one in value["files"])
    except (ValueError, KeyError, TypeError) as error:
        message = f"the manifest is not one of version {VERSION}: {error}"
        raise ResponseValidationError(message, provider="s3_kit") from None
    return Manifest(files, VERSION)
