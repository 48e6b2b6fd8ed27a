"""Group D: which answers a call may be given, for how long, and who can tell."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async import (
    DeadlineExceededError,
    Image,
    OverloadedError,
    Tool,
    user,
)
from ipfs_accel_async.partition import request_key
from tests.doubles import a_call
from tests.faults.scenarios import scenario
from tests.faults.streaming import DONE, event
from tests.faults.virtual import VirtualServer, refuses, says, streams
from tests.faults.watching import watched

MODEL = "openai:m"


@scenario("D06")
async def test_another_parameter_is_another_answer() -> None:
    """Temperature, seed, tokens, system, tools, image, format, model, stream: each pair differs, each hits itself."""
    asked: list[dict[str, Any]] = [
        {},
        {"temperature": 0.0},
        {"temperature": 0.1},
        {"seed": 1},
        {"seed": 2},
        {"max_tokens": 5},
        {"max_tokens": 6},
        {"tools": [Tool("f")]},
        {"tools": [Tool("g")]},
        {"tool_choice": "none"},
        {"response_format": "json"},
        {"stop": "x"},
        {"top_p": 0.5},
        {"user": "u"},
        {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hi"}]},
        {"messages": [{"role": "system", "content": "Be long."}, {"role": "user", "content": "hi"}]},
        {"messages": user("hi", Image(data=b"one"))},
        {"messages": user("hi", Image(data=b"two"))},
        {"model": "openai:n"},
    ]
    server = VirtualServer()
    async with watched(server, cache="on") as ai:
        for number, more in enumerate(asked):
            arguments = {"model": MODEL, "messages": "hi", **more}
            assert not (await ai.chat(**arguments)).cached, more
            assert (await ai.chat(**arguments)).cached, more
            assert len(server.requests) == number + 1


@scenario("D07")
async def test_a_stampede_is_one_request() -> None:
    """A thousand equal calls to an empty cache: one request, one entry, everyone served."""
    server = VirtualServer(always=says(wait=1.0))
    async with watched(server, cache="on") as ai:
        replies = await asyncio.gather(*(ai.chat(MODEL, "hi") for _ in range(1_000)))
        assert ({reply.text for reply in replies}, len(server.requests)) == ({"hello"}, 1)
        assert ai.cache.stats()["stored"] == 1


@scenario("D07")
async def test_a_failure_is_not_kept_and_asked_for_once_more_at_most() -> None:
    """The service's error is for all who wait; of one that was the first caller's own the others ask once more."""
    server = VirtualServer(refuses(503, wait=1.0))
    async with watched(server, cache="on", max_retries=0) as ai:
        ends = await asyncio.gather(*(ai.chat(MODEL, "hi") for _ in range(1_000)), return_exceptions=True)
        assert ({type(end) for end in ends}, len(server.requests)) == ({OverloadedError}, 1)
        assert (await ai.chat(MODEL, "hi")).text == "hello"
    server = VirtualServer(refuses(503))
    async with watched(server, cache="on") as ai:
        first = asyncio.create_task(ai.chat(MODEL, "hi", timeout=0.1))
        others = [asyncio.create_task(ai.chat(MODEL, "hi")) for _ in range(999)]
        with pytest.raises(DeadlineExceededError):
            await first
        assert {(await other).text for other in others} == {"hello"}
    assert len(server.requests) == 2


@scenario("D08")
@pytest.mark.parametrize(
    ("ttl", "later", "hit"), [(0, 0, False), (60, 59, True), (60, 60, False), (60, 1e7, False), (60, -1, False)]
)
async def test_what_has_had_its_time_is_a_miss(ttl: float, later: float, hit: bool) -> None:
    """No time at all, expired, or stored in what is now the future."""
    loop = asyncio.get_running_loop()
    await asyncio.sleep(100)
    server = VirtualServer()
    async with watched(server, cache="on", cache_ttl={"chat": ttl}) as ai:
        await ai.chat(MODEL, "hi")
        loop._now += later  # type: ignore[attr-defined]
        assert (await ai.chat(MODEL, "hi")).cached == hit


@scenario("D08")
async def test_an_entry_that_goes_while_it_is_read_is_read_to_its_end() -> None:
    """A replayed stream is its reader's own, whatever happens to the cache meanwhile."""
    server = VirtualServer(streams(event("one "), event("two"), DONE))
    async with watched(server, cache="on") as ai:
        async with ai.stream(MODEL, "hi") as stream:
            await stream.collect()
        async with ai.stream(MODEL, "hi") as stream:
            await anext(stream)
            assert await ai.cache.clear() == 1
            assert (await stream.collect()).text == "one two"


@scenario("D09")
async def test_a_hit_is_nothing_that_another_tenant_can_see() -> None:
    """After another tenant's answer was kept a call takes as long, sends the same bytes and reads the same."""
    seen = []
    for warm in (False, True):
        server = VirtualServer(always=says(wait=1.0))
        async with watched(server, cache="on") as ai:
            if warm:
                await ai.chat(MODEL, "hi", tags={"tenant": "a"})
            begun = asyncio.get_running_loop().time()
            reply = await ai.chat(MODEL, "hi", tags={"tenant": "b"})
            request = server.requests[-1]
            headers = [(name, value) for name, value in request.headers if name.lower() != b"x-request-id"]
            spent = asyncio.get_running_loop().time() - begun
            seen.append(
                (spent, request.url, headers, request.body, reply.cached, ai.explain(reply)["cache"], reply.usage)
            )
    assert seen[0] == seen[1]


@scenario("D10")
@given(st.lists(st.text(max_size=8), min_size=4, max_size=4), st.lists(st.text(max_size=8), min_size=4, max_size=4))
async def test_no_text_has_the_key_of_another(ours: list[str], theirs: list[str]) -> None:
    """Tenant, model, system and prompt of any characters, quotes and braces among them: equal keys are equal calls."""

    def key(texts: list[str]) -> str | None:
        tenant, model, label, name = texts
        call = a_call(tags={"tenant": tenant})
        payload = replace(call.payload, params={label: name}, stop=(label, name))
        return request_key(replace(call, target=replace(call.target, model=model), payload=payload))

    assert (key(ours) == key(theirs)) == (ours == theirs)
