"""Group S, first part: every provider's stream, cut, broken, wrong or lasting, through the whole client."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from ipfs_accel_async import Client
from ipfs_accel_async.errors import (
    AccelError,
    APIError,
    InterruptedCallError,
    OverloadedError,
    ProtocolError,
    StreamIncompleteError,
)
from tests.faults.scenarios import scenario
from tests.faults.streaming import DONE, MARK, NAMES, answer_of, client_of, event, frames
from tests.faults.virtual import VirtualServer, says, streams
from tests.faults.watching import FAST, PATIENT, watched
from tests.providers.recorded import recorded_response, recorded_stream


@scenario("S01", "S02")
@pytest.mark.parametrize("name", NAMES)
async def test_single_bytes_make_the_same_reply(name: str) -> None:
    """A stream that comes byte by byte gives the reply of one that comes whole."""
    whole = recorded_stream(name, "chat")
    server = VirtualServer(answer_of(name, whole), answer_of(name, *[whole[at : at + 1] for at in range(len(whole))]))
    async with client_of(name, server) as ai:
        replies = []
        for _ in range(2):
            async with ai.stream(f"{name}:m", "hi") as stream:
                replies.append(await stream.collect())
        assert (replies[0].text, replies[0].usage) == (replies[1].text, replies[1].usage)
        assert replies[0].text


async def read(ai: Client, name: str) -> tuple[str, StreamIncompleteError | None]:
    """The text of a stream, and the error that it ends with if it was cut."""
    text = ""
    try:
        async with ai.stream(f"{name}:m", "hi") as stream:
            async for delta in stream:
                text += delta.text
    except StreamIncompleteError as error:
        return text, error
    return text, None


@scenario("S08")
@pytest.mark.parametrize("name", NAMES)
async def test_a_clean_end_without_its_mark_is_an_error(name: str) -> None:
    """Whatever event it ends behind: never a short success, and what came is in the error."""
    events = frames(name)
    whole = recorded_stream(name, "chat").replace(b"\r\n", b"\n")
    for kept in range(len(events)):
        begin = b"".join(events[:kept])
        if not whole[len(begin) :].strip():
            continue
        async with client_of(name, VirtualServer(always=answer_of(name, begin)), max_retries=0) as ai:
            text, error = await read(ai, name)
            if error is None:
                assert any(mark in begin for mark in (b"[DONE]", b"message_stop", b"finishReason", b'"done":true'))
            else:
                assert text == (error.partial.text if error.partial is not None else "")


@scenario("S09")
@pytest.mark.parametrize("name", NAMES)
async def test_a_cut_is_tried_again_only_before_the_first_token(name: str) -> None:
    """Nothing delivered: a second attempt answers. Something delivered: an error with the partial, and one attempt."""
    whole, cut = recorded_stream(name, "chat"), InterruptedCallError("cut")
    server = VirtualServer(answer_of(name, cut), answer_of(name, whole))
    async with client_of(name, server, **PATIENT, **FAST) as ai:
        async with ai.stream(f"{name}:m", "hi") as stream:
            reply = await stream.collect()
        assert (reply.attempts, len(server.requests)) == (2, 2)
        events = frames(name)
        for kept in range(len(events)):
            server.answers = [answer_of(name, b"".join(events[:kept]), cut), answer_of(name, whole)]
            sent = len(server.requests)
            text, error = await read(ai, name)
            if error is None:
                assert text == reply.text
            else:
                assert (len(server.requests) - sent, error.attempts) == (1, 1)
                assert error.partial is not None
                assert error.partial.text == text


IN_BAND = {
    "openai": b'data: {"error":{"message":"busy","type":"server_error","code":"server_is_overloaded"}}\n\n',
    "vllm": b'data: {"error":{"message":"busy","type":"InternalServerError","code":500}}\n\n',
    "groq": b'data: {"error":{"message":"busy","type":"server_error","code":"server_is_overloaded"}}\n\n',
    "claude": b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n',
    "ollama": b'{"error":"model runner has unexpectedly stopped"}\n',
    "hf_tgi": b'data: {"error":"Request failed during generation","error_type":"generation"}\n\n',
    "gemini": b'data: {"error":{"code":503,"message":"overloaded","status":"UNAVAILABLE"}}\n\n',
}


@scenario("S10")
@pytest.mark.parametrize("name", IN_BAND)
async def test_an_error_inside_a_stream(name: str) -> None:
    """Before the first token it is retried as its status would be; after it, it is raised, and blames the endpoint."""
    whole, events = recorded_stream(name, "chat"), frames(name)
    server = VirtualServer(answer_of(name, IN_BAND[name]), answer_of(name, whole))
    async with client_of(name, server, failure_threshold=2, **FAST) as ai:
        async with ai.stream(f"{name}:m", "hi") as stream:
            assert (await stream.collect()).attempts == 2
        for _ in range(2):
            server.answers = [answer_of(name, b"".join(events[:-2]) + IN_BAND[name])]
            with pytest.raises(APIError):
                async with ai.stream(f"{name}:m", "hi") as stream:
                    await stream.collect()
        assert ai.report()["circuit_breaker"]["state"] == "open"


TAILS: dict[str, Any] = {
    "a second end mark": MARK,
    "an end mark with spaces": b"data:  [DONE] \n\n",
    "more text": event("late"),
    "broken JSON": b"data: {oops\n\n",
    "a reset": InterruptedCallError("cut"),
    "silence": 600.0,
}


@scenario("S11")
@pytest.mark.parametrize("tail", TAILS)
async def test_nothing_after_the_end_mark_counts(tail: str) -> None:
    """The reply is complete with its end mark, and does not wait for what follows."""
    async with watched(VirtualServer(streams(event("hello"), DONE, TAILS[tail])), max_retries=0) as ai:
        async with ai.stream("openai:m", "hi") as stream:
            assert (await stream.collect()).text == "hello"
        assert asyncio.get_running_loop().time() < 1.0


@scenario("S12")
@pytest.mark.parametrize("name", NAMES)
async def test_broken_json_in_the_middle(name: str) -> None:
    """What came before is delivered, then a typed error; the response is closed."""
    events = frames(name)
    half = len(events) // 2
    broken = b"{oops\n" if events[0].startswith(b"{") else b"data: {oops\n\n"
    server = VirtualServer(answer_of(name, b"".join(events[:half]), broken, *events[half:]))
    async with client_of(name, server, max_retries=0) as ai:
        text = ""
        with pytest.raises(ProtocolError):
            async with ai.stream(f"{name}:m", "hi") as stream:
                async for delta in stream:
                    text += delta.text
        assert server.open == 0


@scenario("S12")
async def test_the_two_events_before_the_broken_one_are_delivered() -> None:
    """Exactly they, in order."""
    server = VirtualServer(streams(event("a") + event("b") + b"data: {oops\n\n" + event("c") + DONE))
    async with watched(server, max_retries=0) as ai:
        got = []
        with pytest.raises(ProtocolError):
            async with ai.stream("openai:m", "hi") as stream:
                async for delta in stream:
                    got.append(delta.text)
        assert got == ["a", "b"]


@scenario("S13")
async def test_events_that_nobody_knows_are_passed_over() -> None:
    """Unknown types and fields in Claude's stream change nothing; a delta for a block that is not open is told."""
    whole = recorded_stream("claude", "chat")
    strange = b'event: surprise\ndata: {"type":"surprise","index":-1,"x":[]}\n\n'
    server = VirtualServer(
        answer_of("claude", whole), answer_of("claude", *[strange + one for one in frames("claude")])
    )
    async with client_of("claude", server, max_retries=0) as ai:
        texts = []
        for _ in range(2):
            async with ai.stream("claude:m", "hi") as stream:
                texts.append((await stream.collect()).text)
        assert texts[0] == texts[1]


