"""Equal calls that are gathered share one place: one item for all, and each keeps what is its own."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from typing import Any

import pytest

from ipfs_accel_async import BadRequestError, Client, DeadlineExceededError, MockTransport, RequestTimeoutError
from tests.embedding_server import EmbeddingServer, right

name: ContextVar[str] = ContextVar("name", default="nobody")


async def embed(ai: Client, texts: list[str], **more: Any) -> list[Any]:
    """Calls of one text each, all at once."""
    return await asyncio.gather(*(ai.embed("openai:m", text, **more) for text in texts), return_exceptions=True)


async def test_a_thousand_equal_calls_are_one_item() -> None:
    """One request with one text; all have the vector, one of them has the tokens, and each has its own arrays."""
    server = EmbeddingServer(seconds=1.0)
    async with server.client() as ai:
        made = await embed(ai, ["text 7"] * 1_000)
        assert ai.cache.stats()["single_flight"] == {"sent": 1, "shared": 999}
    assert server.sizes == [1]
    assert all(right(answer, "m", "text 7") for answer in made)
    assert [answer.cached for answer in made] == [False] + [True] * 999
    assert sum(answer.usage.total_tokens for answer in made) == made[0].usage.total_tokens > 0
    assert len({answer.request_id for answer in made}) == 1_000
    made[0].vectors[:] = 0.0
    assert right(made[1], "m", "text 7")


async def test_equal_ones_among_others_are_one_item() -> None:
    """Three texts of which two come twice are three items; a list is equal to a list only."""
    server = EmbeddingServer()
    async with server.client() as ai:
        texts = ["text 1", "text 2", "text 1", "text 3", "text 2"]
        made = await embed(ai, texts)
        assert all(right(answer, "m", text) for answer, text in zip(made, texts, strict=True))
        await asyncio.gather(
            *(ai.embed("openai:m", ["text 1", "text 2"]) for _ in range(3)), ai.embed("openai:m", texts[0])
        )
    assert server.sizes == [3, 3]


async def test_one_under_way_is_joined() -> None:
    """What comes while an equal one is being answered gets its answer, at the same instant."""
    server = EmbeddingServer(seconds=1.0)
    async with server.client() as ai, asyncio.TaskGroup() as group:
        first = group.create_task(ai.embed("openai:m", "text 1"))
        await asyncio.sleep(0.9)
        second = group.create_task(ai.embed("openai:m", "text 1"))
    assert server.sizes == [1]
    assert asyncio.get_running_loop().time() == 1.0
    assert (first.result().cached, second.result().cached) == (False, True)


async def test_who_is_in_more_of_a_hurry_does_not_wait_for_who_is_not() -> None:
    """An urgent call does not join a request of low priority that has gone; the other way round it does."""
    server = EmbeddingServer(seconds=1.0)
    async with server.client(batch_timeout=0.01) as ai, asyncio.TaskGroup() as group:
        for priority in ("low", "high", "normal"):
            group.create_task(ai.embed("openai:m", "text 1", priority=priority))
            await asyncio.sleep(0.1)
    assert server.sizes == [1, 1]


@pytest.mark.parametrize("leaving", [0, 1, 2])
@pytest.mark.parametrize("texts", [["text 1"] * 3, ["text 1", "text 1", "text 1", "text 2"]])
async def test_one_that_leaves_takes_nobody_along(leaving: int, texts: list[str]) -> None:
    """Whoever it is, and whether the request has gone or not; the tokens are told to one of those who stay."""
    for pause in (0.0, 0.5):
        server = EmbeddingServer(seconds=1.0)
        async with server.client() as ai:
            calls = [asyncio.ensure_future(ai.embed("openai:m", text)) for text in texts]
            await asyncio.sleep(pause)
            calls[leaving].cancel()
            made = await asyncio.gather(*calls, return_exceptions=True)
        assert isinstance(made.pop(leaving), asyncio.CancelledError)
        assert server.sizes == [len(set(texts))]
        assert server.aborted == 0
        assert [answer.cached for answer in made[:2]] == [False, True]
        assert made[0].usage.total_tokens > 0
        assert made[0].request_id != made[1].request_id


async def test_the_last_one_that_leaves_ends_the_request() -> None:
    """Not before; and a later call asks anew."""
    server = EmbeddingServer(seconds=1.0)
    async with server.client() as ai:
        calls = [asyncio.ensure_future(ai.embed("openai:m", "text 1")) for _ in range(3)]
        await asyncio.sleep(0.5)
        for call in calls[:2]:
            call.cancel()
        await asyncio.sleep(0.1)
        assert server.now == 1
        calls[2].cancel()
        await asyncio.wait(calls)
        assert (server.now, server.aborted) == (0, 1)
        assert right(await ai.embed("openai:m", "text 1"), "m", "text 1")
    assert server.sizes == [1, 1]


async def test_each_has_its_own_deadline() -> None:
    """The first one's ends it alone; a later one whose request ran out of time asks anew."""
    server = EmbeddingServer(seconds=1.0)
    async with server.client() as ai:
        late = asyncio.ensure_future(ai.embed("openai:m", "text 1", timeout=0.6))
        await asyncio.sleep(0.5)
        made = await asyncio.gather(
            late, *(ai.embed("openai:m", "text 1", timeout=5.0) for _ in range(2)), return_exceptions=True
        )
    assert isinstance(made[0], RequestTimeoutError)
    assert all(right(answer, "m", "text 1") for answer in made[1:])
    assert server.sizes == [1]


