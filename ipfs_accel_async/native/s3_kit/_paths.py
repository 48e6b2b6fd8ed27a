"""Keys to paths and back, so that no key leads out of its folder and none is too long for S3."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ipfs_accel_async.errors import InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAX_KEY_BYTES = 1024
_DRIVE = re.compile(r"[A-Za-z]:")


def checked_bucket(bucket: str) -> str:
    """A bucket's name.

    Raises:
        InvalidRequestError: It is empty or no string.
    """
    if not isinstance(bucket, str) or not bucket.strip():
        raise InvalidRequestError("bucket is the name of a bucket: it is empty or no string", provider="s3_kit")
    return bucket


def checked_key(key: str) -> str:
    """A key.

    Raises:
        InvalidRequestError: It is empty, no string, too long, or has a NUL.
    """
    if not isinstance(key, str) or not key:
        raise InvalidRequestError("key is the name of an object: it is empty or no string", provider="s3_kit")
    if "\0" in key or len(key.encode("utf-8", "replace")) > MAX_KEY_BYTES:
        raise InvalidRequestError(f"the key {key[:40]!r}... has a NUL or more than {MAX_KEY_BYTES} bytes")
    return key


def folder_prefix(prefix: str) -> str:
    """A prefix that ends where a folder does: ``a/b`` becomes ``a/b/``; empty stays empty."""
    return f"{prefix.rstrip('/')}/" if prefix.strip("/") else ""


def path_below(root: Path, relative: str) -> Path:
    """The path of a key below a folder; blocks a little, as it follows links.

    Raises:
        InvalidRequestError: The key is absolute, has an empty or dot segment, a backslash, a NUL or a drive, or a link
            on the way leads out of the folder.
    """
    segments = relative.split("/")
    bad = any(part in {"", ".", ".."} for part in segments) or "\\" in relative or "\0" in relative
    path = root.joinpath(*segments) if not bad and not _DRIVE.match(relative) else None
    if path is None or not path.resolve().is_relative_to(root.resolve()):
        raise InvalidRequestError(f"the key {relative[:200]!r} leads out of the folder, so nothing is written for it")
    return path


def files_below(root: Path) -> Iterator[tuple[str, Path]]:
    """Relative name and path of every file below a folder, sorted; links that lead out of it are passed over.

    Raises:
        InvalidRequestError: It is no folder.
    """
    if not root.is_dir():
        raise InvalidRequestError(f"{root} is no directory", provider="s3_kit")
    inside = root.resolve()
    for path in sorted(root.rglob("*")):
        if path.is_file() and path.resolve().is_relative_to(inside):
            yield path.relative_to(root).as_posix(), path
