"""client.keys: keys at run time, through the whole stack."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest

from ipfs_accel_async import (
    AccelError,
    AllKeysExhaustedError,
    Client,
    ConfigError,
    InvalidRequestError,
    Key,
    Keys,
    MockTransport,
    QuotaExhaustedError,
    RateLimitError,
    Secret,
)
from tests.answering import JSON, Server, completion, header
from tests.keyed import failing, named, used


async def test_the_list_is_masked_and_says_how_each_key_is() -> None:
    """Alias, mask, state, load, group, bounds."""
    keys = Keys(Key("sk-0123456789abcdefWXYZ", name="a", weight=2, tier=1, max_concurrent=3), Key("sk-b", name="b"))
    server = Server(seconds=1.0)
    async with server.client(keys={"openai": keys}) as ai:
        call = asyncio.ensure_future(ai.chat("openai:m", "hi"))
        await asyncio.sleep(0.5)
        first, second = ai.keys("openai")
        assert (first.alias, first.masked, first.state, first.quota_group) == ("a", "...WXYZ", "ready", "a")
        assert (first.weight, first.tier, first.max_concurrent) == (2.0, 1, 3)
        assert (second.masked, second.in_flight, second.max_concurrent) == ("...", 1, None)
        assert (len(ai.keys("openai")), "a" in ai.keys("openai"), "" in ai.keys("openai")) == (2, True, False)
        assert repr(ai.keys("openai")) == "<keys of openai: a, b>"
        await call


async def test_one_key_by_name() -> None:
    """with_options(key=...) uses that key and no other; the explanation says that it was asked for."""
    server = Server()
    async with server.client(keys=named("a", "b", "c")) as ai:
        only = ai.with_options(key="b")
        for _ in range(4):
            reply = await only.chat("openai:m", "hi")
        assert used(server) == "bbbb"
        (attempt,) = ai.explain(reply)["attempts"]
        assert (attempt["key"], attempt["key_why"]) == ("b", "asked for")
        assert "with b (asked for)" in str(ai.explain(reply))


async def test_a_name_that_no_key_has_is_refused_before_anything_is_sent() -> None:
    """With the names that there are."""
    server = Server()
    async with server.client(keys=named("a", "b")) as ai:
        with pytest.raises(InvalidRequestError, match="there are: a, b"):
            await ai.with_options(key="z").chat("openai:m", "hi")
        assert server.mock.requests == []


async def test_a_key_by_name_is_not_replaced_by_another() -> None:
    """When it is refused the call fails with the service's words, and then with ours: no other key is tried."""
    server = Server(failing(401))
    async with server.client(keys=named("a", "b")) as ai:
        only = ai.with_options(key="a")
        with pytest.raises(AccelError, match="no"):
            await only.chat("openai:m", "hi")
        with pytest.raises(AllKeysExhaustedError) as caught:
            await only.chat("openai:m", "hi")
        assert list(caught.value.reasons) == ["a"]
        assert used(server) == "a"
        assert (await ai.chat("openai:m", "hi")).text == "hello"


async def test_strategies_are_those_of_the_keys() -> None:
    """Round-robin, weighted and tiers, as they come out at the server."""
    server = Server()
    async with server.client(keys=named("a", "b", strategy="round-robin")) as ai:
        for _ in range(4):
            reply = await ai.chat("openai:m", "hi")
        assert used(server) == "abab"
        assert ai.explain(reply)["attempts"][0]["key_why"] == "next in turn"
    server = Server()
    keys = Keys(Key("sk-a", name="a", weight=3), Key("sk-b", name="b"), strategy="weighted")
    async with server.client(keys={"openai": keys}) as ai:
        for _ in range(40):
            await ai.chat("openai:m", "hi")
        assert Counter(used(server)) == {"a": 30, "b": 10}
    server = Server(failing(429, **{"retry-after": "9"}))
    async with server.client(keys={"openai": Keys(Key("sk-b", name="b", tier=1), Key("sk-a", name="a"))}) as ai:
        for _ in range(3):
            await ai.chat("openai:m", "hi")
        await asyncio.sleep(9)
        await ai.chat("openai:m", "hi")
        assert used(server) == "abbba"


