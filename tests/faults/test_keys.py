"""Group M: keys that are revoked, throttled, unpaid, denied, replaced or missing; and who else pays for it."""

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
    PermissionDeniedError,
    QuotaExhaustedError,
    RateLimitError,
)
from ipfs_accel_async.policy.keyring import KeyRing, Seat
from tests.canary import CANARY, leaks
from tests.faults.scenarios import scenario
from tests.faults.test_status import BILLS
from tests.faults.virtual import VirtualServer, refuses, says
from tests.faults.watching import PATIENT, watched


def key_of(request: Any) -> str:
    """The key that a request came with."""
    return next(value.decode().removeprefix("Bearer ") for name, value in request.headers if name == b"authorization")


def by_key(refused: dict[str, Any]) -> Any:
    """Answers by the key that comes; good ones to all others."""
    return lambda request: refused.get(key_of(request), says())


def used(server: VirtualServer) -> list[str]:
    """The keys that came, in order."""
    return [key_of(request) for request in server.requests]


def three(**more: Any) -> dict[str, Any]:
    """Keys named a, b and c, each a group of its own."""
    return {"openai": Keys(*(Key(f"sk-{name}", name=name) for name in "abc"), **more)}


@scenario("M01")
async def test_a_key_that_is_revoked_in_the_middle_of_a_run() -> None:
    """The call goes on with another key at once, those under way are untouched, and nobody gets it any more."""
    server = VirtualServer(always=says(wait=1.0))
    async with watched(server, keys=three(), max_retries=0, failure_threshold=1, max_concurrent_requests=9) as ai:
        before = [asyncio.ensure_future(ai.chat("openai:m", str(number))) for number in range(6)]
        await asyncio.sleep(0.5)
        server.always = by_key({"sk-a": refuses(401)})
        replies = await asyncio.gather(*(ai.chat("openai:m", "hi") for _ in range(3)))
        assert sorted(reply.attempts for reply in replies) == [1, 1, 2]
        assert asyncio.get_running_loop().time() == 0.5  # at once: nobody waits between the two
        assert [status.state for status in ai.keys("openai")] == ["refused", "ready", "ready"]
        await asyncio.gather(*before)
        seen = len(server.requests)
        await asyncio.gather(*(ai.chat("openai:m", "hi") for _ in range(9)))
        assert set(used(server)[seen:]) == {"sk-b", "sk-c"}
        assert ai.report()["circuit_breaker"]["state"] == "closed"
        assert ai.report()["success_rate"] == 1.0


@scenario("M01")
async def test_two_keys_revoked_at_once_fail_nobody() -> None:
    """As long as one key can serve, no call fails."""
    server = VirtualServer(always=by_key({"sk-a": refuses(401), "sk-b": refuses(401)}))
    async with watched(server, keys=three(), max_retries=0, max_concurrent_requests=20) as ai:
        replies = await asyncio.gather(*(ai.chat("openai:m", "hi") for _ in range(20)))
        assert all(reply.text == "hello" for reply in replies)
        assert max(reply.attempts for reply in replies) <= 3


@scenario("M01")
async def test_a_refused_key_is_tried_again_by_one_call_later() -> None:
    """A service has its own bad hours: after five minutes one call tries the key, and then all may have it."""
    server = VirtualServer(refuses(401))
    async with watched(server, keys=three(), max_concurrent_requests=9) as ai:
        await ai.chat("openai:m", "hi")
        await asyncio.sleep(299)
        await asyncio.gather(*(ai.chat("openai:m", "hi") for _ in range(6)))
        assert "sk-a" not in used(server)[1:]
        server.always = says(wait=1.0)
        await asyncio.sleep(2)
        await asyncio.gather(*(ai.chat("openai:m", "hi") for _ in range(6)))
        assert used(server).count("sk-a") == 2
        await asyncio.gather(*(ai.chat("openai:m", "hi") for _ in range(6)))
        assert used(server).count("sk-a") == 4


