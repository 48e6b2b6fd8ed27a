"""Responses over loopback: text, tools, structure, streams, the background, conversations, stored chats."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pydantic
import pytest

from ipfs_accel_async import APIError, BadRequestError, Client, Message, NotFoundError, StreamIncompleteError, Tool
from ipfs_accel_async.native.openai import output_text, tool_calls
from ipfs_accel_async.simulator import simulate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ipfs_accel_async.native.openai import OpenAIHandle
    from ipfs_accel_async.simulator import Simulator

pytestmark = pytest.mark.sockets

WEATHER = Tool("weather", "Weather of a city.", {"type": "object", "properties": {"city": {"type": "string"}}})


class City(pydantic.BaseModel):
    """What to answer with."""

    name: str
    people: int


@pytest.fixture
async def sim() -> AsyncIterator[Simulator]:
    """A twin."""
    async with simulate("openai") as running:
        yield running


@pytest.fixture
async def ai(sim: Simulator) -> AsyncIterator[Client]:
    """A client of it."""
    async with Client(keys={"openai": "k"}, base_urls={"openai": sim.base_url}, max_retries=0) as client:
        yield client


@pytest.fixture
def openai(ai: Client) -> OpenAIHandle:
    """Its handle."""
    return ai.openai


async def test_a_response_is_text_usage_and_model(openai: OpenAIHandle) -> None:
    """What the model said, and its tokens, in typed places; the JSON beside them."""
    answer = await openai.responses.create("gpt-4.1", "Hi", instructions="Be brief.")
    assert answer.output_text.startswith("Synthetic")
    assert (answer.model, answer["status"]) == ("gpt-4.1", "completed")
    assert answer.usage.total_tokens == answer.usage.input_tokens + answer.usage.output_tokens > 0
    assert (await openai.responses.get(answer["id"])).output_text == answer.output_text
    assert (await openai.responses.input_tokens.count("m", "Hi"))["input_tokens"] > 0


async def test_tools_are_called_and_answered(openai: OpenAIHandle) -> None:
    """A tool call comes typed; its output goes back with the response's id."""
    asked = await openai.responses.create("m", [Message("user", "Weather?")], tools=[WEATHER])
    (call,) = asked.tool_calls
    assert call.name == "weather"
    json.loads(call.arguments)
    told = [Message("tool", "sun", tool_call_id=call.id)]
    answer = await openai.responses.create("m", told, tools=[WEATHER], previous_response_id=asked["id"])
    assert answer.output_text
    kinds = [item["type"] async for item in openai.responses.input_items.iterate(answer["id"], limit=1, order="asc")]
    assert kinds == ["message", "function_call", "function_call_output"]


async def test_structured_output_fits(openai: OpenAIHandle) -> None:
    """A pydantic model is the format; the text fits it."""
    answer = await openai.responses.create("m", "A city", response_format=City, text={"verbosity": "low"})
    assert City.model_validate_json(answer.output_text)


async def test_a_stream_ends_with_the_whole_response(openai: OpenAIHandle) -> None:
    """The deltas are the text of the last event's response, which a GET gives too."""
    async with openai.responses.stream("m", "Hi") as stream:
        events = [event async for event in stream]
    assert events[-1].name == "response.completed"
    last = events[-1].data["response"]
    deltas = [event.data["delta"] for event in events if event.name == "response.output_text.delta"]
    assert "".join(deltas) == output_text(last) == (await openai.responses.get(last["id"])).output_text
    async with openai.responses.follow(last["id"], starting_after=3) as again:
        assert (await again.collect())[0].data["sequence_number"] == 4


async def test_a_response_cut_short_is_delivered(openai: OpenAIHandle) -> None:
    """``response.incomplete`` ends the stream and says why."""
    async with openai.responses.stream("m", "Hi", max_output_tokens=1) as stream:
        events = await stream.collect()
    assert events[-1].name == "response.incomplete"
    assert events[-1].data["response"]["incomplete_details"] == {"reason": "max_output_tokens"}


