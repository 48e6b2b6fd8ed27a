"""What clients of this kind are known to get wrong, each held as a test: what each wire has of its own comes through.

All of it is number 11 of the list in ``docs/design/0002-operations.md``: the client against the twins, over HTTP.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from ipfs_accel_async import Client, ContentFilteredError, Image, InvalidRequestError, NotFoundError, Tool, user
from ipfs_accel_async.simulator import PROVIDERS, simulate
from ipfs_accel_async.simulator.answers import REFUSAL_TRIGGER
from tests.providers.codecs import CODECS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ipfs_accel_async.simulator import Simulator

pytestmark = pytest.mark.sockets

MODELS = {"claude": "claude-sonnet-4-5", "gemini": "gemini-2.5-flash", "ollama": "llama3.2:1b", "ovms": "qwen"}
TOOLED = sorted(name for name in PROVIDERS if "tools" in CODECS[name].capabilities)
ADD = """
define i64 @add(i64 %a, i64 %b) {
  %c = add i64 %a, %b
  ret i64 %c
}
"""


@pytest.fixture
async def sim() -> AsyncIterator[Simulator]:
    """All twins."""
    async with simulate() as running:
        yield running


@pytest.fixture
async def ai(sim: Simulator) -> AsyncIterator[Client]:
    """A client of all of them."""
    keys = {name: f"key-of-{name}" for name in sim.base_urls if name != "s3_kit"}
    async with Client(base_urls=sim.base_urls, keys={**keys, "s3_kit": "access:secret"}) as client:
        yield client


def weather(city: str = "Oslo") -> str:
    """Tell the weather of a city."""
    return f"4 degrees in {city}"


@pytest.mark.parametrize("name", TOOLED)
async def test_11_a_function_is_called_and_its_result_goes_back(name: str, ai: Client) -> None:
    """On every wire with tools: the call, its id, the result under that id, and the answer after it."""
    model = f"{name}:{MODELS.get(name, 'm')}"
    done = await ai.run_tools(model, "What is the weather?", [weather], max_tokens=200)
    assert done.rounds == 2
    assert done.text
    roles = [message.role for message in done.messages]
    assert roles == ["user", "assistant", "tool", "assistant"]
    assert done.messages[1].tool_calls[0].name == "weather"
    assert done.messages[2].tool_call_id == done.messages[1].tool_calls[0].id


async def test_11_claudes_thinking_and_tool_use_go_back_as_they_came(ai: Client, sim: Simulator) -> None:
    """Signed thoughts and the tool call are in the next request, in their order, unchanged."""
    thinking = {"thinking": {"type": "enabled", "budget_tokens": 1024}}
    tools = [Tool("weather", "Tell the weather.", {"type": "object", "properties": {"city": {"type": "string"}}})]
    reply = await ai.chat("claude:claude-sonnet-4-5", "Weather?", tools=tools, max_tokens=2_000, **thinking)
    assert reply.reasoning
    assert reply.signature
    assert reply.tool_calls
    answer = {"role": "tool", "tool_call_id": reply.tool_calls[0].id, "content": "4 degrees"}
    await ai.chat(
        "claude:claude-sonnet-4-5", [user("Weather?"), reply.message, answer], tools=tools, max_tokens=2_000, **thinking
    )
    sent = sim.requests[-1].body["messages"][1]["content"]
    assert sent == [block for block in reply.raw["content"] if block["type"] in {"thinking", "text", "tool_use"}]


async def test_11_a_refused_answer_is_visible_as_such(ai: Client) -> None:
    """Gemini's safety block and the refusals of others are a reason of their own, with no invented text."""
    asked = f"Please {REFUSAL_TRIGGER} this."
    for name in ("openai", "claude"):
        reply = await ai.chat(f"{name}:{MODELS.get(name, 'm')}", asked, max_tokens=50)
        told = reply.finish_reason in {"content_filter", "refusal"}
        assert told or reply.raw["choices"][0]["message"]["refusal"], name
    with pytest.raises(ContentFilteredError, match="refused the prompt"):  # there is no answer to give
        await ai.chat("gemini:gemini-2.5-flash", asked, max_tokens=50)


async def test_11_ollamas_tools_images_and_format_are_where_they_belong(ai: Client, sim: Simulator) -> None:
    """At the top of the body, not among the options; images with their message."""
    picture = user("What is it?", Image(data=b"\x89PNG"))
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
    await ai.chat("ollama:llama3.2:1b", [picture], tools=[Tool("clock")], max_tokens=9, keep_alive="5m")
    body = sim.requests[-1].body
    assert body["messages"][0]["images"]
    assert body["tools"][0]["function"]["name"] == "clock"
    assert body["keep_alive"] == "5m"
    assert body["options"] == {"num_predict": 9}
    reply = await ai.chat("ollama:llama3.2:1b", "An object.", response_format=schema)
    assert sim.requests[-1].body["format"] == schema
    assert isinstance(json.loads(reply.text), dict)


async def test_11_teis_vectors_of_one_text_are_one_row(ai: Client) -> None:
    """Nested or not, one text is an array of one row, of unit length unless asked otherwise."""
    one = await ai.embed("hf_tei:m", "alpha")
    many = await ai.embed("hf_tei:m", ["alpha", "beta"])
    assert one.vectors.ndim == 2
    np.testing.assert_allclose(one.vectors[0], many.vectors[0], rtol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(many.vectors, axis=1), 1.0, rtol=1e-4)


async def test_11_ovms_takes_named_tensors_and_versions_in_the_path(ai: Client, sim: Simulator) -> None:
    """A tensor goes by its name, a version is in the path, and what does not fit is never sent."""
    metadata = (await ai.ovms.metadata("m")).raw
    name, shape = metadata["inputs"][0]["name"], [max(1, size) for size in metadata["inputs"][0]["shape"]]
    array = np.ones(shape, np.float32)
    made = await ai.infer("ovms:m", {name: array}, version=2)
    assert made.outputs
    assert "/versions/2/infer" in sim.requests[-1].path
    before = len(sim.requests)
    for wrong in ({"nothing": array}, {name: np.ones([*shape, 7], np.float32)}, {name: array.astype(np.int64)}):
        with pytest.raises(InvalidRequestError, match=r"expected|takes|has|must"):
            await ai.infer("ovms:m", wrong, version=2)
    assert not [seen for seen in sim.requests[before:] if seen.path.endswith("/infer")]
    with pytest.raises(NotFoundError):
        await ai.infer("ovms:m", {name: array}, version=99)


async def test_11_llvm_executes_and_optimises_where_it_says(ai: Client, sim: Simulator) -> None:
    """/execute and /optimize, not /models/default/infer; both answer with what was made."""
    done = await ai.llvm.execute(ADD, [2, 3])
    assert done.result == 5
    assert sim.requests[-1].path.endswith("/execute")
    made: Any = await ai.llvm.optimize_code(ADD, "O3")
    assert sim.requests[-1].path.endswith("/optimize")
    assert "define" in made["optimized_code"]
    assert isinstance(made["optimization_passes"], list)


async def test_11_groqs_tool_calls_and_counts_are_in_the_reply(ai: Client) -> None:
    """As calls with names and arguments, and as tokens; not left in the raw answer."""
    reply = await ai.chat("groq:llama-3.3-70b-versatile", "Weather?", tools=[Tool("weather", "Tell the weather.")])
    assert reply.tool_calls[0].name == "weather"
    assert json.loads(reply.tool_calls[0].arguments) is not None
    assert reply.usage.input_tokens > 0
    assert reply.usage.output_tokens > 0
