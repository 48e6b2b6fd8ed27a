"""Rate limits through the whole client: a service that counts strictly never has to refuse."""

from __future__ import annotations

import asyncio
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.strict import StrictService
from ipfs_accel_async import Client
from ipfs_accel_async.simulator import RateLimit
from tests.virtual_loop import VirtualLoop


async def flood(rpm: int, tpm: int | None, counting: str, seed: int) -> StrictService:
    """Two minutes of calls of all sizes, some of them cancelled, through one client."""
    rng = random.Random(seed)
    limit = RateLimit(requests_per_minute=rpm, tokens_per_minute=tpm, counting=counting)  # type: ignore[arg-type]
    service = StrictService("openai", limit, rng)
    told = {"rpm": rpm} | ({"tpm": tpm} if tpm else {})
    options = {"max_concurrent_requests": 40, "queue_size": 10_000, "timeout": 3_600.0, "providers": {"openai": told}}
    async with Client(transport=service.transport, keys={"openai": "sk-test"}, **options) as ai:
        calls = []
        for _ in range(rng.randint(10, rpm)):
            await asyncio.sleep(rng.choice((0.0, 0.0, rng.random() * 3)))
            prompt = "word " * rng.randint(1, 100)
            calls.append(asyncio.ensure_future(ai.chat("openai:gpt-4.1-mini", prompt, max_tokens=300)))
            if rng.random() < 0.1:
                rng.choice(calls).cancel()
        ends = await asyncio.gather(*calls, return_exceptions=True)
        assert not [end for end in ends if isinstance(end, Exception)]
        (lane,) = ai.statistics()["lanes"]
        assert (lane["active"], lane["waiting"], lane["keys"]) == (0, 0, [(0,)])
    return service


@settings(max_examples=12)
@given(
    st.integers(10, 60),
    st.none() | st.integers(2_000, 20_000),
    st.sampled_from(["sliding", "fixed", "bucket"]),
    st.integers(0, 10**6),
)
def test_a_strict_service_refuses_nothing(rpm: int, tpm: int | None, counting: str, seed: int) -> None:
    """Whatever the limits, the sizes, the delays and the cancels: no 429, no call lost, nothing left over.

    Tokens are expected before they are counted, so of a small limit a few calls that use more than others may be more.
    """
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        service = runner.run(flood(rpm, tpm, counting, seed))
    assert service.refused <= (2 if tpm else 0)
    for start, _, _ in service.served:
        inside = [(read, written) for at, read, written in service.served if start <= at < start + 60]
        assert len(inside) <= rpm
        assert tpm is None or sum(map(sum, inside)) <= tpm * 1.05
