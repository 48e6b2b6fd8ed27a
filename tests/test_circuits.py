"""Breakers by hand: seen, opened before maintenance, closed again, and listened to."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ipfs_accel_async import CircuitOpenError, Client, ClientClosedError, ConfigError, MockTransport, ServerError
from ipfs_accel_async.circuits import BreakerChange
from tests.answering import JSON, Server, completion, error_body

URL = "https://api.openai.com/v1"


def failing() -> Any:
    """An error of the service."""
    return MockTransport.reply(error_body("no"), status=500, headers=JSON)


async def test_a_model_is_kept_from_calls_for_a_while_and_asked_by_one_after_it() -> None:
    """Others of its provider go on; the refusal says for how long; then one good call closes it."""
    server = Server()
    async with server.client() as ai:
        breaker = ai.breaker("openai:m")
        assert (breaker.state, breaker.retry_after) == ("closed", None)
        breaker.open(600)
        with pytest.raises(CircuitOpenError) as caught:
            await ai.chat("openai:m", "hi")
        assert caught.value.retry_after == breaker.retry_after == 600.0
        assert not server.mock.requests
        assert (await ai.chat("openai:other", "hi")).text == "hello"
        await asyncio.sleep(600)
        assert repr(breaker) == "Circuit('openai:m', state='half-open')"
        await ai.chat("openai:m", "hi")
        assert breaker.state == "closed"


async def test_closing_by_hand_lets_calls_pass_at_once() -> None:
    """One that was opened by hand, and one that failures have opened: these are forgotten."""
    async with Server(*[failing()] * 2).client(max_retries=0, failure_threshold=2) as ai:
        breaker = ai.breaker("openai:m")
        for _ in range(2):
            with pytest.raises(ServerError):
                await ai.chat("openai:m", "hi")
        assert breaker.state == "open"
        breaker.close()
        assert (breaker.state, (await ai.chat("openai:m", "hi")).text) == ("closed", "hello")
        breaker.open(60)
        breaker.close()
        assert (await ai.chat("openai:m", "hi")).text == "hello"


async def test_a_whole_provider_is_kept_from_calls() -> None:
    """By its name alone, whatever the model, asked before or not; other providers go on."""
    async with Server().client(keys={"openai": "k", "groq": "k"}) as ai:
        await ai.chat("openai:m", "hi")
        ai.breaker("openai").open(60)
        for model in ("openai:m", "openai:new"):
            with pytest.raises(CircuitOpenError):
                await ai.chat(model, "hi")
        assert ai.breaker("openai").state == "open"
        assert ai.breaker("openai:m").state == "closed"  # its own; a call needs both
        await ai.chat("groq:m", "hi")
        ai.breaker("openai").close()
        await ai.chat("openai:m", "hi")


async def test_what_is_under_way_goes_on_and_changes_nothing() -> None:
    """A call that ends while its breaker is forced open does not close it; one that waits for a place is refused."""
    async with Server(seconds=1.0).client(max_concurrent_requests=1) as ai:
        calls = [asyncio.ensure_future(ai.chat("openai:m", str(n))) for n in range(2)]
        await asyncio.sleep(0.5)
        ai.breaker("openai:m").open(60)
        first, second = await asyncio.gather(*calls, return_exceptions=True)
        assert first.text == "hello"  # type: ignore[union-attr]
        assert isinstance(second, CircuitOpenError)
        assert ai.breaker("openai:m").state == "open"


async def test_of_several_endpoints_one_or_all() -> None:
    """By name or URL; calls go to the other one; opened everywhere they are refused."""
    asked: list[str] = []

    def answer(request: Any) -> Any:
        asked.append(request.url.removeprefix("http://")[0])
        return MockTransport.reply(completion(), headers=JSON)

    own = {"endpoints": [{"url": "http://a:1/v1", "name": "one"}, "http://b:1/v1"]}
    async with Client(providers={"vllm": own}, transport=MockTransport(answer)) as ai:
        ai.breaker("vllm:m", endpoint="one").open(60)
        assert ai.breaker("vllm:m", endpoint="http://a:1/v1").state == ai.breaker("vllm:m").state == "open"
        for _ in range(4):
            await ai.chat("vllm:m", "hi")
        assert asked == ["b"] * 4
        ai.breaker("vllm").open(60)
        with pytest.raises(CircuitOpenError):
            await ai.chat("vllm:n", "hi")
        ai.breaker("vllm").close()
        ai.breaker("vllm:m").close()
        for _ in range(4):
            await asyncio.gather(*(ai.chat("vllm:m", str(n)) for n in range(4)))
        assert "a" in asked


async def test_who_listens_hears_every_change() -> None:
    """Of models and of endpoints, by failure and by hand, in order, until it has enough."""
    heard: list[BreakerChange] = []
    async with Server(*[failing()] * 2).client(max_retries=0, failure_threshold=2, reset_timeout=30) as ai:
        stop = ai.with_options(timeout=60).on_breaker(heard.append)
        for _ in range(2):
            with pytest.raises(ServerError):
                await ai.chat("openai:m", "hi")
        await asyncio.sleep(30)
        await ai.chat("openai:m", "hi")
        ai.breaker("openai").open(5)
        await asyncio.sleep(0)
        stop()
        stop()
        ai.breaker("openai").close()
        await asyncio.sleep(0)
    assert [(one.model, one.state) for one in heard] == [
        ("m", "open"),
        ("m", "half-open"),
        ("m", "closed"),
        ("", "open"),
    ]
    assert {(one.provider, one.endpoint) for one in heard} == {("openai", URL)}


async def test_a_listener_that_raises_or_calls_back_disturbs_no_call() -> None:
    """The loop's exception handler is told; what the listener does to the breaker holds."""
    told: list[Any] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: told.append(context["exception"]))
    async with Server(*[failing()] * 2).client(max_retries=0, failure_threshold=2) as ai:

        def listen(change: BreakerChange) -> None:
            if change.state == "open":
                ai.breaker("openai:m").close()
                raise ValueError("of the listener")

        ai.on_breaker(listen)
        for _ in range(2):
            with pytest.raises(ServerError):
                await ai.chat("openai:m", "hi")
        await asyncio.sleep(0)
        assert (await ai.chat("openai:m", "hi")).text == "hello"
    assert [str(error) for error in told] == ["of the listener"]


