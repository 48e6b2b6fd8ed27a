"""Which key a request came with, and services that answer by it."""

from __future__ import annotations

from typing import Any

from ipfs_accel_async import (
    Key,
    Keys,
)
from tests.faults.virtual import VirtualServer, says


def key_of(request: Any) -> str:
    """The key that a request came with."""
    return next(value.decode().removeprefix("Bearer ") for name, value in request.headers if name == b"authorization")


def by_key(refused: dict[str, Any]) -> Any:
    """Answers by the key that comes; good ones to all others."""
    return lambda request: refused.get(key_of(request), says())


def used(server: VirtualServer) -> list[str]:
    """The keys that came, in order."""
    return [key_of(request) for request in server.requests]


def three(**more: Any) -> dict[str, Any]:
    """Keys named a, b and c, each a group of its own."""
    return {"openai": Keys(*(Key(f"sk-{name}", name=name) for name in "abc"), **more)}
