"""Every codec there is, found by itself, and the calls that its recordings answer."""

from __future__ import annotations

import pkgutil
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ipfs_accel_async import providers, registry
from ipfs_accel_async.keys import Secret
from ipfs_accel_async.payloads import (
    ClassifyRequest,
    CompleteRequest,
    DetokenizeRequest,
    ImageRequest,
    InferRequest,
    ModerateRequest,
    RerankRequest,
    SimilarityRequest,
    SpeechRequest,
    TokenizeRequest,
    TranscribeRequest,
)
from ipfs_accel_async.types import ChatRequest, EmbedRequest, Message, NativeRequest, Tool
from ipfs_accel_async.wire.multipart import Upload
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
STREAMS += [(name, "complete") for name, codec in CODECS.items() if {"complete", "chat"} <= set(codec.operations)]
AUDIO = Upload("hello.wav", b"RIFF$\0\0\0WAVEfmt ", "audio/wav")
PAYLOADS = {
    "chat": CHAT,
    "embed": EMBED,
    "models": NativeRequest(),
    "complete": CompleteRequest(("Once upon",)),
    "complete_batch": CompleteRequest(("Once upon", "In the end")),
    "rerank": RerankRequest("red fruit", ("apple", "banana", "cherry")),
    "classify": ClassifyRequest(("I like it.",)),
    "similarity": SimilarityRequest("red", ("crimson", "blue")),
    "moderate": ModerateRequest(("Hello",)),
    "image": ImageRequest("A red cube", n=1, size="1024x1024"),
    "speech": SpeechRequest("Hello", "alloy", "mp3"),
    "transcribe": TranscribeRequest(AUDIO, words=True),
    "translate": TranscribeRequest(AUDIO),
    "infer": InferRequest({"x": np.arange(4, dtype=np.float32).reshape(1, 4)}),
    "tokenize": TokenizeRequest("Hello world"),
    "detokenize": DetokenizeRequest((1, 2)),
    "count_tokens": CHAT,
}
"""The payload that the recording ``<operation>.json`` answers."""
OWN = {("gemini", "speech"): SpeechRequest("Hello", "Kore", "wav")}
"""The same for services that have no word for something in it."""


def recorded_call(name: str, kind: str, *, stream: bool = False) -> Call:
    """The call that a recording answers."""
    payload = TOOLS if kind == "tools" else OWN.get((name, kind), PAYLOADS[kind])
    if stream:
        payload = replace(payload, stream=True)
    operation = "chat" if kind == "tools" else kind
    return replace(call_of(CODECS[name], payload, operation), key=Secret(KEY))


def any_call(name: str) -> Call:
    """A call of the first operation that a codec has; of a native one where it has no other."""
    codec = CODECS[name]
    if codec.operations:
        return recorded_call(name, next(iter(codec.operations)))
    return replace(call_of(codec, NativeRequest(), next(iter(codec.native))), key=Secret(KEY))
