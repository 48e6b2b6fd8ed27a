"""Verdicts and limits where a provider has several endpoints, and clients that end and begin again."""

from __future__ import annotations

import asyncio
import gc
import warnings
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from ipfs_accel_async import Client, Keys
from ipfs_accel_async.errors import CircuitOpenError, DeadlineExceededError, ServerError
from ipfs_accel_async.policy.breaker import Breaker
from ipfs_accel_async.shared import Redis
from ipfs_accel_async.shared.syncing import BEAT
from ipfs_accel_async.shared.verdicts import NEWER
from ipfs_accel_async.transport.mock import MockTransport
from tests.answering import completion, error_body
from tests.shared.test_shared import MODEL, Service, client, until

if TYPE_CHECKING:
    from ipfs_accel_async.policy.permit import State
    from tests.shared.conftest import Server

pytestmark = pytest.mark.sockets


def failing() -> Service:
    """A service that is down."""
    return Service(lambda _: MockTransport.reply(error_body("down"), status=500))


def breakers(ai: Client) -> list[Breaker]:
    """All that a client has."""
    known = ai._engine.runtime().scopes.breakers
    return [breaker for _, breaker in [*known.items(), *known.endpoints()]]


async def test_a_verdict_ends_for_all_at_once_and_does_not_come_back(redis: Server) -> None:
    """What the one opened for half a second half-opens in the other then, and neither tells it again."""
    own: dict[str, Any] = {"failure_threshold": 2, "reset_timeout": 0.6}
    async with client(redis, failing(), **own) as one, client(redis, Service(), reset_timeout=30.0) as two:
        await two.chat(MODEL, "Hello")
        for _ in range(2):
            with pytest.raises(ServerError):
                await one.chat(MODEL, "Hello")
        now = asyncio.get_running_loop().time

        def states() -> set[State]:
            return {breaker.state(now()) for breaker in breakers(two)}

        await until(lambda: "open" in states())
        with pytest.raises(CircuitOpenError) as caught:
            await two.chat(MODEL, "Hello")
        assert (caught.value.retry_after or 0) <= 0.6
        await until(lambda: "open" not in states(), 0.6 + BEAT + 1.0)
        await two.chat(MODEL, "Hello")
        await asyncio.sleep(3 * BEAT + NEWER)
        assert states() == {"closed"}


async def test_endpoints_of_a_pool_share_their_breakers(redis: Server) -> None:
    """An endpoint that one client found to be down is passed over by another's pool."""
    urls = ["http://127.0.0.1:1/v1", "http://127.0.0.1:2/v1"]
    own: dict[str, Any] = {
        "keys": {},
        "providers": {"openai": {"endpoints": [{"url": url, "name": url[17]} for url in urls]}},
        "failure_threshold": 1,
    }
    asked: list[str] = []

    def answer(request: Any) -> Any:
        asked.append(request.url)
        if ":1/" in request.url:
            return MockTransport.reply(error_body("down"), status=500)
        return MockTransport.reply(completion("Yes."))

    keys = {"openai": "sk-a"}
    async with (
        client(redis, Service(answer), **{**own, "keys": keys}) as one,
        client(redis, Service(answer), **{**own, "keys": keys}) as two,
    ):
        for _ in range(20):
            with suppress(ServerError, CircuitOpenError):
                await one.chat(MODEL, "Hello")
        assert {":1/" in url for url in asked} == {True, False}
        two._engine.provider("openai")
        two._engine.runtime()
        now = asyncio.get_running_loop().time
        await until(lambda: any(breaker.state(now()) == "open" for breaker in breakers(two)))
        asked.clear()
        for _ in range(10):
            await two.chat(MODEL, "Hello")
        assert all(":2/" in url for url in asked)


async def test_keys_of_an_endpoint_have_shared_limits_of_their_own(redis: Server) -> None:
    """Two clients with an endpoint whose keys are its own count its calls together, apart from the provider's."""
    service = Service()
    endpoint = {"url": "http://127.0.0.1:1/v1", "name": "near", "keys": Keys("sk-near"), "rpd": 6}
    own: dict[str, Any] = {"providers": {"openai": {"rpd": 6, "endpoints": [endpoint]}}, "timeout": 0.5}
    async with client(redis, service, **own) as one, client(redis, service, **own) as two:
        for ai in (one, two, one, two, one, two):
            await ai.chat(MODEL, "Hello")
        for ai in (one, two):
            with pytest.raises(Exception, match="quota is used up"):
                await ai.chat(MODEL, "Hello")
        assert service.count == 6


def test_a_client_in_one_loop_after_another(redis: Server) -> None:
    """What a loop ended without a close is given back and closed with it; the next loop shares anew."""
    service = Service()
    ai = Client(
        keys={"openai": "sk-a"},
        transport=MockTransport(service),
        shared=Redis(redis.url, lease_seconds=60.0, timeout=5.0),
        rpd=4,
        timeout=5.0,
    )

    async def two_calls() -> None:
        await ai.chat(MODEL, "Hello")
        await ai.chat(MODEL, "Hello")

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        asyncio.run(two_calls())
        gc.collect()
        asyncio.run(two_calls())
        gc.collect()

        async def end() -> None:
            with pytest.raises(Exception, match="quota is used up"):
                await ai.chat(MODEL, "Hello")
            await ai.aclose()
            await ai.aclose()
            assert len(asyncio.all_tasks()) == 1

        asyncio.run(end())
        gc.collect()
    assert service.count == 4


async def test_a_bug_in_what_is_shared_does_not_end_it(redis: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is raised below, calls go on with their own share, and the sharing goes on when that is over."""
    async with client(redis, Service(), rpm=6_000) as ai:
        await ai.chat(MODEL, "Hello")
        sync = ai._engine.runtime().shared.sync  # type: ignore[union-attr]
        raised = []

        def bug(*_: object) -> None:
            raised.append(True)
            raise KeyError("a bug")

        with monkeypatch.context() as patched:
            patched.setattr(sync._verdicts, "news", bug)
            await until(lambda: raised)
            assert sync._link.down
            await ai.chat(MODEL, "Hello")
        await until(lambda: not sync._link.down)
        assert not sync._task.done()


async def test_limits_of_an_endpoint_are_shared_too(redis: Server) -> None:
    """Two clients with one endpoint of two that states a limit count its calls together; the other has none."""
    service = Service()
    near = {"url": "http://127.0.0.1:1/v1", "name": "near", "rpd": 4}
    far = {"url": "http://127.0.0.1:2/v1", "name": "far"}
    own: dict[str, Any] = {"providers": {"openai": {"endpoints": [near, far]}}, "timeout": 0.5}
    async with client(redis, service, **own) as one, client(redis, service, **own) as two:
        model = MODEL.partition(":")[2]
        for ai in (one, two, one, two):
            await ai.handler("openai", model, "near")("Hello")
        for ai in (one, two):
            with pytest.raises(DeadlineExceededError):
                await ai.handler("openai", model, "near")("Hello")
            await ai.chat(MODEL, "Hello")
        assert service.count == 6
