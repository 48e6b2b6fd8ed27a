"""Group H: statuses, and what servers say about when to come back."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ipfs_accel_async import errors
from ipfs_accel_async.errors import AccelError, QuotaExhaustedError, RateLimitError
from tests.canary import leaks
from tests.faults.scenarios import scenario
from tests.faults.virtual import VirtualServer, refuses, says
from tests.faults.watching import FAST, KEY, watched
from tests.providers.codecs import CODECS, any_call
from tests.providers.recorded import fixture, response

RETRIED = {408, 424, 425, 429, 498, 500, 502, 503, 504, 507, *range(520, 528), 529, 530}
BLAMED = RETRIED - {408, 425, 429, 498} | {501, 505, 511}
KINDS: dict[type[AccelError], set[int]] = {
    errors.AuthenticationError: {401},
    errors.QuotaExhaustedError: {402},
    errors.PermissionDeniedError: {403},
    errors.NotFoundError: {404, 410},
    errors.RateLimitError: {429},
    errors.OverloadedError: {498, 503, 529},
    errors.ServerError: {408, 424, 425, 500, 501, 502, 504, 505, 507, 511, *range(520, 528), 530},
    errors.BadRequestError: {400, 405, 409, 413, 415, 418, 421, 422, 431, 451, 499},
}
STATUSES = sorted(set().union(*KINDS.values()))


def kind_of(status: int) -> type[AccelError]:
    """The class that a status must become."""
    return next(kind for kind, statuses in KINDS.items() if status in statuses)


@scenario("H01")
@pytest.mark.parametrize("status", STATUSES)
async def test_every_status_has_its_class_attempts_and_blame(status: int) -> None:
    """Two attempts where the same may succeed again, one elsewhere; only faults of the service open a breaker."""
    server = VirtualServer(always=refuses(status))
    retried = status in RETRIED
    async with watched(server, max_retries=1, failure_threshold=1 + retried, **FAST) as ai:
        with pytest.raises(kind_of(status)) as caught:
            await ai.chat("openai:m", "hi")
        assert (type(caught.value), caught.value.status) == (kind_of(status), status)
        assert len(server.requests) == 1 + retried
        state = ai.report()["circuit_breaker"]["state"]
        assert (state == "open") == (status in BLAMED)


@scenario("H01")
@pytest.mark.parametrize("name", CODECS)
def test_every_provider_reads_every_status(name: str) -> None:
    """An error without a body, whatever the status and the service: an error of ours with that status."""
    codec, call = CODECS[name], any_call(name)
    for status in STATUSES:
        for body in (b"", b"<html>no</html>", b"{}", b"[]", b'{"error": null}'):
            error = codec.parse_error(call, response(status, body))
            assert isinstance(error, errors.APIError)
            assert error.status == status


@scenario("H07")
@pytest.mark.parametrize(
    ("told", "status", "attempts"),
    [
        ("false", 503, 1),
        ("false", 429, 1),
        ("true", 400, 2),
        ("true", 503, 2),
        ("perhaps", 400, 1),
        ("perhaps", 503, 2),
    ],
)
async def test_the_servers_own_verdict(told: str, status: int, attempts: int) -> None:
    """False forbids, true allows within the retries there are, anything else says nothing."""
    server = VirtualServer(always=refuses(status, x_should_retry=told))
    async with watched(server, max_retries=1, **FAST) as ai:
        with pytest.raises(AccelError):
            await ai.chat("openai:m", "hi")
        assert len(server.requests) == attempts


BILLS = [
    "insufficient_quota",
    "credit_balance_exhausted",
    "organization_spend_limit_exceeded",
    "project_spend_limit_exceeded",
    "organization_usage_limit_exceeded",
    "billing_hard_limit_reached",
    "enforced_spend_limit_reached",
]


@scenario("H08")
@pytest.mark.parametrize("code", BILLS)
async def test_a_429_that_means_the_bill_is_not_retried(code: str) -> None:
    """Waiting does not help: one attempt, and the breaker is not told of a failure."""
    server = VirtualServer(always=refuses(429, code))
    async with watched(server, failure_threshold=1) as ai:
        with pytest.raises(QuotaExhaustedError) as caught:
            await ai.chat("openai:m", "hi")
        assert (len(server.requests), caught.value.code) == (1, code)
        assert ai.report()["circuit_breaker"]["state"] == "closed"


@scenario("H11")
async def test_a_burst_of_overload_and_then_recovery() -> None:
    """529s open the breaker, and after its time one probe closes it; a burst of 429s never does."""
    server = VirtualServer(*[refuses(529)] * 5)
    async with watched(server, max_retries=0, failure_threshold=5, reset_timeout=30) as ai:
        for _ in range(5):
            with pytest.raises(errors.OverloadedError):
                await ai.chat("openai:m", "hi")
        with pytest.raises(errors.CircuitOpenError) as caught:
            await ai.chat("openai:m", "hi")
        await asyncio.sleep(caught.value.retry_after or 0)
        assert (await ai.chat("openai:m", "hi")).text == "hello"
        server.answers = [refuses(429)] * 20
        for _ in range(20):
            with pytest.raises(RateLimitError):
                await ai.chat("openai:m", "hi")
        assert ai.report()["circuit_breaker"]["state"] == "closed"


@scenario("H12")
@pytest.mark.parametrize("status", [413, 422])
async def test_what_is_too_large_is_not_sent_again_as_it_is(status: int) -> None:
    """An embedding of many texts: one attempt, and the error says which status."""
    server = VirtualServer(always=refuses(status))
    async with watched(server) as ai:
        with pytest.raises(errors.BadRequestError) as caught:
            await ai.embed("openai:m", ["a", "b", "c"])
        assert (len(server.requests), caught.value.status) == (1, status)


@scenario("H13")
async def test_a_huge_error_body_is_not_read_and_an_echoed_key_is_cut_out() -> None:
    """200 MiB behind a 500: 64 KiB are read; the key in it is in no message."""
    piece = (KEY + " ").encode() * 1_000
    items = [piece] * (200 * 2**20 // len(piece))
    server = VirtualServer(always=says(b"", status=500))
    server.always = server.always.__class__(items, 500, {"content-type": "text/plain"})  # type: ignore[union-attr]
    async with watched(server, max_retries=0, frames=False) as ai:
        with pytest.raises(errors.ServerError) as caught:
            await ai.chat("openai:m", "hi")
        assert leaks(caught.value, frames=False) == []
        assert len(caught.value.message) <= 600


@scenario("H13")
@pytest.mark.parametrize("name", CODECS)
def test_no_provider_shows_a_key_that_is_echoed(name: str) -> None:
    """In message, code or id: each service's 401 with the key in every string of its body."""
    call = any_call(name)
    if call.key is None:
        return
    key = call.key.reveal()

    def echo(value: Any) -> Any:
        if isinstance(value, dict):
            return {field: echo(item) for field, item in value.items()}
        if isinstance(value, list):
            return [echo(item) for item in value]
        return f"{value} {key}" if isinstance(value, str) else value

    error = CODECS[name].parse_error(call, response(401, echo(fixture(name, "error_401")["body"])))
    error.redact(key)
    assert key not in f"{error!s}{error!r}{vars(error)}"
