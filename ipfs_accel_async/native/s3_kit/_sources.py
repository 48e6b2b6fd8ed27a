"""What is put: bytes, a path or an open file, taken in pieces; a piece of a path is read when it is sent."""

from __future__ import annotations

import hashlib
import mimetypes
import os
from pathlib import Path
from typing import IO, TypeAlias

from anyio import to_thread

from ipfs_accel_async.errors import InvalidRequestError
from ipfs_accel_async.native.s3_kit._cid import READ_BYTES, digest_of_file
from ipfs_accel_async.native.s3_kit._files import file_errors
from ipfs_accel_async.wire.s3 import FileSlice

Data: TypeAlias = bytes | bytearray | memoryview | str | os.PathLike[str] | IO[bytes]
"""Bytes; the path of a file; or a file open for reading bytes."""
Piece: TypeAlias = bytes | FileSlice


class Source:
    """Data in pieces, one after the other.

    Args:
        data: What the caller has.

    Raises:
        InvalidRequestError: It is none of :data:`Data`.
    """

    def __init__(self, data: Data) -> None:
        self.path: Path | None = None
        self.size: int | None = None
        self._bytes: memoryview | None = None
        self._file: IO[bytes] | None = None
        self._at = 0
        if isinstance(data, (bytes, bytearray, memoryview)):
            self._bytes = memoryview(data).cast("B")
            self.size = len(self._bytes)
        elif isinstance(data, (str, os.PathLike)):
            self.path = Path(data)
        elif hasattr(data, "read"):
            self._file = data
        else:
            raise InvalidRequestError(f"data is bytes, a path or an open file, not {type(data).__name__}")

    @property
    def media_type(self) -> str:
        """What the name of the file says that it is; empty where there is none."""
        name = str(self.path if self._file is None else getattr(self._file, "name", ""))
        return mimetypes.guess_type(name)[0] or ""

    async def open(self) -> None:
        """Find out the size of a file.

        Raises:
            InvalidRequestError: It cannot be read.
        """
        if self.path is not None:
            with file_errors(self.path):
                self.size = await to_thread.run_sync(_size, self.path)

    async def take(self, size: int) -> Piece:
        """The next piece, at most so many bytes long; empty at the end.

        Raises:
            InvalidRequestError: The file cannot be read, or gives no bytes.
        """
        if self._bytes is not None:
            piece = bytes(self._bytes[self._at : self._at + size])
            self._at += len(piece)
            return piece
        if self.path is not None:
            slice_ = FileSlice(str(self.path), self._at, min(size, (self.size or 0) - self._at))
            self._at += slice_.size
            return slice_ if slice_.size else b""
        return await to_thread.run_sync(self._read, size)

    async def digest(self) -> bytes:
        """SHA-256 of all of it, which is still to be taken afterwards.

        Raises:
            InvalidRequestError: The file cannot be read twice.
        """
        if self._bytes is not None:
            return hashlib.sha256(self._bytes).digest()
        if self.path is not None:
            with file_errors(self.path):
                return await to_thread.run_sync(digest_of_file, self.path)
        return await to_thread.run_sync(self._digest)

    def _digest(self) -> bytes:
        file = self._file
        if file is None or not (hasattr(file, "seekable") and file.seekable()):
            raise InvalidRequestError("cid=True reads the file twice: pass bytes, a path or a file that can seek")
        start = file.tell()
        seen = hashlib.sha256()
        while data := self._read(READ_BYTES):
            seen.update(data)
        file.seek(start)
        return seen.digest()

    def _read(self, size: int) -> bytes:
        """All of `size` bytes unless the file ends: a pipe gives them by and by."""
        file, pieces = self._file, []
        while size > 0 and file is not None:
            try:
                data = file.read(size)
            except (OSError, ValueError) as error:
                raise InvalidRequestError(f"the file cannot be read: {error}") from None
            if not isinstance(data, bytes):
                raise InvalidRequestError("the file must be open for reading bytes: mode 'rb'")
            if not data:
                break
            pieces.append(data)
            size -= len(data)
        return b"".join(pieces)


def length(piece: Piece) -> int:
    """Bytes of a piece."""
    return piece.size if isinstance(piece, FileSlice) else len(piece)


def _size(path: Path) -> int:
    with path.open("rb") as file:  # a directory, or a file without permission, fails here and not in the middle
        return os.fstat(file.fileno()).st_size
