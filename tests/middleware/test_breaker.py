"""The breaker's shells: refusal at once, permits as gates, one scope a model."""

from __future__ import annotations

import asyncio

import pytest

from ipfs_accel_async.call import Call
from ipfs_accel_async.core import stack
from ipfs_accel_async.errors import BadRequestError, CircuitOpenError, ConnectError, RateLimitError, ServerError
from ipfs_accel_async.middleware.breaker import MAX_SCOPES, BreakerGate, Breakers, CircuitBreaker
from ipfs_accel_async.policy.breaker import Breaker
from ipfs_accel_async.types import Target
from tests.doubles import TARGET, Handler, a_call, a_dispatcher, a_reply, quiet


class Guarded:
    """A breaker, a dispatcher with its gate, and a handler that answers as told."""

    def __init__(self, **settings: int) -> None:
        self.breakers = Breakers(lambda _: Breaker(failure_threshold=3, reset_timeout=30.0))
        self.dispatcher = a_dispatcher([BreakerGate(self.breakers)], **{"max_concurrent_requests": 1_000, **settings})
        self.error: Exception | None = None
        self.handler = Handler(1.0, lambda call: self.error or a_reply(call))
        self.handle = stack([CircuitBreaker(self.breakers), self.dispatcher], self.handler)

    async def fail(self, times: int, error: Exception, target: Target = TARGET) -> None:
        """Let so many calls fail, one after the other."""
        self.error = error
        for _ in range(times):
            with pytest.raises(type(error)):
                await self.handle(a_call(target=target))
        self.error = None


async def test_an_open_breaker_refuses_at_once_and_says_for_how_long() -> None:
    """After the threshold no call is sent; the error says when it is tried again."""
    guarded = Guarded()
    await guarded.fail(3, ServerError("down"))
    with pytest.raises(CircuitOpenError) as caught:
        await guarded.handle(a_call())
    assert caught.value.retry_after == pytest.approx(30.0)
    assert len(guarded.handler.started) == 3


async def test_exactly_one_probe_when_half_open() -> None:
    """Of a thousand callers that come when it half-opens, one is sent and the others are refused."""
    guarded = Guarded(queue_size=2_000)
    await guarded.fail(3, ServerError("down"))
    await asyncio.sleep(30)
    done = await asyncio.gather(*(guarded.handle(a_call()) for _ in range(1_000)), return_exceptions=True)
    assert sum(isinstance(one, CircuitOpenError) for one in done) == 999
    assert len(guarded.handler.started) == 4
    assert guarded.breakers.of(TARGET).state(asyncio.get_running_loop().time()) == "closed"


async def test_a_cancelled_probe_gives_its_permit_back() -> None:
    """Cancelling the probe neither closes nor wedges the breaker: the next call probes."""
    guarded = Guarded()
    await guarded.fail(3, ServerError("down"))
    await asyncio.sleep(30)
    probe = asyncio.ensure_future(guarded.handle(a_call()))
    await asyncio.sleep(0.5)
    probe.cancel()
    await asyncio.gather(probe, return_exceptions=True)
    assert guarded.breakers.of(TARGET).state(asyncio.get_running_loop().time()) == "half-open"
    await guarded.handle(a_call())
    assert guarded.breakers.of(TARGET).state(asyncio.get_running_loop().time()) == "closed"
    assert quiet(guarded.dispatcher)


@pytest.mark.parametrize("error", [RateLimitError("429"), BadRequestError("400"), ValueError("local")])
async def test_what_the_server_is_not_to_blame_for_never_opens_it(error: Exception) -> None:
    """429, other 4xx and local errors are no failures of the endpoint."""
    guarded = Guarded()
    await guarded.fail(50, error)
    await guarded.handle(a_call())


async def test_waiting_tickets_fail_when_it_opens() -> None:
    """Calls that wait behind the failing ones are refused instead of sent."""
    guarded = Guarded(max_concurrent_requests=1)
    guarded.error = ServerError("down")
    done = await asyncio.gather(*(guarded.handle(a_call()) for _ in range(10)), return_exceptions=True)
    assert [type(one).__name__ for one in done] == ["ServerError"] * 3 + ["CircuitOpenError"] * 7
    assert quiet(guarded.dispatcher)


async def test_one_failing_model_does_not_close_the_door_for_another() -> None:
    """The scope is (endpoint, model)."""
    guarded = Guarded()
    await guarded.fail(3, ServerError("down"))
    await guarded.handle(a_call(target=Target("openai", "other", TARGET.endpoint)))
    await guarded.handle(a_call(target=Target("openai", "m", "http://127.0.0.2")))


