"""Every codec there is, found by itself, and the calls that its recordings answer."""

from __future__ import annotations

import pkgutil
from dataclasses import replace
from typing import TYPE_CHECKING

from ipfs_accel_async import providers, registry
from ipfs_accel_async.keys import Secret
from ipfs_accel_async.types import ChatRequest, EmbedRequest, Message, NativeRequest, Tool
from tests.providers.recorded import call_of

if TYPE_CHECKING:
    from ipfs_accel_async.call import Call

KEY = "sk-SENTINEL-0123456789abcdef-tail"
NAMES = sorted(module.name for module in pkgutil.iter_modules(providers.__path__) if not module.name.startswith("_"))
CODECS = {name: registry.codec(name) for name in NAMES}
CHAT = ChatRequest((Message("user", "Hello"),))
TOOLS = ChatRequest((Message("user", "Weather?"),), (Tool("weather", "Weather of a city."), Tool("clock")))
EMBED = EmbedRequest(("alpha", "beta"))
UNCOUNTED = {"opea"}
"""Services that count no tokens of a chat."""


def having(operation: str) -> list[str]:
    """Providers with an operation."""
    return [name for name, codec in CODECS.items() if operation in codec.operations]


def recordings(name: str) -> list[str]:
    """The chat recordings that a codec must have."""
    codec = CODECS[name]
    if "chat" not in codec.operations:
        return []
    return ["chat", "tools"] if "tools" in codec.capabilities else ["chat"]


CHATS = [(name, kind) for name in CODECS for kind in recordings(name)]
STREAMS = [(name, kind) for name, kind in CHATS if "stream" in CODECS[name].capabilities]
PAYLOADS = {"chat": CHAT, "embed": EMBED, "models": NativeRequest()}


def recorded_call(name: str, kind: str, *, stream: bool = False) -> Call:
    """The call that a recording answers."""
    payload = {"tools": TOOLS, "embed": EMBED, "models": NativeRequest()}.get(kind, CHAT)
    if stream:
        payload = replace(payload, stream=True)
    operation = kind if kind in ("embed", "models") else "chat"
    return replace(call_of(CODECS[name], payload, operation), key=Secret(KEY))
