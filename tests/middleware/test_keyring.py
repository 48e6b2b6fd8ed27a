"""A pool of keys as a gate: one step takes the key and what its group may still ask for."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ipfs_accel_async import AllKeysExhaustedError, CostExceedsLimitError, Key, Keys, MockTransport, RateLimitError
from ipfs_accel_async.call import Outcome
from ipfs_accel_async.gates import UNUSED
from ipfs_accel_async.middleware.keyring import KeyPool
from ipfs_accel_async.middleware.lease import KeyLease
from ipfs_accel_async.middleware.quotas import Quotas
from ipfs_accel_async.options import Options
from ipfs_accel_async.policy.quota import Limits
from ipfs_accel_async.types import Target
from tests.answering import JSON, Server, completion, error_body, header
from tests.doubles import a_call


def a_pool(*keys: Key, **limits: Any) -> KeyPool:
    """A pool of these keys; limits of the settings."""
    return KeyPool("openai", Keys(*keys), needed=True, quotas=Quotas(Limits(**limits)))


def lent(pool: KeyPool, now: float = 0.0, **call: Any) -> KeyLease:
    """A lease that is to be had at once."""
    lease = pool.try_take(a_call(**call), now)
    assert isinstance(lease, KeyLease)
    return lease


def told(server: Server) -> list[str]:
    """The keys that came, in order."""
    return [(header(request, "authorization") or "")[-1] for request in server.mock.requests]


async def test_the_quota_of_a_key_is_part_of_the_choice() -> None:
    """A key whose requests are used up is passed over; when all are, the earliest instant is the answer."""
    pool = a_pool(Key("sk-a", name="a", rpm=60), Key("sk-b", name="b", rpm=120), burst_seconds=1.0)
    names = [lent(pool).key for _ in range(3)]
    assert sorted(key.reveal() for key in names if key is not None) == ["sk-a", "sk-b", "sk-b"]
    assert pool.try_take(a_call(), 0.0) == 0.5  # of b, which refills faster
    assert pool.loads == (1, 2)  # what was refused has taken nothing
    assert lent(pool, 0.5).key is not None


async def test_a_group_has_one_quota_for_all_its_keys() -> None:
    """Two keys of one organisation get what one has; of different statements the least counts."""
    pool = a_pool(Key("sk-a", quota_group="org", rpm=120), Key("sk-b", quota_group="org", rpm=60), burst_seconds=1.0)
    lent(pool)
    assert pool.try_take(a_call(), 0.0) == 1.0
    assert isinstance(lent(pool, 0.0, target=Target("openai", "other", "")), KeyLease)  # each model has its own


async def test_limits_of_the_settings_are_each_groups() -> None:
    """Where keys state none themselves."""
    pool = a_pool(Key("sk-a"), Key("sk-b"), rpm=60, burst_seconds=1.0)
    lent(pool)
    lent(pool)
    assert pool.try_take(a_call(), 0.0) == 1.0


async def test_what_was_not_sent_is_given_back() -> None:
    """A lease that was never used leaves the quota as it was."""
    pool = a_pool(Key("sk-a", rpm=60), burst_seconds=1.0)
    lent(pool).settle(UNUSED, 0.0)
    lease = lent(pool)
    lease.settle(Outcome("ignored", asyncio.CancelledError()), 0.0)  # cancelled before it was sent
    lent(pool)
    assert pool.try_take(a_call(), 0.0) == 1.0


async def test_a_call_above_every_limit_is_refused_at_once() -> None:
    """It would wait for ever; one that another key can bear goes there."""
    pool = a_pool(Key("sk-a", name="a", tpm=1), Key("sk-b", name="b", tpm=2))
    with pytest.raises(CostExceedsLimitError, match="tpm"):
        pool.try_take(a_call(), 0.0)
    pool = a_pool(Key("sk-a", name="a", tpm=1), Key("sk-b", name="b", tpm=10_000_000))
    assert lent(pool).key is not None


async def test_a_wait_beyond_the_deadline_is_refused_at_once() -> None:
    """With the time from which it is worth asking again."""
    pool = a_pool(Key("sk-a", rpm=1))
    lent(pool)
    with pytest.raises(AllKeysExhaustedError, match="key-1: its quota is used up for now") as caught:
        pool.try_take(a_call(timeout=30.0), 0.0)
    again = caught.value.retry_after
    assert again is not None
    assert again >= 60.0
    assert pool.try_take(a_call(timeout=again), 0.0) == again


async def test_a_key_that_is_full_is_waited_for_and_not_refused() -> None:
    """It may come back any moment: infinity means, when something is given back."""
    pool = a_pool(Key("sk-a", name="a", max_concurrent=1), Key("sk-b", name="b"))
    pool.health.park("b", "m", 50.0)
    lease = lent(pool)
    assert pool.try_take(a_call(timeout=10.0), 0.0) == 50.0
    only = a_call(timeout=10.0, options=Options(key="a"))
    assert pool.try_take(only, 0.0) == float("inf")
    lease.settle(UNUSED, 1.0)
    assert isinstance(pool.try_take(only, 1.0), KeyLease)


async def test_the_least_loaded_of_those_with_room() -> None:
    """A quota that is used up changes the order of the others by nothing."""
    pool = a_pool(Key("sk-a", name="a", rpm=60), Key("sk-b", name="b"), Key("sk-c", name="c"), burst_seconds=1.0)
    order = [lent(pool).key for _ in range(7)]
    assert "".join(key.reveal()[-1] for key in order if key is not None) == "abcbcbc"


async def test_settings_limit_a_service_without_keys() -> None:
    """A local server with rpm: its calls are paced, although nobody has a key."""
    server = Server()
    async with server.client(keys={}, providers={"vllm": {"rpm": 60, "burst_seconds": 1.0}}) as ai:
        await asyncio.gather(*(ai.chat("vllm:m", "hi") for _ in range(4)))
        assert asyncio.get_running_loop().time() == pytest.approx(3.0)
        assert {header(request, "authorization") for request in server.mock.requests} == {None}


async def test_keys_add_up_where_each_is_a_group() -> None:
    """Three keys of 60 a minute are 180 a minute, in the order of their calls and without a refusal."""
    server = Server()
    keys = {"openai": Keys("sk-a", "sk-b", "sk-c", rpm=60)}
    async with server.client(
        keys=keys, max_concurrent_requests=100, providers={"openai": {"burst_seconds": 1.0}}
    ) as ai:
        await asyncio.gather(*(ai.chat("openai:m", str(number)) for number in range(60)))
        assert asyncio.get_running_loop().time() == pytest.approx(19.0)
        assert sorted(told(server)) == ["a"] * 20 + ["b"] * 20 + ["c"] * 20


async def test_a_limit_that_a_429_tells_is_learnt() -> None:
    """Nobody set one: from then on it is kept to, for that group and model."""
    said = {**JSON, "retry-after": "1", "x-ratelimit-limit-requests": "60", "x-ratelimit-remaining-requests": "0"}
    server = Server(MockTransport.reply(error_body("slow"), status=429, headers=said))
    async with server.client(max_retries=0) as ai:
        with pytest.raises(RateLimitError):
            await ai.chat("openai:m", "hi")
        (status,) = ai.keys("openai")
        assert status.state == "parked"
        assert status.limits["m"]["rpm"]["limit"] == 60
        await ai.chat("openai:m", "hi")
        assert asyncio.get_running_loop().time() >= 1.0


async def test_learning_may_be_switched_off() -> None:
    """Then a 429 pauses the group, and no more."""
    said = {**JSON, "x-ratelimit-limit-requests": "60", "x-ratelimit-remaining-requests": "0"}
    server = Server(MockTransport.reply(error_body("slow"), status=429, headers=said))
    async with server.client(max_retries=0, learn_limits=False) as ai:
        with pytest.raises(RateLimitError):
            await ai.chat("openai:m", "hi")
        (status,) = ai.keys("openai")
        assert (status.state, status.limits) == ("ready", {})


async def test_a_key_added_with_limits_brings_them_along() -> None:
    """Also to the group it joins."""
    server = Server(MockTransport.reply(completion(), headers=JSON))
    async with server.client(keys={"openai": Keys(Key("sk-a", name="a", quota_group="org"))}) as ai:
        await ai.chat("openai:m", "hi")
        assert next(iter(ai.keys("openai"))).limits == {}
        ai.keys("openai").add("b", "sk-b", rpm=60, quota_group="org")
        await ai.chat("openai:m", "hi")
        assert [status.limits["m"]["rpm"]["limit"] for status in ai.keys("openai")] == [60, 60]
