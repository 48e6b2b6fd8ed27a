"""The streams of responses and runs: their ends, their errors, and every way to cut them."""

from __future__ import annotations

from typing import Any

import pytest

from ipfs_accel_async import APIError, Client, MockTransport, RateLimitError, StreamIncompleteError
from ipfs_accel_async.answers import Event
from ipfs_accel_async.providers._openai_events import is_last
from tests.native.openai.resource_calls import KEY, stream, told
from tests.native.openai.twin_talk import Talk

HI = {"model": "m", "input": "Hi", "stream": True, "max_output_tokens": 16}


def frames(path: str = "/responses", body: Any = None) -> list[bytes]:
    """A stream as the twin sends it."""
    found: list[bytes] = Talk().raw("POST", path, body or HI).frames
    return found


@pytest.mark.parametrize(
    ("operation", "name", "last"),
    [
        ("responses.create", "response.completed", True),
        ("responses.create", "response.failed", True),
        ("responses.get", "response.incomplete", True),
        ("responses.create", "response.output_text.done", False),
        ("responses.create", "done", False),
        ("threads.runs.create", "done", True),
        ("threads.runs.create", "thread.run.completed", False),
        ("threads.runs.create", "response.completed", False),
        ("images.generate", "response.completed", False),
    ],
)
def test_ends_belong_to_their_operations(operation: str, name: str, last: bool) -> None:
    """An end mark of one stream is none of another."""
    assert is_last(operation, Event(name, {})) is last


async def test_a_failed_response_is_delivered() -> None:
    """It is an answer that says so, with the reason inside; what follows it is not read."""
    failed = b'event: response.failed\ndata: {"type":"response.failed","response":{"error":{"message":"No."}}}\n\n'
    async with told(stream(failed, b"data: nonsense\n\n")) as (openai, _), openai.responses.stream("m", "Hi") as got:
        events = await got.collect()
    assert [event.name for event in events] == ["response.failed"]
    assert events[0].data["response"]["error"]["message"] == "No."


async def test_an_error_event_raises() -> None:
    """Typed by its code, with the service's words; what came before is delivered first."""
    first, *_ = frames()
    error = b'event: error\ndata: {"type":"error","code":"rate_limit_exceeded","message":"Slow down.","param":null}\n\n'
    async with told(stream(first, error)) as (openai, _), openai.responses.stream("m", "Hi") as got:
        assert (await anext(got)).name == "response.created"
        with pytest.raises(RateLimitError, match=r"Slow down\."):
            await anext(got)


async def test_an_error_of_an_assistants_stream_raises() -> None:
    """Its event has the error at the top."""
    error = b'event: error\ndata: {"error":{"message":"It broke.","code":"server_error"}}\n\n'
    async with told(stream(error), max_retries=0) as (openai, _):
        with pytest.raises(APIError, match="It broke"):
            async with openai.threads.runs.stream("t", "a"):
                pass


async def test_events_of_a_kind_that_is_new_are_kept() -> None:
    """Unknown names pass; the end is still found."""
    new = b'event: response.hologram\ndata: {"type":"response.hologram","x":1}\n\n'
    async with told(stream(new, frames()[-1])) as (openai, _), openai.responses.stream("m", "Hi") as got:
        assert [event.name for event in await got.collect()] == ["response.hologram", "response.incomplete"]


async def test_every_split_gives_the_same_events() -> None:
    """However the network cuts it."""
    whole = b"".join(frames())
    wanted: Any = None
    for size in (1, 2, 3, 7, 64, 1000, len(whole)):
        reply = MockTransport.reply(body=whole, headers={"content-type": "text/event-stream"})
        transport = MockTransport(lambda _, reply=reply: reply, chunk_size=size)
        async with (
            Client(transport=transport, keys={"openai": KEY}) as ai,
            ai.openai.responses.stream("m", "Hi") as got,
        ):
            events = await got.collect()
        wanted = wanted or events
        assert events == wanted
    assert len(wanted) == len(frames())


async def test_a_cut_anywhere_is_told() -> None:
    """Every byte that is missing before the last event's end makes the stream incomplete."""
    whole = b"".join(frames())
    for end in range(0, len(whole) - 1, 37):
        async with told(stream(whole[:end]), max_retries=0) as (openai, _):
            with pytest.raises(StreamIncompleteError):
                async with openai.responses.stream("m", "Hi") as got:
                    await got.collect()


async def test_a_run_ends_with_done_only() -> None:
    """The run's own last event is not the end of its stream."""
    done = b"event: done\ndata: [DONE]\n\n"
    run = b'event: thread.run.completed\ndata: {"id":"r1","object":"thread.run"}\n\n'
    async with told(stream(run, done)) as (openai, _), openai.threads.runs.stream("t", "a") as got:
        assert [event.name for event in await got.collect()] == ["thread.run.completed"]
    async with told(stream(run), max_retries=0) as (openai, _):
        with pytest.raises(StreamIncompleteError):
            async with openai.threads.runs.stream("t", "a") as got:
                await got.collect()


async def test_what_a_stream_asks_for() -> None:
    """``stream`` is set in the body, or in the query where there is none."""
    async with told(stream(*frames())) as (openai, transport):
        async with openai.responses.stream("m", "Hi"):
            pass
        async with openai.responses.follow("r1", starting_after=4):
            pass
    assert transport.requests[0].body == b'{"model":"m","input":"Hi","stream":true}'
    assert transport.requests[1].url.endswith("/responses/r1?stream=true&starting_after=4")