def test_a_report_after_the_loop_has_ended_tells_nobody() -> None:
    """Whose breaker turned half-open meanwhile: there is no loop to tell it in, and the report is made."""
    heard: list[BreakerChange] = []
    ai = Server().client()

    async def use() -> None:
        ai.on_breaker(heard.append)
        ai.breaker("openai:m").open(1e-9)

    asyncio.run(use())
    assert ai.report()["circuit_breaker"]["times_opened"] == 1
    assert [one.state for one in heard] in (["open"], ["open", "half-open"])


@pytest.mark.parametrize("seconds", [0, -1, float("inf"), float("nan"), True, "60", None])
async def test_what_is_no_time_is_refused(seconds: Any) -> None:
    """And nothing is opened."""
    async with Server().client() as ai:
        with pytest.raises(ConfigError, match="a number of seconds above 0"):
            ai.breaker("openai:m").open(seconds)
        assert ai.breaker("openai:m").state == "closed"


async def test_what_is_not_there_is_refused() -> None:
    """A provider, an endpoint, a listener; and a client that is closed."""
    async with Server().client() as ai:
        with pytest.raises(ConfigError):
            ai.breaker("nobody:m")
        with pytest.raises(ConfigError):
            ai.breaker("openai:m", endpoint="ftp://x")
        for listener in (None, asyncio.sleep):
            with pytest.raises(ConfigError, match="no coroutine function"):
                ai.on_breaker(listener)  # type: ignore[arg-type]
    with pytest.raises(ClientClosedError):
        ai.breaker("openai:m").open(1)
    with pytest.raises(ClientClosedError):
        ai.on_breaker(print)


def test_before_the_client_is_used_it_is_closed() -> None:
    """Seen from outside a loop too; to close what never was opened is nothing."""
    breaker = Server().client().breaker("openai:m")
    breaker.close()
    assert (breaker.state, breaker.retry_after) == ("closed", None)
