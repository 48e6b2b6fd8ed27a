"""Several endpoints of one provider: spread, counted, changed at run time, failed over."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from ipfs_accel_async import Client, ConfigError, InvalidRequestError, Key, Keys
from ipfs_accel_async.errors import CircuitOpenError, ServerError
from ipfs_accel_async.transport.mock import MockTransport
from tests.answering import completion, error_body, header

if TYPE_CHECKING:
    from ipfs_accel_async.wire.http import Request, Response

A, B, C = "http://a:8000", "http://b:8000", "http://c:8000"
MODEL = "vllm:llama"


class Service:
    """Three hosts: some down, some slow; who was asked with which key is noted.

    Args:
        down: Hosts that answer 500.
        seconds: How long hosts take.
    """

    def __init__(self, down: str = "", **seconds: float) -> None:
        self.down = set(down)
        self.seconds = seconds
        self.asked: list[str] = []
        self.keys: list[str | None] = []
        self.now: Counter[str] = Counter()
        self.peak: Counter[str] = Counter()

    async def __call__(self, request: Request) -> Response:
        """Answer one request."""
        host = request.url.removeprefix("http://")[0]
        self.asked.append(host)
        self.keys.append(header(request, "authorization"))
        self.now[host] += 1
        self.peak[host] = max(self.peak[host], self.now[host])
        try:
            await asyncio.sleep(self.seconds.get(host, 0.1))
        finally:
            self.now[host] -= 1
        if host in self.down:
            return MockTransport.reply(error_body("down"), status=500)
        return MockTransport.reply(completion(host))


def client(service: Service, *endpoints: Any, **settings: Any) -> Client:
    """A client of a provider with these endpoints."""
    common = {"retry_jitter": 0, "queue_size": 1_000}
    own = {"endpoints": endpoints or (A, B, C), **settings}
    return Client(providers={"vllm": own}, transport=MockTransport(service), **common)


async def ask(ai: Client, count: int) -> Counter[str]:
    """Many chats at once: who answered how often."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(ai.chat(MODEL, f"Question {number}")) for number in range(count)]
    return Counter(task.result().text for task in tasks)


async def test_calls_are_spread_and_the_answer_says_by_whom() -> None:
    """Equal endpoints get equal shares; target and trace name the one that answered."""
    async with client(Service(), balance="least-loaded") as ai:
        assert await ask(ai, 30) == {"a": 10, "b": 10, "c": 10}
        reply = await ai.chat(MODEL, "Who?")
        assert reply.target.endpoint.startswith(f"http://{reply.text}:8000")
        assert reply.target.endpoint in str(ai.explain(reply))


async def test_weights_are_shares() -> None:
    """An endpoint of weight 3 gets three times as much."""
    async with client(Service(), {"url": A, "weight": 3}, B, balance="weighted", max_concurrent_requests=50) as ai:
        assert await ask(ai, 40) == {"a": 30, "b": 10}


async def test_a_retry_goes_to_another_endpoint() -> None:
    """What failed at one is sent to another, and no call fails while one is sound."""
    service = Service(down="a")
    async with client(service, A, B, balance="least-loaded", failure_threshold=1_000, failure_rate_calls=1_000) as ai:
        assert await ask(ai, 10) == {"b": 10}
        assert service.asked.count("a") >= 1


async def test_an_endpoint_that_is_down_is_left_alone() -> None:
    """Its breaker opens alone; the others go on, and calls to it stop."""
    service = Service(down="a")
    async with client(service, failure_threshold=3, balance="least-loaded", initial_retry_delay=0) as ai:
        await ask(ai, 60)
        before = service.asked.count("a")
        await ask(ai, 60)
        assert service.asked.count("a") == before
        assert sum(endpoint.failures for endpoint in ai.endpoints("vllm")) == before


async def test_all_down_is_refused_with_the_soonest_try() -> None:
    """With every breaker open a call is refused at once, and says when it is worth trying."""
    async with client(Service(down="ab"), A, B, failure_threshold=2, max_retries=0) as ai:
        for _ in range(8):
            with pytest.raises((ServerError, CircuitOpenError)):
                await ai.chat(MODEL, "Anyone?")
        with pytest.raises(CircuitOpenError) as caught:
            await ai.chat(MODEL, "Anyone?")
        assert caught.value.retry_after is not None


async def test_each_endpoint_has_its_own_cap() -> None:
    """max_concurrent_requests of an endpoint bounds it alone; without one it is five."""
    service = Service()
    async with client(service, {"url": A, "max_concurrent_requests": 2}, B) as ai:
        await ask(ai, 60)
    assert service.peak == {"a": 2, "b": 5}