@scenario("M02")
async def test_every_key_is_refused() -> None:
    """Each is asked once, then the error has a reason for each alias; further calls ask nobody."""
    server = VirtualServer(always=refuses(401))
    async with watched(server, keys=three(), failure_threshold=1) as ai:
        for attempts in (3, 0):
            with pytest.raises(AllKeysExhaustedError) as caught:
                await ai.chat("openai:m", "hi")
            assert caught.value.attempts == attempts
            assert (set(caught.value.reasons), caught.value.retry_after) == ({"a", "b", "c"}, 300.0)
            assert all("401" in reason for reason in caught.value.reasons.values())
            assert isinstance(caught.value.__cause__, AuthenticationError if attempts else type(None))
        assert (len(server.requests), asyncio.get_running_loop().time()) == (3, 0.0)
        assert ai.report()["circuit_breaker"]["state"] == "closed"


@scenario("M02")
async def test_a_lone_key_hears_the_services_own_words() -> None:
    """There is nothing to choose: one attempt, and the next call may find the service in a better mood."""
    server = VirtualServer(refuses(401))
    async with watched(server) as ai:
        with pytest.raises(AuthenticationError) as caught:
            await ai.chat("openai:m", "hi")
        assert caught.value.attempts == 1
        assert (await ai.chat("openai:m", "hi")).text == "hello"


@scenario("M03", "K13")
async def test_a_key_that_may_not_use_a_model() -> None:
    """That key and that model alone: the 2 by 2 matrix of keys and models."""

    def by_both(request: Any) -> Any:
        return refuses(403) if key_of(request) == "sk-a" and b'"model":"secret"' in request.body else says()

    server = VirtualServer(always=by_both)
    keys = {"openai": Keys(Key("sk-a", name="a"), Key("sk-b", name="b"))}
    async with watched(server, keys=keys, **PATIENT) as ai:
        with pytest.raises(PermissionDeniedError):
            await ai.chat("openai:secret", "hi")
        seen = len(server.requests)
        for model, lent in (("secret", {"sk-b"}), ("open", {"sk-a", "sk-b"})):
            await asyncio.gather(*(ai.chat(f"openai:{model}", "hi") for _ in range(4)))
            assert set(used(server)[seen:]) == lent
            seen = len(server.requests)
        assert [status.denied for status in ai.keys("openai")] == [("secret",), ()]


@scenario("M03")
async def test_a_model_that_no_key_may_use_is_asked_all_the_same() -> None:
    """What the service says of it is a better answer than a refusal of ours."""
    server = VirtualServer(always=refuses(403))
    async with watched(server, keys=three()) as ai:
        for _ in range(5):
            with pytest.raises(PermissionDeniedError):
                await ai.chat("openai:m", "hi")
        assert len(server.requests) == 5


@scenario("M04")
async def test_all_keys_are_throttled_and_there_is_time() -> None:
    """The call starts in the very instant of the earliest reset."""
    refused = {"sk-a": "30", "sk-b": "20", "sk-c": "40"}
    server = VirtualServer(always=by_key({key: refuses(429, retry_after=at) for key, at in refused.items()}))
    async with watched(server, keys=three(), max_retries=0, **PATIENT) as ai:
        for _ in range(3):
            with pytest.raises(RateLimitError):
                await ai.chat("openai:m", "hi")
        server.always = says()
        reply = await ai.chat("openai:m", "hi", timeout=25)
        assert (server.times[-1], used(server)[-1], reply.attempts) == (20.0, "sk-b", 1)
        await ai.chat("openai:m", "hi")
        assert (server.times[-1], used(server)[-1]) == (20.0, "sk-b")


@scenario("M04")
async def test_all_keys_are_throttled_for_longer_than_the_call_has() -> None:
    """It is refused at once, with the time of the earliest reset; another model is not."""
    server = VirtualServer(always=by_key({f"sk-{name}": refuses(429, retry_after="50") for name in "abc"}))
    async with watched(server, keys=three(), max_retries=0, **PATIENT) as ai:
        for _ in range(3):
            with pytest.raises(RateLimitError):
                await ai.chat("openai:m", "hi")
        server.always = says()
        with pytest.raises(AllKeysExhaustedError) as caught:
            await ai.chat("openai:m", "hi", timeout=49)
        assert (caught.value.retry_after, caught.value.attempts) == (50.0, 0)
        assert asyncio.get_running_loop().time() == 0.0
        assert (await ai.chat("openai:n", "hi", timeout=49)).text == "hello"


