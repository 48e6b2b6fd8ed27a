"""One table: what an attempt ended with, whether it is sent again, after what delay, and who is to blame for it."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any, NamedTuple

import pytest

from ipfs_accel_async import errors
from ipfs_accel_async.client import Client
from ipfs_accel_async.errors import AccelError
from ipfs_accel_async.transport.mock import MockTransport
from ipfs_accel_async.wire.http import Request, Response
from tests.answering import JSON, SSE, completion, error_body

BACKOFF, ASKED, NEVER = "backoff", "what the service asks", "never"
ENDPOINT, NOBODY = "the endpoint", "nobody"


class Row(NamedTuple):
    """One row of the table.

    Args:
        what: Status, status and code, or an exception of the transport.
        kind: Class of the error.
        delay: Where the wait before the next attempt comes from; NEVER for what is not sent again.
        fault: Whom the breaker blames.
    """

    what: Any
    kind: type[AccelError]
    delay: str
    fault: str


def same(kind: type[AccelError], delay: str, fault: str, *whats: Any) -> list[Row]:
    """Rows that differ in nothing but the status."""
    return [Row(what, kind, delay, fault) for what in whats]


TABLE = [
    *same(errors.BadRequestError, NEVER, NOBODY, 400, 405, 409, 413, 415, 418, 421, 422, 431, 451, 499),
    Row((400, "context_length_exceeded"), errors.ContextTooLongError, NEVER, NOBODY),
    Row((400, "content_filter"), errors.ContentFilteredError, NEVER, NOBODY),
    Row((400, "API_KEY_INVALID"), errors.AuthenticationError, NEVER, NOBODY),
    Row(401, errors.AuthenticationError, NEVER, NOBODY),
    Row(403, errors.PermissionDeniedError, NEVER, NOBODY),
    *same(errors.NotFoundError, NEVER, NOBODY, 404, 410),
    Row(402, errors.QuotaExhaustedError, NEVER, NOBODY),
    Row((429, "insufficient_quota"), errors.QuotaExhaustedError, NEVER, NOBODY),
    Row((429, "enforced_spend_limit_reached"), errors.QuotaExhaustedError, NEVER, NOBODY),
    *same(errors.RateLimitError, ASKED, NOBODY, 429, (429, "rate_limit_exceeded"), (429, "slow_down")),
    Row((429, "overloaded_error"), errors.OverloadedError, ASKED, NOBODY),
    *same(errors.ServerError, ASKED, NOBODY, 408, 425),
    Row(498, errors.OverloadedError, ASKED, NOBODY),
    *same(errors.ServerError, ASKED, ENDPOINT, 424, 500, 502, 504, 520, 521, 522, 523, 524, 530),
    *same(errors.OverloadedError, ASKED, ENDPOINT, 503, 529),
    *same(errors.ServerError, NEVER, ENDPOINT, 501, 505, 511),
    *same(errors.UnexpectedRedirectError, NEVER, NOBODY, 301, 302, 307, 308),
    Row(errors.ConnectError("x", phase="connect"), errors.ConnectError, BACKOFF, ENDPOINT),
    Row(errors.RequestTimeoutError("x", phase="connect"), errors.RequestTimeoutError, BACKOFF, ENDPOINT),
    Row(errors.RequestTimeoutError("x", phase="first byte"), errors.RequestTimeoutError, BACKOFF, ENDPOINT),
    Row(errors.InterruptedCallError("x", phase="first byte"), errors.InterruptedCallError, BACKOFF, ENDPOINT),
    Row(errors.InterruptedCallError("x", phase="body"), errors.InterruptedCallError, BACKOFF, ENDPOINT),
    Row(errors.TLSError("x", phase="tls"), errors.TLSError, NEVER, NOBODY),
    Row(errors.ResponseTooLargeError("x", phase="body"), errors.ResponseTooLargeError, NEVER, ENDPOINT),
    Row(b"<html>", errors.DecodeError, BACKOFF, ENDPOINT),
    Row(b'{"choices":"none"}', errors.ResponseValidationError, NEVER, ENDPOINT),
]


def name_of(row: Row) -> str:
    """A row's name in the output."""
    what = row.what
    return f"{type(what).__name__}-{what.phase}" if isinstance(what, AccelError) else str(what)