async def test_the_providers_cap_bounds_them_together() -> None:
    """Where the provider has a cap, all endpoints together keep it."""
    service = Service()
    async with client(service, max_concurrent_requests=4, balance="least-loaded") as ai:
        tasks = asyncio.ensure_future(ask(ai, 30))
        peak = 0
        while not tasks.done():
            peak = max(peak, sum(service.now.values()))
            await asyncio.sleep(0.03)
        assert peak == 4


async def test_an_endpoint_has_keys_of_its_own() -> None:
    """Its key goes to it alone; the others get the provider's."""
    service = Service()
    endpoints = ({"url": A, "keys": "key-of-a"}, B)
    own = {"endpoints": endpoints, "keys": "key-of-all", "balance": "least-loaded"}
    async with Client(providers={"vllm": own}, transport=MockTransport(service)) as ai:
        await ask(ai, 10)
        assert set(zip(service.asked, service.keys, strict=True)) == {
            ("a", "Bearer key-of-a"),
            ("b", "Bearer key-of-all"),
        }
        assert "key-of" not in repr(list(ai.endpoints("vllm"))) + str(ai.statistics())


async def test_endpoints_come_and_go_at_run_time() -> None:
    """One that is added gets its share from the next call on; one that is removed gets no more; counters stay."""
    service = Service()
    async with client(service, A, balance="least-loaded", max_concurrent_requests=50) as ai:
        assert await ask(ai, 4) == {"a": 4}
        endpoints = ai.endpoints("vllm")
        added = endpoints.add(B, name="second", weight=1)
        assert (added.name, added.url.removesuffix("/v1")) == ("second", B)
        assert set(await ask(ai, 10)) == {"a", "b"}
        endpoints.update("second", weight=9)
        shares = await ask(ai, 14)
        assert shares["b"] > 2 * shares["a"]
        calls = endpoints["second"].calls
        assert calls > 10
        assert endpoints["second"].latency == pytest.approx(0.1)
        assert endpoints["second"].tokens > 0
        endpoints.remove("second")
        assert await ask(ai, 5) == {"a": 5}
        assert len(endpoints) == 1


async def test_room_that_is_added_lets_waiting_calls_go() -> None:
    """Calls that wait for an endpoint start in the step in which another is added."""
    service = Service(a=10.0)
    async with client(service, {"url": A, "max_concurrent_requests": 1}) as ai:
        first = asyncio.ensure_future(ai.chat(MODEL, "First"))
        second = asyncio.ensure_future(ai.chat(MODEL, "Second"))
        await asyncio.sleep(1)
        assert service.asked == ["a"]
        ai.endpoints("vllm").add(B)
        assert (await second).text == "b"
        assert asyncio.get_running_loop().time() < 2
        await first


async def test_a_provider_with_one_address_grows() -> None:
    """The address it had is called default once another one joins it."""
    service = Service()
    async with Client(base_urls={"vllm": A}, transport=MockTransport(service)) as ai:
        assert (await ai.chat(MODEL, "Who?")).text == "a"
        ai.endpoints("vllm").add(B, name="more")
        assert [endpoint.name for endpoint in ai.endpoints("vllm")] == ["default", "more"]
        assert set(await ask(ai, 10)) == {"a", "b"}


async def test_one_endpoint_can_be_asked_by_name() -> None:
    """A handler bound to a name goes there alone, under the same cap as all other calls to it."""
    service = Service()
    async with client(service, {"url": A, "name": "one", "max_concurrent_requests": 2}, B) as ai:
        bound = ai.handler("vllm", "llama", "one")
        async with asyncio.TaskGroup() as group:
            for number in range(10):
                group.create_task(bound(f"Question {number}"))
        assert set(service.asked) == {"a"}
        assert service.peak["a"] == 2
        assert ai.endpoints("vllm")["one"].calls == 10


async def test_the_faster_one_gets_more() -> None:
    """By the power of two choices an endpoint that is ten times as slow gets clearly less."""
    service = Service(a=1.0, b=0.1)
    async with client(service, A, B) as ai:
        shares = Counter()
        for _ in range(20):
            shares += await ask(ai, 4)
        assert shares["b"] > 3 * shares["a"]


async def test_equal_prompts_go_where_they_are_cached() -> None:
    """With the strategy prefix, prompts that begin alike are asked of one endpoint."""
    service = Service()
    async with client(service, balance="prefix") as ai:
        long = {name: name * 2_000 for name in "xyz"}
        homes: dict[str, set[str]] = {name: set() for name in long}
        for round_ in range(5):
            for name, prompt in long.items():
                homes[name].add((await ai.chat(MODEL, f"{prompt} question {round_}")).text)
        assert all(len(home) == 1 for home in homes.values())


