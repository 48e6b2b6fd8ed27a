"""A semantic cache that knows answers before anything was asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ipfs_accel_async import Client, ConfigError, InvalidRequestError, NotFoundError, SemanticCache, system, user
from tests.faults.virtual import refuses
from tests.faults.watching import watched
from tests.semantic.asking import AGAIN, ASKED, EMBEDDER, MODEL, OTHER, Service


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    """A file of two answers, and an empty line."""
    path = tmp_path / "answers.jsonl"
    lines = [{"prompt": ASKED, "answer": "Press cancel."}, {"prompt": OTHER, "answer": "Write to us."}]
    path.write_text("\n\n".join(json.dumps(line) for line in lines) + "\n", encoding="utf-8")
    return path


def near() -> SemanticCache:
    """A semantic cache that compares nothing."""
    return SemanticCache(EMBEDDER, threshold=0.7, shadow=0.0)


async def test_answers_of_a_file(answers: Path) -> None:
    """They answer calls with the same arguments, and no others; all were embedded in one request."""
    server = Service()
    async with watched(server, semantic_cache=near()) as ai:
        brief = [system("Be brief.")]
        kept = await ai.cache.warm(MODEL, answers, before=brief, temperature=0, logprobs=True, tags={"tenant": "a"})
        asked: dict[str, Any] = {"temperature": 0, "logprobs": True, "tags": {"tenant": "a"}}
        reply = await ai.chat(MODEL, [*brief, user(AGAIN)], **asked)
        assert (kept, reply.text, reply.cached) == (2, "Press cancel.", True)
        assert server.asked == []
        assert server.embedded[0] == [ASKED, OTHER]
        assert not (await ai.chat(MODEL, AGAIN, **asked)).cached
        assert not (await ai.chat(MODEL, [*brief, user(AGAIN)], **{**asked, "tags": {}})).cached


async def test_answers_for_streams(answers: Path) -> None:
    """As a stream of their text."""
    server = Service()
    async with watched(server, semantic_cache=near()) as ai:
        await ai.cache.warm(MODEL, answers, temperature=0, stream=True)
        async with ai.stream(MODEL, AGAIN, temperature=0) as stream:
            reply = await stream.collect()
        assert (reply.text, reply.finish_reason) == ("Press cancel.", "stop")
    assert server.asked == []


@pytest.mark.parametrize("line", ["no JSON", "[]", '{"prompt": "a"}', '{"prompt": "a", "answer": ""}', '{"prompt": 1}'])
async def test_a_line_that_is_none_is_named(tmp_path: Path, line: str) -> None:
    """By its number, before anything is embedded."""
    path = tmp_path / "a"
    path.write_text(f'{{"prompt": "a", "answer": "b"}}\n{line}\n', encoding="utf-8")
    server = Service()
    async with watched(server, semantic_cache=near()) as ai:
        with pytest.raises(InvalidRequestError, match="line 2"):
            await ai.cache.warm(MODEL, path, temperature=0)
    assert server.embedded == []


async def test_what_is_never_answered_is_not_kept(answers: Path) -> None:
    """Without temperature 0, with tools, and without a semantic cache."""
    server = Service()
    async with watched(server, semantic_cache=near()) as ai:
        with pytest.raises(InvalidRequestError, match="temperature=0"):
            await ai.cache.warm(MODEL, answers)
    async with Client(transport=Service(), keys={"openai": "sk"}) as ai:
        with pytest.raises(ConfigError, match="no semantic cache"):
            await ai.cache.warm(MODEL, answers, temperature=0)


async def test_an_embedder_that_fails_is_an_error(answers: Path) -> None:
    """Unlike for a call, there is nothing to go on with."""
    server = Service()
    server.broken = refuses(404)
    async with watched(server, semantic_cache=near()) as ai:
        with pytest.raises(NotFoundError):
            await ai.cache.warm(MODEL, answers, temperature=0)
