"""What every chat must do, whatever its wire: one test a feature, each over the twins of those it is for."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import orjson
import pytest
from pydantic import BaseModel

from ipfs_accel_async import Image, NotFoundError, Tool, assistant, system, user
from tests.providers.superset import TARGETS, pair

pytestmark = pytest.mark.sockets

COMPLETING = TARGETS | {"openai": "openai:gpt-3.5-turbo-instruct"}
ONE_TOOL = {"hf_tgi"}
"""Services that call one tool at a time."""
PNG = b"\x89PNG\r\n\x1a\n" + bytes(16)
SEEING = {**TARGETS, "groq": "groq:meta-llama/llama-4-scout-17b-16e-instruct"}
RULE = "Answer in one word."


class City(BaseModel):
    """A city, for structured output."""

    name: str
    inhabitants: int


def system_of(name: str, body: Any) -> Any:
    """What a body says to the model beside the conversation; None where it says nothing."""
    if name == "claude":
        return body.get("system")
    if name == "gemini":
        told = body.get("systemInstruction")
        return told and told["parts"][0]["text"]
    return next((turn["content"] for turn in body["messages"] if turn["role"] == "system"), None)


@pytest.mark.parametrize("name", TARGETS)
async def test_a_system_prompt_goes_where_the_service_wants_it(name: str) -> None:
    """Word for word, once, before the conversation; and none is made up where none was given."""
    turns = [user("Hello"), assistant("Hi."), user("Name a colour.")]
    async with pair(name) as made:
        await made.ai.chat(TARGETS[name], [system(RULE), *turns])
        assert system_of(name, made.body) == RULE
        assert orjson.dumps(made.body).count(RULE.encode()) == 1
        await made.ai.chat(TARGETS[name], turns)
        assert system_of(name, made.body) is None


@pytest.mark.parametrize("name", TARGETS)
async def test_the_whole_answer_has_text_reason_and_counts(name: str) -> None:
    """Usage in every result, as the service counted."""
    async with pair(name) as (ai, _):
        reply = await ai.chat(TARGETS[name], "Name three primes.")
        assert ai.report()["token_counts"]["total"] == reply.usage.total_tokens
    assert reply.text
    assert reply.finish_reason == "stop"
    assert reply.usage.input_tokens + reply.usage.output_tokens == reply.usage.total_tokens > 0
    assert min(reply.usage.input_tokens, reply.usage.output_tokens) > 0
    assert not reply.usage.estimated


@pytest.mark.parametrize("name", TARGETS)
async def test_a_stream_comes_in_pieces_with_counts_at_its_end(name: str) -> None:
    """The first is there before the server is done; together they are the reply, with its reason and its usage."""
    async with pair(name, pace=0.01) as (ai, sim), ai.stream(TARGETS[name], "Name three primes.") as stream:
        pieces = []
        async for delta in stream:
            if delta.text:
                assert pieces or sim.in_flight == 1
                pieces.append(delta.text)
    assert len(pieces) > 1
    assert stream.reply.text == "".join(pieces)
    assert stream.reply.finish_reason == "stop"
    assert stream.reply.usage.output_tokens > 0


@pytest.mark.parametrize("name", COMPLETING)
async def test_a_text_is_gone_on_with(name: str) -> None:
    """Whole and streamed, with the same text and counts."""
    async with pair(name) as (ai, _):
        reply = await ai.complete(COMPLETING[name], "Once upon a time", max_tokens=500)
        async with ai.stream_completion(COMPLETING[name], "Once upon a time", max_tokens=500) as stream:
            streamed = await stream.collect()
    assert reply.text
    assert streamed.text == reply.text
    assert streamed.finish_reason == reply.finish_reason == "stop"
    assert streamed.usage == reply.usage
    assert reply.usage.output_tokens > 0


@pytest.mark.parametrize("name", TARGETS)
async def test_tools_are_called_whole_and_streamed(name: str) -> None:
    """The call's name and arguments, its reason, and the counts beside the pieces of the call."""
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    weather = Tool("weather", "Weather of a city.", schema)
    async with pair(name) as (ai, _):
        reply = await ai.chat(TARGETS[name], "Weather in Oslo?", tools=[weather])
        async with ai.stream(TARGETS[name], "Weather in Oslo?", tools=[weather]) as stream:
            streamed = await stream.collect()
    for made in (reply, streamed):
        (call,) = made.tool_calls
        assert call.name == "weather"
        assert isinstance(orjson.loads(call.arguments)["city"], str)
        assert made.finish_reason == "tool_calls"
        assert made.usage.output_tokens > 0


@pytest.mark.parametrize("name", TARGETS)
async def test_functions_are_called_until_the_model_is_done(name: str) -> None:
    """Registered functions, in parallel where the service asks so; their results come back to it."""
    called: list[str] = []

    def weather(city: str) -> str:
        """Tell the weather of a city."""
        called.append("weather")
        return f"12 degrees in {city}"

    async def clock(zone: str) -> str:
        """Tell the time of a zone."""
        called.append("clock")
        return f"noon in {zone}"

    async with pair(name) as (ai, sim):
        done = await ai.run_tools(TARGETS[name], "Weather and time? Ask in parallel.", [weather, clock])
    assert sorted(called) == (["weather"] if name in ONE_TOOL else ["clock", "weather"])
    assert (done.rounds, len(sim.requests)) == (2, 2)
    assert done.text
    assert done.input_tokens > 0


@pytest.mark.parametrize("name", TARGETS)
async def test_answers_are_typed(name: str) -> None:
    """A pydantic class is the schema that the service gets, and the value that comes out."""
    async with pair(name) as made:
        reply = await made.ai.chat(TARGETS[name], "Name a city.", response_format=City)
        assert b"inhabitants" in orjson.dumps(made.body)
    assert isinstance(reply.parse(City).inhabitants, int)


@pytest.mark.parametrize("name", SEEING)
async def test_images_go_along(name: str) -> None:
    """As bytes, untouched; by address where the service fetches them."""
    data = b64encode(PNG)
    async with pair(name) as made:
        assert (await made.ai.chat(SEEING[name], user("What is it?", Image(data=PNG)))).text
        assert orjson.dumps(made.body).count(data) == 1
        if name != "ollama":
            url = "https://example.com/cat.png"
            assert (await made.ai.chat(SEEING[name], user("What is it?", Image(url)))).text
            assert url.encode() in orjson.dumps(made.body)


@pytest.mark.parametrize("name", [name for name in TARGETS if name not in {"hf_tgi", "opea"}])
async def test_a_model_that_is_not_there_is_the_services_word(name: str) -> None:
    """No table here refuses a name: the service does, and the error is typed and not retried."""
    async with pair(name, "404") as (ai, sim):
        with pytest.raises(NotFoundError):
            await ai.chat(f"{name}:no-such-model", "Hello")
    assert len(sim.requests) == 1
