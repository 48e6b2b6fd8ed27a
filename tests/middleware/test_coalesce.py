"""Single flight: equal calls under way share one request, and each keeps what is its own."""

from __future__ import annotations

import asyncio
import contextvars
from typing import Any

import numpy as np
import pytest

from ipfs_accel_async import (
    Client,
    MockTransport,
    Priority,
)
from tests.answering import JSON, completion
from tests.faults.virtual import VirtualServer, says
from tests.faults.watching import watched

MODEL = "openai:m"
SURE: dict[str, Any] = {"temperature": 0}


def vectors(*rows: list[float]) -> Any:
    """An answer to an embedding call."""
    data = [{"index": place, "embedding": row} for place, row in enumerate(rows)]
    return says(
        {"object": "list", "model": "m", "data": data, "usage": {"prompt_tokens": 5, "total_tokens": 5}}, wait=1
    )


async def test_a_thousand_equal_calls_are_one_request() -> None:
    """All are answered at once, each under its own id; the tokens are counted once."""
    server = VirtualServer(always=says(wait=1.0))
    async with watched(server) as ai:
        replies = await asyncio.gather(*(ai.chat(MODEL, "hi", **SURE) for _ in range(1_000)))
        assert len(server.requests) == 1
        assert {reply.text for reply in replies} == {"hello"}
        assert len({reply.request_id for reply in replies}) == 1_000
        assert [reply.cached for reply in replies] == [False] + [True] * 999
        assert sum(reply.usage.total_tokens for reply in replies) == 7
        assert ai.cache.stats() == {"single_flight": {"sent": 1, "shared": 999}}
        assert asyncio.get_running_loop().time() == 1.0
        explained = ai.explain(replies[5])
        assert (explained["cache"], len(explained["attempts"])) == ("shared", 1)
        assert "equal call" in str(explained)


@pytest.mark.parametrize(
    ("more", "requests"),
    [({}, 3), ({"temperature": 0.5}, 3), ({"temperature": 0}, 1), ({"temperature": 0.0}, 1), ({"seed": 0}, 1)],
)
async def test_what_is_drawn_is_not_shared(more: dict[str, Any], requests: int) -> None:
    """Who asks three times for a random answer wants three; with temperature 0 or a seed one is all there is."""
    server = VirtualServer(always=says(wait=1.0))
    async with watched(server) as ai:
        await asyncio.gather(*(ai.chat(MODEL, "hi", **more) for _ in range(3)))
    assert len(server.requests) == requests


async def test_what_differs_in_anything_is_not_shared() -> None:
    """Another tenant, prompt, parameter, list of fallbacks, or a stream of it."""
    server = VirtualServer(always=says(wait=1.0))
    async with watched(server) as ai:
        await asyncio.gather(
            ai.chat(MODEL, "hi", **SURE),
            ai.chat(MODEL, "ho", **SURE),
            ai.chat("openai:n", "hi", **SURE),
            ai.chat(MODEL, "hi", max_tokens=5, **SURE),
            ai.chat(MODEL, "hi", temperature=0.0, user="x"),
            ai.chat(MODEL, "hi", tags={"tenant": "a"}, **SURE),
            ai.chat(MODEL, "hi", tags={"tenant": "b"}, **SURE),
            ai.chat(MODEL, "hi", fallbacks=["openai:n"], **SURE),
            ai.with_options(max_retries=1).chat(MODEL, "hi", **SURE),
        )
    assert len(server.requests) == 9


async def test_who_wants_his_own_answer_has_it() -> None:
    """With the cache off for a call, or the setting off for all, nothing is shared."""
    server = VirtualServer(always=says(wait=1.0))
    async with watched(server) as ai:
        alone = ai.with_options(cache="off")
        await asyncio.gather(*(alone.chat(MODEL, "hi", **SURE) for _ in range(3)))
    async with watched(server, single_flight=False) as ai:
        await asyncio.gather(*(ai.chat(MODEL, "hi", **SURE) for _ in range(3)))
    assert len(server.requests) == 6


async def test_one_after_another_are_two_requests() -> None:
    """Sharing is of what is under way; keeping answers is the cache's."""
    server = VirtualServer()
    async with watched(server) as ai:
        for _ in range(2):
            await ai.chat(MODEL, "hi", **SURE)
    assert len(server.requests) == 2


async def test_vectors_are_each_callers_own() -> None:
    """A caller who writes into his array changes nobody else's."""
    server = VirtualServer(always=vectors([1.0, 2.0]))
    async with watched(server) as ai:
        first, second = await asyncio.gather(ai.embed(MODEL, "x"), ai.embed(MODEL, "x"))
        first.vectors[0, 0] = 9.0
        assert np.array_equal(second.vectors, np.array([[1.0, 2.0]], np.float32))
        assert (len(server.requests), first.usage.total_tokens, second.usage.total_tokens) == (1, 5, 0)


async def test_the_first_caller_may_leave() -> None:
    """He is cancelled at once; the request goes on for the others, and there is only one."""
    server = VirtualServer(always=says(wait=2.0))
    async with watched(server) as ai:
        first = asyncio.create_task(ai.chat(MODEL, "hi", **SURE))
        await asyncio.sleep(0.5)
        second = asyncio.create_task(ai.chat(MODEL, "hi", **SURE))
        await asyncio.sleep(0.5)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        assert asyncio.get_running_loop().time() == 1.0
        assert (await second).text == "hello"
    assert len(server.requests) == 1


async def test_who_is_urgent_does_not_wait_for_who_is_not() -> None:
    """A HIGH call does not join a LOW one that waits; a LOW one joins a HIGH one."""
    server = VirtualServer(always=says(wait=1.0))
    async with watched(server, max_concurrent_requests=1) as ai:
        busy = asyncio.create_task(ai.chat(MODEL, "other"))
        await asyncio.sleep(0)
        calls = [
            asyncio.create_task(ai.chat(MODEL, "hi", priority=priority, **SURE))
            for priority in (Priority.LOW, Priority.HIGH, Priority.LOW)
        ]
        replies = await asyncio.gather(*calls)
        await busy
        assert [reply.cached for reply in replies] == [False, False, True]
    assert len(server.requests) == 3


async def test_the_request_runs_in_the_context_of_the_first_caller() -> None:
    """What a transport reads from context variables is the first caller's; his own context is untouched."""
    variable = contextvars.ContextVar("variable", default="")
    seen = []

    def answer(request: Any) -> Any:
        seen.append(variable.get())
        variable.set("changed")
        return MockTransport.reply(completion(), headers=JSON)

    async def call(ai: Client, name: str) -> None:
        variable.set(name)
        await ai.chat(MODEL, "hi", **SURE)
        assert variable.get() == name

    async with Client(transport=MockTransport(answer), keys={"openai": "k"}) as ai:
        await asyncio.gather(call(ai, "first"), call(ai, "second"))
    assert seen == ["first"]


async def test_what_cannot_be_compared_is_sent_alone() -> None:
    """A parameter that JSON has no word for: each call has its own fate."""
    server = VirtualServer(always=says(wait=1.0))
    async with watched(server) as ai:
        await asyncio.gather(
            *(ai.chat(MODEL, "hi", top_p=float("inf"), **SURE) for _ in range(2)), return_exceptions=True
        )
        assert ai.cache.stats()["single_flight"] == {"sent": 0, "shared": 0}
