"""The file of a semantic cache: vectors as numpy writes them, the rest as JSON, sealed. Nothing is unpickled."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from ipfs_accel_async.cache.envelope import seal, unseal
from ipfs_accel_async.cache.fields import MisshapenError, number, objects, text, texts
from ipfs_accel_async.errors import ConfigError
from ipfs_accel_async.policy.directions import unit
from ipfs_accel_async.semantic.entries import Entry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy import float32
    from numpy.typing import NDArray

    Kept = tuple[Entry, NDArray[float32]]

VERSION = 1
_NAME = "semantic"


def write_file(path: str | os.PathLike[str], embedder: str, kept: Sequence[Kept], secret: bytes) -> None:
    """Write entries, all or nothing.

    Args:
        path: The file; it is replaced.
        embedder: Whose vectors they are.
        kept: Entries and their vectors.
        secret: Of the seal.
    """
    import numpy as np

    about = {
        "version": VERSION,
        "embedder": embedder,
        "entries": [
            {
                "space": entry.space.hex(),
                "question": entry.question,
                "data": entry.data.decode(),
                "tags": list(entry.tags),
                "stored": entry.stored,
            }
            for entry, _ in kept
        ],
    }
    body = io.BytesIO()
    vectors = np.stack([vector for _, vector in kept]) if kept else np.empty((0, 0), np.float32)
    np.savez(body, about=np.frombuffer(orjson.dumps(about), np.uint8), vectors=vectors)
    target = Path(path).expanduser()
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(seal(_NAME, body.getvalue(), secret))
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def read_file(path: str | os.PathLike[str], embedder: str, secret: bytes) -> list[Kept]:
    """The entries of a file. Arguments as for :func:`write_file`.

    Raises:
        ConfigError: It is no such file, was changed, or has the vectors of another embedder.
    """
    import numpy as np

    body = unseal(_NAME, Path(path).expanduser().read_bytes(), secret)
    if body is None:
        raise ConfigError("this is no file of a semantic cache, or not as it was written, or of another secret")
    try:
        with np.load(io.BytesIO(body), allow_pickle=False) as arrays:
            about: Any = orjson.loads(arrays["about"].tobytes())
            vectors = arrays["vectors"]
        if about["version"] != VERSION:
            raise MisshapenError("version")
        entries = [_entry(one) for one in objects(about, "entries")]
        made = [unit(vector) for vector in vectors]
        whose = text(about, "embedder")
    except (LookupError, TypeError, ValueError, OSError):
        raise ConfigError("this file of a semantic cache is of another version") from None
    if whose != embedder:
        raise ConfigError(f"this file has vectors of {whose[:80]!r}, which say nothing to those of {embedder[:80]!r}")
    return [(entry, vector) for entry, vector in zip(entries, made, strict=True) if vector is not None]


def _entry(kept: dict[str, Any]) -> Entry:
    return Entry(
        bytes.fromhex(text(kept, "space")),
        text(kept, "question"),
        text(kept, "data").encode(),
        texts(kept, "tags"),
        number(kept, "stored"),
    )
