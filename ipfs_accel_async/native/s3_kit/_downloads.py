"""Objects to files: through a file beside the target, renamed when all is there and right."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from anyio import to_thread

from ipfs_accel_async.errors import InvalidRequestError, ResponseValidationError, StreamIncompleteError
from ipfs_accel_async.native.s3_kit import _cid
from ipfs_accel_async.native.s3_kit._files import file_errors
from ipfs_accel_async.native.s3_kit._objects import Objects

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from ipfs_accel_async.native.s3_kit._values import ObjectInfo

EMPTY_HANDED = 3
"""Streams in a row that may break without a byte."""


class Downloads(Objects):
    """The part of ``client.s3_kit`` that writes files."""

    __slots__ = ()

    async def download_file(
        self,
        bucket: str,
        key: str,
        path: str | os.PathLike[str],
        *,
        verify: bool | None = None,
        progress: Callable[[int, int | None], None] | None = None,
        resume: bool = False,
        **params: Any,
    ) -> ObjectInfo:
        """Write an object to a file, of which the caller sees all or nothing.

        A connection that breaks is taken up again where it broke, as long as the object is the same one.

        Args:
            bucket: Where it is.
            key: Its name.
            path: The file, or an existing directory; replaced when all is there.
            verify: As of :meth:`get`.
            progress: Called with the bytes that are written, and with all there are.
            resume: Go on with a download that was cut, and leave what has come when this one is.
            params: Further parameters, as boto names them.

        Raises:
            NotFoundError: There is no such object or bucket.
            InvalidRequestError: The file cannot be written.
            ResponseValidationError: The bytes are not those of the CID.
        """
        info = await self.head(bucket, key, **params)
        promised = None if verify is False else _cid.digest_in(key)
        if verify and promised is None:
            raise InvalidRequestError("verify=True needs a key that ends with a CID (v1, raw, sha2-256)")
        with file_errors(path, "written"):
            target = await to_thread.run_sync(_target, Path(path), key)
            name = hashlib.sha256(f"{target.name}\0{info.etag}\0{info.size}".encode()).hexdigest()[:16]
            partial = target.with_name(f".{name}.part")
            try:
                await self._fetch(info, partial, resume, progress, params)
                if promised is not None:
                    _cid.check(await to_thread.run_sync(_cid.digest_of_file, partial), promised, key)
                await to_thread.run_sync(partial.replace, target)
            except BaseException as error:
                if not resume or isinstance(error, ResponseValidationError):
                    partial.unlink(missing_ok=True)
                raise
        return info

    async def _fetch(
        self,
        info: ObjectInfo,
        partial: Path,
        resume: bool,
        progress: Callable[[int, int | None], None] | None,
        params: dict[str, Any],
    ) -> None:
        """Write all of an object, in as many streams as it takes."""
        file = await to_thread.run_sync(partial.open, "ab" if resume else "wb")
        with file:
            done = await to_thread.run_sync(file.tell)
            fruitless = 0
            while done < info.size:
                before = done
                try:
                    done = await self._pour(info, file, done, progress, params)
                    if done < info.size:
                        raise StreamIncompleteError("the object ended before its length", provider="s3_kit")
                except StreamIncompleteError:
                    done = await to_thread.run_sync(_flushed, file)
                    fruitless = 0 if done > before else fruitless + 1
                    if fruitless == EMPTY_HANDED:
                        raise
            await to_thread.run_sync(file.flush)
        if not info.size and progress is not None:
            progress(0, 0)

    async def _pour(
        self,
        info: ObjectInfo,
        file: IO[bytes],
        done: int,
        progress: Callable[[int, int | None], None] | None,
        params: dict[str, Any],
    ) -> int:
        same = {"IfMatch": f'"{info.etag}"'} if info.etag else {}
        async with self.stream(info.bucket, info.key, offset=done, **{**same, **params}) as stream:
            async for chunk in stream:
                await to_thread.run_sync(file.write, chunk)
                done += len(chunk)
                if progress is not None:
                    progress(done, info.size)
        return done


def _target(path: Path, key: str) -> Path:
    if path.is_dir():
        name = key.rstrip("/").rpartition("/")[2]
        if name in {"", ".", ".."} or "\\" in name or "\0" in name:
            raise InvalidRequestError(f"the key {key[:200]!r} is no name of a file: pass the whole path")
        return path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _flushed(file: IO[bytes]) -> int:
    file.flush()
    return file.tell()
