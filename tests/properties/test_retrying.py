"""Retries and deadlines of whole calls against a replay by plain rules (invariants 8 and 9)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from ipfs_accel_async import Client, Keys
from ipfs_accel_async.errors import (
    AccelError,
    AllKeysExhaustedError,
    ConnectError,
    DeadlineExceededError,
    InterruptedCallError,
)
from tests.faults.virtual import Answer, VirtualServer, refuses, says
from tests.virtual_loop import VirtualLoop

RETRIED = {"500", "503", "429", "refused", "reset"}
FREE = {"429"}  # the service asked for it: no retry is taken from the budget
KINDS = st.sampled_from(["ok", "ok", "400", *sorted(RETRIED)])
LONG_AGO = ("500", "429", "429", "500")  # the budget has forgotten the first by the time of the last
ASKED = 3.0
EPS = 1e-6


@dataclass(frozen=True)
class Play:
    """What the service does with one request, after `wait` seconds."""

    kind: str
    wait: float

    def answer(self) -> Answer | BaseException:
        if self.kind == "ok":
            return says(wait=self.wait)
        if self.kind == "refused":
            return ConnectError("refused")
        if self.kind == "reset":
            return InterruptedCallError("reset")
        more = {"retry_after": f"{ASKED:g}"} if self.kind == "429" else {}
        return refuses(int(self.kind), wait=self.wait, **more)

    @property
    def takes(self) -> float:
        """Seconds until the client hears of it."""
        return self.wait if self.kind not in {"refused", "reset"} else 0.0


@dataclass(frozen=True)
class Rules:
    """Settings of the client."""

    max_retries: int
    initial: float
    factor: float
    maximum: float
    jitter: float
    ratio: float
    reserve: int
    timeout: float

    def bounds(self, retry: int, kind: str) -> tuple[float, float]:
        """Least and longest wait before a retry."""
        middle = min(self.initial * self.factor ** (retry - 1), self.maximum)
        low, high = middle * (1 - self.jitter), min(middle * (1 + self.jitter), self.maximum)
        return (max(low, ASKED), max(high, ASKED * 1.1)) if kind == "429" else (low, high)


RULES = st.builds(
    Rules,
    max_retries=st.integers(0, 4),
    initial=st.sampled_from([0.0, 0.5, 1.0]),
    factor=st.sampled_from([1.0, 2.0]),
    maximum=st.sampled_from([1.0, 4.0, 16.0]),
    jitter=st.sampled_from([0.0, 0.2, 1.0]),
    ratio=st.sampled_from([0.0, 0.5, 1.0]),
    reserve=st.sampled_from([0, 1, 50]),
    timeout=st.sampled_from([2.0, 10.0, 300.0]),
)
PLAYS = st.lists(st.builds(Play, KINDS, st.sampled_from([0.0, 0.3, 2.5])), min_size=1, max_size=14)


@dataclass
class Made:
    """A call that was made: when it began and ended, and how."""

    began: float
    ended: float
    error: BaseException | None


async def make(rules: Rules, plays: list[Play], calls: int, gap: float) -> tuple[VirtualServer, list[Made]]:
    """Make calls one after the other."""
    loop = asyncio.get_running_loop()
    server = VirtualServer(*[play.answer() for play in plays])
    made = []
    ai = Client(
        transport=server,
        keys={"openai": Keys("one", "two", quota_group="one")},  # of two groups the other one would serve at once
        max_retries=rules.max_retries,
        initial_retry_delay=rules.initial,
        backoff_factor=rules.factor,
        max_retry_delay=rules.maximum,
        retry_jitter=rules.jitter,
        retry_budget_ratio=rules.ratio,
        retry_budget_reserve=rules.reserve,
        failure_threshold=10**6,
        failure_rate_calls=10**6,
    )
    async with ai:
        for _ in range(calls):
            began, error = loop.time(), None
            try:
                await ai.chat("openai:m", "hi", timeout=rules.timeout)
            except AccelError as caught:
                error = caught
            made.append(Made(began, loop.time(), error))
            await asyncio.sleep(gap)
    return server, made


class Budget:
    """Deposits and withdrawals as lists, summed over the last ten whole seconds."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._calls: list[int] = []
        self._retries: list[int] = []

    def deposit(self, now: float) -> None:
        self._calls.append(int(now))

    def allows(self, now: float) -> bool:
        recent = [sum(at > int(now) - 10 for at in one) for one in (self._calls, self._retries)]
        return self._rules.ratio * recent[0] + self._rules.reserve - recent[1] >= 1 - 1e-9

    def withdraw(self, now: float) -> None:
        self._retries.append(int(now))


