"""Several clients on one Redis: what one learns, the others know; what is gone is done without."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from ipfs_accel_async import Client, ConfigError
from ipfs_accel_async.errors import CircuitOpenError, RateLimitError, ServerError
from ipfs_accel_async.shared import Redis, as_redis
from ipfs_accel_async.transport.mock import MockTransport
from tests.answering import completion, error_body, header
from tests.canary import CANARY

if TYPE_CHECKING:
    from collections.abc import Callable

    from ipfs_accel_async.wire.http import Request, Response
    from tests.shared.conftest import Server

pytestmark = pytest.mark.sockets
MODEL = "openai:gpt-4.1-mini"


class Service:
    """Counts requests; answers by a function."""

    def __init__(self, answer: Callable[[Request], Response] | None = None, seconds: float = 0.0) -> None:
        self.count = 0
        self.keys: list[str | None] = []
        self._answer = answer
        self._seconds = seconds

    async def __call__(self, request: Request) -> Response:
        """Answer one request."""
        self.count += 1
        self.keys.append(header(request, "authorization"))
        if self._seconds:
            await asyncio.sleep(self._seconds)
        return MockTransport.reply(completion("Yes.")) if self._answer is None else self._answer(request)


def client(redis: Server, service: Service, **options: Any) -> Client:
    """A client that shares."""
    given = {"keys": {"openai": ["sk-a", "sk-b"]}, "max_retries": 0, "timeout": 20.0, **options}
    shared = options.pop("shared", Redis(redis.url, lease_seconds=1.0, timeout=5.0))
    return Client(transport=MockTransport(service), **{**given, "shared": shared})


async def until(true: Callable[[], object], seconds: float = 5.0) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.01)


async def test_a_limit_holds_for_all_together(redis: Server) -> None:
    """Three clients under one limit grant what one alone would: the burst, and the rate after it."""
    service = Service()
    options = {"rpm": 600, "burst_seconds": 1.0, "keys": {"openai": "sk-a"}, "queue_size": 1_000}
    clients = [client(redis, service, **options) for _ in range(3)]
    calls = [asyncio.ensure_future(ai.chat(MODEL, "Hello")) for ai in clients for _ in range(40)]
    loop = asyncio.get_running_loop()
    begun = loop.time()
    await asyncio.sleep(2.0)
    elapsed = loop.time() - begun
    counted = service.count
    assert counted <= 10 * elapsed + 10 + 3 + 1  # the rate, the burst, what is leased ahead
    assert counted >= 10
    for call in calls:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)
    for ai in clients:
        await ai.aclose(0)


async def test_a_share_that_is_not_used_comes_back(redis: Server) -> None:
    """What an idle client leased is leased by the others a moment later."""
    service = Service()
    options = {"rpd": 10, "keys": {"openai": "sk-a"}}
    async with client(redis, service, **options) as one, client(redis, service, **options) as two:
        await one.chat(MODEL, "Hello")
        await asyncio.sleep(0.7)
        for _ in range(9):
            await two.chat(MODEL, "Hello")
        assert service.count == 10


async def test_a_parked_group_is_parked_for_all(redis: Server) -> None:
    """A 429 that one client gets is known to the other: it does not ask before the stated instant."""
    refused = Service(lambda _: MockTransport.reply(error_body("slow"), status=429, headers={"retry-after": "30"}))
    fine = Service()
    keys = {"openai": "sk-a"}
    async with client(redis, refused, keys=keys) as one, client(redis, fine, keys=keys, timeout=2.0) as two:
        await two.chat(MODEL, "Hello")
        with pytest.raises(RateLimitError):
            await one.chat(MODEL, "Hello")
        pool = two._engine.provider("openai").pool
        await until(lambda: pool.health.parked)
        with pytest.raises(Exception, match="429") as caught:
            await two.chat(MODEL, "Hello")
        assert 25 < (caught.value.retry_after or 0) <= 30  # type: ignore[attr-defined]
        assert fine.count == 1


async def test_a_refused_key_is_quarantined_for_all(redis: Server) -> None:
    """A key that got a 401 in one client is not lent by the other; no word of the key is in Redis."""

    def answer(request: Request) -> Response:
        if header(request, "authorization") == f"Bearer {CANARY}":
            return MockTransport.reply(error_body("no such key"), status=401)
        return MockTransport.reply(completion("Yes."))

    first, second = Service(answer), Service(answer)
    keys = {"openai": [CANARY, "sk-b"]}
    async with client(redis, first, keys=keys) as one, client(redis, second, keys=keys) as two:
        two._engine.provider("openai")
        for _ in range(4):
            await one.chat(MODEL, "Hello")
        two._engine.runtime()
        await two.with_options(key="key-2").chat(MODEL, "Hello")
        members = two._engine.provider("openai").pool.members
        await until(lambda: members["key-1"].out)
        for _ in range(6):
            await two.chat(MODEL, "Hello")
        assert f"Bearer {CANARY}" not in second.keys
        runtime = one._engine.runtime()
        assert runtime.shared is not None
        stored = []
        for name in await runtime.shared.link.command("KEYS", "*"):
            kind = await runtime.shared.link.command("TYPE", name)
            stored.append(name)
            stored.append(await runtime.shared.link.command("HGETALL", name) if kind == b"hash" else kind)
        assert CANARY not in str(stored)


async def test_an_open_breaker_is_open_for_all(redis: Server) -> None:
    """What one client has found to be down, the other refuses at once."""
    down, fine = Service(lambda _: MockTransport.reply(error_body("down"), status=500)), Service()
    async with client(redis, down, failure_threshold=2) as one, client(redis, fine) as two:
        await two.chat(MODEL, "Hello")
        for _ in range(2):
            with pytest.raises(ServerError):
                await one.chat(MODEL, "Hello")
        breakers = two._engine.runtime().scopes.breakers
        now = asyncio.get_running_loop().time
        await until(lambda: any(breaker.state(now()) == "open" for _, breaker in breakers.items()))
        with pytest.raises(CircuitOpenError):
            await two.chat(MODEL, "Hello")
        assert fine.count == 1


async def test_answers_are_cached_for_all(redis: Server) -> None:
    """An answer that one client got costs the other no request; emptying it, and a tag, hold for both."""
    service = Service()
    async with client(redis, service, cache="on") as one, client(redis, service, cache="on") as two:
        await one.chat(MODEL, "Hello", tags={"tenant": "a"})
        reply = await two.chat(MODEL, "Hello", tags={"tenant": "a"})
        assert (service.count, reply.text) == (1, "Yes.")
        await two.chat(MODEL, "Hello", tags={"tenant": "b"})
        assert service.count == 2
        assert await one.cache.invalidate(tag="tenant=a") == 1
        await two.chat(MODEL, "Hello", tags={"tenant": "a"})
        assert service.count == 3
        assert await two.cache.clear() == 2
        await one.chat(MODEL, "Hello", tags={"tenant": "b"})
        assert service.count == 4


async def test_equal_calls_of_all_share_one_request(redis: Server) -> None:
    """Ten equal calls of three clients at once are one request."""
    service = Service(seconds=0.3)
    clients = [client(redis, service, cache="on") for _ in range(3)]
    replies = await asyncio.gather(*(ai.chat(MODEL, "Hello") for ai in clients for _ in range(10)))
    assert service.count == 1
    assert {reply.text for reply in replies} == {"Yes."}
    for ai in clients:
        await ai.aclose()


async def test_who_computes_and_fails_leaves_it_to_another(redis: Server) -> None:
    """A failure is its own: the next client computes, well before any lease has ended."""
    turns = 0

    def answer(_: Request) -> Response:
        nonlocal turns
        turns += 1
        return (
            MockTransport.reply(error_body("down"), status=500) if turns == 1 else MockTransport.reply(completion("2"))
        )

    service = Service(answer, seconds=0.1)
    shared = Redis(redis.url, lease_seconds=30.0, timeout=5.0)
    async with (
        client(redis, service, cache="on", shared=shared) as one,
        client(redis, service, cache="on", shared=shared) as two,
    ):
        given = await asyncio.gather(one.chat(MODEL, "Hi"), two.chat(MODEL, "Hi"), return_exceptions=True)
        assert sorted(type(one_).__name__ for one_ in given) == ["Reply", "ServerError"]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Redis("http://localhost"),
        lambda: Redis("redis://localhost", namespace="a b"),
        lambda: Redis("redis://localhost", lease_seconds=0),
        lambda: Redis("redis://localhost", timeout=0),
        lambda: Redis("redis://localhost", max_connections=0),
        lambda: as_redis(7),
    ],
)
def test_settings_are_checked(wrong: Callable[[], object]) -> None:
    """A value that cannot be is a ConfigError when it is made."""
    with pytest.raises(ConfigError):
        wrong()


def test_the_password_is_not_shown() -> None:
    """Neither settings nor client have it in their repr."""
    settings = Redis(f"redis://:{CANARY}@localhost:6379/0")
    assert CANARY not in repr(settings) + str(settings) + repr(Client(shared=settings).__dict__)


async def test_without_it_nothing_is_loaded() -> None:
    """A client that shares nothing has no task and no connection for it."""
    async with Client(keys={"openai": "k"}, transport=MockTransport(Service())) as ai:
        await ai.chat(MODEL, "Hello")
        assert ai._engine.runtime().shared is None
