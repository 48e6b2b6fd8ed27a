"""How shared requests end: deadlines, cancellations, errors and refusals, of one caller and of all."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async import (
    BadRequestError,
    ClientClosedError,
    DeadlineExceededError,
    MockTransport,
    OverloadedError,
    QueueFullError,
    RequestTimeoutError,
)
from tests.answering import JSON, Server, completion
from tests.faults.virtual import VirtualServer, refuses, says
from tests.faults.watching import FAST, watched

MODEL = "openai:m"
SURE: dict[str, Any] = {"temperature": 0}


async def test_with_the_last_caller_the_request_ends() -> None:
    """When all have left, its permit is back before the last of them goes on."""
    server = VirtualServer(always=says(wait=60.0))
    async with watched(server) as ai:
        tasks = [asyncio.create_task(ai.chat(MODEL, "hi", **SURE)) for _ in range(3)]
        await asyncio.sleep(1)
        for task in tasks:
            assert (ai.statistics()["lanes"][0]["active"], server.now) == (1, 1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        assert (ai.statistics()["lanes"][0]["active"], server.now) == (0, 0)
        server.always = says()
        assert (await ai.chat(MODEL, "hi", **SURE)).text == "hello"


async def test_each_caller_has_his_own_deadline() -> None:
    """The short ones end in time, saying where the time went; the long one has the answer of the same request."""
    server = VirtualServer(always=says(wait=5.0))
    async with watched(server) as ai:
        ends = await asyncio.gather(
            *(ai.chat(MODEL, "hi", timeout=timeout, **SURE) for timeout in (1.0, 2.0, 9.0)), return_exceptions=True
        )
        assert [type(end).__name__ for end in ends] == ["RequestTimeoutError", "RequestTimeoutError", "Reply"]
        assert [end.phase for end in ends if isinstance(end, RequestTimeoutError)] == ["first byte"] * 2
    assert len(server.requests) == 1


async def test_retries_are_not_cut_short_by_the_first_callers_deadline() -> None:
    """He has no time for another attempt and fails; one of the others asks anew, for all that are left."""
    server = VirtualServer(refuses(503), refuses(503), refuses(503))
    async with watched(server) as ai:
        first = asyncio.create_task(ai.chat(MODEL, "hi", timeout=0.5, **SURE))
        others = [asyncio.create_task(ai.chat(MODEL, "hi", timeout=60 + extra, **SURE)) for extra in range(50)]
        with pytest.raises(DeadlineExceededError):
            await first
        replies = await asyncio.gather(*others)
        assert {reply.text for reply in replies} == {"hello"}
    assert len(server.requests) == 4


async def test_the_answer_of_the_service_is_for_all_even_an_error() -> None:
    """Each has an error of its own; the next call is a new request, as no failure is kept."""
    server = VirtualServer(says({"error": {"message": "no such thing"}}, status=400, wait=1.0))
    async with watched(server) as ai:
        ends: list[Any] = await asyncio.gather(
            *(ai.chat(MODEL, "hi", **SURE) for _ in range(9)), return_exceptions=True
        )
        assert {type(end) for end in ends} == {BadRequestError}
        assert len({id(end) for end in ends}) == len({end.request_id for end in ends}) == 9
        assert len({end.message for end in ends}) == 1
        assert (await ai.chat(MODEL, "hi", **SURE)).text == "hello"
    assert len(server.requests) == 2


async def test_the_cause_of_an_error_is_shared_too() -> None:
    """What a failed attempt before it said is in every caller's error."""
    server = VirtualServer(always=refuses(503, wait=0.1))
    async with watched(server, **{**FAST, "max_retries": 1, "initial_retry_delay": 9.0, "max_retry_delay": 9.0}) as ai:
        ends: list[Any] = await asyncio.gather(
            *(ai.chat(MODEL, "hi", timeout=2.0, **SURE) for _ in range(2)), return_exceptions=True
        )
    assert [type(end.__cause__) for end in ends] == [OverloadedError, OverloadedError]