@scenario("S13")
@pytest.mark.parametrize("index", [-1, 7, "0", None, 1.5])
async def test_an_index_that_makes_no_sense(index: Any) -> None:
    """Tool calls under a wrong index: a reply or a typed error, never a crash or an endless list."""
    call = {"index": index, "id": "t", "function": {"name": "f", "arguments": "{}"}}
    body = {"id": "c", "model": "m", "choices": [{"index": 0, "delta": {"tool_calls": [call]}}]}
    one = b"data: " + json.dumps(body).encode() + b"\n\n"
    async with watched(VirtualServer(streams(event("a"), one, DONE)), max_retries=0) as ai:
        try:
            async with ai.stream("openai:m", "hi") as stream:
                reply = await stream.collect()
        except AccelError:
            return
        assert len(reply.tool_calls) <= 1


@scenario("S15")
@pytest.mark.parametrize("name", NAMES)
async def test_json_where_a_stream_was_asked_for_and_the_reverse(name: str) -> None:
    """Both are typed errors and neither hangs."""
    body = recorded_response(name, "chat").body
    server = VirtualServer(says(body), answer_of(name, recorded_stream(name, "chat")))
    async with client_of(name, server, max_retries=0) as ai:
        with pytest.raises(ProtocolError):
            async with ai.stream(f"{name}:m", "hi") as stream:
                await stream.collect()
        with pytest.raises(ProtocolError):
            await ai.chat(f"{name}:m", "hi")


@scenario("S10", "S15")
async def test_an_error_in_json_where_a_stream_was_asked_for() -> None:
    """The error itself, retried as such."""
    busy = says({"error": {"message": "busy", "type": "x", "code": "server_is_overloaded"}})
    async with watched(VirtualServer(busy, busy), max_retries=1, **FAST) as ai:
        with pytest.raises(OverloadedError) as caught:
            async with ai.stream("openai:m", "hi"):
                pass
        assert caught.value.attempts == 2
