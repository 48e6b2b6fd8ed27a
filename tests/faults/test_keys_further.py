"""Group M, further: token providers, groups of keys, fairness, missing and unpaid keys."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from typing import Any

import pytest

from ipfs_accel_async import (
    AllKeysExhaustedError,
    AuthenticationError,
    ConfigError,
    DeadlineExceededError,
    Key,
    Keys,
    QuotaExhaustedError,
)
from ipfs_accel_async.policy.keyring import KeyRing, Seat
from tests.canary import CANARY, leaks
from tests.faults.keyed import by_key, key_of, three, used
from tests.faults.scenarios import scenario
from tests.faults.test_status import BILLS
from tests.faults.virtual import VirtualServer, refuses, says
from tests.faults.watching import PATIENT, watched


@scenario("M06")
async def test_a_thousand_calls_ask_a_token_provider_once() -> None:
    """All that come while it is being asked get its one token."""
    asked = 0

    async def token() -> str:
        nonlocal asked
        asked += 1
        await asyncio.sleep(1)
        return f"token-{asked}"

    server = VirtualServer()
    async with watched(server, keys={"openai": Keys(token)}, max_concurrent_requests=1_000) as ai:
        await asyncio.gather(*(ai.chat("openai:m", "hi") for _ in range(1_000)))
        assert (asked, set(used(server))) == (1, {"token-1"})


@scenario("M06")
@pytest.mark.parametrize("fault", ["raises", "nothing", "line break"])
async def test_a_token_provider_that_fails_fails_all_who_wait_once(fault: str) -> None:
    """A typed error for each without the provider's words; it was asked once, and nobody is blamed."""
    asked = 0

    async def token() -> Any:
        nonlocal asked
        asked += 1
        await asyncio.sleep(1)
        if fault == "raises":
            raise RuntimeError(CANARY)
        return None if fault == "nothing" else f"{CANARY}\n{CANARY}"

    server = VirtualServer()
    async with watched(server, keys={"openai": Keys(token)}, max_concurrent_requests=1_000, failure_threshold=1) as ai:
        ended = await asyncio.gather(*(ai.chat("openai:m", "hi") for _ in range(100)), return_exceptions=True)
        assert {type(one) for one in ended} == {ConfigError}
        assert leaks(ended[0]) == leaks(ended[-1]) == []  # type: ignore[arg-type]
        assert (asked, server.requests, ai.report()["circuit_breaker"]["state"]) == (1, [], "closed")
        assert [status.state for status in ai.keys("openai")] == ["ready"]


@scenario("M06")
async def test_a_token_provider_that_hangs_takes_no_longer_than_the_call_has() -> None:
    """The deadline ends it; who has more time asks anew."""
    asked = 0

    async def token() -> str:
        nonlocal asked
        asked += 1
        await asyncio.sleep(3_600 if asked == 1 else 1)
        return "token"

    async with watched(VirtualServer(), keys={"openai": Keys(token)}) as ai:
        hasty = asyncio.ensure_future(ai.chat("openai:m", "hi", timeout=5))
        patient = asyncio.ensure_future(ai.chat("openai:m", "hi", timeout=60))
        with pytest.raises(DeadlineExceededError, match="callable that gives the key") as caught:
            await hasty
        assert (caught.value.phase, caught.value.attempts) == ("key", 0)
        assert asyncio.get_running_loop().time() == 5.0
        assert (await patient).text == "hello"
        assert (asked, asyncio.get_running_loop().time()) == (2, 6.0)


@scenario("M06")
async def test_an_expired_token_is_refreshed_once_and_then_refused() -> None:
    """After a 401 the provider is asked again at once; a fresh token that is refused as well is an answer."""
    tokens = iter(["stale", "fresh", "bad", "worse"])
    server = VirtualServer(always=lambda request: says() if key_of(request) == "fresh" else refuses(401))
    async with watched(server, keys={"openai": Keys(lambda: next(tokens))}, max_retries=0) as ai:
        assert (await ai.chat("openai:m", "hi")).attempts == 2
        with pytest.raises(AuthenticationError) as caught:
            await ai.chat("openai:m", "hi")
        assert caught.value.attempts == 2
        assert used(server) == ["stale", "fresh", "bad", "worse"]


