"""Whatever comes when: each text is in exactly one request that counts, in order, with its own kind, answered right."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipfs_accel_async.errors import BadRequestError, DeadlineExceededError, RequestTimeoutError
from tests.embedding_server import EmbeddingServer, vector
from tests.virtual_loop import VirtualLoop

LATE = (DeadlineExceededError, RequestTimeoutError)


@dataclass(frozen=True)
class Plan:
    """One call: when it comes, of what, and how it ends."""

    at: float
    model: str
    tenant: str
    size: int | None
    count: int
    leaves: float | None
    timeout: float
    poison: bool


moments = st.sampled_from([0.0, 0.0, 0.01, 0.02, 0.05, 0.1, 0.11, 0.5])
plans = st.builds(
    Plan,
    at=moments,
    model=st.sampled_from(["m", "nn"]),
    tenant=st.sampled_from(["", "x"]),
    size=st.sampled_from([None, 2]),
    count=st.sampled_from([1, 1, 1, 2, 5, 9]),
    leaves=st.one_of(st.none(), st.none(), moments),
    timeout=st.sampled_from([60.0, 60.0, 0.05, 0.12]),
    poison=st.sampled_from([False, False, False, False, True]),
)
schedules = st.lists(plans, min_size=1, max_size=40)


async def ran(schedule: list[Plan], seconds: float, **settings: Any) -> tuple[EmbeddingServer, list[Any]]:
    """Run a schedule; what became of each call."""
    server = EmbeddingServer(seconds)
    loop = asyncio.get_running_loop()
    async with server.client(**settings) as ai:

        async def one(number: int, plan: Plan) -> Any:
            await asyncio.sleep(plan.at)
            texts = texts_of(number, plan)
            more: dict[str, Any] = {} if plan.size is None else {"dimensions": plan.size}
            tags = {"tenant": plan.tenant} if plan.tenant else {}
            return await ai.embed(f"openai:{plan.model}", texts, timeout=plan.timeout, tags=tags, **more)

        tasks = [loop.create_task(one(number, plan)) for number, plan in enumerate(schedule)]
        for task, plan in zip(tasks, schedule, strict=True):
            if plan.leaves is not None:
                loop.call_at(plan.at + plan.leaves, task.cancel)
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        assert not ai._engine.runtime()._batcher._gatherings
    return server, ends


def texts_of(number: int, plan: Plan) -> list[str]:
    """The texts of a call, each with its own number."""
    return [f"{'poison' if plan.poison and not n else 'text'} {number * 100 + n}" for n in range(plan.count)]


def run(made: Any) -> Any:
    """In virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(made)


@settings(max_examples=150)
@given(
    schedules,
    st.sampled_from([0.0, 0.03, 0.1]),
    st.sampled_from([0.0, 0.01, 0.1]),
    st.sampled_from([1, 3, 8, 64]),
    st.sampled_from([1, 2, 5]),
)
def test_every_text_is_sent_once_in_order_and_answered_to_its_own_caller(
    schedule: list[Plan], seconds: float, timeout: float, most: int, cap: int
) -> None:
    """Requests are a partition of what was asked; none mixes kinds, none is too large, and every vector is right."""
    more = {"batch_timeout": timeout, "max_batch_size": most, "max_concurrent_requests": cap}
    server, ends = run(ran(schedule, seconds, **more))
    home = {text: number for number, plan in enumerate(schedule) for text in texts_of(number, plan)}
    sent: Counter[str] = Counter()
    for body in server.asked:
        texts = body["input"]
        calls = [home[text] for text in texts]
        kinds = {(schedule[number].model, schedule[number].tenant, schedule[number].size) for number in calls}
        assert len(kinds) == 1
        assert next(iter(kinds))[::2] == (body["model"], body.get("dimensions"))
        assert len(texts) <= most
        for number in set(calls):  # one caller's texts stand together, as it gave them
            own = [text for text in texts if home[text] == number]
            at = calls.index(number)
            assert texts[at : at + len(own)] == own
            assert own == [text for text in texts_of(number, schedule[number]) if text in set(own)]
        sent.update(texts)
    for number, (plan, end) in enumerate(zip(schedule, ends, strict=True)):
        texts = texts_of(number, plan)
        if isinstance(end, asyncio.CancelledError):
            assert plan.leaves is not None
        elif isinstance(end, LATE):
            assert plan.timeout < 60.0
        elif isinstance(end, BadRequestError):
            assert plan.poison
        else:
            assert not plan.poison
            assert end.vectors.tolist() == [vector(plan.model, text) for text in texts]
            assert all(sent[text] >= 1 for text in texts)
    if not any(plan.poison for plan in schedule):
        assert set(sent.values()) <= {1}
    assert server.peak <= cap


@pytest.mark.parametrize("offset", [-1e-9, 0.0, 1e-9])
def test_a_call_in_the_very_moment_of_the_timer_is_in_one_request(offset: float) -> None:
    """Just before, at and just after the timeout, also where it fills the request."""

    async def scene() -> EmbeddingServer:
        server = EmbeddingServer(1.0)
        loop = asyncio.get_running_loop()
        async with server.client(batch_timeout=0.1, max_batch_size=3) as ai:

            async def at(when: float, text: str) -> Any:
                await asyncio.sleep(when - loop.time())
                return await ai.embed("openai:m", text)

            ends = await asyncio.gather(
                ai.embed("openai:m", "text 0"),
                *(at(0.5, f"text {n}") for n in (1, 2)),
                *(at(0.6 + offset, f"text {n}") for n in (3, 4, 5)),
            )
        assert [end.vectors[0, 1] for end in ends] == [0, 1, 2, 3, 4, 5]
        return server

    server = run(scene())
    sent = [text for body in server.asked for text in body["input"]]
    assert sorted(sent) == [f"text {n}" for n in range(6)]
    assert max(server.sizes) <= 3


@settings(max_examples=60)
@given(st.lists(st.integers(1, 9), min_size=2, max_size=30), st.integers(1, 10**6))
def test_the_usage_of_the_members_is_that_of_the_request(counts: list[int], tokens: int) -> None:
    """To the token, whatever the number is."""

    async def scene() -> int:
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        server = EmbeddingServer(spoil=lambda _, good: {**good, "usage": usage})
        async with server.client() as ai:
            calls = (ai.embed("openai:m", [f"{at} {n}" for n in range(count)]) for at, count in enumerate(counts))
            made = await asyncio.gather(*calls)
            assert ai.report()["token_counts"]["total"] == tokens * len(server.asked)
        return sum(answer.usage.total_tokens for answer in made) // len(server.asked)

    assert run(scene()) == tokens


@settings(max_examples=60)
@given(st.sets(st.integers(0, 47), max_size=6), st.integers(1, 48))
def test_whatever_is_refused_fails_alone(poison: set[int], count: int) -> None:
    """Any texts of any number of calls: those fail, the others are right, and few requests are made."""
    schedule = [Plan(0.0, "m", "", None, 1, None, 60.0, number in poison) for number in range(count)]
    server, ends = run(ran(schedule, 0.01))
    bad = {number for number in poison if number < count}
    assert {number for number, end in enumerate(ends) if isinstance(end, BadRequestError)} == bad
    depth = (count - 1).bit_length()
    assert len(server.asked) <= 1 + 2 * depth * max(len(bad), 1) if count > 1 else len(server.asked) == 1
