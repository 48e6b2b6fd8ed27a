"""Clients with named keys, and which of them were used."""

from __future__ import annotations

from typing import Any

from ipfs_accel_async import (
    Key,
    Keys,
    MockTransport,
)
from tests.answering import JSON, Server, error_body, header


def named(*names: str, **more: Any) -> dict[str, Keys]:
    """Keys sk-a of name a and so on."""
    return {"openai": Keys(*(Key(f"sk-{name}", name=name) for name in names), **more)}


def used(server: Server) -> str:
    """The names of the keys that came, in order."""
    return "".join((header(request, "authorization") or "")[-1] for request in server.mock.requests)


def failing(status: int, **headers: str) -> Any:
    """An error of the OpenAI wire."""
    return MockTransport.reply(error_body("no"), status=status, headers={**JSON, **headers})
