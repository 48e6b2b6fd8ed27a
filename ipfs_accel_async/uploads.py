"""Files as callers have them, read into :class:`Upload` values; the one place that reads files for a call."""

from __future__ import annotations

import mimetypes
import os
from pathlib import PurePath
from typing import IO, TypeAlias

from ipfs_accel_async.errors import InvalidRequestError
from ipfs_accel_async.wire.multipart import Upload

File: TypeAlias = Upload | bytes | str | os.PathLike[str] | IO[bytes] | tuple[str, bytes]
"""Bytes; a path; a file open for reading bytes; a name and bytes; or an :class:`Upload`."""


async def as_upload(file: File, *, name: str = "file", media_type: str = "") -> Upload:
    """A file's name, bytes and media type.

    Args:
        file: What the caller has.
        name: For bytes without a name; services tell the format by its ending.
        media_type: Instead of the one that the name's ending means.

    Raises:
        InvalidRequestError: It is none of these, or cannot be read.
    """
    if isinstance(file, Upload):
        return file
    if isinstance(file, (bytes, bytearray, memoryview)):
        data = bytes(file)
    elif isinstance(file, tuple) and len(file) == 2 and isinstance(file[0], str) and isinstance(file[1], bytes):
        name, data = file
    elif isinstance(file, (str, os.PathLike)):
        name, data = PurePath(file).name, await _read(file)
    elif hasattr(file, "read"):
        name, data = PurePath(str(getattr(file, "name", name))).name, await _drain(file)
    else:
        raise InvalidRequestError(f"a file is bytes, a path or an open file, not {type(file).__name__}")
    return Upload(name, data, media_type or mimetypes.guess_type(name)[0] or "application/octet-stream")


async def _read(path: str | os.PathLike[str]) -> bytes:
    from anyio import Path

    try:
        return await Path(path).read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise InvalidRequestError(f"the file {os.fspath(path)!r} cannot be read: {reason}") from error


async def _drain(file: IO[bytes]) -> bytes:
    from anyio import to_thread

    try:
        data = await to_thread.run_sync(file.read)
    except (OSError, ValueError) as error:
        raise InvalidRequestError(f"the file cannot be read: {error}") from error
    if not isinstance(data, bytes):
        raise InvalidRequestError("the file must be open for reading bytes: mode 'rb'")
    return data
