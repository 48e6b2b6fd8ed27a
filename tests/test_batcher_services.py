"""Every service whose wire carries several items, against its twin: gathered calls get what they would get alone."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest

from ipfs_accel_async import Client
from ipfs_accel_async.simulator import simulate

pytestmark = pytest.mark.sockets

COUNT = 8
KEYED = ("openai", "groq", "gemini")
CALLS: dict[str, Any] = {
    "embed": lambda ai, model, n: ai.embed(model, f"text {n}"),
    "rerank": lambda ai, model, n: ai.rerank(model, "which?", [f"one {n}", f"which? {n}", "same"]),
    "similarity": lambda ai, model, n: ai.similarity(model, "this", [f"this {n}", f"that {n}"]),
    "classify": lambda ai, model, n: ai.classify(model, f"text {n}"),
    "moderate": lambda ai, model, n: ai.moderate(model, f"text {n}"),
    "complete": lambda ai, model, n: ai.complete(model, f"text {n}", max_tokens=4),
}
SERVICES = {
    "openai": ["embed", "moderate", "complete"],
    "groq": ["embed"],
    "gemini": ["embed"],
    "ollama": ["embed"],
    "hf_tei": ["embed", "rerank", "similarity", "classify"],
    "vllm": ["embed", "rerank", "similarity", "classify", "complete"],
    "ovms": ["embed", "rerank"],
    "opea": ["embed", "rerank"],
}


def told(answer: Any) -> Any:
    """What an answer says, to compare."""
    for name in ("vectors", "scores"):
        if hasattr(answer, name):
            return np.round(getattr(answer, name), 4).tolist()
    for name in ("ranked", "labels", "verdicts", "text"):
        if hasattr(answer, name):
            return getattr(answer, name)
    raise AssertionError(type(answer).__name__)


@pytest.mark.parametrize(
    ("provider", "operation"), [(name, operation) for name, operations in SERVICES.items() for operation in operations]
)
async def test_gathered_or_alone_the_answers_are_the_same(provider: str, operation: str) -> None:
    """Eight calls at once are one request, and each has the answer that it has by itself."""
    async with simulate(provider) as sim:
        given: dict[str, Any] = {"base_urls": {provider: sim.base_url}, "batching": [operation], "single_flight": False}
        if provider in KEYED:
            given["keys"] = {provider: "sk-test"}
        async with Client(**given) as ai:
            call, model = CALLS[operation], f"{provider}:m"
            alone = ai.with_options(batch=False)
            wanted = [told(await call(alone, model, n)) for n in range(COUNT)]
            assert ai.report()["batches"]["total"] == 0
            made = await asyncio.gather(*(call(ai, model, n) for n in range(COUNT)))
            assert ai.report()["batches"] == {"total": 1, "calls": COUNT, "calls_per_batch": float(COUNT)}
    assert [told(answer) for answer in made] == wanted
    assert len({answer.request_id for answer in made}) == COUNT
