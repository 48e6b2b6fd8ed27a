"""Shadow mode: some hits are asked live all the same, and what they show raises the threshold."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ipfs_accel_async import SemanticCache
from tests.faults.virtual import says
from tests.faults.watching import watched
from tests.semantic.asking import AGAIN, ASKED, EMBEDDER, MODEL, Service, settled

COLD = {"temperature": 0}


def shadowed(**more: Any) -> SemanticCache:
    """A semantic cache that compares every hit."""
    return SemanticCache(EMBEDDER, **{"threshold": 0.7, "shadow": 1.0, **more})


async def learned(cache: SemanticCache, *answers: str) -> dict[str, Any]:
    """What is known of the namespace after a question, and the same one again, were answered so."""
    server = Service()
    async with watched(server, semantic_cache=cache) as ai:
        for text, asked in zip(answers, (ASKED, AGAIN), strict=True):
            server.answer = text
            reply = await ai.chat(MODEL, asked, **COLD)
            assert reply.text == text
            assert not reply.cached
        assert "to compare them" in str(ai.explain(reply))
        await settled()
        stats: dict[str, Any] = ai.cache.stats()["semantic"]
    return stats


async def test_equal_answers_need_no_vectors() -> None:
    """The caller gets the live answer, and the sample counts as right."""
    stats = await learned(shadowed(), "Press cancel.", "Press cancel.")
    assert (stats["hits"], stats["shadowed"]) == (1, 1)
    assert stats["namespaces"][""] == {
        "threshold": 0.7,
        "judged": 1,
        "false_hits": 0,
        "false_hit_rate": 0.0,
        "interval": [0.0, pytest.approx(0.7935, abs=1e-3)],
    }


async def test_answers_that_say_the_same_are_right() -> None:
    """Their vectors are near."""
    stats = await learned(shadowed(), "Please press the button cancel.", "Please press cancel, the button.")
    assert stats["namespaces"][""]["judged"] == 1
    assert stats["namespaces"][""]["threshold"] == 0.7


async def test_a_wrong_hit_raises_the_threshold() -> None:
    """And the same hit is given no more."""
    cache = shadowed()
    stats = await learned(cache, "Press cancel.", "Orders are final, nobody can do anything.")
    told = stats["namespaces"][""]
    assert told["threshold"] > 0.7
    assert (told["judged"], stats["shadowed"]) == (0, 1)  # none of the samples would be a hit any more
    server = Service()
    async with watched(server, semantic_cache=cache) as ai:
        assert not (await ai.chat(MODEL, AGAIN, **COLD)).cached
        assert ai.cache.stats()["semantic"]["hits"] == 1
    assert len(server.asked) == 1


async def test_numbers_count_in_short_answers() -> None:
    """Near as they are, 12 days are not 20."""
    stats = await learned(shadowed(), "It takes at most 12 days to do.", "It takes at most 20 days to do.")
    assert stats["namespaces"][""]["threshold"] > 0.7


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_a_judge_of_ones_own(asynchronous: bool) -> None:
    """It gets the question and both answers, and may be a coroutine function."""
    heard: list[tuple[str, str, str]] = []

    def judge(question: str, kept: str, live: str) -> bool:
        heard.append((question, kept, live))
        return False

    async def slow(question: str, kept: str, live: str) -> bool:
        await asyncio.sleep(0.01)
        return judge(question, kept, live)

    stats = await learned(shadowed(judge=slow if asynchronous else judge), "one", "one")
    assert heard == [(AGAIN, "one", "one")]
    assert stats["namespaces"][""]["threshold"] > 0.7


async def test_a_judge_that_fails_judges_nothing() -> None:
    """It is counted, and the threshold stays."""

    def judge(*_: str) -> bool:
        raise ValueError("no idea")

    stats = await learned(shadowed(judge=judge), "one", "two")
    assert (stats["errors"], stats["shadowed"]) == (1, 0)
    assert stats["namespaces"][""]["threshold"] == 0.7


async def test_streams_are_compared_when_they_have_ended() -> None:
    """A whole one is; one that was left early is no measure."""
    server = Service()
    server.answer = "Press cancel."
    async with watched(server, semantic_cache=shadowed()) as ai:
        async with ai.stream(MODEL, ASKED, **COLD) as stream:
            await stream.collect()
        async with ai.stream(MODEL, AGAIN, **COLD) as stream:
            await anext(stream)
        await settled()
        assert ai.cache.stats()["semantic"]["shadowed"] == 0
        async with ai.stream(MODEL, AGAIN, **COLD) as stream:
            assert (await stream.collect()).text == "Press cancel."
        await settled()
        assert ai.cache.stats()["semantic"]["shadowed"] == 1


async def test_a_part_of_the_hits_is_compared() -> None:
    """As many as were asked for, by chance; the others cost nothing."""
    server = Service()
    server.answer = "Press cancel."
    async with watched(server, semantic_cache=shadowed(shadow=0.2)) as ai:
        for _ in range(300):
            await ai.chat(MODEL, ASKED, **COLD)
        await settled()
        assert ai.cache.stats()["semantic"]["hits"] == 299
    assert 20 <= len(server.asked) - 1 <= 110


async def test_closing_ends_what_is_being_judged() -> None:
    """No task outlives its client."""
    started, ended = [], []

    async def judge(*_: str) -> bool:
        started.append(1)
        try:
            await asyncio.sleep(1_000)
        finally:
            ended.append(1)
        return True

    server = Service()
    async with watched(server, semantic_cache=shadowed(judge=judge)) as ai:
        await ai.chat(MODEL, ASKED, **COLD)
        await ai.chat(MODEL, ASKED, **COLD)
        await asyncio.sleep(0.01)
        assert (started, ended) == ([1], [])
    assert ended == [1]


async def test_namespaces_learn_apart() -> None:
    """A namespace has its own threshold, to begin with and later."""
    server = Service()
    cache = shadowed(thresholds={"faq": 0.99}, judge=lambda *_: False)
    async with watched(server, semantic_cache=cache) as ai:
        for tags in ({"namespace": "faq"}, {"namespace": "faq"}, {}, {}):
            server.answer = str(says)
            await ai.chat(MODEL, AGAIN if server.asked else ASKED, tags=tags, **COLD)
        await settled()
        told = ai.cache.stats()["semantic"]["namespaces"]
    assert told["faq"]["threshold"] == 0.99
    assert told[""]["threshold"] > 1.0 - 1e-6
