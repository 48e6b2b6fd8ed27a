"""The generic codec of the OpenAI wire: quirks of servers, by option."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ipfs_accel_async import ConfigError
from ipfs_accel_async.answers import Usage
from ipfs_accel_async.errors import BadRequestError, ResponseValidationError, ServerError
from ipfs_accel_async.fold import fold
from ipfs_accel_async.payloads import SpeechRequest
from ipfs_accel_async.providers.openai_compatible import OpenAICompatible, codec
from ipfs_accel_async.types import ChatRequest, Message
from tests.providers.recorded import call_of, deltas_of, headers_of, response

CHAT = ChatRequest((Message("user", "Hello"),))
STREAM = ChatRequest(CHAT.messages, stream=True)


def body_of(made: OpenAICompatible, request: ChatRequest) -> Any:
    """The body that is sent."""
    return json.loads(made.build_request(call_of(made, request), None).body)


@pytest.mark.parametrize(
    ("request_", "sent"),
    [
        (ChatRequest(CHAT.messages, max_tokens=9), {"max_tokens": 9}),
        (ChatRequest(CHAT.messages, max_tokens=9, params={"max_tokens": 5}), {"max_tokens": 5}),
        (ChatRequest(CHAT.messages, max_tokens=9, params={"max_completion_tokens": 5}), {"max_completion_tokens": 5}),
        (CHAT, {}),
    ],
)
def test_the_limit_goes_out_under_its_old_name(request_: ChatRequest, sent: dict[str, int]) -> None:
    """Older servers ignore or refuse the new one; the caller's own word wins."""
    body = body_of(codec, request_)
    assert {name: value for name, value in body.items() if name.startswith("max_")} == sent


def test_a_stream_asks_for_its_usage_unless_told_not_to() -> None:
    """Some servers refuse fields that they do not know."""
    assert body_of(codec, STREAM)["stream_options"] == {"include_usage": True}
    assert "stream_options" not in body_of(OpenAICompatible(options={"stream_usage": "no"}), STREAM)


def frames(*chunks: Any) -> bytes:
    """A stream without an end mark."""
    return b"".join(b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in chunks)


def test_a_stream_may_end_with_its_finish_reason() -> None:
    """By option, for servers that send no ``[DONE]``; elsewhere that is a stream that broke off."""
    usage = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
    raw = frames(
        {"choices": [{"index": 0, "delta": {"content": "Hi."}, "finish_reason": None}]},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "usage": usage},
    )
    made = OpenAICompatible(options={"stream_end": "finish"})
    call = call_of(made, STREAM)
    deltas = deltas_of(made, call, [raw])
    assert [delta.end for delta in deltas] == [False, True]
    reply = fold(deltas, made.empty_reply(call, headers_of({})))
    assert (reply.text, reply.finish_reason, reply.usage) == ("Hi.", "stop", Usage(1, 2, 3))
    assert not any(delta.end for delta in deltas_of(codec, call, [raw]))


@pytest.mark.parametrize("options", [{"stream_end": "eof"}, {"stream_usage": ""}, {"organization": "o"}])
def test_an_option_that_it_does_not_have_is_refused(options: dict[str, str]) -> None:
    """With what there is."""
    with pytest.raises(ConfigError, match=r"yes or no|done or finish|stream_usage, stream_end"):
        OpenAICompatible(options=options)


def test_a_voice_is_the_servers_matter() -> None:
    """Some have one only."""
    request = codec.build_request(call_of(codec, SpeechRequest("Hello"), "speech"), None)
    assert json.loads(request.body) == {"model": "m", "input": "Hello"}


@pytest.mark.parametrize(
    ("status", "body", "kind", "message"),
    [
        (422, {"detail": "Unexpected fields in the request: {'x'}"}, BadRequestError, "Unexpected fields"),
        (500, b"Internal Server Error", ServerError, "Internal Server Error"),
        (400, {"error": "no such model"}, BadRequestError, "no such model"),
        (400, {"message": "bad", "code": 400}, BadRequestError, "bad"),
    ],
)
def test_errors_of_every_shape_are_read(status: int, body: Any, kind: type[Exception], message: str) -> None:
    """Servers of this wire write them as they like."""
    error = codec.parse_error(call_of(codec, CHAT), response(status, body))
    assert type(error) is kind
    assert message in error.message


def test_an_answer_of_another_wire_is_refused() -> None:
    """Not an empty reply."""
    with pytest.raises(ResponseValidationError, match="choices"):
        codec.parse_response(call_of(codec, CHAT), response(200, {"message": {"content": "Hi."}}))


def test_a_count_is_left_to_the_estimate() -> None:
    """Few servers have the service's own."""
    assert "count_tokens" not in codec.operations
