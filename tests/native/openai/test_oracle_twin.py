"""The official SDK, strict about what it reads, on the twin: the objects are the service's and read as ours are."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ipfs_accel_async import Client
from ipfs_accel_async.simulator import simulate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ipfs_accel_async.native.openai import OpenAIHandle

openai = pytest.importorskip("openai", reason="it is in the extra dev, which is not installed")
pytestmark = [pytest.mark.sockets, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

FUNCTION = {"type": "function", "name": "weather", "parameters": {"type": "object"}, "strict": False}


@pytest.fixture
async def both() -> AsyncIterator[tuple[Any, OpenAIHandle]]:
    """The SDK and our handle, on the same twin."""
    async with (
        simulate("openai") as sim,
        openai.AsyncOpenAI(api_key="k", base_url=sim.base_url, max_retries=0, _strict_response_validation=True) as sdk,
        Client(keys={"openai": "k"}, base_urls={"openai": sim.base_url}) as ai,
    ):
        yield sdk, ai.openai


@pytest.mark.parametrize("more", [{}, {"tools": [FUNCTION]}, {"input": "simulate-refusal"}], ids=["text", "tool", "no"])
async def test_responses_are_read_alike(both: tuple[Any, OpenAIHandle], more: dict[str, Any]) -> None:
    """Text, tool calls, tokens, status."""
    sdk, ours = both
    theirs = await sdk.responses.create(model="m", **{"input": "Hi", **more})
    mine = await ours.responses.get(theirs.id)
    calls = [(item.call_id, item.name, item.arguments) for item in theirs.output if item.type == "function_call"]
    assert [(call.id, call.name, call.arguments) for call in mine.tool_calls] == calls
    if more.get("input") is None:
        assert mine.output_text == theirs.output_text
    assert mine.usage.input_tokens == theirs.usage.input_tokens
    assert mine.usage.reasoning_tokens == theirs.usage.output_tokens_details.reasoning_tokens
    assert (mine.usage.total_tokens, mine["status"]) == (theirs.usage.total_tokens, theirs.status)


async def test_response_streams_are_read_alike(both: tuple[Any, OpenAIHandle]) -> None:
    """The same events, in the same order, with the same end."""
    sdk, ours = both
    theirs = [event async for event in await sdk.responses.create(model="m", input="Hi", stream=True)]
    async with ours.responses.follow(theirs[-1].response.id) as stream:
        mine = await stream.collect()
    assert [event.name for event in mine] == [event.type for event in theirs]
    deltas = [event.delta for event in theirs if event.type == "response.output_text.delta"]
    assert [event.data["delta"] for event in mine if event.name == "response.output_text.delta"] == deltas


async def test_files_batches_and_jobs_are_objects_of_the_sdk(both: tuple[Any, OpenAIHandle]) -> None:
    """Each is read by its strict type; ids and statuses are ours."""
    sdk, ours = both
    body = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
    batch = await ours.batches.submit({"a": body})
    assert (await sdk.batches.retrieve(batch["id"])).status == "in_progress"
    done = await sdk.batches.retrieve(batch["id"])
    lines = (await sdk.files.content(done.output_file_id)).text.splitlines()
    (result,) = [result async for result in ours.batches.results(batch["id"])]
    assert result.body == json.loads(lines[0])["response"]["body"]
    talk = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello!"}]
    job = await ours.fine_tuning.submit("m", [talk] * 10)
    for _ in range(3):
        theirs = await sdk.fine_tuning.jobs.retrieve(job["id"])
    assert theirs.fine_tuned_model == (await ours.fine_tuning.jobs.get(job["id"]))["fine_tuned_model"]
    events = await sdk.fine_tuning.jobs.list_events(job["id"])
    assert [one.message for one in events.data][-1] == "Created fine-tuning job"
    assert len((await sdk.fine_tuning.jobs.checkpoints.list(job["id"])).data) == 1
    assert [one.id async for one in sdk.files.list(limit=1)] == [one["id"] async for one in ours.files.iterate(limit=1)]
    upload = await ours.uploads.create(filename="a", purpose="batch", size=1)
    assert (await sdk.uploads.cancel(upload["id"])).status == "cancelled"


async def test_stores_are_objects_of_the_sdk(both: tuple[Any, OpenAIHandle]) -> None:
    """Stores, their files, batches and search results."""
    sdk, ours = both
    file = await ours.files.create(("a.txt", b"Cats purr."), "assistants")
    store = await sdk.vector_stores.create(name="pets", file_ids=[file["id"]])
    assert (await sdk.vector_stores.files.retrieve(file["id"], vector_store_id=store.id)).status == "in_progress"
    batch = await sdk.vector_stores.file_batches.create(store.id, file_ids=[file["id"]])
    assert batch.file_counts.total == 1
    theirs = await sdk.vector_stores.search(store.id, query="cats")
    mine = await ours.vector_stores.search(store.id, "cats")
    assert [hit.score for hit in theirs.data] == [hit["score"] for hit in mine["data"]]
    assert (await sdk.vector_stores.files.content(file["id"], vector_store_id=store.id)).data[0].text == "Cats purr."
    assert (await sdk.vector_stores.files.delete(file["id"], vector_store_id=store.id)).deleted
    assert (await sdk.vector_stores.delete(store.id)).deleted


async def test_assistants_are_objects_of_the_sdk(both: tuple[Any, OpenAIHandle]) -> None:
    """The SDK's own loops work: create and poll, and its stream."""
    sdk, ours = both
    assistant = await ours.assistants.create("m", instructions="Be brief.")
    thread = await ours.threads.create([{"role": "user", "content": "Hi"}])
    run = await sdk.beta.threads.runs.create_and_poll(
        thread_id=thread["id"], assistant_id=assistant["id"], poll_interval_ms=1
    )
    assert run.status == (await ours.threads.runs.get(thread["id"], run.id))["status"] == "completed"
    theirs = [one.id async for one in sdk.beta.threads.messages.list(thread["id"])]
    assert theirs == [one["id"] async for one in ours.threads.messages.iterate(thread["id"])]
    events = [
        event.event
        async for event in await sdk.beta.threads.runs.create(thread["id"], assistant_id=assistant["id"], stream=True)
    ]
    assert events[-1] == "thread.run.completed"


async def test_conversations_containers_videos_and_chats_are_objects_of_the_sdk(
    both: tuple[Any, OpenAIHandle],
) -> None:
    """Each is read by its strict type."""
    sdk, ours = both
    talk = await ours.conversations.create("Hi")
    assert (await sdk.conversations.retrieve(talk["id"])).id == talk["id"]
    assert [item.role async for item in sdk.conversations.items.list(talk["id"])] == ["user"]
    box = await sdk.containers.create(name="box")
    file = await sdk.containers.files.create(box.id, file=("a.txt", b"abc"))
    assert await ours.containers.files.content(box.id, file.id) == b"abc"
    video = await sdk.videos.create(prompt="A cat")
    assert (await ours.videos.wait(video.id, poll=0.001))["prompt"] == "A cat"
    assert (await sdk.videos.remix(video.id, prompt="A dog")).remixed_from_video_id == video.id
    assert (await sdk.videos.delete(video.id)).deleted
    chat = await sdk.chat.completions.create(model="m", messages=[{"role": "user", "content": "Hi"}], store=True)
    assert (await sdk.chat.completions.retrieve(chat.id)).id == (await ours.chat.completions.get(chat.id))["id"]
    assert (await sdk.models.retrieve("m")).id == (await ours.models.get("m"))["id"]