async def test_a_streamed_tool_call(openai: OpenAIHandle) -> None:
    """Arguments come in pieces; the last event has the call whole."""
    async with openai.responses.stream("m", "Weather?", tools=[WEATHER]) as stream:
        events = await stream.collect()
    pieces = [event.data["delta"] for event in events if event.name == "response.function_call_arguments.delta"]
    (call,) = tool_calls(events[-1].data["response"])
    assert "".join(pieces) == call.arguments


@pytest.mark.parametrize("fault", ["cut", "truncate"])
async def test_a_stream_that_is_cut_raises(sim: Simulator, openai: OpenAIHandle, fault: str) -> None:
    """Without its last event a stream is no answer."""
    sim.faults = fault
    with pytest.raises(StreamIncompleteError):
        async with openai.responses.stream("m", "Hi") as stream:
            await stream.collect()


async def test_an_error_in_a_stream_raises(sim: Simulator, openai: OpenAIHandle) -> None:
    """As everywhere: typed, with the service's words."""
    sim.faults = "error-in-200"
    with pytest.raises(APIError):
        async with openai.responses.stream("m", "Hi") as stream:
            await stream.collect()


async def test_the_background(openai: OpenAIHandle) -> None:
    """Begun unfinished, waited for; another is cancelled."""
    begun = await openai.responses.create("m", "Hi", background=True)
    assert (begun["status"], begun.output_text) == ("queued", "")
    done = await openai.responses.wait(begun["id"], poll=0.001)
    assert done.output_text
    other = await openai.responses.create("m", "Hi", background=True)
    assert (await openai.responses.cancel(other["id"]))["status"] == "cancelled"
    assert (await openai.responses.wait(other["id"], poll=0.001))["status"] == "cancelled"


async def test_deleted_and_unknown_responses(openai: OpenAIHandle) -> None:
    """A deleted one is not found; an unknown one before is a bad request."""
    answer = await openai.responses.create("m", "Hi")
    await openai.responses.delete(answer["id"])
    with pytest.raises(NotFoundError):
        await openai.responses.get(answer["id"])
    with pytest.raises(BadRequestError, match="Previous response") as caught:
        await openai.responses.create("m", "Hi", previous_response_id=answer["id"])
    assert caught.value.code == "previous_response_not_found"


async def test_compacted_output_goes_on(openai: OpenAIHandle) -> None:
    """The items of a compaction are the next input."""
    compact = await openai.responses.compact("m", [Message("user", "One"), Message("user", "Two")])
    answer = await openai.responses.create("m", compact["output"])
    assert answer.output_text


async def test_conversations_keep_items(openai: OpenAIHandle) -> None:
    """A text is the user's message; items are added, listed, read and taken out."""
    talk = await openai.conversations.create("Hello", metadata={"a": "b"})
    added = await openai.conversations.items.create(talk["id"], [Message("assistant", "Hi!")])
    roles = [item["role"] async for item in openai.conversations.items.iterate(talk["id"], limit=1, order="asc")]
    assert roles == ["user", "assistant"]
    item = added["data"][0]["id"]
    assert (await openai.conversations.items.get(talk["id"], item))["role"] == "assistant"
    assert (await openai.conversations.items.delete(talk["id"], item))["id"] == talk["id"]
    assert (await openai.conversations.update(talk["id"], metadata={}))["metadata"] == {}
    assert (await openai.conversations.delete(talk["id"]))["deleted"] is True


async def test_stored_chats(ai: Client) -> None:
    """A chat with ``store`` is found by its metadata; its messages are listed; it is deleted."""
    store: Any = {"store": True, "metadata": {"team": "a"}}
    reply = await ai.chat("openai:gpt-4.1", "Hi", **store)
    await ai.chat("openai:gpt-4.1", "Not kept")
    chats = ai.openai.chat.completions
    assert [chat["id"] async for chat in chats.iterate(metadata={"team": "a"})] == [reply.id]
    assert [message["content"] async for message in chats.messages.iterate(reply.id)] == ["Hi"]
    assert (await chats.get(reply.id))["choices"][0]["message"]["content"] == reply.text
    assert (await chats.delete(reply.id))["deleted"] is True
