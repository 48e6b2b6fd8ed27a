"""Assistants over loopback: they are switched off by the vendor, and work against whoever serves them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ipfs_accel_async import APIError, BadRequestError, Client, InvalidRequestError, NotFoundError
from ipfs_accel_async.simulator import simulate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ipfs_accel_async.native.openai import OpenAIHandle

pytestmark = pytest.mark.sockets

TOOL = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}
HI = [{"role": "user", "content": "Hi"}]


@pytest.fixture
async def openai() -> AsyncIterator[OpenAIHandle]:
    """The handle, on a twin of its own."""
    async with simulate("openai") as sim, Client(keys={"openai": "k"}, base_urls={"openai": sim.base_url}) as ai:
        yield ai.openai


async def test_a_run_is_waited_for(openai: OpenAIHandle) -> None:
    """The assistant's answer is the newest message of the thread; the run has steps."""
    assistant = await openai.assistants.create("m", instructions="Be brief.")
    thread = await openai.threads.create(HI)
    run = await openai.threads.runs.create(thread["id"], assistant["id"])
    done = await openai.threads.runs.wait(thread["id"], run["id"], poll=0.001)
    assert done["status"] == "completed"
    said = await openai.threads.messages.list(thread["id"])
    assert [one["role"] for one in said["data"]] == ["assistant", "user"]
    steps = [step["type"] async for step in openai.threads.runs.steps.iterate(thread["id"], run["id"])]
    assert steps == ["message_creation"]
    assert [one["id"] async for one in openai.threads.runs.iterate(thread["id"])] == [run["id"]]


async def test_tools_are_answered(openai: OpenAIHandle) -> None:
    """A run that requires action is given its outputs and goes on."""
    assistant = await openai.assistants.create("m", tools=[TOOL])
    run = await openai.threads.create_and_run(assistant["id"], thread={"messages": HI})
    where = run["thread_id"], run["id"]
    waiting = await openai.threads.runs.wait(*where, poll=0.001)
    assert waiting["status"] == "requires_action"
    calls = waiting["required_action"]["submit_tool_outputs"]["tool_calls"]
    await openai.threads.runs.submit_tool_outputs(*where, {call["id"]: "sun" for call in calls})
    assert (await openai.threads.runs.wait(*where, poll=0.001))["status"] == "completed"


async def test_a_streamed_run(openai: OpenAIHandle) -> None:
    """Deltas are the message's text; the stream ends with ``done``, which is no event of ours."""
    assistant = await openai.assistants.create("m")
    thread = await openai.threads.create(HI)
    async with openai.threads.runs.stream(thread["id"], assistant["id"]) as stream:
        events = [event async for event in stream]
    assert events[-1].name == "thread.run.completed"
    deltas = [event.data["delta"]["content"][0]["text"]["value"] for event in events if event.name.endswith(".delta")]
    message = next(event.data for event in events if event.name == "thread.message.completed")
    assert "".join(deltas) == message["content"][0]["text"]["value"]


async def test_streamed_tools(openai: OpenAIHandle) -> None:
    """A thread and its run in one stream, which ends at the tools; the rest is streamed too."""
    assistant = await openai.assistants.create("m", tools=[TOOL])
    async with openai.threads.stream(assistant["id"], thread={"messages": HI}) as stream:
        events = await stream.collect()
    assert [events[0].name, events[-1].name] == ["thread.created", "thread.run.requires_action"]
    run = events[-1].data
    outputs = {call["id"]: "sun" for call in run["required_action"]["submit_tool_outputs"]["tool_calls"]}
    async with openai.threads.runs.submit_stream(run["thread_id"], run["id"], outputs) as stream:
        assert (await stream.collect())[-1].name == "thread.run.completed"


async def test_a_conversation_goes_on(openai: OpenAIHandle) -> None:
    """One call a turn; the thread keeps what was said; a run that wants tools is not left hanging."""
    assistant = await openai.assistants.create("m")
    first = await openai.threads.ask(assistant["id"], "My name is Ada.", poll=0.001)
    second = await openai.threads.ask(assistant["id"], "Who am I?", thread_id=first.thread_id, poll=0.001)
    said = [one["content"][0]["text"]["value"] async for one in openai.threads.messages.iterate(first.thread_id)]
    assert said[::-1] == ["My name is Ada.", first.text, "Who am I?", second.text]
    assert second.run["usage"]["total_tokens"] > 0
    other = await openai.assistants.create("m", tools=[TOOL])
    with pytest.raises(APIError, match="submit_tool_outputs"):
        await openai.threads.ask(other["id"], "Hi", poll=0.001)


async def test_errors_are_the_services(openai: OpenAIHandle) -> None:
    """Unknown objects are not found; a run that is over cannot be cancelled."""
    with pytest.raises(NotFoundError, match="No such assistant"):
        await openai.assistants.get("asst_none")
    assistant = await openai.assistants.create("m")
    assert [one["id"] async for one in openai.assistants.iterate()] == [assistant["id"]]
    run = await openai.threads.create_and_run(assistant["id"])
    await openai.threads.runs.wait(run["thread_id"], run["id"], poll=0.001)
    with pytest.raises(BadRequestError, match="Cannot cancel"):
        await openai.threads.runs.cancel(run["thread_id"], run["id"])


@pytest.mark.parametrize("outputs", [{}, {"call_1": {"city": "Oslo"}}])
async def test_outputs_are_text(openai: OpenAIHandle, outputs: dict[str, str]) -> None:
    """None, or of another type: nothing is sent."""
    with pytest.raises(InvalidRequestError, match="output"):
        await openai.threads.runs.submit_tool_outputs("t", "r", outputs)
