"""What several services have beside chats: media, ranks, verdicts, and the care of models. One test a feature."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ipfs_accel_async import NotFoundError
from tests.providers.superset import pair

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.sockets

SPEAKING = {
    "openai": ("openai:gpt-4o-mini-tts", {"voice": "alloy"}),
    "groq": ("groq:playai-tts", {"voice": "Fritz-PlayAI"}),
    "gemini": ("gemini:gemini-2.5-flash-preview-tts", {"voice": "Kore", "format": "wav"}),
    "ovms": ("ovms:kokoro", {}),
    "opea": ("opea:tts", {}),
}
HEARING = {
    "openai": "openai:whisper-1",
    "groq": "groq:whisper-large-v3",
    "gemini": "gemini:gemini-2.5-flash",
    "vllm": "vllm:whisper",
    "ovms": "ovms:whisper",
    "opea": "opea:asr",
}
TRANSLATING = ["openai", "groq", "vllm", "ovms"]
RANKING = {"hf_tei": "hf_tei:reranker", "vllm": "vllm:reranker", "ovms": "ovms:reranker", "opea": "opea:reranking"}
DRAWING = {"openai": "openai:gpt-image-1", "gemini": "gemini:gemini-2.5-flash-image", "ovms": "ovms:stable-diffusion"}
DESCRIBED: dict[str, Callable[[Any], Any]] = {
    "openai": lambda ai: ai.openai.models.get("gpt-4.1"),
    "claude": lambda ai: ai.claude.models.get("claude-sonnet-4-5"),
    "groq": lambda ai: ai.groq.models.get("llama-3.3-70b-versatile"),
    "gemini": lambda ai: ai.gemini.models.get("gemini-2.5-flash"),
    "ollama": lambda ai: ai.ollama.show("llama3.2:1b"),
    "hf_tgi": lambda ai: ai.hf_tgi.info(),
    "hf_tei": lambda ai: ai.hf_tei.info(),
    "llvm": lambda ai: ai.llvm.info("linear"),
    "vllm": lambda ai: ai.model("vllm:Qwen/Qwen2.5-1.5B-Instruct"),
    "ovms": lambda ai: ai.ovms.metadata("tiny"),
    "opea": lambda ai: ai.model("opea:opea-agent"),
}
VERSIONED: dict[str, Callable[[Any], Any]] = {
    "ollama": lambda ai: ai.ollama.version(),
    "hf_tgi": lambda ai: ai.hf_tgi.info(),
    "hf_tei": lambda ai: ai.hf_tei.info(),
    "llvm": lambda ai: ai.llvm.status(),
    "vllm": lambda ai: ai.vllm.version(),
    "ovms": lambda ai: ai.ovms.status("tiny"),
}
COUNTING: dict[str, Callable[[Any], Any]] = {
    "hf_tgi": lambda ai: ai.hf_tgi.metrics(),
    "hf_tei": lambda ai: ai.hf_tei.metrics(),
    "llvm": lambda ai: ai.llvm.statistics("linear"),
    "vllm": lambda ai: ai.vllm.metrics(),
    "ovms": lambda ai: ai.ovms.metrics(),
    "opea": lambda ai: ai.opea.statistics("chatqna"),
}


@pytest.mark.parametrize("name", SPEAKING)
async def test_what_is_said_is_heard(name: str) -> None:
    """Text to speech, and speech to text: encoded audio goes from the one to the other."""
    model, how = SPEAKING[name]
    async with pair(name) as (ai, _):
        spoken = await ai.speech(model, "Queues keep order.", **how)
        assert spoken.media_type.startswith("audio/") or name == "opea"  # which promises no type
        heard = await ai.transcribe(HEARING[name], ("said.wav", spoken.data))
    assert len(spoken.data) > 44
    assert heard.text


@pytest.mark.parametrize("name", TRANSLATING)
async def test_speech_is_translated(name: str) -> None:
    """Into English, by the service's own route."""
    async with pair(name) as (ai, sim):
        assert (await ai.translate(HEARING[name], ("talk.wav", b"RIFF$\0\0\0WAVEfmt "))).text
    assert sim.requests[-1].path.endswith("/translations")