async def test_a_request_that_gives_up_too_early_for_a_later_one_is_made_again() -> None:
    """A retry that came after the first one's deadline is none of its own; the later one has time for one."""
    tries: list[int] = []

    def spoil(body: dict[str, Any], good: dict[str, Any]) -> Any:
        tries.append(1)
        return MockTransport.reply({"error": {}}, status=503, headers={"retry-after": "3"}) if len(tries) == 1 else good

    server = EmbeddingServer(seconds=1.0, spoil=spoil)
    async with server.client() as ai:
        first = asyncio.ensure_future(ai.embed("openai:m", "text 1", timeout=2.0))
        await asyncio.sleep(0.5)
        made = await asyncio.gather(first, ai.embed("openai:m", "text 1", timeout=20.0), return_exceptions=True)
    assert isinstance(made[0], DeadlineExceededError)
    assert right(made[1], "m", "text 1")


async def test_an_error_is_for_all_each_an_exception_of_its_own() -> None:
    """No instance is raised twice; the others in the request have their vectors."""
    server = EmbeddingServer()
    async with server.client() as ai:
        made = await embed(ai, ["poison 1", "text 2", "poison 1", "text 3"])
    assert [isinstance(one, BadRequestError) for one in made] == [True, False, True, False]
    assert made[0] is not made[2]
    assert made[0].request_id != made[2].request_id


@pytest.mark.parametrize(
    "apart",
    [{"tags": {"tenant": "b"}}, {"dimensions": 2}],
)
async def test_only_equals_share(apart: dict[str, Any]) -> None:
    """Another tenant's, or one of other parameters, is another request."""
    server = EmbeddingServer()
    async with server.client() as ai:
        await asyncio.gather(ai.embed("openai:m", "text 1"), ai.embed("openai:m", "text 1", **apart))
    assert server.sizes == [1, 1]


@pytest.mark.parametrize("settings", [{"single_flight": False}, {}])
async def test_who_does_not_want_to_share_has_an_item_of_its_own(settings: dict[str, Any]) -> None:
    """By the setting, and by the mode of the cache; the request is shared all the same."""
    server = EmbeddingServer()
    async with server.client(**settings) as ai:
        wish = ai if settings else ai.with_options(cache="off")
        made = await embed(wish, ["text 1"] * 3)
    assert server.sizes == [3]
    assert not any(answer.cached for answer in made)


async def test_other_retries_are_another_request() -> None:
    """A call that must not be sent twice is not sent with one that may be."""
    server = EmbeddingServer()
    async with server.client() as ai:
        once = ai.with_options(max_retries=0)
        await asyncio.gather(ai.embed("openai:m", "text 1"), once.embed("openai:m", "text 2"))
    assert server.sizes == [1, 1]


async def test_fallbacks_share_too() -> None:
    """At each target there is one request with one item."""

    def spoil(body: dict[str, Any], good: dict[str, Any]) -> Any:
        return {**good, "data": []} if body["model"] == "bad" else good

    server = EmbeddingServer(spoil=spoil)
    async with server.client(max_retries=0) as ai:
        made = await asyncio.gather(*(ai.embed("openai:bad", "text 1", fallbacks=["openai:good"]) for _ in range(5)))
    assert all(right(answer, "good", "text 1") for answer in made)
    assert [(body["model"], len(body["input"])) for body in server.asked] == [("bad", 1), ("good", 1)]


async def test_a_call_alone_is_made_in_its_callers_context() -> None:
    """So is that of equals, in the first one's; that of several is made in none."""
    seen: list[str] = []

    def spoil(body: dict[str, Any], good: dict[str, Any]) -> Any:
        seen.append(name.get())
        return good

    server = EmbeddingServer(spoil=spoil)
    async with server.client() as ai:
        name.set("ann")
        first = asyncio.ensure_future(ai.embed("openai:m", "text 1"))
        name.set("bob")
        await asyncio.gather(first, ai.embed("openai:m", "text 1"))
        await embed(ai, ["text 1", "text 2"])
    assert seen == ["ann", "nobody"]


async def test_closing_ends_all_in_a_place() -> None:
    """Who waits for one that is under way, and who waits to be sent."""
    server = EmbeddingServer(seconds=60.0)
    ai = server.client(max_concurrent_requests=1)
    calls = [asyncio.ensure_future(ai.embed("openai:m", text)) for text in ("text 1", "text 1")]
    await asyncio.sleep(0.1)
    calls += [asyncio.ensure_future(ai.embed("openai:m", text)) for text in ("text 2", "text 2")]
    await asyncio.sleep(0.1)
    await ai.aclose(grace=0)
    made = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(one).__name__ for one in made] == ["ClientClosedError"] * 4
    assert len({id(one) for one in made}) == 4
