"""Our client talks to the Gemini twin."""

from __future__ import annotations

import pytest

from ipfs_accel_async import Client, ContentFilteredError, QuotaExhaustedError, Tool, tool, user
from ipfs_accel_async.simulator import simulate
from ipfs_accel_async.simulator.answers import REFUSAL_TRIGGER
from tests.simulator.gemini_sdk import PARALLEL, SCHEMA

pytestmark = pytest.mark.sockets


async def test_our_client_meets_the_same_service() -> None:
    """Chat, stream, tools with their signatures, embeddings, models, refusals and spent quotas, end to end."""
    async with simulate("gemini", keys="k") as sim, Client(keys={"gemini": "k"}, base_urls=sim.base_urls) as ai:
        more = {"thinkingConfig": {"includeThoughts": True, "thinkingBudget": 48}}
        whole = await ai.chat("gemini:m", "Name three primes.", **more)
        async with ai.stream("gemini:m", "Name three primes.", **more) as stream:
            streamed = await stream.collect()
        assert (whole.text, whole.reasoning, whole.signature, whole.usage) == (
            streamed.text,
            streamed.reasoning,
            streamed.signature,
            streamed.usage,
        )
        tools = [Tool("weather", parameters=SCHEMA), Tool("clock")]
        async with ai.stream("gemini:m", PARALLEL, tools=tools, **more) as stream:
            reply = await stream.collect()
        assert [call.name for call in reply.tool_calls] == ["weather", "clock"]
        talk = [user(PARALLEL), reply.message, *(tool(call, "fine") for call in reversed(reply.tool_calls))]
        assert (await ai.chat("gemini:m", talk, tools=tools)).finish_reason == "stop"
        model_turn = sim.requests[-1].body["contents"][1]["parts"]
        assert [bool(part.get("thoughtSignature")) for part in model_turn if "functionCall" in part] == [True, False]
        assert (await ai.embed("gemini:e", ["a", "b"])).vectors.shape == (2, 3072)
        assert "gemini-2.5-flash" in [model.id for model in (await ai.models("gemini")).models]
        with pytest.raises(ContentFilteredError):
            await ai.chat("gemini:m", REFUSAL_TRIGGER)
        with pytest.raises(ContentFilteredError):
            async with ai.stream("gemini:m", REFUSAL_TRIGGER) as stream:
                await stream.collect()
        sim.faults = ["429-quota"]
        with pytest.raises(QuotaExhaustedError):
            await ai.chat("gemini:m", "hi")
        assert all("k" not in seen.query.values() for seen in sim.requests)
