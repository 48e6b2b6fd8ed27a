"""Credentials files for tests."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.credentials import CredentialsFile

if TYPE_CHECKING:
    from pathlib import Path


def written(folder: Path, content: Any, *, mode: int = 0o600, name: str = "credentials.json") -> CredentialsFile:
    """A credentials file of a value, or of a text or bytes as they are."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    path.chmod(mode)
    return CredentialsFile(path)