def replay(rules: Rules, plays: list[Play], times: list[float], made: list[Made]) -> None:
    """Walk through what the service saw and check that each request, and each that is missing, follows the rules."""
    sent = 0
    parked = 0.0  # a 429 holds back all calls of the model until the stated instant
    budget = Budget(rules)
    for call in made:
        deadline = call.began + rules.timeout
        budget.deposit(call.began)
        own = times[sent : sent + attempts_of(call, times, sent)]
        if parked > deadline + EPS:
            assert not own
            assert call.ended <= call.began + EPS
            continue
        assert own[0] - max(call.began, parked) <= EPS
        assert own[0] >= max(call.began, parked) - EPS
        assert len(own) <= rules.max_retries + 1
        for number, at in enumerate(own, 1):
            play = plays[sent] if sent < len(plays) else Play("ok", 0.0)
            sent += 1
            heard = at + play.takes
            if play.kind == "429" and heard < deadline:
                parked = heard + ASKED
            after = own[number] if number < len(own) else None
            if heard >= deadline:
                assert after is None
                assert call.ended <= deadline + EPS
                continue
            may = play.kind in RETRIED and number <= rules.max_retries
            low, high = rules.bounds(number, play.kind)
            free = play.kind in FREE
            if after is None:
                stopped = not may or heard + high >= deadline - EPS or (not free and not budget.allows(heard))
                assert stopped, (play, number, call)
                assert call.ended <= max(heard, at) + EPS
            else:
                assert may
                assert low - EPS <= after - heard <= high + EPS
                assert after < deadline
                assert free or budget.allows(heard)
                if not free:
                    budget.withdraw(heard)
    assert sent == len(times)


def attempts_of(call: Made, times: list[float], start: int) -> int:
    """Requests that were sent from a call's beginning to its end; the next call begins later."""
    return sum(call.began <= at <= call.ended for at in times[start:])


@given(RULES, PLAYS, st.integers(1, 5), st.sampled_from([0.1, 4.0, 11.0]))
@example(Rules(4, 1.0, 2.0, 16.0, 0.0, 0.0, 1, 300.0), [Play("500", 0.3)] * 6, 3, 0.1)
@example(Rules(4, 1.0, 1.0, 1.0, 0.0, 0.0, 1, 300.0), [Play(kind, 2.5) for kind in (*LONG_AGO, "ok")], 1, 0.1)
@settings(max_examples=120)
def test_retries_follow_the_rules(rules: Rules, plays: list[Play], calls: int, gap: float) -> None:
    """Attempts, waits, what is retried at all, deadline and budget: each request is one that the rules allow."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        server, made = runner.run(make(rules, plays, calls, gap))
    replay(rules, plays, server.times, made)
    for call in made:
        assert call.ended <= call.began + rules.timeout + EPS
        assert getattr(call.error, "attempts", 1) >= 1 or isinstance(call.error, AllKeysExhaustedError)


SECONDS = st.floats(0.0, 40.0)


@given(
    st.lists(st.tuples(SECONDS, st.floats(0.1, 30.0), st.lists(st.floats(0.0, 20.0), max_size=3)), max_size=8),
    st.integers(1, 3),
)
def test_no_call_ends_after_its_deadline(calls: list[tuple[float, float, list[float]]], cap: int) -> None:
    """Whatever waits, is slow or falls silent: in the queue, before the head, in the body and in streams."""

    async def one(ai: Client, starts: float, timeout: float, streamed: bool) -> tuple[float, Any]:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(starts)
        began, error = loop.time(), None
        try:
            if streamed:
                async with ai.stream("openai:m", "hi", timeout=timeout) as stream:
                    await stream.collect()
            else:
                await ai.chat("openai:m", "hi", timeout=timeout)
        except AccelError as caught:
            error = caught
        return loop.time() - began - timeout, error

    async def main() -> list[tuple[float, Any]]:
        slow = [pause for _, _, pauses in calls for pause in pauses] or [1.0]
        body = tuple(item for pause in slow for item in (pause, b" "))
        server = VirtualServer(always=lambda request: Answer((*body, b"{}"), 200, says().headers, slow[0]))
        async with Client(transport=server, keys={"openai": "k"}, max_concurrent_requests=cap) as ai:
            jobs = [one(ai, at, timeout, number % 2 == 1) for number, (at, timeout, _) in enumerate(calls)]
            done = await asyncio.gather(*jobs)
            assert server.open == 0
        return list(done)

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        for over, error in runner.run(main()):
            assert over <= EPS
            assert abs(over) > EPS or error is None or isinstance(error, (TimeoutError, DeadlineExceededError))
