"""The semantic cache in the stack: who is answered from it, who never is, and that it fails without a call failing."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest

from ipfs_accel_async import Client, ConfigError, Image, SemanticCache, Tool, assistant, system, user
from tests.faults.virtual import refuses, says
from tests.faults.watching import watched
from tests.semantic.asking import AGAIN, ASKED, EMBEDDER, MODEL, OTHER, ByWords, Service

COLD = {"temperature": 0}


def near(**more: Any) -> SemanticCache:
    """A semantic cache that asks the service for vectors and compares nothing."""
    return SemanticCache(EMBEDDER, **{"threshold": 0.7, "shadow": 0.0, **more})


async def test_the_same_question_in_other_words_is_answered_for_nothing() -> None:
    """No second request, no tokens, an id of its own, and marked; another question is asked."""
    server = Service()
    async with watched(server, semantic_cache=near()) as ai:
        first = await ai.chat(MODEL, ASKED, **COLD)
        again = await ai.chat(MODEL, AGAIN, **COLD)
        other = await ai.chat(MODEL, OTHER, **COLD)
        stats = ai.cache.stats()["semantic"]
        told = str(ai.explain(again))
    assert (again.text, again.cached) == (first.text, True)
    assert (again.usage.total_tokens, again.attempts) == (0, 0)
    assert again.request_id != first.request_id
    assert not first.cached
    assert other.text.endswith(OTHER)
    assert len(server.asked) == 2
    assert (stats["hits"], stats["misses"], stats["stored"], stats["entries"]) == (1, 2, 2, 2)
    assert stats["refused"] == {"content": 1}
    assert "in other words" in told


async def test_a_stream_is_kept_and_given_again() -> None:
    """Delta by delta; streams and whole answers are kept apart."""
    server = Service()
    async with watched(server, semantic_cache=near()) as ai:
        async with ai.stream(MODEL, ASKED, **COLD) as stream:
            first = [delta.text async for delta in stream if delta.text]
        async with ai.stream(MODEL, AGAIN, **COLD) as stream:
            again = [delta.text async for delta in stream if delta.text]
            assert stream.reply.usage.total_tokens == 0
        assert again == first
        assert len(server.asked) == 1
        await ai.chat(MODEL, AGAIN, **COLD)
    assert len(server.asked) == 2


async def test_a_stream_that_was_left_early_is_not_kept() -> None:
    """Half an answer is none."""
    server = Service()
    async with watched(server, semantic_cache=near()) as ai:
        async with ai.stream(MODEL, ASKED, **COLD) as stream:
            await anext(stream)
        async with ai.stream(MODEL, ASKED, **COLD) as stream:
            await stream.collect()
        assert len(server.asked) == 2
        assert ai.cache.stats()["semantic"]["entries"] == 1


APART: dict[str, dict[str, Any]] = {
    "another model": {"model": "openai:other"},
    "max_tokens": {"max_tokens": 5},
    "a system prompt": {"messages": [system("Be brief."), user(AGAIN)]},
    "earlier messages": {"messages": [user("Hello"), assistant("Hi"), user(AGAIN)]},
    "a seed": {"seed": 1},
    "a stop": {"stop": "."},
    "a format": {"response_format": "json"},
    "another parameter": {"logprobs": True},
    "a tenant": {"tags": {"tenant": "a"}},
    "a namespace": {"tags": {"namespace": "faq"}},
    "an image": {"messages": [user(AGAIN, Image(data=b"x"))]},
    "a tool": {"tools": [Tool("look", "Looks.")]},
    "a native tool": {"web_search_options": {}},
    "some temperature": {"temperature": 0.2},
    "no temperature": {"temperature": None},
    "another language": {"messages": "Wie kann ich meine Bestellung stornieren?"},
}


@pytest.mark.parametrize("what", APART)
async def test_nothing_is_found_across_what_parts_calls(what: str) -> None:
    """Whatever else is asked for, the model is asked."""
    server = Service()
    asked = {"model": MODEL, "messages": AGAIN, **COLD, **APART[what]}
    async with watched(server, semantic_cache=near()) as ai:
        await ai.chat(MODEL, ASKED, **COLD)
        reply = await ai.chat(**asked)
    assert not reply.cached
    assert len(server.asked) == 2


@pytest.mark.parametrize("temperature", [None, 0.7])
async def test_any_temperature_if_it_is_wished_for(temperature: float | None) -> None:
    """Then answers that would differ each time are given again too."""
    server = Service()
    async with watched(server, semantic_cache=near(any_temperature=True)) as ai:
        await ai.chat(MODEL, ASKED, temperature=temperature)
        assert (await ai.chat(MODEL, AGAIN, temperature=temperature)).cached


async def test_modes_of_a_call() -> None:
    """`off` embeds nothing, `read-only` keeps nothing, `write-only` finds nothing, and `max_age` bounds the age."""
    server = Service()
    async with watched(server, semantic_cache=near(clock=asyncio.get_running_loop().time)) as ai:
        await ai.with_options(cache="off").chat(MODEL, ASKED, **COLD)
        assert server.embedded == []
        await ai.with_options(cache="read-only").chat(MODEL, ASKED, **COLD)
        assert not (await ai.with_options(cache="write-only").chat(MODEL, ASKED, **COLD)).cached
        assert not (await ai.with_options(cache="write-only").chat(MODEL, AGAIN, **COLD)).cached
        assert (await ai.with_options(cache="read-only").chat(MODEL, AGAIN, **COLD)).cached
        await asyncio.sleep(60)
        assert (await ai.with_options(max_age=61, cache="read-only").chat(MODEL, AGAIN, **COLD)).cached
        assert not (await ai.with_options(max_age=59, cache="read-only").chat(MODEL, AGAIN, **COLD)).cached
        await asyncio.sleep(3_600)
        assert not (await ai.chat(MODEL, AGAIN, **COLD)).cached


@pytest.mark.parametrize("finish", ["length", "content_filter"])
async def test_an_answer_that_is_none_is_not_kept(finish: str) -> None:
    """What was cut short or held back is asked anew."""
    server = Service()
    server.finish = finish
    async with watched(server, semantic_cache=near()) as ai:
        for _ in range(2):
            await ai.chat(MODEL, ASKED, **COLD)
        assert ai.cache.stats()["semantic"]["unfit"] == 2
    assert len(server.asked) == 2


async def test_the_answer_of_a_fallback_is_not_kept() -> None:
    """The model that was asked might have answered otherwise."""
    server = Service()
    async with watched(server, semantic_cache=near(), max_retries=0) as ai:
        server.answers = [says({"data": [{"index": 0, "embedding": [1.0, 0.0]}], "model": "e"}), refuses(500)]
        reply = await ai.chat(MODEL, ASKED, fallbacks=["openai:other"], **COLD)
        assert reply.target.model == "other"
        assert ai.cache.stats()["semantic"]["entries"] == 0


@pytest.mark.parametrize(
    "broken",
    [
        refuses(500),
        refuses(401),
        says(b"nonsense"),
        says({"data": [], "model": "e"}),
        says({"data": [{"index": 0, "embedding": [0.0, 0.0]}], "model": "e"}),
    ],
    ids=["500", "401", "no JSON", "no vector", "zeros"],
)
async def test_a_call_goes_on_without_a_vector(broken: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever the embedder does, the model answers; nothing is kept, and one warning is written."""
    server = Service()
    server.broken = broken
    async with watched(server, semantic_cache=near(), max_retries=0) as ai:
        for _ in range(2):
            assert (await ai.chat(MODEL, ASKED, **COLD)).text
        stats = ai.cache.stats()["semantic"]
    assert (len(server.asked), stats["entries"]) == (2, 0)
    assert stats["errors"] + stats["unfit"] == 2
    assert sum("could not embed" in record.message for record in caplog.records) == (stats["errors"] > 0)