@scenario("M07")
async def test_two_keys_of_one_group_are_no_more_capacity() -> None:
    """A 429 on one pauses both, and a call with another model goes on."""
    server = VirtualServer(refuses(429, retry_after="30"))
    async with watched(server, keys=three(quota_group="org"), retry_jitter=0.0, **PATIENT) as ai:
        throttled = asyncio.ensure_future(ai.chat("openai:m", "hi"))
        await asyncio.sleep(1)
        others = [asyncio.ensure_future(ai.chat("openai:m", "hi")) for _ in range(3)]
        await ai.chat("openai:n", "hi")
        assert server.times == [0.0, 1.0]
        assert [status.parked for status in ai.keys("openai")] == [{"m": 29.0}] * 3
        await asyncio.gather(throttled, *others)
        assert min(server.times[2:]) == 30.0


@scenario("M08")
@pytest.mark.parametrize("strategy", ["least-loaded", "round-robin"])
def test_ten_thousand_leases_with_cancels_are_spread_evenly(strategy: str) -> None:
    """A fifth comes back unused; no lease is lost, and no key is ever one ahead of another by more than one."""
    rng: random.Random = random.Random(8)
    ring: KeyRing[Seat] = KeyRing(strategy)
    for name in "abcde":
        ring.add(Seat(name))
    used, out = Counter(dict.fromkeys("abcde", 0)), []
    for _ in range(10_000):
        if len(out) == 25:
            ring.give(out.pop(0))
        seat = ring.choose()
        assert seat is not None
        ring.take(seat)
        if rng.random() < 0.2:
            ring.give(seat, used=False)
        else:
            used[seat.alias] += 1
            out.append(seat)
        loads = [each.load for each in ring.seats]
        assert sum(loads) == len(out)
        spread = used.values() if strategy == "round-robin" else loads
        assert max(spread) - min(spread) <= 1


@scenario("M09")
async def test_a_missing_key_penalises_nobody() -> None:
    """It is a mistake of the settings, told before anything is sent; breaker, keys and report know nothing of it."""
    server = VirtualServer()
    async with watched(server, failure_threshold=1) as ai:
        for _ in range(3):
            with pytest.raises(ConfigError, match="no key"):
                await ai.chat("groq:m", "hi")
        assert ai.statistics()["breakers"] == ai.statistics()["lanes"] == []
        ai.keys("groq").add("late", "gsk-a")
        assert (await ai.chat("groq:m", "hi")).text == "hello"
        assert [status.state for status in ai.keys("groq")] == ["ready"]


@scenario("H08")
@pytest.mark.parametrize("code", [402, *BILLS])
async def test_a_bill_parks_the_whole_group_until_it_is_released(code: Any) -> None:
    """One attempt; no key of the group serves any model until somebody says that it is paid."""
    refused = refuses(402) if code == 402 else refuses(429, code)
    server = VirtualServer(refused)
    keys = {"openai": Keys(Key("sk-a", name="a"), Key("sk-b", name="b"), quota_group="org")}
    async with watched(server, keys=keys, failure_threshold=1) as ai:
        with pytest.raises(QuotaExhaustedError):
            await ai.chat("openai:m", "hi")
        await asyncio.sleep(86_400)
        with pytest.raises(AllKeysExhaustedError, match="bill") as caught:
            await ai.chat("openai:n", "hi")
        assert (set(caught.value.reasons), caught.value.retry_after) == ({"a", "b"}, None)
        assert (len(server.requests), ai.report()["circuit_breaker"]["state"]) == (1, "closed")
        ai.keys("openai").release("b")
        assert (await ai.chat("openai:n", "hi")).text == "hello"


@scenario("K13")
async def test_a_dead_key_leaves_the_other_key_and_both_models_alone() -> None:
    """One of two keys is refused: each model goes on with the other."""
    server = VirtualServer(always=by_key({"sk-a": refuses(401)}))
    async with watched(server, keys={"openai": ["sk-a", "sk-b"]}, failure_threshold=1) as ai:
        for model in "mnmn":
            assert (await ai.chat(f"openai:{model}", "hi")).text == "hello"
        assert used(server) == ["sk-a", "sk-b", "sk-b", "sk-b", "sk-b"]
        assert {breaker["state"] for breaker in ai.statistics()["breakers"]} == {"closed"}
