"""A service that answers and embeds on the virtual clock, and embedders that need no model."""

from __future__ import annotations

import asyncio
import json
import re
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from ipfs_accel_async.wire.http import Request
from tests.answering import completion
from tests.faults.streaming import DONE, event
from tests.faults.virtual import Answer, VirtualServer, says, streams

MODEL = "openai:m"
EMBEDDER = "openai:text-embedding-3-small"
ASKED = "How do I cancel my order?"
AGAIN = "How can I cancel my order?"
OTHER = "How do I cancel my subscription?"
"""Near, and another question."""


def vector_of(text: str, dimension: int = 64) -> np.ndarray:
    """A vector by the words of a text: near where they are the same words."""
    made = np.zeros(dimension, np.float32)
    for word in re.findall(r"\w+", text.lower()):
        made[zlib.crc32(word.encode()) % dimension] += 1.0
    return made


class ByWords:
    """An embedder in this process: vectors by words, which makes many questions alike."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def encode(self, texts: list[str]) -> np.ndarray:
        """One vector a text."""
        self.texts += texts
        return np.stack([vector_of(text) for text in texts])


class Service(VirtualServer):
    """Answers every chat with its question and the number of the request; embeds by words.

    Attributes:
        asked: Bodies of the chats.
        embedded: Texts that were embedded, in their requests.
        answer: The answers' text, instead.
        broken: What the embedder answers, instead.
        slow: Seconds that an embedding takes.
    """

    def __init__(self) -> None:
        super().__init__(always=self._answer)
        self.asked: list[dict[str, Any]] = []
        self.embedded: list[list[str]] = []
        self.answer: str | None = None
        self.finish = "stop"
        self.broken: Any = None
        self.slow = 0.0

    def _answer(self, request: Request) -> Answer | BaseException:
        body = json.loads(bytes(request.body) if isinstance(request.body, (bytes, bytearray)) else request.body)
        if request.url.endswith("/embeddings"):
            texts: Sequence[str] = body["input"] if isinstance(body["input"], list) else [body["input"]]
            self.embedded.append(list(texts))
            if self.broken is not None:
                return self.broken
            data = [
                {"object": "embedding", "index": place, "embedding": vector_of(text).tolist()}
                for place, text in enumerate(texts)
            ]
            usage = {"prompt_tokens": 1, "total_tokens": 1}
            return says({"object": "list", "data": data, "model": "e", "usage": usage}, wait=self.slow)
        self.asked.append(body)
        text = self.answer or f"{len(self.asked)}: {body['messages'][-1]['content']}"
        if body.get("stream"):
            return streams(event(text[:3]), event(text[3:]), DONE)
        made = completion(text)
        made["choices"][0]["finish_reason"] = self.finish
        return says(made)


async def settled() -> None:
    """Let the tasks beside run to their ends."""
    for _ in range(20):
        await asyncio.sleep(0.01)
