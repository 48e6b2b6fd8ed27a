"""Anthropic's own SDK talks to the Claude twin."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import anthropic
import pytest

from ipfs_accel_async.simulator import simulate
from ipfs_accel_async.simulator.answers import MISSING_MODEL, REFUSAL_TRIGGER

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ipfs_accel_async.simulator import Simulator

pytestmark = pytest.mark.sockets
HELLO: Any = [{"role": "user", "content": "Name three primes."}]
SCHEMA: Any = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOLS: Any = [{"name": "weather", "input_schema": SCHEMA}]
THINK: Any = {"type": "enabled", "budget_tokens": 1024}
USE: Any = {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {}}


@asynccontextmanager
async def sdk(**options: Any) -> AsyncIterator[tuple[anthropic.AsyncAnthropic, Simulator]]:
    """Yield the SDK pointed at the twin."""
    async with (
        simulate("claude", **options) as sim,
        anthropic.AsyncAnthropic(base_url=sim.root_url, api_key="sk-ant-test", max_retries=0) as client,
    ):
        yield client, sim


def request(**more: Any) -> dict[str, Any]:
    """Return the arguments of a call."""
    return {"model": "m", "max_tokens": 2048, "messages": HELLO, **more}


async def both(client: anthropic.AsyncAnthropic, **more: Any) -> Any:
    """Make a call whole and streamed, check that they say the same, and return the whole one."""
    whole = await client.messages.create(**request(**more))
    async with client.messages.stream(**request(**more)) as stream:
        streamed = await stream.get_final_message()
    strip = {"id", "content"}
    assert streamed.model_dump(exclude=strip) == whole.model_dump(exclude=strip)
    contents = [
        [{k: v for k, v in block.model_dump().items() if k not in ("id", "parsed_output")} for block in reply.content]
        for reply in (whole, streamed)
    ]
    assert contents[0] == contents[1]
    return whole


async def test_plain_whole_and_streamed() -> None:
    """Text, stop reason and usage are the same both ways, and the request has an id."""
    async with sdk() as (client, sim):
        reply = await both(client)
        assert reply.content[0].text.startswith("Synthetic")
        assert (reply.stop_reason, reply.usage.input_tokens) == ("end_turn", 5)
        assert reply._request_id.startswith("req_")
        assert sim.requests[0].headers["anthropic-version"] == "2026-10-21"


async def test_the_exact_event_sequence() -> None:
    """message_start, the blocks with a ping after the first start, message_delta, message_stop."""
    async with sdk() as (client, _):
        stream = await client.messages.create(**request(stream=True, thinking=THINK))
        events = [event async for event in stream]
        shape = [events[0].type]
        for event in events[1:]:
            if event.type != shape[-1] or event.type != "content_block_delta":
                shape.append(event.type)
        block = ["content_block_start", "content_block_delta", "content_block_stop"]
        assert [kind for kind in shape if kind != "ping"] == [
            "message_start", *block, *block, "message_delta", "message_stop",
        ]  # fmt: skip
        deltas = [event.delta.type for event in events if event.type == "content_block_delta"]
        assert deltas[deltas.index("signature_delta") - 1 :][:3] == ["thinking_delta", "signature_delta", "text_delta"]
        assert events[0].message.usage.output_tokens == 1


async def test_thinking() -> None:
    """A thinking block with its signature comes first and is counted."""
    async with sdk() as (client, _):
        reply = await both(client, thinking=THINK)
        assert [block.type for block in reply.content] == ["thinking", "text"]
        assert reply.content[0].signature
        assert 0 < reply.usage.output_tokens_details.thinking_tokens < reply.usage.output_tokens
        adaptive = await both(client, thinking={"type": "adaptive"}, output_config={"effort": "high"})
        assert adaptive.usage.output_tokens_details.thinking_tokens > reply.usage.output_tokens_details.thinking_tokens


async def test_tools_both_ways() -> None:
    """A tool is used, two in parallel when asked, and a result is answered by text."""
    async with sdk() as (client, _):
        reply = await both(client, tools=TOOLS)
        use = reply.content[0]
        assert (reply.stop_reason, use.name, set(use.input)) == ("tool_use", "weather", {"city"})
        asked: Any = [{"role": "user", "content": "Two cities in parallel"}]
        assert len((await both(client, messages=asked, tools=TOOLS)).content) == 2
        single: Any = {"type": "auto", "disable_parallel_tool_use": True}
        assert len((await both(client, messages=asked, tools=TOOLS, tool_choice=single)).content) == 1
        turn: Any = {"role": "assistant", "content": reply.content}
        result = {"type": "tool_result", "tool_use_id": use.id, "content": [{"type": "text", "text": "sunny"}]}
        messages: Any = [*HELLO, turn, {"role": "user", "content": [result]}]
        assert (await both(client, messages=messages, tools=TOOLS)).stop_reason == "end_turn"
        assert (await both(client, tools=TOOLS, tool_choice={"type": "none"})).stop_reason == "end_turn"


async def test_structured_output_and_images() -> None:
    """A schema is kept to; an image costs tokens, in both forms of source."""
    data = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}
    url = {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}
    async with sdk() as (client, _):
        reply = await both(client, output_config={"format": {"type": "json_schema", "schema": SCHEMA}})
        assert set(json.loads(reply.content[0].text)) == {"city"}
        assert (await both(client, messages=[{"role": "user", "content": [data, url]}])).usage.input_tokens == 170


async def test_every_other_stop_reason() -> None:
    """max_tokens, stop_sequence with its text, and refusal with its details."""
    async with sdk() as (client, _):
        assert (await both(client, max_tokens=3)).stop_reason == "max_tokens"
        stopped = await both(client, stop_sequences=["answer"])
        assert (stopped.stop_reason, stopped.stop_sequence) == ("stop_sequence", "answer")
        refused = await both(client, messages=[{"role": "user", "content": REFUSAL_TRIGGER}])
        assert (refused.stop_reason, refused.stop_details.type, refused.content) == ("refusal", "refusal", [])
        assert (await both(client, max_tokens=0)).usage.output_tokens == 0


async def test_a_marked_prefix_is_created_then_read() -> None:
    """The three input counts together are the prompt, whatever the cache holds."""
    system: Any = [{"type": "text", "text": "rule " * 1000, "cache_control": {"type": "ephemeral"}}]
    async with sdk() as (client, _):
        first = (await client.messages.create(**request(system=system))).usage
        second = (await client.messages.create(**request(system=system))).usage
        assert (first.cache_creation_input_tokens, first.cache_read_input_tokens) == (1250, 0)
        assert (second.cache_creation_input_tokens, second.cache_read_input_tokens) == (0, 1250)
        assert first.input_tokens == second.input_tokens
        counted = await client.messages.count_tokens(model="m", messages=HELLO, system=system)
        assert counted.input_tokens == first.input_tokens + 1250


async def test_models() -> None:
    """Models come in pages and by id."""
    async with sdk() as (client, _):
        found = [model.id async for model in client.models.list(limit=2)]
        assert len(found) == 3
        assert (await client.models.retrieve(found[0])).lifecycle == "active"
        with pytest.raises(anthropic.NotFoundError):
            await client.models.retrieve(MISSING_MODEL)
        with pytest.raises(anthropic.BadRequestError):
            await client.models.list(limit=5000)


# Tables and not parameters: making a client costs more than all of its calls.
BAD_REQUESTS: list[dict[str, Any]] = [
    {"extra_body": {"max_tokens": None}},
    {"max_tokens": -1},
    {"messages": []},
    {"messages": [{"role": "system", "content": "hi"}]},
    {"messages": [{"role": "assistant", "content": "hi"}]},
    {"messages": [{"role": "user", "content": ""}]},
    {"messages": [{"role": "user", "content": [{"type": "text", "text": ""}]}]},
    {"messages": [{"role": "user", "content": [{"type": "song"}]}]},
    {"messages": [{"role": "user", "content": [{"type": "image"}]}]},
    {"messages": [*HELLO, {"role": "assistant", "content": [USE]}, *HELLO]},
    {"messages": [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "x"}]}]},
    {"system": [{"type": "image"}]},
    {"tools": [{"name": "a"}]},
    {"tools": [{"input_schema": {}}]},
    {"tools": TOOLS, "tool_choice": {"type": "tool", "name": "other"}},
    {"thinking": {"type": "enabled", "budget_tokens": 10}},
    {"thinking": {"type": "enabled", "budget_tokens": 4096}},
    {"thinking": {"type": "hard"}},
    {"output_config": {"format": {"type": "xml"}}},
    {"model": ""},
    {"messages": [{"role": "user", "content": "x" * 900_000}]},
    {"extra_body": {"temperature": 1}},
    {"extra_headers": {"anthropic-version": "1999-01-01"}},
]


async def test_bad_requests() -> None:
    """Each is an invalid_request_error with the request's id."""
    async with sdk() as (client, _):
        for more in BAD_REQUESTS:
            with pytest.raises(anthropic.BadRequestError) as caught:
                await client.messages.create(**request(**more))
            assert caught.value.body["error"]["type"] == "invalid_request_error"
            assert caught.value.body["request_id"] == caught.value.request_id