async def test_an_outlier_is_ejected_and_comes_back() -> None:
    """An endpoint that fails half its calls is asked only when it must be, for a while."""
    service = Service()
    turns = 0

    async def answer(request: Request) -> Response:
        nonlocal turns
        if request.url.startswith(A):
            turns += 1
            if turns % 2:
                service.asked.append("a")
                return MockTransport.reply(error_body("down"), status=500)
        return await service(request)

    own = {"endpoints": (A, B, C), "balance": "least-loaded", "failure_rate": 1.0, "failure_threshold": 100}
    async with Client(
        providers={"vllm": own},
        transport=MockTransport(answer),
        retry_jitter=0,
        initial_retry_delay=0.1,
        queue_size=500,
    ) as ai:
        for _ in range(20):
            await ask(ai, 6)
        assert {one.name: one.ejected for one in ai.endpoints("vllm")}[A + "/v1"]
        before = service.asked.count("a")
        await ask(ai, 6)
        assert service.asked.count("a") == before
        await asyncio.sleep(301)
        assert not any(one.ejected for one in ai.endpoints("vllm"))


@pytest.mark.parametrize(
    ("own", "message"),
    [
        pytest.param({"endpoints": A}, "several", id="one string"),
        pytest.param({"endpoints": [A], "base_url": B}, "one of the two", id="both"),
        pytest.param({"endpoints": [A, A]}, "URL already|called", id="twice"),
        pytest.param({"endpoints": [{"url": A, "weight": 0}]}, "weight", id="no weight"),
        pytest.param({"endpoints": [{"url": A, "wieght": 1}]}, "wieght", id="a typing error"),
        pytest.param({"endpoints": [{"name": "a"}]}, "base_url|url", id="no URL"),
        pytest.param({"endpoints": [{"url": "http://u:p@a"}]}, "credentials", id="a password"),
        pytest.param({"endpoints": [A], "balance": "fair"}, "balance", id="no strategy"),
        pytest.param({"endpoints": [{"url": A, "queue_size": -1}]}, "queue_size", id="a setting out of range"),
    ],
)
async def test_endpoints_that_make_no_sense_are_refused(own: dict[str, Any], message: str) -> None:
    """A ConfigError that names what is wrong, before anything is sent."""
    with pytest.raises(ConfigError, match=message):
        async with Client(providers={"vllm": own}, transport=MockTransport(Service())) as ai:
            await ai.chat(MODEL, "Hello?")


async def test_the_last_endpoint_stays_and_names_are_checked() -> None:
    """What is not there cannot be changed, and the last one cannot be removed."""
    async with client(Service(), {"url": A, "name": "one"}) as ai:
        endpoints = ai.endpoints("vllm")
        with pytest.raises(ConfigError, match="the last endpoint"):
            endpoints.remove("one")
        for act in (lambda: endpoints["two"], lambda: endpoints.remove("two"), lambda: endpoints.update("two")):
            with pytest.raises(ConfigError, match="there are: one"):
                act()
        with pytest.raises(ConfigError, match="keeps its URL"):
            endpoints.update("one", url=B)
        with pytest.raises(ConfigError, match="nobody"):
            ai.endpoints("nobody")


async def test_an_endpoint_has_settings_of_its_own() -> None:
    """Asked by name, its retries and its queue are its own; in the pool its breaker is."""
    service = Service(down="ab")
    own = ({"url": A, "name": "one", "max_retries": 2, "failure_threshold": 100}, {"url": B, "name": "two"})
    async with client(service, *own, max_retries=0, initial_retry_delay=0, failure_threshold=1) as ai:
        with pytest.raises(ServerError):
            await ai.handler("vllm", "llama", "one")("Hello?")
        assert service.asked == ["a", "a", "a"]
        with pytest.raises(ServerError):
            await ai.handler("vllm", "llama", "two")("Hello?")
        with pytest.raises(CircuitOpenError):
            await ai.handler("vllm", "llama", "two")("Hello?")
        assert service.asked.count("b") == 1


async def test_a_call_that_no_endpoint_can_take_holds_nothing() -> None:
    """Whatever a gate of an endpoint raises, what the gates before it lent has come back."""
    service = Service()
    own = {
        "endpoints": (A, B),
        "keys": Keys(Key("k", name="one")),
        "adaptive_concurrency": True,
        "initial_concurrent": 1,
    }
    async with Client(providers={"vllm": own}, transport=MockTransport(service)) as ai:
        for _ in range(3):
            with pytest.raises(InvalidRequestError, match="name"):
                await ai.with_options(key="two").chat(MODEL, "Hello?")
        assert set(await ask(ai, 4)) == {"a", "b"}
