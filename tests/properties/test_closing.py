"""A client that is closed in any state ends closed and quiet (invariant 19)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipfs_accel_async import Client, ClientClosedError
from ipfs_accel_async.errors import AccelError
from tests.faults.virtual import VirtualServer, refuses, says, streams
from tests.soak.quiet import unquiet
from tests.virtual_loop import VirtualLoop

DELTA = b'data: {"id":"c","model":"m","choices":[{"index":0,"delta":{"content":"x"}}]}\n\n'
ANSWERS = {
    "quick": says(wait=0.2),
    "slow": says(wait=8.0),
    "never": says(wait=1e6),
    "down": refuses(503, wait=0.5),
    "trickle": streams(0.2, DELTA, 3.0, DELTA, 3.0, DELTA, b"data: [DONE]\n\n"),
    "silent": streams(0.2, DELTA, 1e6),
}
WAYS = st.sampled_from(sorted(ANSWERS))
MOMENT = st.floats(0.0, 12.0)


async def use(ai: Client, way: str, at: float) -> None:
    """One caller: a call, or a stream where the answer is one."""
    await asyncio.sleep(at)
    if way not in {"trickle", "silent"}:
        await ai.chat(f"openai:{way}", "hi")
        return
    async with ai.stream(f"openai:{way}", "hi") as stream:
        async for _ in stream:
            await asyncio.sleep(0.1)


async def close(ai: Client, at: float, grace: float, cancelled: float | None) -> float:
    """Close at a moment, perhaps cancelled while it waits; gives the seconds that it took."""
    await asyncio.sleep(at)
    began = asyncio.get_running_loop().time()
    closing = asyncio.ensure_future(ai.aclose(grace=grace))
    if cancelled is not None:
        asyncio.get_running_loop().call_later(cancelled, closing.cancel)
    await asyncio.wait([closing])
    assert closing.cancelled() or closing.exception() is None
    return asyncio.get_running_loop().time() - began


async def scenario(users: list[tuple[str, float]], closers: list[Any], cap: int) -> None:
    """Callers and closers at their moments, then a last close; then all is over."""
    noise: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: noise.append(context))
    server = VirtualServer(always=lambda request: ANSWERS[request.body.split(b'"model":"')[1].split(b'"')[0].decode()])
    ai = Client(transport=server, keys={"openai": ["a", "b"]}, max_concurrent_requests=cap, queue_size=3)
    runtime = ai._engine.runtime()
    baseline = asyncio.all_tasks()
    using = [asyncio.ensure_future(use(ai, way, at)) for way, at in users]
    closing = [asyncio.ensure_future(close(ai, *one)) for one in closers]
    for took, (_, grace, _) in zip(await asyncio.gather(*closing), closers, strict=True):
        assert took <= grace + 1e-6
    await ai.aclose(grace=0)
    for _ in range(8):
        await asyncio.sleep(0)
    assert not len(runtime._deadline._timers)  # no call is under way, without time having passed
    if using:
        await asyncio.wait(using)  # each of them: nobody is left waiting for what will never come
    for task in using:
        error = task.exception()
        assert error is None or isinstance(error, AccelError)
    await asyncio.sleep(0)
    assert [*unquiet(ai), *noise] == []
    assert server.open == 0
    assert asyncio.all_tasks() == baseline
    sent = len(server.requests)
    with pytest.raises(ClientClosedError):
        await ai.chat("openai:quick", "hi")
    await ai.aclose()
    assert len(server.requests) == sent


@given(
    st.lists(st.tuples(WAYS, MOMENT), max_size=10),
    st.lists(
        st.tuples(MOMENT, st.sampled_from([0.0, 1.0, 7.0]), st.none() | st.floats(0.0, 5.0)), min_size=1, max_size=3
    ),
    st.integers(1, 4),
)
@settings(max_examples=150)
def test_closed_in_any_state_it_is_quiet(users: list[tuple[str, float]], closers: list[Any], cap: int) -> None:
    """Idle, queued, in flight, in backoff, in streams; with grace, without, cancelled, twice at once: all the same."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(scenario(users, closers, cap))