@scenario("M04", "M07")
async def test_a_throttled_call_goes_on_with_another_group_at_once() -> None:
    """It does not sleep what the first group was told to; with nothing told, the group pauses for the first delay."""
    for headers in ({"retry_after": "30"}, {}):
        server = VirtualServer(refuses(429, **headers))
        async with watched(server, keys=three(), retry_jitter=0.0) as ai:
            reply = await ai.chat("openai:m", "hi")
            assert (reply.attempts, used(server)) == (2, ["sk-a", "sk-b"])
            assert server.times[1] == server.times[0]
            first = ai.explain(reply)["attempts"][0]
            assert (first["verdict"], first["delay_ms"]) == ("sent again with another key", 0.0)
            (parked,) = [status for status in ai.keys("openai") if status.parked]
            assert (parked.alias, parked.parked) == ("a", {"m": 30.0 if headers else 1.0})


@scenario("M04")
@pytest.mark.parametrize(
    ("headers", "until"),
    [
        ({"x_ratelimit_remaining_requests": "0", "x_ratelimit_reset_requests": "12s"}, 12.0),
        ({"x_ratelimit_remaining_tokens": "0", "x_ratelimit_reset_tokens": "1m1s"}, 61.0),
        ({"retry_after": "7", "x_ratelimit_remaining_tokens": "0", "x_ratelimit_reset_tokens": "1m1s"}, 7.0),
        ({"retry_after": "99999999"}, 86_400.0),
    ],
)
async def test_how_long_a_429_parks(headers: dict[str, str], until: float) -> None:
    """Until the instant that the service states, in whichever header; a day at most."""
    server = VirtualServer(refuses(429, **headers))
    async with watched(server, max_retries=0) as ai:
        with pytest.raises(RateLimitError):
            await ai.chat("openai:m", "hi")
        (status,) = ai.keys("openai")
        assert (status.state, status.parked) == ("parked", {"m": until})


@scenario("M05")
async def test_a_key_is_replaced_while_it_is_lent() -> None:
    """The call under way ends with the old one, whatever becomes of it; nobody else gets it."""
    server = VirtualServer(refuses(401, wait=5.0), always=says(wait=5.0))
    keys = {"openai": Keys(Key("sk-old", name="a"), Key("sk-b", name="b", tier=1))}
    async with watched(server, keys=keys) as ai:
        first = asyncio.ensure_future(ai.chat("openai:m", "hi"))
        await asyncio.sleep(1)
        ai.keys("openai").rotate("a", "sk-new")
        second = asyncio.ensure_future(ai.chat("openai:m", "hi"))
        assert (await first).attempts == 2  # the old key was refused, which says nothing of the new one
        await second
        assert used(server) == ["sk-old", "sk-new", "sk-b"]
        assert [status.state for status in ai.keys("openai")] == ["ready", "ready"]
        await ai.chat("openai:m", "hi")
        assert used(server)[-1] == "sk-new"


@scenario("M05")
async def test_keys_come_and_go_while_they_are_lent() -> None:
    """A lease outlives its key; one that is added takes the next call, also one that waits for it."""
    server = VirtualServer(always=says(wait=5.0))
    async with watched(server, keys={"openai": Keys(Key("sk-a", name="a", max_concurrent=1))}) as ai:
        first = asyncio.ensure_future(ai.chat("openai:m", "1"))
        await asyncio.sleep(1)
        waiting = asyncio.ensure_future(ai.chat("openai:m", "2"))
        await asyncio.sleep(1)
        assert used(server) == ["sk-a"]
        ai.keys("openai").add("b", "sk-b")
        ai.keys("openai").remove("a")
        await asyncio.gather(first, waiting)
        assert (used(server), server.times[1]) == (["sk-a", "sk-b"], 2.0)
        assert ai.keys("openai").usage().keys() == {"b"}


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
