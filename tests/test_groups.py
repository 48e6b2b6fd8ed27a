"""Model groups: several models under one name."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from ipfs_accel_async import Client, ConfigError
from ipfs_accel_async.errors import AllTargetsFailedError
from ipfs_accel_async.transport.mock import MockTransport
from tests.answering import completion, error_body

if TYPE_CHECKING:
    from ipfs_accel_async.wire.http import Request, Response

KEYS = {"openai": "k", "groq": "k"}
TWO = ("openai:gpt-4.1-mini", "groq:llama-3.1-8b-instant")


class Service:
    """Answers by host, after some seconds; hosts may be down."""

    def __init__(self, down: str = "", **seconds: float) -> None:
        self.down = down
        self.seconds = seconds
        self.asked: Counter[str] = Counter()

    async def __call__(self, request: Request) -> Response:
        """Answer one request."""
        name = "groq" if "groq" in request.url else "openai" if "openai" in request.url else "other"
        self.asked[name] += 1
        await asyncio.sleep(self.seconds.get(name, 0.1))
        if name == self.down:
            return MockTransport.reply(error_body("down"), status=500)
        return MockTransport.reply(completion(name))


def client(service: Service, group: Any, **options: Any) -> Client:
    """A client with one group, called fast."""
    given = {"keys": KEYS, "max_retries": 0, "max_concurrent_requests": 50, **options}
    return Client(model_groups={"fast": group}, transport=MockTransport(service), **given)


async def ask(ai: Client, count: int) -> Counter[str]:
    """Many chats at once: who answered how often."""
    async with asyncio.TaskGroup() as tasks:
        made = [tasks.create_task(ai.chat("fast", f"Question {number}")) for number in range(count)]
    return Counter(task.result().text for task in made)


async def test_calls_are_spread_over_the_models() -> None:
    """Equal models get equal shares, and the reply says who answered."""
    async with client(Service(), {"models": TWO, "balance": "least-loaded"}) as ai:
        assert await ask(ai, 20) == {"openai": 10, "groq": 10}
        reply = await ai.chat("fast", "Who?")
        assert str(reply.target) in TWO
        assert not reply.degraded


async def test_weights_and_prices_decide_where_they_are_asked_for() -> None:
    """By weight in turn, by price the cheapest."""
    weighted = {"models": [{"model": TWO[0], "weight": 3}, TWO[1]], "balance": "weighted"}
    async with client(Service(), weighted) as ai:
        assert await ask(ai, 20) == {"openai": 15, "groq": 5}
    cheapest = {"models": [{"model": TWO[0], "price": 2.0}, {"model": TWO[1], "price": 0.1}], "balance": "cheapest"}
    async with client(Service(), cheapest) as ai:
        assert await ask(ai, 5) == {"groq": 5}


async def test_the_faster_model_gets_more() -> None:
    """By the power of two choices, a model that is ten times as slow gets clearly less."""
    async with client(Service(openai=1.0, groq=0.1), TWO) as ai:
        shares: Counter[str] = Counter()
        for _ in range(20):
            shares += await ask(ai, 4)
        assert shares["groq"] > 3 * shares["openai"]


async def test_each_is_the_fallback_of_the_others_and_then_the_calls_own() -> None:
    """What one model cannot answer another one does; after all of them the call's fallbacks are asked."""
    service = Service(down="openai")
    async with client(service, {"models": TWO, "balance": "least-loaded"}) as ai:
        assert await ask(ai, 10) == {"groq": 10}
    service = Service(down="openai")
    given = {**KEYS, "vllm": "k"}
    async with client(service, [TWO[0]], keys=given, base_urls={"vllm": "http://other:8000"}) as ai:
        reply = await ai.chat("fast", "Who?", fallbacks=["vllm:m"])
        assert (reply.text, reply.degraded) == ("other", True)
        with pytest.raises(AllTargetsFailedError):
            await ai.chat("fast", "Who?", fallbacks=[TWO[0]])


async def test_a_model_that_fails_more_than_the_others_comes_last() -> None:
    """After some failures it is not asked first any more, whatever the balance."""
    service = Service(down="openai")
    options = {"failure_threshold": 1_000, "failure_rate_calls": 1_000}
    async with client(service, {"models": TWO, "balance": "least-loaded"}, **options) as ai:
        for _ in range(30):
            await ask(ai, 2)
        before = service.asked["openai"]
        await ask(ai, 10)
        assert service.asked["openai"] == before


async def test_a_model_that_cannot_answer_is_not_asked_first() -> None:
    """What needs an image goes to a model that takes images."""
    service = Service()
    given = {**KEYS, "opea": "k"}
    group = {"models": ["opea:chatqna", TWO[0]], "balance": "least-loaded"}
    async with client(service, group, keys=given, base_urls={"opea": "http://other:8888"}) as ai:
        tool = {"type": "function", "function": {"name": "add", "parameters": {"type": "object", "properties": {}}}}
        for _ in range(4):
            assert (await ai.chat("fast", "Add.", tools=[tool])).text == "openai"


async def test_streams_and_other_operations_have_groups_too() -> None:
    """A stream counts until it is closed; embeddings are spread as well."""

    def answer(request: Request) -> Response:
        vectors = {"data": [{"index": 0, "embedding": [1.0, 2.0]}], "model": "m"}
        return MockTransport.reply(vectors)

    group = ["openai:text-embedding-3-small"]
    async with Client(model_groups={"vectors": group}, keys=KEYS, transport=MockTransport(answer)) as ai:
        assert (await ai.embed("vectors", "text")).vectors.shape == (1, 2)


async def test_leaving_a_call_gives_its_place_back() -> None:
    """A cancelled call is no load and no failure of a model."""
    async with client(Service(openai=10.0, groq=10.0), {"models": TWO, "balance": "least-loaded"}) as ai:
        calls = [asyncio.ensure_future(ai.chat("fast", str(number))) for number in range(7)]
        await asyncio.sleep(1)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        group = ai._engine._home.groups["fast"]
        assert [one.in_flight for one in group._replicas.values()] == [0, 0]
        assert [one.failures for one in group._replicas.values()] == [0, 0]


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ([TWO], "mapping by name"),
        ({"a:b": TWO}, "no colon"),
        ({"fast": TWO[0]}, "list of models"),
        ({"fast": []}, "no model"),
        ({"fast": [TWO[0], TWO[0]]}, "twice"),
        ({"fast": {"models": TWO, "balance": "fair"}}, "balance"),
        ({"fast": {"models": TWO, "balance": "prefix"}}, "balance"),
        ({"fast": {"models": TWO, "strategy": "p2c"}}, "models and balance"),
        ({"fast": [{"model": TWO[0], "weight": 0}]}, "weight"),
        ({"fast": [{"model": TWO[0], "price": -1}]}, "price"),
        ({"fast": [{"model": 7}]}, "'provider:model'"),
        ({"fast": [{"name": TWO[0]}]}, "'provider:model'"),
    ],
)
def test_groups_that_make_no_sense_are_refused(groups: Any, message: str) -> None:
    """A ConfigError that names the group, when the client is made."""
    with pytest.raises(ConfigError, match=message):
        Client(model_groups=groups)
