"""Group H, second part: when servers say to come back, in every form."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from ipfs_accel_async.errors import RateLimitError
from tests.faults.scenarios import scenario
from tests.faults.virtual import VirtualServer, refuses, says
from tests.faults.watching import PATIENT, watched
from tests.providers.codecs import CODECS, any_call
from tests.providers.recorded import response


async def waited(*answers: Any, **settings: Any) -> float:
    """Virtual seconds between two attempts."""
    server = VirtualServer(*answers)
    async with watched(server, initial_retry_delay=1, retry_jitter=0, **PATIENT, **settings) as ai:
        await ai.chat("openai:m", "hi")
    assert len(server.times) == 2
    return server.times[1] - server.times[0]


@scenario("H02")
@pytest.mark.parametrize(
    ("text", "least"), [("0", 1.0), ("1", 1.0), ("1.5", 1.5), (" 5 ", 5.0), ("60", 60.0), ("30", 30.0)]
)
async def test_retry_after_is_the_least_wait(text: str, least: float) -> None:
    """Never sooner, and at most a tenth later; what asks for nothing leaves our own delay."""
    assert least <= await waited(refuses(429, retry_after=text)) <= least * 1.1


@scenario("H02")
@pytest.mark.parametrize("text", ["61", "120", "121", "86400"])
async def test_more_patience_than_configured_is_the_callers_to_decide(text: str) -> None:
    """Not retried; the error carries the seconds."""
    server = VirtualServer(always=refuses(429, retry_after=text))
    async with watched(server) as ai:
        with pytest.raises(RateLimitError) as caught:
            await ai.chat("openai:m", "hi")
        assert (caught.value.attempts, caught.value.retry_after) == (1, float(text))
        assert asyncio.get_running_loop().time() == 0.0


NO_NUMBERS = ["-1", "-0", "", "abc", "1_000", "0x10", "1e3", "inf", "nan", "9" * 40, "+5", "1" * 100_000, "१२"]


@scenario("H03")
@pytest.mark.parametrize("text", NO_NUMBERS, ids=lambda text: text[:12] or "empty")
async def test_what_is_no_number_is_ignored(text: str) -> None:
    """Our own delay, and the status error underneath is never masked."""
    raw = text.encode("utf-8").decode("latin-1")
    assert await waited(refuses(429, retry_after=raw)) == 1.0


DATE = datetime(2026, 3, 1, 12, tzinfo=UTC)


def on(moment: datetime) -> str:
    """An HTTP date."""
    return format_datetime(moment, usegmt=True)


@scenario("H04")
@pytest.mark.parametrize("skew", [timedelta(), timedelta(hours=1), timedelta(days=-3_650)])
async def test_a_date_counts_from_the_responses_own(skew: timedelta) -> None:
    """However wrong the server's clock is: both stamps are from it."""
    stamp = DATE + skew
    refusal = refuses(503, retry_after=on(stamp + timedelta(seconds=7)), date=on(stamp))
    assert 7.0 <= await waited(refusal) <= 7.7


@scenario("H04")
@pytest.mark.parametrize(
    "text",
    [
        on(DATE - timedelta(hours=1)),
        "Sun, 01 Mar 100000 12:00:00 GMT",
        "Sun, 31 Feb 2026 12:00:07 GMT",
        "Sun, 01 Mar 2026 12:00:07 -2400",
        "2026-03-01T12:00:07Z",
        "Sun, 01 Mar 2026 25:61:61 GMT",
    ],
)
async def test_a_date_that_is_none_or_past_is_ignored(text: str) -> None:
    """Our own delay; no exception of a parser takes the place of the error."""
    assert await waited(refuses(503, retry_after=text, date=on(DATE))) == 1.0


@scenario("H05")
@pytest.mark.parametrize("asked", ["46s", "3.5s"])
async def test_geminis_delay_is_in_its_body(asked: str) -> None:
    """``RetryInfo.retryDelay`` is honoured as a header would be."""
    info = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": asked}
    body = {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "slow", "details": [info]}}
    error = CODECS["gemini"].parse_error(any_call("gemini"), response(429, body))
    assert error.retry_after == float(asked.removesuffix("s"))
    assert error.retryable


@scenario("H05")
async def test_milliseconds_are_read() -> None:
    """``retry-after-ms`` is the more exact of the two."""
    assert 2.5 <= await waited(refuses(429, retry_after_ms="2500", retry_after="2")) <= 2.75


@scenario("H06")
@pytest.mark.parametrize(("ms", "seconds", "least"), [("4000", "2", 4.0), ("abc", "3", 3.0), ("-5", "3", 3.0)])
async def test_of_two_that_disagree_the_valid_more_exact_one_counts(ms: str, seconds: str, least: float) -> None:
    """Milliseconds win when they are a number."""
    assert least <= await waited(refuses(429, retry_after_ms=ms, retry_after=seconds)) <= least * 1.1


@scenario("H09")
async def test_callers_told_the_same_delay_come_back_spread() -> None:
    """A thousand told 30 s: nobody sooner, all within a tenth, and no instant has more than twice its share."""
    told = {"left": 1_000}

    def refuse_once(request: Any) -> Any:
        told["left"] -= 1
        return refuses(429, retry_after="30") if told["left"] >= 0 else says()

    server = VirtualServer(always=refuse_once)
    async with watched(server, max_concurrent_requests=1_000, **PATIENT) as ai:
        await asyncio.gather(*(ai.chat("openai:m", "hi") for _ in range(1_000)))
    back = server.times[1_000:]
    assert len(back) == 1_000
    assert min(back) >= 30.0
    assert max(back) <= 33.0
    most = Counter(int(at * 10) for at in back).most_common(1)[0][1]
    assert most <= 2 * 1_000 / 30


@scenario("H10")
@pytest.mark.parametrize(("first", "second", "least"), [("10", "20", 30.0), ("20", "5", 25.0)])
async def test_a_second_429_has_a_delay_of_its_own(first: str, second: str, least: float) -> None:
    """Each refusal's wait is served in full before the next attempt."""
    server = VirtualServer(refuses(429, retry_after=first), refuses(429, retry_after=second))
    async with watched(server, **PATIENT) as ai:
        await ai.chat("openai:m", "hi")
    assert least <= server.times[2] <= least * 1.1
