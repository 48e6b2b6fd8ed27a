"""Streams and fallbacks: before the first token another target takes over, after it none does."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ipfs_accel_async import AllTargetsFailedError, Client
from ipfs_accel_async.errors import InterruptedCallError, OverloadedError, StreamIncompleteError
from tests.faults.streaming import DONE, event
from tests.faults.virtual import Answer, Item, VirtualServer, refuses, streams

ROLE = b'data: {"choices": [{"index": 0, "delta": {"role": "assistant"}}]}\n\n'
BROKEN = InterruptedCallError("the connection broke")
OVERLOADED = b'data: {"error": {"message": "overloaded", "type": "server_error", "code": 503}}\n\n'


def event_of(kind: str, **fields: Any) -> bytes:
    """An event of Claude's wire."""
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()


CLAUDE = streams(
    event_of("message_start", message={"id": "m", "model": "c", "content": [], "usage": {"input_tokens": 1}}),
    event_of("content_block_start", index=0, content_block={"type": "text", "text": ""}),
    event_of("content_block_delta", index=0, delta={"type": "text_delta", "text": "from claude"}),
    event_of("content_block_stop", index=0),
    event_of("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 2}),
    event_of("message_stop"),
)


def client(server: VirtualServer) -> Client:
    """A client of two unlike services, without retries."""
    return Client(transport=server, keys={"openai": "sk-a", "claude": "sk-ant-b"}, max_retries=0)


@pytest.mark.parametrize(
    "first",
    [refuses(503), streams(BROKEN), streams(ROLE, BROKEN), streams(ROLE), streams(OVERLOADED)],
    ids=["refused", "broke off", "broke off after the role", "ended early", "an error in it"],
)
async def test_before_its_first_token_a_stream_fails_over(first: Answer) -> None:
    """To a service that is unlike the first one; the reply says who answered, and that it was not the one asked."""
    server = VirtualServer(first, CLAUDE)
    async with (
        client(server) as ai,
        ai.stream("openai:m", "hi", max_tokens=5, fallbacks=["claude:claude-sonnet-4-5"]) as stream,
    ):
        reply = await stream.collect()
    assert (reply.text, str(reply.target), reply.degraded) == ("from claude", "claude:claude-sonnet-4-5", True)
    assert [request.url.split("/")[2] for request in server.requests] == ["api.openai.com", "api.anthropic.com"]


@pytest.mark.parametrize(
    ("rest", "error"),
    [((BROKEN,), StreamIncompleteError), ((), StreamIncompleteError), ((OVERLOADED,), OverloadedError)],
    ids=["broke off", "ended early", "an error in it"],
)
async def test_after_its_first_token_a_stream_does_not(rest: tuple[Item, ...], error: type[Exception]) -> None:
    """The reader has half of one answer, and gets no other half: the error comes through, with what came."""
    server = VirtualServer(streams(event("half"), *rest), CLAUDE)
    async with (
        client(server) as ai,
        ai.stream("openai:m", "hi", max_tokens=5, fallbacks=["claude:claude-sonnet-4-5"]) as stream,
    ):
        with pytest.raises(error):
            await stream.collect()
        assert stream.partial.text == "half"
        assert not stream.partial.degraded
    assert len(server.requests) == 1


async def test_a_stream_that_nobody_could_begin() -> None:
    """Each target has its cause."""
    server = VirtualServer(refuses(503), refuses(503))
    async with client(server) as ai:
        with pytest.raises(AllTargetsFailedError) as caught:
            async with ai.stream("openai:m", "hi", fallbacks=["openai:n"]) as stream:
                await stream.collect()
    assert [type(cause) for cause in caught.value.causes] == [OverloadedError, OverloadedError]


async def test_a_stream_of_whom_was_asked_is_not_degraded() -> None:
    """Its fallbacks were not needed."""
    server = VirtualServer(streams(event("whole"), DONE))
    async with client(server) as ai, ai.stream("openai:m", "hi", fallbacks=["claude:c"]) as stream:
        reply = await stream.collect()
    assert (reply.text, str(reply.target), reply.degraded) == ("whole", "openai:m", False)
