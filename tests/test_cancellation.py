"""Cancelling at any await leaves permits, queue, tasks and sockets as they were."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Generator
from typing import Any

import pytest

from ipfs_accel_async import Client, MockTransport
from ipfs_accel_async.simulator import simulate
from ipfs_accel_async.wire.http import Request, Response
from tests.answering import JSON, SSE, completion, error_body
from tests.virtual_loop import VirtualLoop

FRAME = b'data: {"id":"c","model":"m","choices":[{"index":0,"delta":{"content":"x"}}]}\n\n'
LAST = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
STREAM = FRAME * 5 + LAST + b"data: [DONE]\n\n"


class Suspensions:
    """Runs a coroutine and cancels its task at the k-th time it suspends (and again, some suspensions later)."""

    def __init__(self, coroutine: Any, *at: int) -> None:
        self._coroutine = coroutine
        self._at = at
        self.count = 0

    def __await__(self) -> Generator[Any, Any, Any]:
        inner = self._coroutine.__await__()
        task = asyncio.current_task()
        assert task is not None
        send: Callable[[], Any] = lambda: next(inner)  # noqa: E731
        while True:
            try:
                waited = send()
            except StopIteration as stop:
                return stop.value
            self.count += 1
            if self.count in self._at:
                asyncio.get_running_loop().call_soon(task.cancel)
            try:
                value = yield waited
            except BaseException as error:
                thrown = error
                send = lambda thrown=thrown: inner.throw(thrown)  # noqa: E731
            else:
                send = lambda value=value: inner.send(value)  # noqa: E731


async def slow_answer(request: Request) -> Response:
    """A slow server: fails twice with a 503, then answers."""
    await asyncio.sleep(0.5)
    slow_answer.calls += 1  # type: ignore[attr-defined]
    if slow_answer.calls % 3:  # type: ignore[attr-defined]
        return MockTransport.reply(error_body("busy"), status=503, headers=JSON)
    if b'"stream":true' in request.body:
        return MockTransport.reply(body=STREAM, headers=SSE)
    return MockTransport.reply(completion(), headers=JSON)


class SlowReads(MockTransport):
    """Reads suspend, as sockets do."""

    async def send(self, request: Request) -> Any:
        """Answer, and let each read of the body take a while."""
        incoming = await super().send(request)
        read = incoming.read

        async def slowly() -> bytes:
            await asyncio.sleep(0.01)
            return await read()

        incoming.read = slowly  # type: ignore[method-assign]
        return incoming


async def chat(ai: Client) -> None:
    """A call that waits in the queue, is refused twice, backs off and answers."""
    await ai.chat("openai:m", "hi")


async def stream(ai: Client) -> None:
    """The same as a stream, read to its end."""
    async with ai.stream("openai:m", "hi") as made:
        await made.collect()


async def fallbacks(ai: Client) -> None:
    """The same with a fallback."""
    await ai.chat("openai:m", "hi", fallbacks=["openai:n"])


def run(scenario: Callable[[Client], Awaitable[None]], *at: int) -> int:
    """Run a scenario behind another call, cancelled at those suspensions; checks that all is quiet after it."""
    slow_answer.calls = 0  # type: ignore[attr-defined]

    async def main() -> int:
        mock = SlowReads(slow_answer, chunk_size=90)
        async with Client(transport=mock, keys={"openai": "sk-a"}, max_concurrent_requests=1, retry_jitter=0) as ai:
            before = asyncio.all_tasks()
            ahead = asyncio.ensure_future(ai.chat("openai:m", "ahead"))
            await asyncio.sleep(0)
            watched = Suspensions(scenario(ai), *at)
            task = asyncio.ensure_future(_await(watched))
            done = await asyncio.gather(task, return_exceptions=True)
            assert isinstance(done[0], asyncio.CancelledError) == bool(at), done
            await ahead
            assert asyncio.all_tasks() == before
            assert mock.open == 0
            queue = ai.report()["queue"]
            assert (queue["active_requests"], queue["current_queue_size"]) == (0, 0)
            await ai.chat("openai:m", "afterwards")  # the only permit is there
        return watched.count

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main())


async def _await(awaitable: Any) -> Any:
    return await awaitable


@pytest.mark.parametrize("scenario", [chat, stream, fallbacks])
def test_cancel_at_every_suspension(scenario: Callable[[Client], Awaitable[None]]) -> None:
    """Cancelled at each suspension in turn, once, and twice in a row: CancelledError, and everything is as before."""
    count = run(scenario)
    assert count >= 5
    for at in range(1, count + 1):
        run(scenario, at)
        run(scenario, at, at + 1)


@pytest.mark.sockets
async def test_ten_thousand_cancelled_calls_then_two_hundred_that_succeed() -> None:
    """Calls and streams cancelled at random moments leave a client that answers 200 of 200."""
    rng = random.Random(7)
    async with simulate("openai") as sim:
        ai = Client(
            keys={"openai": "sk-test"},
            base_urls={"openai": sim.base_url},
            max_concurrent_requests=20,
            queue_size=1_000,
            max_retries=0,
        )
        async with ai:
            await ai.chat("openai:m", "warm up")
            baseline = len(asyncio.all_tasks())
            cancelled = 0
            while cancelled < 10_000:
                tasks = [asyncio.ensure_future((chat, stream)[n % 2](ai)) for n in range(100)]
                for _turn in range(rng.randrange(1, 15)):
                    await asyncio.sleep(0)
                for task in tasks:
                    task.cancel()
                done = await asyncio.gather(*tasks, return_exceptions=True)
                cancelled += sum(isinstance(one, asyncio.CancelledError) for one in done)
            assert ai.report()["queue"]["active_requests"] == 0
            replies = await asyncio.gather(*(ai.chat("openai:m", f"call {n}") for n in range(200)))
            assert len([reply for reply in replies if reply.text]) == 200
            report = ai.report()
            assert report["cancelled_requests"] >= 9_900  # a few are cancelled outside the stack
            assert report["circuit_breaker"]["state"] == "closed"
            assert sim.peak_in_flight <= 20 + 20  # a server hears of a cancellation after the client has gone on
            async with asyncio.timeout(5):
                while len(asyncio.all_tasks()) > baseline + 25:  # the simulator's own handlers of kept connections
                    await asyncio.sleep(0)