async def test_the_old_version_takes_a_temperature() -> None:
    """What the new version refuses is fine in the old one."""
    async with sdk() as (client, _):
        old = {"extra_headers": {"anthropic-version": "2023-06-01"}, "extra_body": {"temperature": 0.2}}
        assert (await client.messages.create(**request(**old))).stop_reason == "end_turn"


FAULTS = {
    "401": anthropic.AuthenticationError,
    "403": anthropic.PermissionDeniedError,
    "404": anthropic.NotFoundError,
    "429": anthropic.RateLimitError,
    "529": anthropic.InternalServerError,
    "502": anthropic.InternalServerError,
    "reset": anthropic.APIConnectionError,
}


async def test_faults_raise_the_sdks_own_errors() -> None:
    """The SDK classifies what it meets."""
    async with sdk(faults=list(FAULTS)) as (client, _):
        for error in FAULTS.values():
            with pytest.raises(error):
                await client.messages.create(**request())


async def test_an_error_event_in_a_stream() -> None:
    """It is an overloaded_error under status 200."""
    async with sdk(faults=["error-in-200@600"]) as (client, _):
        with pytest.raises(anthropic.APIStatusError) as caught:
            async with client.messages.stream(**request()) as stream:
                await stream.get_final_message()
        assert (caught.value.status_code, caught.value.body["error"]["type"]) == (200, "overloaded_error")


async def test_limits_are_told_with_rfc_3339_resets() -> None:
    """Four families of three headers on a good answer."""
    async with sdk(clock=lambda: 1_800_000_000.0) as (client, _):
        raw = await client.messages.with_raw_response.create(**request())
        names = [name for name in raw.headers if name.startswith("anthropic-ratelimit-")]
        assert len(names) == 12
        assert raw.headers["anthropic-ratelimit-input-tokens-reset"] == "2027-01-15T08:00:00Z"