async def test_a_user_stays_with_one_key() -> None:
    """By the tag; another user may have another key, and moves on only when it is out."""
    server = Server()
    async with server.client(keys=named("a", "b", "c", "d", strategy="per-user"), max_retries=0) as ai:
        for user in ("ann", "bob", "cid", "dan") * 3:
            await ai.chat("openai:m", "hi", tags={"user": user})
        seen = used(server)
        assert seen[:4] == seen[4:8] == seen[8:]
        assert len(set(seen)) > 1
        server.answers.append(failing(429, **{"retry-after": "30"}))
        with pytest.raises(RateLimitError):
            await ai.with_options(key=seen[0]).chat("openai:m", "hi")
        await ai.chat("openai:m", "hi", tags={"user": "ann"})
        assert used(server)[-1] != seen[0]
        await asyncio.sleep(30)
        await ai.chat("openai:m", "hi", tags={"user": "ann"})
        assert used(server)[-1] == seen[0]


async def test_a_keys_own_cap() -> None:
    """No more calls at once than it may have; the others wait for it, not for a timer."""
    server = Server(seconds=1.0)
    keys = Keys(Key("sk-a", name="a", max_concurrent=2), Key("sk-b", name="b", max_concurrent=1))
    async with server.client(keys={"openai": keys}, max_concurrent_requests=50) as ai:
        await asyncio.gather(*(ai.chat("openai:m", "hi") for _ in range(9)))
        assert (server.peak, asyncio.get_running_loop().time()) == (3, 3.0)


async def test_usage_of_each_key() -> None:
    """Requests, tokens, errors and latency; what one key used is not another's."""
    server = Server(failing(500), seconds=2.0)
    async with server.client(keys=named("a", "b"), retry_jitter=0.0) as ai:
        for _ in range(3):
            await ai.chat("openai:m", "hi")
        usage = ai.keys("openai").usage()
        a, b = usage["a"], usage["b"]
        assert (a.requests, b.requests, a.errors, b.errors) == (2, 2, {"ServerError": 1}, {})
        assert (a.input_tokens, a.output_tokens, a.total_tokens) == (3, 4, 7)
        assert (b.input_tokens, b.output_tokens, b.total_tokens) == (6, 8, 14)
        assert (a.latency_mean, b.latency_p95, a.in_flight) == (2.0, 2.0, 0)
        assert a.cost is None  # nobody has a price for this model


async def test_the_cost_of_each_key() -> None:
    """By the list prices of its models, the same as the sum of its answers."""
    pytest.importorskip("genai_prices", reason="the extra `prices` is not installed")
    usage = {"prompt_tokens": 1_001, "completion_tokens": 333, "total_tokens": 1_334}
    mock = MockTransport(lambda _: MockTransport.reply(completion(model="gpt-4o", usage=usage), headers=JSON))
    async with Client(transport=mock, keys=named("a", "b")) as ai:
        costs = [ai.cost(await ai.chat(f"openai:{model}", "hi")) for model in ("gpt-4o", "gpt-4o", "gpt-4o", "gpt-4o")]
        found = ai.keys("openai").usage()
        assert all(cost is not None for cost in costs)
        for alias in "ab":
            assert found[alias].cost == pytest.approx(sum(cost.total for cost in costs[:2] if cost is not None))


async def test_a_call_that_was_never_sent_is_no_use_of_a_key() -> None:
    """Cancelled in the queue, or its token could not be had."""

    def broken() -> str:
        raise OSError

    async with Server(seconds=1.0).client(keys={"openai": Keys(broken)}) as ai:
        with pytest.raises(ConfigError):
            await ai.chat("openai:m", "hi")
        assert ai.keys("openai").usage()["key-1"].requests == 0