async def test_a_place_refused_to_the_first_is_asked_for_once_more() -> None:
    """A full queue refused him; one of the others tries again, and what it meets is for all."""
    server = VirtualServer(always=says(wait=1.0))
    async with watched(server, max_concurrent_requests=1, queue_size=0) as ai:
        busy = asyncio.create_task(ai.chat(MODEL, "other"))
        await asyncio.sleep(0)
        ends = await asyncio.gather(*(ai.chat(MODEL, "hi", **SURE) for _ in range(20)), return_exceptions=True)
        assert {type(end) for end in ends} == {QueueFullError}
        assert sum(lane.rejections for lane in ai._engine.runtime().dispatcher.lanes.values()) == 2
        await busy
    assert len(server.requests) == 1


async def test_closing_the_client_ends_what_is_shared() -> None:
    """Every caller hears of it, and no task is left."""
    server, before = Server(seconds=60), asyncio.all_tasks()
    ai = server.client()
    tasks = [asyncio.create_task(ai.chat(MODEL, "hi", **SURE)) for _ in range(3)]
    await asyncio.sleep(1)
    await ai.aclose(0)
    ends = await asyncio.gather(*tasks, return_exceptions=True)
    assert {type(end) for end in ends} == {ClientClosedError}
    assert asyncio.all_tasks() == before
    assert ai._engine._home.current.coalesce.under_way == 0  # type: ignore[union-attr]


async def test_what_is_shared_ends_in_the_order_in_which_it_began() -> None:
    """The same each time: where objects happen to be in memory decides nothing."""
    server, ended = Server(seconds=60), []
    ai = server.client(max_concurrent_requests=30)

    async def ask(number: int) -> None:
        with pytest.raises(ClientClosedError):
            await ai.chat(MODEL, f"Question {number}", **SURE)
        ended.append(number)

    tasks = [asyncio.create_task(ask(number)) for number in range(30)]
    await asyncio.sleep(1)
    await ai.aclose(0)
    await asyncio.gather(*tasks)
    assert ended == list(range(30))


@pytest.mark.parametrize("callers", [1, 2, 3])
async def test_cancelled_at_any_time_nothing_is_left(callers: int) -> None:
    """Some or all leave, at any step of the loop: permits and tasks are back, who stays has the answer."""
    for leaving in range(1, callers + 1):
        for steps in range(14):
            server = VirtualServer(always=says(wait=0.0))
            async with watched(server) as ai:
                tasks = [asyncio.create_task(ai.chat(MODEL, "hi", **SURE)) for _ in range(callers)]
                for _ in range(steps):
                    await asyncio.sleep(0)
                for task in tasks[:leaving]:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                assert all(task.result().text == "hello" for task in tasks[leaving:])


CALLERS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b"]),
        st.floats(0, 6),
        st.one_of(st.none(), st.floats(0, 6)),
        st.sampled_from([0.5, 2.0, 60.0]),
    ),
    min_size=1,
    max_size=12,
)


class Echo:
    """A transport that answers with the prompt after three seconds; at most one request a prompt may be under way."""

    def __init__(self) -> None:
        self.mock = MockTransport(self.answer)
        self.now: dict[str, int] = {}

    async def answer(self, request: Any) -> Any:
        prompt = orjson.loads(request.body)["messages"][0]["content"]
        self.now[prompt] = self.now.get(prompt, 0) + 1
        assert self.now[prompt] == 1
        try:
            await asyncio.sleep(3)
        finally:
            self.now[prompt] -= 1
        return MockTransport.reply(completion(prompt), headers=JSON)


@given(CALLERS)
async def test_whoever_comes_and_goes_each_has_the_answer_to_his_own_question(callers: list[Any]) -> None:
    """Random arrivals, cancellations and deadlines: never two equal requests at once, and nothing left over."""
    echo = Echo()

    async def call(prompt: str, comes: float, leaves: float | None, timeout: float) -> None:
        await asyncio.sleep(comes)
        task = asyncio.create_task(ai.chat(MODEL, prompt, timeout=timeout, **SURE))
        if leaves is not None:
            await asyncio.sleep(leaves)
            task.cancel()
        try:
            assert (await task).text == prompt
        except asyncio.CancelledError:
            assert leaves is not None
        except RequestTimeoutError:
            assert timeout < 3

    async with watched(echo.mock, max_retries=0) as ai:
        await asyncio.gather(*(call(*one) for one in callers))
        assert set(echo.now.values()) <= {0}
        assert ai._engine.runtime().coalesce.under_way == 0
        assert not ai._engine.runtime().coalesce._flights