async def test_a_storm_of_cancellations_changes_nothing() -> None:
    """Ten thousand cancelled calls leave the breaker as it was."""
    guarded = Guarded(queue_size=20_000)
    tasks = [asyncio.ensure_future(guarded.handle(a_call())) for _ in range(10_000)]
    await asyncio.sleep(0.5)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert guarded.breakers.of(TARGET).state(0.5) == "closed"
    assert quiet(guarded.dispatcher)


async def test_scopes_are_bounded() -> None:
    """Any number of model names keeps a bounded number of breakers; an open one is not forgotten for it."""
    guarded = Guarded()
    await guarded.fail(3, ServerError("down"))
    for number in range(MAX_SCOPES + 50):
        guarded.breakers.of(Target("openai", str(number), TARGET.endpoint))
    assert len(guarded.breakers.items()) == MAX_SCOPES
    with pytest.raises(CircuitOpenError):
        await guarded.handle(a_call())


async def test_each_refusal_is_a_new_exception() -> None:
    """Refusals do not share an instance, whose traceback would grow."""
    guarded = Guarded()
    await guarded.fail(3, ServerError("down"))
    caught: list[BaseException] = []
    for _ in range(5):
        with pytest.raises(CircuitOpenError) as info:
            await guarded.handle(a_call())
        caught.append(info.value)
    assert len({id(error) for error in caught}) == 5


async def test_a_call_knows_whose_refusal_it_is() -> None:
    """The refusal names the target and the call's id."""
    guarded = Guarded()
    await guarded.fail(3, ServerError("down"))
    call: Call = a_call(name="abc")
    with pytest.raises(CircuitOpenError, match="openai:m: the circuit is open") as caught:
        await guarded.handle(call)
    assert caught.value.request_id == "abc"


def models(count: int) -> list[Target]:
    """Targets of one endpoint."""
    return [Target("openai", f"m{number}", TARGET.endpoint) for number in range(count)]


async def test_a_provider_that_is_down_gets_one_probe_for_all_its_models() -> None:
    """Twenty models fail; when their time is over a thousand callers come, and one of them is sent."""
    guarded = Guarded(queue_size=2_000)
    targets = models(20)
    for target in targets[:4]:
        guarded.error = ServerError("down")
        for _ in range(3):
            with pytest.raises((ServerError, CircuitOpenError)):
                await guarded.handle(a_call(target=target))
    guarded.error = None
    with pytest.raises(CircuitOpenError):
        await guarded.handle(a_call(target=targets[19]))
    await asyncio.sleep(60)
    before = len(guarded.handler.started)
    calls = [guarded.handle(a_call(target=targets[number % 20])) for number in range(1_000)]
    done = await asyncio.gather(*calls, return_exceptions=True)
    assert len(guarded.handler.started) - before == 1
    assert sum(isinstance(one, CircuitOpenError) for one in done) == 999
    assert (await guarded.handle(a_call(target=targets[19]))).text == "ok"


async def test_a_host_that_cannot_be_reached_is_not_asked_for_its_other_models() -> None:
    """Connections that cannot be made open the endpoint's breaker, whichever model they were for."""
    guarded = Guarded()
    await guarded.fail(3, ConnectError("no connection"))
    with pytest.raises(CircuitOpenError):
        await guarded.handle(a_call(target=models(1)[0]))
    other = Target("openai", TARGET.model, "http://other")
    assert (await guarded.handle(a_call(target=other))).text == "ok"


async def test_a_model_that_is_down_leaves_the_others_alone() -> None:
    """Two of them even."""
    guarded = Guarded()
    one, two, three = models(3)
    for target in (one, two):
        await guarded.fail(3, ServerError("down"), target)
    assert (await guarded.handle(a_call(target=three))).text == "ok"


async def test_a_cancelled_probe_of_the_endpoint_gives_its_permit_back() -> None:
    """Neither closed nor wedged: the next call probes."""
    guarded = Guarded()
    await guarded.fail(3, ConnectError("no connection"))
    await asyncio.sleep(30)
    probe = asyncio.ensure_future(guarded.handle(a_call()))
    await asyncio.sleep(0.5)
    probe.cancel()
    with pytest.raises(asyncio.CancelledError):
        await probe
    assert guarded.breakers.endpoint(TARGET).breaker.state(asyncio.get_running_loop().time()) == "half-open"
    assert (await guarded.handle(a_call())).text == "ok"
    assert guarded.breakers.endpoint(TARGET).breaker.state(asyncio.get_running_loop().time()) == "closed"