def answer(what: Any, **headers: str) -> Response:
    """The response of a row; its exception is raised."""
    if isinstance(what, AccelError):
        raise type(what)(what.message, phase=what.phase)
    if isinstance(what, bytes):
        return MockTransport.reply(body=what, headers={**JSON, **headers})
    status, code = what if isinstance(what, tuple) else (what, None)
    return MockTransport.reply(error_body("no", code), status=status, headers={**JSON, **headers})


async def ended(what: Any, *, stream: bool = False, **headers: str) -> tuple[AccelError, int, float, str]:
    """Call twice at most against what always ends so: error, attempts, virtual seconds, state of the breaker."""

    def always(_: Request) -> Response:
        return answer(what, **headers)

    mock = MockTransport(always)
    async with Client(transport=mock, keys={"openai": "k"}, max_retries=1, retry_jitter=0, failure_threshold=2) as ai:
        with pytest.raises(AccelError) as caught:
            if stream:
                async with ai.stream("openai:m", "hi") as made:
                    await made.collect()
            else:
                await ai.chat("openai:m", "hi")
        waited = asyncio.get_running_loop().time()
        if len(mock.requests) == 1:  # the second failure that would open the breaker
            with pytest.raises(AccelError):
                await ai.chat("openai:m", "hi")
        return caught.value, caught.value.attempts, waited, ai.statistics()["breakers"][0]["state"]


BOTH = [
    pytest.param(row, stream, id=f"{name_of(row)}-{'stream' if stream else 'whole'}")
    for row in TABLE
    for stream in (False, True)
    if not (stream and isinstance(row.what, bytes))  # one JSON body where a stream was asked for is another story
]


@pytest.mark.parametrize(("row", "stream"), BOTH)
async def test_a_row_of_the_table(row: Row, stream: bool) -> None:
    """Class, attempts, the delay's source and the breaker's verdict are those of the row, for answers and streams."""
    error, attempts, waited, state = await ended(row.what, stream=stream)
    assert type(error) is row.kind
    assert attempts == (1 if row.delay == NEVER else 2)
    assert waited == (0.0 if row.delay == NEVER else 1.0)  # the first delay of the settings
    assert state == ("open" if row.fault == ENDPOINT else "closed")


@pytest.mark.parametrize("row", [row for row in TABLE if not isinstance(row.what, (bytes, AccelError))], ids=name_of)
async def test_a_service_that_asks_for_patience(row: Row) -> None:
    """Where a row is sent again, Retry-After is the least wait, up to a tenth more; where not, it changes nothing."""
    error, attempts, waited, _ = await ended(row.what, **{"retry-after": "20"})
    if row.delay == NEVER:
        assert (attempts, waited) == (1, 0.0)
    else:
        assert attempts == 2
        assert 20.0 <= waited <= 22.0
        assert error.retry_after == 20.0


@pytest.mark.parametrize("verdict", ["true", "false", "perhaps"])
@pytest.mark.parametrize("status", [400, 404, 429, 500, 503])
async def test_the_service_has_the_last_word(status: int, verdict: str) -> None:
    """``x-should-retry`` overrules the row; what is neither true nor false is ignored."""
    own = next(row for row in TABLE if row.what == status).delay != NEVER
    _, attempts, _, _ = await ended(status, **{"x-should-retry": verdict})
    assert attempts == 1 + {"true": True, "false": False}.get(verdict, own)


async def test_a_service_that_wants_a_retry_does_not_get_more_than_the_budget() -> None:
    """``x-should-retry: true`` on a 400 is paid for like any other retry; only a 429 is free."""
    settings: dict[str, Any] = {"retry_budget_ratio": 0.0, "retry_budget_reserve": 0, "max_retries": 1}
    for status, attempts in ((400, 1), (408, 1), (429, 2)):
        mock = MockTransport(lambda _, status=status: answer(status, **{"x-should-retry": "true"}))
        async with Client(transport=mock, keys={"openai": "k"}, **settings) as ai:
            with pytest.raises(AccelError) as caught:
                await ai.chat("openai:m", "hi")
        assert len(mock.requests) == attempts
        assert caught.value.retry_suppressed == (None if attempts == 2 else "budget")


