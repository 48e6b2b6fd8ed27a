"""The seal on what is kept: it is what was stored, under this key, in this version, or it is nothing.

A store on disk or in the network may give back anything: half a value, another program's, one of an older version, one
that was moved to another key. The digest covers the key and the bytes; with a secret it is a MAC, which nobody without
the secret can make. What is inside is JSON and nothing else, so that reading it runs no code.
"""

from __future__ import annotations

import hmac
from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ipfs_accel_async.keys import Secret

MAGIC = b"ipfs-accel/1\n"
"""With the version of what is inside."""

_DIGEST = 32
_HEAD = len(MAGIC) + _DIGEST


def seal(key: str, body: bytes, secret: Secret | bytes | None = None) -> bytes:
    """`body`, sealed for its key.

    Args:
        key: What it is kept under.
        body: JSON.
        secret: Without one the seal shows damage, but no forgery.
    """
    return MAGIC + _digest(key, body, secret) + body


def unseal(key: str, data: bytes, secret: Secret | bytes | None = None) -> bytes | None:
    """What was sealed for this key with this secret; None if `data` is anything else."""
    if not data.startswith(MAGIC) or len(data) <= _HEAD:
        return None
    body = data[_HEAD:]
    return body if hmac.compare_digest(data[len(MAGIC) : _HEAD], _digest(key, body, secret)) else None


def _digest(key: str, body: bytes, secret: Secret | bytes | None) -> bytes:
    name = key.encode()
    seen = blake2b(
        len(name).to_bytes(4, "big"),
        digest_size=_DIGEST,
        key=b"" if not secret else blake2b(secret if isinstance(secret, bytes) else secret.header()).digest(),
        person=b"ipfs-accel",
    )
    seen.update(name)
    seen.update(body)
    return seen.digest()
