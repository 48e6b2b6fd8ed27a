"""Hot reload of keys and rate limits: what is changed holds at once, and no call that waits is lost for it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ipfs_accel_async import Client
from ipfs_accel_async.transport.mock import MockTransport
from tests.test_reloading import MODEL, Service


def client(service: Service, **openai: Any) -> tuple[Client, dict[str, Any]]:
    """A client, and the provider's settings that its source has."""
    source = {"queue_size": 1_000, "max_concurrent_requests": 100, "providers": {"openai": openai}}
    return Client.from_config(source, transport=MockTransport(service)), openai


def calls(ai: Client, count: int) -> list[asyncio.Task[Any]]:
    """So many calls at once."""
    return [asyncio.ensure_future(ai.chat(MODEL, str(number))) for number in range(count)]


@pytest.mark.parametrize("of_a_key", [True, False])
async def test_a_raised_rate_limit_lets_waiting_calls_go(of_a_key: bool) -> None:
    """Six of sixty a minute go at once; those that wait go in the step in which there may be more."""
    service = Service()

    def limited(rpm: int) -> dict[str, Any]:
        return {"keys": {"rpm": rpm, "keys": ["sk-a"]}} if of_a_key else {"keys": "sk-a", "rpm": rpm}

    ai, own = client(service, **limited(60))
    async with ai:
        asked = calls(ai, 20)
        await asyncio.sleep(0.5)
        assert service.now == 6
        own.update(limited(6_000))
        ai.reload()
        await asyncio.sleep(0.1)
        assert service.now == 20
        await asyncio.gather(*asked)


async def test_a_lowered_rate_limit_and_one_that_went() -> None:
    """The next calls keep to the new one; without any there is none."""
    service = Service()
    ai, own = client(service, keys="sk-a", rpm=6_000)
    async with ai:
        await asyncio.gather(*calls(ai, 50))
        own["rpm"] = 60
        ai.reload()
        asked = calls(ai, 20)
        await asyncio.sleep(0.5)
        assert service.now == 6
        del own["rpm"]
        ai.reload()
        await asyncio.sleep(0.1)
        assert service.now == 20
        await asyncio.gather(*asked)


async def test_a_limit_that_is_the_same_goes_on_counting() -> None:
    """A reload is no way around it."""
    service = Service()
    ai, own = client(service, keys={"rpm": 60, "keys": ["sk-a", "sk-b"]})
    async with ai:
        asked = calls(ai, 30)
        await asyncio.sleep(0.5)
        before = service.now
        own["max_retries"] = 1
        ai.reload()
        await asyncio.sleep(0.1)
        assert service.now == before == 12
        await asyncio.gather(*asked)


async def test_the_places_of_a_lone_key_change_while_calls_wait() -> None:
    """More of them go; none fails in the moment between the old key and the new one, nor do those that have it."""
    service = Service()

    def places(most: int, name: str) -> dict[str, Any]:
        return {"keys": {"keys": [{"key": "sk-a", "name": name, "max_concurrent": most}]}}

    ai, own = client(service, **places(2, "a"))
    async with ai:
        asked = calls(ai, 12)
        await asyncio.sleep(0.5)
        assert service.now == 2
        own.update(places(5, "a"))
        ai.reload()
        await asyncio.sleep(0.1)
        assert service.now == 2 + 5
        own.update(places(3, "b"))
        ai.reload()
        assert [key.alias for key in ai.keys("openai")] == ["b"]
        assert [(await task).text for task in asked] == ["Yes."] * 12
