"""Every provider against its twin: which of them a feature is for, and the plainest call that each takes."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from ipfs_accel_async import Client
from ipfs_accel_async.simulator import PROVIDERS, Simulator, simulate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

KEYS = {name: f"key-of-{name}" for name in PROVIDERS} | {"s3_kit": "AKIDEXAMPLE:secret-of-s3_kit"}
TARGETS = {
    "openai": "openai:gpt-4.1-mini",
    "claude": "claude:claude-sonnet-4-5",
    "groq": "groq:llama-3.3-70b-versatile",
    "gemini": "gemini:gemini-2.5-flash",
    "ollama": "ollama:llama3.2:1b",
    "hf_tgi": "hf_tgi:tgi",
    "vllm": "vllm:Qwen/Qwen2.5-1.5B-Instruct",
    "ovms": "ovms:OpenVINO/Qwen3-8B-int4-ov",
    "opea": "opea:llm",
}
"""Those that chat, each with a model of its twin."""
EMBEDDING = ["openai", "groq", "gemini", "ollama", "hf_tei", "vllm", "ovms", "opea"]
LISTING = [name for name in PROVIDERS if name != "s3_kit"]
MODELS = {**TARGETS, "opea": "opea:opea-agent", "hf_tei": "hf_tei:BAAI/bge-small-en-v1.5", "llvm": "llvm:linear"}
"""A model that each provider's own list names."""


class Pair(NamedTuple):
    """A client and the twin that it talks to."""

    ai: Client
    sim: Simulator

    @property
    def body(self) -> Any:
        """The JSON of the latest request."""
        return self.sim.requests[-1].body


@asynccontextmanager
async def pair(name: str, *faults: str | None, pace: float = 0.0, **settings: Any) -> AsyncIterator[Pair]:
    """A client of one provider's twin, whose first requests meet `faults` and whose streams wait `pace` seconds."""
    async with (
        simulate(name, faults=list(faults), pace=pace) as sim,
        Client(base_urls=sim.base_urls, **{"keys": {name: KEYS[name]}, **settings}) as ai,
    ):
        yield Pair(ai, sim)


async def plain_call(ai: Client, name: str, **options: Any) -> Any:
    """The plainest call that a provider has: a chat, else vectors, tensors, or the list of its buckets."""
    if name in TARGETS:
        return await ai.chat(TARGETS[name], "Hello", **options)
    if name == "hf_tei":
        return await ai.embed("hf_tei:m", "Hello", **options)
    if name == "llvm":
        return await ai.infer("llvm:linear", {"x": [[1.0, 2.0, 3.0, 4.0]]}, **options)
    return await ai.s3_kit.with_options(**options).call("ListBuckets", idempotent=True)
