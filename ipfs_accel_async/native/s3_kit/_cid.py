"""Content addressing: CIDv1, raw, sha2-256, through multiformats (extra ``s3``), which loads on first use."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.errors import ConfigError, ResponseValidationError

if TYPE_CHECKING:
    from pathlib import Path

READ_BYTES = 1024 * 1024


def cid_of(digest: bytes) -> str:
    """The CID of content with this SHA-256 digest.

    Raises:
        ConfigError: multiformats is not installed.
    """
    return str(_library()("base32", 1, "raw", ("sha2-256", digest)))


def digest_in(key: str) -> bytes | None:
    """The SHA-256 digest that the last segment of a key promises as a CID of raw content; None if it is no such CID."""
    name = key.rpartition("/")[2]
    if not name.startswith("bafkrei"):  # how CIDv1, base32, raw, sha2-256 begins, whatever the content
        return None
    try:
        cid = _library().decode(name)
    except (ValueError, KeyError):
        return None
    digest: bytes = cid.raw_digest
    return digest


def check(digest: bytes, promised: bytes, key: str) -> str:
    """The CID, if the content is what it promises.

    Raises:
        ResponseValidationError: It is not.
    """
    if digest != promised:
        message = f"the bytes of {key!r} are not those of its CID: they are {cid_of(digest)}"
        raise ResponseValidationError(message, provider="s3_kit")
    return cid_of(digest)


def digest_of_file(path: Path) -> bytes:
    """SHA-256 of a file; for a thread."""
    seen = hashlib.sha256()
    with path.open("rb") as file:
        while data := file.read(READ_BYTES):
            seen.update(data)
    return seen.digest()


def _library() -> Any:
    try:
        from multiformats import CID
    except ModuleNotFoundError as error:
        missing = error.name
    else:
        return CID
    raise ConfigError(f"CIDs need {missing}: pip install 'ipfs-accel-async[s3]'", provider="s3_kit")
