"""Content identifiers of JSON: CIDv1, sha2-256, base32 (multiformats: CID and multicodec specifications)."""

from __future__ import annotations

from base64 import b32encode
from hashlib import sha256

PREFIX = b"\x01\x80\x04\x12\x20"
"""Version 1; the code of JSON, 0x0200, as a varint; sha2-256, 0x12, of 32 bytes."""


def json_cid(block: bytes) -> str:
    """The CID of a block of canonical JSON.

    Args:
        block: Its bytes: sorted keys, no blanks.
    """
    return cid_of(sha256(block).digest())


def cid_of(digest: bytes) -> str:
    """The CID of canonical JSON with this SHA-256 digest."""
    return "b" + b32encode(PREFIX + digest).decode().rstrip("=").lower()
