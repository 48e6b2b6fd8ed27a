"""The OpenAI codec: what it sends."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import replace
from typing import Any

import pytest

from ipfs_accel_async.errors import (
    ConfigError,
    InvalidRequestError,
)
from ipfs_accel_async.keys import Secret
from ipfs_accel_async.providers.openai import codec
from ipfs_accel_async.types import ChatRequest, EmbedRequest, Image, Message, NativePart, Text, Thinking, ToolCall
from tests.providers.openai_calls import CASES, HELLO, IDS, ChatCase
from tests.providers.recorded import REQUEST_ID, call_of

CHAT = ChatRequest((HELLO,))


def body_of(request: ChatRequest | EmbedRequest, operation: str = "chat") -> dict[str, Any]:
    """The body that is sent for a payload."""
    sent: dict[str, Any] = json.loads(codec.build_request(call_of(codec, request, operation), None).body)
    return sent


def message_of(message: Message) -> dict[str, Any]:
    """The body of one message."""
    sent: dict[str, Any] = body_of(ChatRequest((message,)))["messages"][0]
    return sent


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_a_body_has_what_is_set_and_no_more(case: ChatCase) -> None:
    """Each field of a chat request has its place in the body; what is not set is not sent."""
    assert body_of(case.ours) == {"model": "m", **case.theirs}


def test_a_stream_asks_for_its_usage() -> None:
    """Without it no token would be counted; the caller's own stream options win."""
    assert body_of(replace(CHAT, stream=True))["stream_options"] == {"include_usage": True}
    own = {"stream_options": {"include_usage": False}}
    assert body_of(replace(CHAT, stream=True, params=own))["stream_options"] == {"include_usage": False}


def test_parameters_override_all() -> None:
    """`params` come last."""
    sent = body_of(replace(CHAT, temperature=0.5, params={"temperature": 1, "model": "other"}))
    assert (sent["temperature"], sent["model"]) == (1, "other")


def test_reasoning_of_earlier_turns_is_left_out() -> None:
    """The wire has no place for it: the rest of the turn is sent as if it had never been there."""
    assert message_of(Message("assistant", (Thinking("hm"), Text("Yes")))) == {"role": "assistant", "content": "Yes"}
    called = Message("assistant", (Thinking("hm"),), (ToolCall("c1", "f", "{}"),))
    assert message_of(called)["content"] is None
    shown = message_of(Message("assistant", (Thinking("hm"), NativePart({"type": "refusal", "refusal": "No"}))))
    assert shown["content"] == [{"type": "refusal", "refusal": "No"}]


@pytest.mark.parametrize(
    ("part", "named"), [(Image(), "neither url nor data"), ({"type": "text"}, "use Text, Image or NativePart")]
)
def test_a_part_that_cannot_be_sent_is_refused_before_sending(part: Any, named: str) -> None:
    """An empty image, or a part that is none of ours: an error that says what to do."""
    with pytest.raises(InvalidRequestError, match=named):
        message_of(Message("user", (part,)))


def test_images_keep_their_media_type() -> None:
    """Bytes go out as a data URL of their own type."""
    sent = message_of(Message("user", (Image(data=b"\xff\xd8", media_type="image/jpeg", detail="high"),)))
    url = "data:image/jpeg;base64," + b64encode(b"\xff\xd8").decode()
    assert sent["content"] == [{"type": "image_url", "image_url": {"url": url, "detail": "high"}}]


def test_too_many_texts_are_refused_before_sending() -> None:
    """2,048 texts go out as they are, one more is refused."""
    assert len(body_of(EmbedRequest(("a",) * 2048), "embed")["input"]) == 2048
    with pytest.raises(InvalidRequestError, match="at most 2048 texts"):
        body_of(EmbedRequest(("a",) * 2049), "embed")


def test_the_request_is_addressed_and_signed() -> None:
    """Path, key, our request id, and the organization and project of the options."""
    own = codec.configured(options={"organization": " org-1\n", "project": "proj_1"})
    request = own.build_request(call_of(own, CHAT), Secret("sk-1"))
    headers = dict(request.headers)
    assert (request.method, request.url) == ("POST", "https://api.openai.com/v1/chat/completions")
    assert headers[b"authorization"] == b"Bearer sk-1"
    assert headers[b"x-request-id"] == REQUEST_ID.encode()
    assert (headers[b"openai-organization"], headers[b"openai-project"]) == (b"org-1", b"proj_1")


@pytest.mark.parametrize("value", ["", "org\nx", "örg"])
def test_an_option_that_no_header_can_carry_is_refused(value: str) -> None:
    """It is said when the client is built, not by an HTTP library."""
    with pytest.raises(ConfigError, match="organization"):
        codec.configured(options={"organization": value})


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("https://api.openai.com", "https://api.openai.com/v1"),
        ("http://localhost:1234/v1", "http://localhost:1234/v1"),
        ("https://proxy.test/openai/v1/chat/completions", "https://proxy.test/openai/v1"),
        ("https://proxy.test/team/a", "https://proxy.test/team/a"),
    ],
)
def test_base_urls_as_people_write_them(written: str, meant: str) -> None:
    """A bare host gets the path, an endpoint's address is cut down to its base, any other path stays."""
    assert codec.normalize_url(written) == meant
