"""Token counts in native answers and events: read from what services write, counted once, never a reason to fail."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async import Client, MockTransport, Usage
from ipfs_accel_async.answers import NO_USAGE
from ipfs_accel_async.counts import counted

JSON = {"content-type": "application/json"}
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["usage", "usageMetadata", "response", "message", "details", "input_tokens", "total_tokens", "prefill"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
RESPONSE = {
    "id": "resp_1",
    "output": [],
    "usage": {"input_tokens": 7, "output_tokens": 5, "total_tokens": 12, "input_tokens_details": {"cached_tokens": 3}},
}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (RESPONSE, Usage(7, 5, 12, 3)),
        ({"usage": {"prompt_tokens": 4, "total_tokens": 4}}, Usage(4, 0, 4)),
        (
            {"usage": {"completion_tokens": 9, "completion_tokens_details": {"reasoning_tokens": 6}}},
            Usage(0, 9, 9, reasoning_tokens=6),
        ),
        (
            {
                "message": {
                    "usage": {"input_tokens": 2, "cache_read_input_tokens": 10, "cache_creation_input_tokens": 5}
                }
            },
            Usage(17, 0, 17, 10, 5),
        ),
        ({"type": "response.completed", "response": RESPONSE}, Usage(7, 5, 12, 3)),
        (
            {"usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 2, "thoughtsTokenCount": 4}},
            Usage(3, 6, 9, reasoning_tokens=4),
        ),
        ({"details": {"generated_tokens": 5, "input_length": 3}}, Usage(3, 5, 8)),
        ({"details": {"generated_tokens": 2, "prefill": [{}, {}]}}, Usage(2, 2, 4)),
    ],
)
def test_counts_are_found_under_any_of_their_names(data: Any, expected: Usage) -> None:
    """OpenAI's two spellings, Anthropic's cached input beside the rest, Gemini's thoughts, TGI's details."""
    assert counted(data) == expected


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {"usage": None},
        {"usage": "much"},
        {"usage": {"input_tokens": "7", "output_tokens": True}},
        {"usageMetadata": {"totalTokenCount": 900}},
        {"details": {"finish_reason": "length"}},
    ],
)
def test_what_cannot_be_read_counts_nothing(data: Any) -> None:
    """Other types, negative numbers, and the size of a stored thing, which no call has used."""
    assert counted(data) is NO_USAGE


@given(ANY_JSON)
def test_no_json_is_an_error(data: Any) -> None:
    """Whatever an answer holds, its counts are whole numbers from 0."""
    usage = counted(data)
    assert min(usage.input_tokens, usage.output_tokens, usage.total_tokens, usage.cached_tokens) >= 0


async def test_native_calls_are_in_the_report_once() -> None:
    """A response's tokens are counted when it is made, not again each time that it is looked up."""
    mock = MockTransport(lambda _: MockTransport.reply(RESPONSE, headers=JSON))
    async with Client(transport=mock, keys={"openai": "k"}) as ai:
        assert (await ai.openai.responses.create("m", "Hello")).usage == Usage(7, 5, 12, 3)
        for _ in range(3):
            assert (await ai.openai.responses.get("resp_1")).usage.total_tokens == 12
        assert ai.report()["token_counts"] == {"input": 7, "output": 5, "total": 12, "cached": 3, "reasoning": 0}
        posted = await ai.request("openai", "POST", "/responses", json={"model": "m", "input": "Hi"})
        assert posted.usage.total_tokens == 12
        assert ai.report()["token_counts"]["total"] == 24


async def test_event_streams_are_in_the_report_too() -> None:
    """Claude tells the input at the start and the output at the end: the stream has both, and the report."""
    events = [
        {"type": "message_start", "message": {"usage": {"input_tokens": 11, "output_tokens": 1}}},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 9}},
        {"type": "message_stop"},
    ]
    body = b"".join(
        b"event: %b\ndata: %b\n\n" % (event["type"].encode(), json.dumps(event).encode()) for event in events
    )  # type: ignore[attr-defined]
    mock = MockTransport(lambda _: MockTransport.reply(body=body, headers={"content-type": "text/event-stream"}))
    async with Client(transport=mock, keys={"claude": "k"}) as ai:
        turns = [{"role": "user", "content": "Hello"}]
        async with ai.claude.messages.stream("m", turns) as stream:
            assert (await anext(stream)).name == "message_start"
            assert stream.usage.input_tokens == 11
            await stream.collect()
        assert stream.usage == Usage(11, 9, 20)
        assert ai.report()["token_counts"]["total"] == 20


async def test_a_generation_of_tgi_counts_its_prompt() -> None:
    """Its details tell the output; the prompt's tokens come in a header."""
    body = {"generated_text": "Hi", "details": {"finish_reason": "length", "generated_tokens": 2, "prefill": []}}
    told = {**JSON, "x-prompt-tokens": "6"}
    mock = MockTransport(lambda _: MockTransport.reply(body, headers=told))
    async with Client(transport=mock, base_urls={"hf_tgi": "http://127.0.0.1:8080"}) as ai:
        assert (await ai.hf_tgi.generate("Hello")).usage == Usage(6, 2, 8)
        assert (await ai.complete("hf_tgi:m", "Hello")).usage == Usage(6, 2, 8)
        assert ai.report()["token_counts"]["total"] == 16
