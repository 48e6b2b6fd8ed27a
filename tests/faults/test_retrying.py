"""Group R: what is sent again, how often, when, and what never is."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from ipfs_accel_async.errors import AccelError, DeadlineExceededError, InvalidRequestError, OverloadedError
from ipfs_accel_async.policy.backoff import Backoff
from tests.answering import header
from tests.faults.scenarios import scenario
from tests.faults.virtual import VirtualServer, refuses, says
from tests.faults.watching import FAST, PATIENT, watched


@scenario("R01")
async def test_a_backend_that_is_down_gets_a_fifth_more_and_the_reserve() -> None:
    """Three thousand calls at once, the breaker out of the way: at most 3,600 attempts and the reserve reach it."""
    server = VirtualServer(always=refuses(503))
    options = {"max_concurrent_requests": 100, "queue_size": 20_000, "retry_budget_reserve": 10}
    async with watched(server, **{**PATIENT, **options}) as ai:
        ends = await asyncio.gather(*(ai.chat("openai:m", "hi") for _ in range(3_000)), return_exceptions=True)
        seconds = asyncio.get_running_loop().time()
    assert {type(end) for end in ends} == {OverloadedError}
    assert len(server.requests) <= 3_600 + 10 * (1 + seconds / 10)
    assert max(end.attempts for end in ends if isinstance(end, AccelError)) > 1


@scenario("R02")
async def test_a_budget_that_is_empty_fills_with_the_calls_that_follow() -> None:
    """Nothing is retried while it is empty; after good calls a retry is there again."""
    server = VirtualServer(always=refuses(503))
    async with watched(server, **{**PATIENT, "retry_budget_reserve": 0, "max_retries": 1}, **FAST) as ai:
        for _ in range(5):
            with pytest.raises(OverloadedError):
                await ai.chat("openai:m", "hi")
        spent = len(server.requests)
        server.always = says()
        for _ in range(20):
            await ai.chat("openai:m", "hi")
        server.answers = [refuses(503)]
        assert (await ai.chat("openai:m", "hi")).attempts == 2
        assert spent <= 5 + 1


@scenario("R03")
async def test_a_delay_longer_than_the_time_left_is_not_slept() -> None:
    """The error comes at once, with the last one as its cause."""
    server = VirtualServer(always=refuses(503, retry_after="50"))
    async with watched(server, timeout=20) as ai:
        with pytest.raises(DeadlineExceededError) as caught:
            await ai.chat("openai:m", "hi")
        assert isinstance(caught.value.__cause__, OverloadedError)
        assert (len(server.requests), asyncio.get_running_loop().time()) == (1, 0.0)


@scenario("R04")
@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf"), float("-inf"), "5", True])
async def test_a_timeout_that_is_none_is_refused_unsent(timeout: Any) -> None:
    """Zero, negative, endless or no number at all: nothing goes out."""
    server = VirtualServer()
    async with watched(server) as ai:
        with pytest.raises(InvalidRequestError):
            await ai.chat("openai:m", "hi", timeout=timeout)
        assert server.requests == []


@scenario("R05")
@pytest.mark.parametrize(("initial", "factor", "maximum"), [(1.0, 2.0, 16.0), (3_600.0, 100.0, 3_600.0)])
def test_the_two_thousandth_attempt_has_a_delay(initial: float, factor: float, maximum: float) -> None:
    """No overflow, nothing negative, nothing above the maximum."""
    backoff = Backoff(initial, factor, maximum)
    for retry in (1, 1_024, 2_000, 10**9):
        delay = backoff.delay(retry, random.Random(1))
        assert delay is not None
        assert 0 <= delay <= maximum


@scenario("R06")
@pytest.mark.parametrize(
    "kind", [asyncio.CancelledError, KeyboardInterrupt, SystemExit, GeneratorExit, MemoryError, RecursionError]
)
async def test_what_is_no_error_of_a_service_is_never_retried(kind: type[BaseException]) -> None:
    """It passes as it is, after one attempt, and the breaker hears of no failure."""
    server = VirtualServer(kind())
    async with watched(server, failure_threshold=1, **FAST) as ai:
        with pytest.raises(kind):
            await ai.chat("openai:m", "hi")
        assert len(server.requests) == 1
        assert ai.report()["circuit_breaker"]["state"] == "closed"


@scenario("R07")
async def test_an_iterator_is_read_once_and_sent_whole_each_time() -> None:
    """What callers pass is taken before the first attempt: the second has the same body."""
    server = VirtualServer(refuses(503), always=refuses(400))
    async with watched(server, **FAST) as ai:
        with pytest.raises(AccelError):
            await ai.embed("openai:m", (word for word in ["a", "b"]))
    assert len(server.requests) == 2
    assert server.requests[0].body == server.requests[1].body
    assert b'["a","b"]' in server.requests[0].body


@scenario("R10")
async def test_the_id_of_a_call_is_the_same_in_its_attempts_and_new_in_the_next() -> None:
    """A server can tell a retry from a new call."""
    server = VirtualServer(refuses(503), refuses(503))
    async with watched(server, **FAST) as ai:
        await ai.chat("openai:m", "hi")
        await ai.chat("openai:m", "hi")
    names = [header(request, "x-request-id") for request in server.requests]
    assert len(names) == 4
    assert len(set(names[:3])) == 1
    assert names[3] not in {None, names[0]}


@scenario("R11")
async def test_a_retry_takes_another_key() -> None:
    """Of two keys the second attempt has the one that did not just fail."""
    server = VirtualServer(refuses(503), refuses(503))
    async with watched(server, keys={"openai": ["sk-first-key", "sk-other-key"]}, **FAST) as ai:
        await ai.chat("openai:m", "hi")
    sent = [header(request, "authorization") for request in server.requests]
    assert sent[0] != sent[1] != sent[2]


@scenario("R12")
def test_jitter_is_spread_evenly() -> None:
    """Of ten thousand first delays each tenth of the range has its share, a fifth more or less."""
    rng, backoff = random.Random(7), Backoff(1.0, 2.0, 16.0, 0.2)
    tenths = [0] * 10
    for _ in range(10_000):
        delay = backoff.delay(1, rng)
        assert delay is not None
        tenths[min(int((delay - 0.8) / 0.04), 9)] += 1
    assert all(800 <= count <= 1_200 for count in tenths)
