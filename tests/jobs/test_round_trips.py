"""Batches against the twins: begun, waited for, read, cancelled and taken up again, the same way for all vendors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ipfs_accel_async import Client, InvalidRequestError
from ipfs_accel_async.simulator import simulate
from tests.canary import CANARY

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.sockets
MODELS = {
    "openai": "gpt-4.1-mini",
    "groq": "llama-3.1-8b-instant",
    "claude": "claude-sonnet-4-5",
    "gemini": "gemini-2.5-flash",
}
QUESTIONS = {"one": "Name a prime.", "two": "Name another.", "three": {"messages": "And one more.", "max_tokens": 5}}


@pytest.mark.parametrize("provider", MODELS)
async def test_a_batch_goes_round(provider: str) -> None:
    """Submit, wait, collect: every request has its answer under its own id, in the order they were passed."""
    async with simulate(provider) as sim, Client(keys={provider: "k"}, base_urls={provider: sim.base_url}) as ai:
        job = await ai.batches.submit(f"{provider}:{MODELS[provider]}", QUESTIONS, max_tokens=20)
        status = await job.wait(poll=0.001)
        assert (status.state, status.total, status.succeeded, status.failed) == ("ended", 3, 3, 0)
        found = await job.collect()
        assert list(found) == ["one", "two", "three"]
        assert all(result.ok and result.reply is not None and result.reply.text for result in found.values())


@pytest.mark.parametrize("provider", MODELS)
async def test_a_saved_batch_is_taken_up_by_another_client(provider: str, tmp_path: Path) -> None:
    """What save() writes has no key in it, and is enough for resume() in another process."""
    place = tmp_path / "job.json"
    async with simulate(provider) as sim:
        async with Client(keys={provider: CANARY}, base_urls={provider: sim.base_url}) as ai:
            job = await ai.batches.submit(f"{provider}:{MODELS[provider]}", ["Name a prime.", "Another."])
            saved = job.save(place)
        assert CANARY not in place.read_text()
        assert CANARY not in str(saved) + repr(job)
        async with Client(keys={provider: CANARY}, base_urls={provider: sim.base_url}) as other:
            for one in (other.batches.resume(saved), other.batches.resume(place)):
                await one.wait(poll=0.001)
                assert list(await one.collect()) == ["0", "1"]
                assert (one.id, one.target.model) == (job.id, MODELS[provider])


@pytest.mark.parametrize("provider", MODELS)
async def test_a_cancelled_batch_ends(provider: str) -> None:
    """After cancel() it does not run for ever."""
    async with simulate(provider) as sim, Client(keys={provider: "k"}, base_urls={provider: sim.base_url}) as ai:
        job = await ai.batches.submit(f"{provider}:{MODELS[provider]}", QUESTIONS)
        await job.cancel()
        assert (await job.wait(poll=0.001)).state in {"cancelled", "ended"}


async def test_a_provider_without_batches_says_so() -> None:
    """Nothing is sent where there is no batch API; the error names those that have one."""
    async with Client() as ai:
        with pytest.raises(InvalidRequestError, match="ollama has no batch API"):
            await ai.batches.submit("ollama:llama3.2", QUESTIONS)