async def test_an_embedder_that_hangs_costs_its_time_alone() -> None:
    """After `embed_timeout` the call goes on, within its own deadline."""
    server = Service()
    server.slow = 100.0
    async with watched(server, semantic_cache=near(embed_timeout=0.5)) as ai:
        assert (await ai.chat(MODEL, ASKED, timeout=5, **COLD)).text
        assert 0.5 <= asyncio.get_running_loop().time() < 0.6


async def test_a_caller_that_leaves_ends_its_embedding() -> None:
    """Cancellation is nobody's failure."""
    server = Service()
    server.slow = 100.0
    async with watched(server, semantic_cache=near()) as ai:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await ai.chat(MODEL, ASKED, **COLD)
        assert server.asked == []
        assert ai.cache.stats()["semantic"]["errors"] == 0


async def test_equal_questions_at_once_are_one_request() -> None:
    """A hundred tasks, one embedding and one chat."""
    server = Service()
    async with watched(server, semantic_cache=near()) as ai:
        replies = await asyncio.gather(*(ai.chat(MODEL, ASKED, **COLD) for _ in range(100)))
    assert (len(server.asked), len(server.embedded)) == (1, 1)
    assert len({reply.text for reply in replies}) == 1


async def test_a_model_in_this_process() -> None:
    """An object with `encode` embeds in a thread; no embedding is requested."""
    server, model = Service(), ByWords()
    async with watched(server, semantic_cache=SemanticCache(model, threshold=0.7, shadow=0.0)) as ai:
        await ai.chat(MODEL, ASKED, **COLD)
        assert (await ai.chat(MODEL, AGAIN, **COLD)).cached
    assert model.texts == [ASKED, AGAIN]
    assert server.embedded == []