@pytest.mark.parametrize("name", RANKING)
async def test_documents_are_ranked(name: str) -> None:
    """Best first, each by its place among those that were sent."""
    async with pair(name) as (ai, _):
        documents = ["bananas", "red cherries", "cars"]
        ranking = await ai.rerank(RANKING[name], "red cherries", documents, top_n=2)
    assert len(ranking.ranked) == 2
    assert [one.score for one in ranking] == sorted((one.score for one in ranking), reverse=True)
    assert all(one.text == documents[one.index] for one in ranking)


@pytest.mark.parametrize("name", ["hf_tei", "vllm"])
async def test_texts_are_labelled(name: str) -> None:
    """Each text with its labels, the surest first."""
    async with pair(name) as (ai, _):
        found = await ai.classify(f"{name}:sentiment", ["I like it.", "It rains."])
    assert len(found.labels) == 2
    assert all(0 <= labels[0].score <= 1 for labels in found.labels)


@pytest.mark.parametrize("name", ["openai", "groq", "opea"])
async def test_texts_are_judged(name: str) -> None:
    """By the service's moderation, its guard model, its guardrails."""
    async with pair(name) as (ai, _):
        if name == "groq":
            verdict = await ai.groq.guard("meta-llama/llama-guard-4-12b", "How do I bake bread?")
            assert not verdict.flagged
        else:
            model = {"openai": "openai:omni-moderation-latest", "opea": "opea:guardrails"}[name]
            assert not (await ai.moderate(model, "How do I bake bread?")).flagged


@pytest.mark.parametrize("name", DRAWING)
async def test_images_are_drawn(name: str) -> None:
    """Bytes or an address, with its type."""
    async with pair(name) as (ai, _):
        (picture,) = (await ai.image(DRAWING[name], "A red cube")).pictures
    assert picture.data or picture.url
    assert picture.media_type.startswith("image/")


@pytest.mark.parametrize("name", ["openai", "hf_tgi", "vllm"])
async def test_several_prompts_are_one_request(name: str) -> None:
    """One reply a prompt, in their order."""
    async with pair(name) as (ai, sim):
        made = await ai.complete_batch(f"{name}:m", ["Once upon", "In the end"], max_tokens=9)
    assert len(made.replies) == 2
    assert len(sim.requests) == 1


@pytest.mark.parametrize("name", DESCRIBED)
async def test_a_model_is_described(name: str) -> None:
    """By the service itself, in its own words."""
    async with pair(name) as (ai, _):
        assert (await DESCRIBED[name](ai)).raw


@pytest.mark.parametrize("name", VERSIONED)
async def test_a_server_tells_its_version_or_its_models(name: str) -> None:
    """From its own route."""
    async with pair(name) as (ai, _):
        told = await VERSIONED[name](ai)
    assert any(sign.isdecimal() for sign in str(getattr(told, "raw", told)))


@pytest.mark.parametrize("name", COUNTING)
async def test_a_server_tells_its_counters(name: str) -> None:
    """Statistics or Prometheus's text, as it has them."""
    async with pair(name) as (ai, _):
        told = await COUNTING[name](ai)
    assert getattr(told, "raw", None) or getattr(told, "text", told)


async def test_models_come_and_go() -> None:
    """Pulled and deleted, loaded as adapters, read again: what each server has for it."""
    async with pair("ollama") as (ai, _):
        await ai.ollama.pull("tiny:latest")
        assert (await ai.model("ollama:tiny")).id
        await ai.ollama.delete("tiny:latest")
        with pytest.raises(NotFoundError):
            await ai.model("ollama:tiny")
    async with pair("vllm") as (ai, _):
        await ai.vllm.lora.load("sql", "/adapters/sql")
        assert (await ai.model("vllm:sql")).id == "sql"
        await ai.vllm.lora.unload("sql")
    async with pair("llvm") as (ai, _):
        assert (await ai.llvm.reload("linear")).status == 200
    async with pair("ovms") as (ai, _):
        assert isinstance(await ai.ovms.reload(), bool)
