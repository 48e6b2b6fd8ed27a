"""The gate of adaptive limits: one a model, what counts as a drop, and what the queue makes of it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ipfs_accel_async import Client
from ipfs_accel_async.call import Outcome
from ipfs_accel_async.errors import (
    BadRequestError,
    ConnectError,
    OverloadedError,
    QueueFullError,
    QuotaExhaustedError,
    RateLimitError,
    RequestTimeoutError,
    ServerError,
)
from ipfs_accel_async.middleware import adaptive
from ipfs_accel_async.middleware.adaptive import AdaptiveGate, AdaptiveLease
from ipfs_accel_async.policy.limit import AdaptiveLimit
from ipfs_accel_async.types import Target
from tests.answering import Server
from tests.doubles import a_call


def lease(gate: AdaptiveGate, model: str = "m", now: float = 0.0) -> AdaptiveLease:
    """A place, which there is."""
    found = gate.try_take(a_call(target=Target("openai", model, "http://h")), now)
    assert isinstance(found, AdaptiveLease)
    return found


@pytest.mark.parametrize(
    ("outcome", "limit"),
    [
        (Outcome("ok"), 11),
        (Outcome("throttled", RateLimitError("429")), 7),
        (Outcome("failed", OverloadedError("503")), 7),
        (Outcome("failed", RequestTimeoutError("no head")), 7),
        (Outcome("throttled", QuotaExhaustedError("402")), 10),
        (Outcome("ok", BadRequestError("400")), 10),
        (Outcome("failed", ServerError("500")), 10),
        (Outcome("failed", ConnectError("refused")), 10),
        (Outcome("ignored", asyncio.CancelledError()), 10),
        (Outcome("ignored"), 10),
    ],
    ids=lambda value: type(value.error).__name__ if isinstance(value, Outcome) else "",
)
async def test_drops_cut_answers_raise_and_the_rest_says_nothing(outcome: Outcome, limit: int) -> None:
    """By the kind of the error alone: a bill, a bad request or a crash is no question of how many."""
    gate = AdaptiveGate(lambda: AdaptiveLimit(initial=10))
    leases = [lease(gate) for _ in range(10)]
    assert leases[0].key is None
    leases[0].settle(outcome, 1.0)
    assert gate.limits == {"m": limit}


async def test_each_model_has_its_own() -> None:
    """A cut of one is none of the other; together they make the places."""
    gate = AdaptiveGate(lambda: AdaptiveLimit(initial=3))
    assert gate.places == 3
    held = [lease(gate, "a") for _ in range(3)]
    assert gate.try_take(a_call(target=Target("openai", "a", "http://h")), 0.0) == float("inf")
    lease(gate, "b")
    held[0].settle(Outcome("throttled", RateLimitError("429")), 1.0)
    assert gate.limits == {"a": 2, "b": 3}
    assert gate.places == 5


async def test_there_are_not_more_than_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """An idle one goes for a new one; those in use stay."""
    monkeypatch.setattr(adaptive, "MAX_MODELS", 3)
    gate = AdaptiveGate(AdaptiveLimit)
    lease(gate, "busy")
    for number in range(10):
        lease(gate, str(number)).settle(Outcome("ok"), 1.0)
    assert list(gate.limits) == ["busy", "8", "9"]


async def test_first_tokens_are_measured_from_the_grant() -> None:
    """A stream that begins three seconds later has taken three."""
    limit = AdaptiveLimit(tolerance=2.0)
    gate = AdaptiveGate(lambda: limit)
    lease(gate, now=5.0).begun(6.0)
    for _ in range(200):
        lease_of = lease(gate, now=5.0)
        lease_of.begun(8.0)
        lease_of.settle(Outcome("ignored"), 9.0)
    assert limit.slow


SETTINGS: dict[str, Any] = {"adaptive_concurrency": True, "max_concurrent_requests": 50, "initial_concurrent": 4}


async def test_a_client_begins_with_the_limit_it_was_given() -> None:
    """Of twenty calls four go at first, then more; the queue follows where it was asked to."""
    server = Server(seconds=1.0)
    async with server.client(**SETTINGS) as ai:
        calls = [asyncio.ensure_future(ai.chat("openai:m", "hi")) for _ in range(20)]
        await asyncio.sleep(0.5)
        assert server.now == 4
        await asyncio.gather(*calls)
        assert 4 < server.peak <= 20
    server = Server(seconds=1.0)
    async with server.client(**SETTINGS, queue_per_place=2.0) as ai:
        ends = await asyncio.gather(*(ai.chat("openai:m", "hi") for _ in range(20)), return_exceptions=True)
        assert sum(isinstance(end, QueueFullError) for end in ends) == 20 - 4 - 8


async def test_another_model_goes_while_one_is_at_its_limit() -> None:
    """The limit is of the model: the endpoint has places left."""
    server = Server(seconds=10.0)
    async with server.client(**SETTINGS) as ai:
        calls = [asyncio.ensure_future(ai.chat("openai:m", "hi")) for _ in range(9)]
        await asyncio.sleep(0.5)
        calls.append(asyncio.ensure_future(ai.chat("openai:other", "hi")))
        await asyncio.sleep(0.5)
        assert server.now == 5
        await asyncio.gather(*calls)


def test_the_least_is_not_above_the_cap() -> None:
    """Said when the client is made, and only where the limit is asked for."""
    with pytest.raises(ValueError, match="min_concurrent is above max_concurrent_requests"):
        Client(adaptive_concurrency=True, min_concurrent=6)
    Client(min_concurrent=6)


@pytest.mark.parametrize(("reserved", "cap"), [(5, 5), (9, 5), (1, 1)])
def test_some_places_are_for_all(reserved: int, cap: int) -> None:
    """Reserving all of them for high priority is a mistake."""
    with pytest.raises(ValueError, match="reserved_for_high leaves no place to other calls"):
        Client(reserved_for_high=reserved, max_concurrent_requests=cap)