async def test_two_clients_may_share_one() -> None:
    """What one has asked, the other need not."""
    shared = near()
    first, second = Service(), Service()
    async with watched(first, semantic_cache=shared) as ai:
        await ai.chat(MODEL, ASKED, **COLD)
    async with watched(second, semantic_cache=shared) as ai:
        assert (await ai.chat(MODEL, AGAIN, **COLD)).cached
    assert second.asked == []


async def test_it_is_emptied_by_tag_and_as_a_whole() -> None:
    """By the clients' own methods, by a call's tags and by its model."""
    server = Service()
    async with watched(server, semantic_cache=near()) as ai:
        await ai.chat(MODEL, ASKED, tags={"job": "a"}, **COLD)
        await ai.chat(MODEL, OTHER, tags={"job": "b"}, **COLD)
        assert await ai.cache.invalidate(tag="job=a") == 1
        assert not (await ai.chat(MODEL, AGAIN, **COLD)).cached
        assert await ai.cache.invalidate(tag=MODEL) == 2
        await ai.chat(MODEL, ASKED, **COLD)
        assert await ai.cache.clear() == 1
        assert ai.cache.stats()["semantic"]["entries"] == 0


@pytest.mark.parametrize("given", [True, "openai:text-embedding-3-small", 0.95])
def test_a_semantic_cache_is_one(given: object) -> None:
    """Nothing else will do: it needs an embedder."""
    with pytest.raises(ConfigError, match="SemanticCache"):
        Client(semantic_cache=given)


def test_a_provider_that_embeds_nothing_is_refused() -> None:
    """When the client is made, not at the first call."""
    with pytest.raises(ConfigError, match="embeds nothing"):
        Client(semantic_cache=SemanticCache("claude:claude-sonnet-4-5"))
    with pytest.raises(ConfigError, match="no provider"):
        Client(semantic_cache=SemanticCache("nobody:m"))


async def test_without_one_nothing_is_embedded() -> None:
    """It is off unless it is asked for."""
    server = Service()
    async with watched(server, cache="on") as ai:
        await ai.chat(MODEL, ASKED, **COLD)
        await ai.chat(MODEL, AGAIN, **COLD)
        assert "semantic" not in ai.cache.stats()
    assert (len(server.asked), server.embedded) == (2, [])


def test_vectors_of_the_tests_are_near() -> None:
    """The three questions of these tests are nearer to each other than the threshold."""
    made = ByWords().encode([ASKED, AGAIN, OTHER])
    made /= np.linalg.norm(made, axis=1, keepdims=True)
    assert (made @ made.T).min() > 0.7 - 0.1
