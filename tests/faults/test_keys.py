"""Group M: keys that are revoked, throttled, unpaid, denied, replaced or missing; and who else pays for it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ipfs_accel_async import (
    AllKeysExhaustedError,
    AuthenticationError,
    Key,
    Keys,
    PermissionDeniedError,
    RateLimitError,
)
from tests.faults.keyed import by_key, key_of, three, used
from tests.faults.scenarios import scenario
from tests.faults.virtual import VirtualServer, refuses, says
from tests.faults.watching import PATIENT, watched


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
