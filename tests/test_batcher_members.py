"""What members of a shared request keep: errors, targets, traces and contexts; and an end when the client is closed."""

from __future__ import annotations

import asyncio
import json
from contextvars import ContextVar
from typing import Any

import numpy as np
import pytest

from ipfs_accel_async import AccelError, Client, InvalidRequestError
from ipfs_accel_async.errors import AllTargetsFailedError, ClientClosedError, ServerError
from tests.answering import header
from tests.embedding_server import EmbeddingServer, right
from tests.faults.virtual import VirtualServer, says


async def embed(ai: Client, count: int, model: str = "openai:m", **more: Any) -> list[Any]:
    """Calls of one text each, all at once."""
    return await asyncio.gather(*(ai.embed(model, f"text {place}", **more) for place in range(count)))


async def test_a_failed_request_is_each_members_own_error() -> None:
    """One retry for all of them together; then an exception each, with their own id and their own trace."""
    server = VirtualServer(always=says({"error": {"message": "down"}}, status=500))
    settings = {"keys": {"openai": "k"}, "max_retries": 1, "retry_jitter": 0}
    async with Client(transport=server, **settings) as ai:
        made = await asyncio.gather(*(ai.embed("openai:m", f"text {n}") for n in range(5)), return_exceptions=True)
    assert len(server.requests) == 2
    errors = [error for error in made if isinstance(error, ServerError)]
    assert len({id(error) for error in errors}) == len({error.request_id for error in errors}) == 5
    assert {error.attempts for error in errors} == {2}
    for error in errors:
        assert [attempt["status"] for attempt in ai.explain(error)["attempts"]] == [500, 500]


async def test_each_member_falls_back_by_itself() -> None:
    """A request that fails sends each of its calls to the call's own next target, where they gather again."""

    def spoil(body: dict[str, Any], good: dict[str, Any]) -> Any:
        return {**good, "data": good["data"][:-1]} if body["model"] == "bad" else good

    server = EmbeddingServer(spoil=spoil)
    async with server.client(max_retries=0) as ai:
        made = await asyncio.gather(
            ai.embed("openai:bad", "text 1", fallbacks=["openai:good"]),
            ai.embed("openai:bad", "text 2", fallbacks=["openai:good"]),
            ai.embed("openai:bad", "text 3"),
            ai.embed("openai:bad", "text 4", fallbacks=["openai:bad"]),
            return_exceptions=True,
        )
    assert [(body["model"], len(body["input"])) for body in server.asked[:2]] == [("bad", 4), ("good", 2)]
    assert right(made[0], "good", "text 1")
    assert right(made[1], "good", "text 2")
    assert isinstance(made[2], AccelError)
    assert isinstance(made[3], AllTargetsFailedError)


async def test_the_explanation_tells_of_the_others() -> None:
    """The shared request's attempts stand in each call's trace, with its id and how many others there were."""
    server = EmbeddingServer(seconds=1.0)
    async with server.client() as ai:
        made = await embed(ai, 3)
        told = [ai.explain(answer) for answer in made]
    sent = header(server.requests[0], "x-request-id")
    assert len({answer.request_id for answer in made}) == 3
    for one in told:
        assert one["batch"] == {"request_id": sent, "others": 2}
        assert (len(one["attempts"]), one["network_ms"], one["overhead_ms"]) == (1, 1_000.0, 0.0)
        assert f"in one request with 2 others: {sent}" in str(one)


async def test_what_a_caller_set_in_its_context_is_no_other_callers_business() -> None:
    """The request is made in an empty context; each caller finds its own value after it."""
    variable: ContextVar[str] = ContextVar("variable", default="none")
    seen: list[str] = []
    server = EmbeddingServer(spoil=lambda _, good: (seen.append(variable.get()), good)[1])

    async def caller(name: str) -> str:
        variable.set(name)
        await ai.embed("openai:m", f"{name} 1")
        return variable.get()

    async with server.client() as ai:
        assert await asyncio.gather(caller("a"), caller("b"), caller("c")) == ["a", "b", "c"]
    assert seen == ["none"]


async def test_closing_refuses_what_gathers_and_ends_what_flies() -> None:
    """Those who wait hear of it at once, the others when the grace is over; no task is left."""
    server = EmbeddingServer(seconds=60.0)
    before = asyncio.all_tasks()
    loop = asyncio.get_running_loop()
    ended: list[float] = []
    ai = server.client(max_concurrent_requests=1, batch_timeout=30.0)
    calls = [asyncio.ensure_future(ai.embed("openai:m", f"text {n}")) for n in range(4)]
    await asyncio.sleep(1)
    calls += [asyncio.ensure_future(ai.embed("openai:m", f"later {n}")) for n in range(4)]
    for call in calls:
        call.add_done_callback(lambda _: ended.append(loop.time()))
    await asyncio.sleep(1)
    await ai.aclose(grace=2)
    ends = await asyncio.gather(*calls, return_exceptions=True)
    assert {type(end) for end in ends} == {ClientClosedError}
    assert (server.sizes, server.aborted) == ([4], 1)
    assert ended == [2.0] * 4 + [4.0] * 4
    assert asyncio.all_tasks() == before


async def test_texts_that_cannot_be_sent_spoil_nobodys_request() -> None:
    """They are refused before they come to the others."""
    server = EmbeddingServer()
    async with server.client() as ai:
        calls: list[Any] = ["text 1", "", 3, "text 2"]
        made = await asyncio.gather(*(ai.embed("openai:m", one) for one in calls), return_exceptions=True)
    assert [isinstance(one, InvalidRequestError) for one in made] == [False, True, True, False]
    assert server.sizes == [2]


async def test_a_text_that_no_json_can_carry_fails_alone() -> None:
    """Half a surrogate pair is found out while the body is written: the others are sent without it."""
    server = EmbeddingServer()
    async with server.client() as ai:
        texts = [*(f"text {n}" for n in range(6)), "\ud800 6"]
        made = await asyncio.gather(*(ai.embed("openai:m", text) for text in texts), return_exceptions=True)
    assert isinstance(made[6], InvalidRequestError)
    assert all(right(answer, "m", text) for answer, text in zip(made[:6], texts[:6], strict=True))
    assert sum(server.sizes) == 6


async def test_parameters_without_a_json_form_stay_apart() -> None:
    """They cannot be compared; what the service's wire cannot carry is refused as it was."""
    server = EmbeddingServer()
    async with server.client() as ai:
        with pytest.raises((AccelError, TypeError)):
            await ai.embed("openai:m", "text 1", user=object())
        assert right(await ai.embed("openai:m", "text 1"), "m", "text 1")


async def test_a_thousand_tasks_of_many_calls_get_their_own() -> None:
    """Ten thousand calls by a thousand tasks: every vector is right, and there are few requests."""
    server = EmbeddingServer(seconds=0.01)
    async with server.client() as ai:

        async def task(number: int) -> bool:
            answers = [await ai.embed("openai:m", f"text {number * 10 + n}") for n in range(10)]
            return all(right(answer, "m", f"text {number * 10 + n}") for n, answer in enumerate(answers))

        assert all(await asyncio.gather(*(task(number) for number in range(1_000))))
    assert sum(server.sizes) == 10_000
    assert len(server.sizes) <= 60
    assert json.dumps(server.asked[0]["input"][0])
    assert np.mean(server.sizes) >= 200
