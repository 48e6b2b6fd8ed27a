"""Google's own SDK talks to the Gemini twin."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from google.genai import errors, types

from ipfs_accel_async.simulator import simulate
from ipfs_accel_async.simulator.answers import REFUSAL_TRIGGER
from tests.simulator.calls import raw_client
from tests.simulator.gemini_sdk import PARALLEL, SCHEMA, sdk

pytestmark = pytest.mark.sockets
THINK: Any = {"thinking_config": {"include_thoughts": True, "thinking_budget": -1}}
TOOLS: Any = {
    "tools": [
        {"function_declarations": [{"name": "weather", "parameters_json_schema": SCHEMA}]},
        {"function_declarations": [{"name": "clock"}]},
    ]
}


def said(*chunks: Any, thought: bool = False) -> str:
    """The text of chunks, or their thoughts."""
    parts = [part for chunk in chunks for part in chunk.candidates[0].content.parts]
    return "".join(part.text for part in parts if part.text and bool(part.thought) == thought)


async def test_content_whole_and_streamed() -> None:
    """The chunks join to the whole, and the last one has reason, counts and the signature of what was thought."""
    async with sdk() as (models, _):
        whole = await models.generate_content(model="m", contents="Name three primes.", config=THINK)
        stream = await models.generate_content_stream(model="m", contents="Name three primes.", config=THINK)
        chunks = [chunk async for chunk in stream]
        assert whole.text.startswith("Synthetic")
        assert said(*chunks) == whole.text
        assert said(*chunks, thought=True) == said(whole, thought=True) != ""
        assert [chunk.candidates[0].finish_reason for chunk in chunks] == [None] * (len(chunks) - 1) + ["STOP"]
        assert chunks[-1].usage_metadata == whole.usage_metadata
        counts = whole.usage_metadata
        total = counts.prompt_token_count + counts.candidates_token_count + counts.thoughts_token_count
        assert counts.total_token_count == total
        signature = whole.candidates[0].content.parts[-1].thought_signature
        assert signature == chunks[-1].candidates[0].content.parts[-1].thought_signature
        assert signature
        hidden = await models.generate_content(
            model="m", contents="hi", config={"thinking_config": {"thinking_level": "HIGH"}}
        )
        assert (said(hidden, thought=True), hidden.usage_metadata.thoughts_token_count > 0) == ("", True)


async def test_tools_both_ways() -> None:
    """Calls have ids and an object of arguments, the first is signed, and the results get text."""
    async with sdk() as (models, _):
        reply = await models.generate_content(model="m", contents=PARALLEL, config={**TOOLS, **THINK})
        assert [(call.name, set(call.args), bool(call.id)) for call in reply.function_calls] == [
            ("weather", {"city"}, True),
            ("clock", set(), True),
        ]
        parts = [part for part in reply.candidates[0].content.parts if part.function_call]
        assert [bool(part.thought_signature) for part in parts] == [True, False]
        results = [types.Part.from_function_response(name=call.name, response={}) for call in reply.function_calls]
        talk: list[Any] = [types.UserContent(PARALLEL), reply.candidates[0].content, types.UserContent(results)]
        assert (await models.generate_content(model="m", contents=talk, config=TOOLS)).text.startswith("Synthetic")
        talk[-1] = types.UserContent(results[:1])
        with pytest.raises(errors.ClientError, match="must equal"):
            await models.generate_content(model="m", contents=talk, config=TOOLS)


@pytest.mark.parametrize(
    ("choice", "names"),
    [
        ({"mode": "NONE"}, []),
        ({"mode": "VALIDATED"}, ["weather"]),
        ({"mode": "ANY", "allowed_function_names": ["clock"]}, ["clock"]),
    ],
)
async def test_the_choice_of_tools_is_kept(choice: Any, names: list[str]) -> None:
    """None, any, or the named."""
    async with sdk() as (models, _):
        config = {**TOOLS, "tool_config": {"function_calling_config": choice}}
        reply = await models.generate_content(model="m", contents="hi", config=config)
        assert [call.name for call in reply.function_calls or ()] == names


async def test_formats_images_and_limits() -> None:
    """A schema in either form and JSON are kept to, an image costs tokens, a limit and a word end the text."""
    async with sdk() as (models, _):
        for form in ({"response_json_schema": SCHEMA}, {"response_schema": SCHEMA}):
            config = {"response_mime_type": "application/json", **form}
            reply = await models.generate_content(model="m", contents="hi", config=config)
            assert set(json.loads(reply.text)) == {"city"}
        reply = await models.generate_content(
            model="m", contents="hi", config={"response_mime_type": "application/json"}
        )
        assert json.loads(reply.text)["synthetic"] is True
        image = types.Part.from_bytes(data=b"abc", mime_type="image/png")
        reply = await models.generate_content(model="m", contents=["look", image])
        assert reply.usage_metadata.prompt_token_count == 86
        reply = await models.generate_content(model="m", contents="hi", config={"max_output_tokens": 3})
        assert (reply.candidates[0].finish_reason, reply.usage_metadata.candidates_token_count) == ("MAX_TOKENS", 3)
        reply = await models.generate_content(model="m", contents="hi", config={"stop_sequences": ["answer"]})
        assert (reply.candidates[0].finish_reason, reply.text) == ("STOP", "Synthetic ")


async def test_a_long_prompt_is_cached_once_it_was_seen() -> None:
    """The second time the count of cached tokens is there."""
    async with sdk() as (models, _):
        counts = [(await models.generate_content(model="m", contents="x" * 5000)).usage_metadata for _ in range(2)]
        assert [count.cached_content_token_count for count in counts] == [None, 1250]


async def test_a_refused_prompt_has_no_candidate() -> None:
    """Whole and streamed, at status 200."""
    async with sdk() as (models, _):
        whole = await models.generate_content(model="m", contents=REFUSAL_TRIGGER)
        (chunk,) = [one async for one in await models.generate_content_stream(model="m", contents=REFUSAL_TRIGGER)]
        for answer in (whole, chunk):
            assert (answer.candidates, answer.prompt_feedback.block_reason) == (None, "PROHIBITED_CONTENT")


async def test_embeddings_counts_and_models() -> None:
    """Unit vectors of a chosen length, tokens, and the list in pages."""
    async with sdk() as (models, sim):
        found = await models.embed_content(model="e", contents=["a", "b"], config={"output_dimensionality": 8})
        vectors = np.array([row.values for row in found.embeddings])
        assert vectors.shape == (2, 8)
        assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
        assert len((await models.embed_content(model="e", contents="a")).embeddings[0].values) == 3072
        assert (await models.count_tokens(model="m", contents="12345")).total_tokens == 2
        names = [model.name async for model in await models.list(config={"page_size": 1})]
        assert names == [model.name async for model in await models.list()]
        assert (await models.get(model="m")).name == "models/m"
        one = {"content": {"parts": [{"text": "a"}]}, "outputDimensionality": 2}
        async with (
            raw_client() as session,
            session.post(f"{sim.root_url}/v1beta/models/e:embedContent", json=one) as reply,
        ):
            assert len((await reply.json())["embedding"]["values"]) == 2


async def test_a_stream_without_sse_is_one_array() -> None:
    """Its objects come one after the other."""
    body = {"contents": [{"parts": [{"text": "hi"}]}]}
    async with (
        simulate("gemini") as sim,
        raw_client() as session,
        session.post(f"{sim.root_url}/v1/models/m:streamGenerateContent", json=body) as reply,
    ):
        assert reply.content_type == "application/json"
        chunks = await reply.json()
        assert chunks[-1]["candidates"][0]["finishReason"] == "STOP"
        assert len(chunks) > 5