async def test_nonsense_is_asked_for_again_once() -> None:
    """A body that is no JSON gets one more try, however many retries there are; other failures have their own."""
    plan = [b"<html>", 503, 503, b"<html>", b"<html>"]
    mock = MockTransport(lambda _: answer(plan.pop(0)))
    async with Client(transport=mock, keys={"openai": "k"}, max_retries=5) as ai:
        with pytest.raises(errors.DecodeError) as caught:
            await ai.chat("openai:m", "hi")
        assert ai.explain(caught.value)["attempts"][-1]["verdict"] == "it was no proper answer twice"
    assert len(plan) == 1


@pytest.mark.parametrize("chunk", [b'{"a"', b"", b'{"error":{"message":"busy","code":"server_is_overloaded"}}'])
async def test_nothing_is_sent_again_after_the_first_token(chunk: bytes) -> None:
    """A token, then a fault: one attempt, the error with what came, and the endpoint is blamed."""
    token = b'data: {"id":"c","model":"m","choices":[{"index":0,"delta":{"content":"x"}}]}\n\n'
    body = token + (b"data: " + chunk + b"\n\n" if chunk else b"")
    mock = MockTransport(lambda _: MockTransport.reply(body=body, headers=SSE), chunk_size=len(token))
    async with Client(transport=mock, keys={"openai": "k"}, failure_threshold=1) as ai:
        with pytest.raises(errors.CallError):
            async with ai.stream("openai:m", "hi") as stream:
                await stream.collect()
        assert (len(mock.requests), stream.partial.text) == (1, "x")
        assert ai.statistics()["breakers"][0]["state"] == "open"


@pytest.mark.parametrize("kind", [asyncio.CancelledError, MemoryError, RuntimeError])
async def test_what_is_no_outcome_of_the_service(kind: type[BaseException]) -> None:
    """Cancellation and what breaks here are raised as they are, once, and blame nobody."""
    seen: list[Request] = []

    def broken(request: Request) -> Response:
        seen.append(request)
        raise kind

    async with Client(transport=MockTransport(broken), keys={"openai": "k"}, failure_threshold=1) as ai:
        with pytest.raises(kind):
            await ai.chat("openai:m", "hi")
        assert (len(seen), ai.statistics()["breakers"][0]["state"]) == (1, "closed")


async def test_another_key_than_the_one_that_failed() -> None:
    """Of three keys, attempts one after the other never use the same one twice in a row."""
    mock = MockTransport(lambda _: answer(503))
    async with Client(transport=mock, keys={"openai": ["k-1", "k-2", "k-3"]}, failure_threshold=9) as ai:
        with pytest.raises(errors.OverloadedError) as caught:
            await ai.chat("openai:m", "hi")
        used = [attempt["key"] for attempt in ai.explain(caught.value)["attempts"] if attempt["key"]]
    assert all(one != other for one, other in pairwise(used))


async def test_another_key_even_when_it_is_the_busier_one() -> None:
    """The key that failed is left alone although it has fewer calls in flight."""

    async def slow(request: Request) -> Response:
        if dict(request.headers)[b"authorization"] == b"Bearer k-1" and b"retry me" in request.body:
            return answer(503)
        await asyncio.sleep(50 if b"busy" in request.body else 0)
        return MockTransport.reply(completion(), headers=JSON)

    async with Client(transport=MockTransport(slow), keys={"openai": ["k-0", "k-1"]}, retry_jitter=0) as ai:
        busy = [asyncio.ensure_future(ai.chat("openai:m", "busy")) for _ in range(3)]
        await asyncio.sleep(0.1)  # two on the first key, one on the second
        reply = await ai.chat("openai:m", "retry me")
        assert [attempt["key"] for attempt in ai.explain(reply)["attempts"]] == ["key-2", "key-1"]
        await asyncio.gather(*busy)
