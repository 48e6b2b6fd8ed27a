"""Whether a file is an object already: by size, then by the ETag that the file would have."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from anyio import to_thread

from ipfs_accel_async.native.s3_kit._cid import READ_BYTES
from ipfs_accel_async.native.s3_kit._files import file_errors

if TYPE_CHECKING:
    from pathlib import Path

    from ipfs_accel_async.native.s3_kit._values import ObjectInfo

_WHOLE = re.compile(r"[0-9a-f]{32}")
_IN_PARTS = re.compile(r"[0-9a-f]{32}-([0-9]+)")


async def same_content(path: Path, found: ObjectInfo, part_size: int) -> bool:
    """Whether a file has the content of an object. Where its ETag tells nothing, which encryption brings about: no.

    Args:
        path: The file.
        found: The object.
        part_size: Bytes of a part when it was put, if it was put in parts.

    Raises:
        InvalidRequestError: The file cannot be read.
    """
    with file_errors(path):
        return await to_thread.run_sync(_same, path, found, part_size)


def _same(path: Path, found: ObjectInfo, part_size: int) -> bool:
    if path.stat().st_size != found.size:
        return False
    if _WHOLE.fullmatch(found.etag):
        return etag_of(path) == found.etag
    parts = _IN_PARTS.fullmatch(found.etag)
    return parts is not None and etag_of(path, part_size) == found.etag


def etag_of(path: Path, part_size: int = 0) -> str:
    """The ETag of a file: its MD5, or the MD5 of its parts' MD5s with their number behind it; for a thread.

    Args:
        path: The file.
        part_size: Bytes of a part; 0 for a file in one piece.
    """
    digests = []
    with path.open("rb") as file:
        while True:
            digest = hashlib.md5(usedforsecurity=False)
            left = part_size or -1
            read = 0
            while left and (data := file.read(READ_BYTES if left < 0 else min(left, READ_BYTES))):
                digest.update(data)
                read += len(data)
                left -= len(data) if left > 0 else 0
            if not part_size:
                return digest.hexdigest()
            if not read:
                break
            digests.append(digest.digest())
    whole = hashlib.md5(b"".join(digests), usedforsecurity=False).hexdigest()
    return f"{whole}-{len(digests)}"