@pytest.mark.parametrize(
    "does",
    [
        lambda keys: keys.remove("z"),
        lambda keys: keys.rotate("z", "sk-z"),
        lambda keys: keys.release("z"),
        lambda keys: keys.add("a", "sk-z"),
        lambda keys: keys.add("", "sk-z"),
        lambda keys: keys.add("z", "with space"),
        lambda keys: keys.rotate("a", "with space"),
        lambda keys: keys.remove(""),
    ],
)
async def test_what_cannot_be_done_is_refused(does: Any) -> None:
    """A name that is not there or is taken, a key that cannot be sent; nothing has changed."""
    server = Server()
    async with server.client(keys=named("a", "b")) as ai:
        with pytest.raises(ConfigError):
            does(ai.keys("openai"))
        assert [status.alias for status in ai.keys("openai")] == ["a", "b"]
        await ai.chat("openai:m", "hi")
        assert used(server) == "a"


async def test_a_provider_that_is_none_has_no_keys() -> None:
    """The usual error, with the names that there are."""
    async with Server().client() as ai:
        with pytest.raises(ConfigError, match="openai"):
            ai.keys("opnai")


def test_keys_may_be_changed_before_the_client_is_used() -> None:
    """It needs no loop; the first call has them."""
    server = Server()
    ai = server.client(keys={})
    assert (len(ai.keys("openai")), list(ai.keys("openai")), ai.keys("openai").usage()) == (0, [], {})
    ai.keys("openai").add("late", Secret("sk-z"), rpm=500, quota_group="org")
    ai.keys("openai").release()
    asyncio.run(ai.chat("openai:m", "hi"))
    assert used(server) == "z"
    ai.keys("openai").remove("late")
    with pytest.raises(ConfigError, match="no key"):
        asyncio.run(ai.chat("openai:m", "hi"))


async def test_a_service_without_keys_may_get_one_and_lose_it() -> None:
    """A local server needs none; a key that comes is used, and when it goes it is as before."""
    server = Server()
    async with server.client(keys={}) as ai:
        assert len(ai.keys("vllm")) == 0
        await ai.chat("vllm:m", "hi")
        ai.keys("vllm").add("a", "sk-a")
        await ai.chat("vllm:m", "hi")
        ai.keys("vllm").remove("a")
        await ai.chat("vllm:m", "hi")
        assert [header(request, "authorization") for request in server.mock.requests] == [None, "Bearer sk-a", None]
        assert ai.keys("vllm").usage() == {}


async def test_a_service_without_keys_owes_no_bill() -> None:
    """There is no key to release: each call hears what the service says, until it says something else."""
    server = Server(failing(402), failing(402))
    async with server.client(keys={}) as ai:
        for _ in range(2):
            with pytest.raises(QuotaExhaustedError):
                await ai.chat("vllm:m", "hi")
        assert (await ai.chat("vllm:m", "hi")).attempts == 1


async def test_a_pause_of_a_service_without_keys_can_be_ended() -> None:
    """By a release of all that is held."""
    server = Server(failing(429, **{"retry-after": "600"}))
    async with server.client(keys={}, max_retries=0) as ai:
        with pytest.raises(RateLimitError):
            await ai.chat("vllm:m", "hi")
        ai.keys("vllm").release()
        await ai.chat("vllm:m", "hi")
        assert asyncio.get_running_loop().time() == 0.0


async def test_a_service_without_keys_pauses_when_it_is_told_to() -> None:
    """A 429 with its instant holds for all calls to that model, key or none."""
    server = Server(failing(429, **{"retry-after": "10"}))
    async with server.client(keys={}, max_retries=0) as ai:
        with pytest.raises(RateLimitError):
            await ai.chat("vllm:m", "hi")
        with pytest.raises(AllKeysExhaustedError) as caught:
            await ai.chat("vllm:m", "hi", timeout=5)
        assert (caught.value.retry_after, caught.value.reasons) == (10.0, {})
        await ai.chat("vllm:m", "hi")
        assert asyncio.get_running_loop().time() == 10.0
