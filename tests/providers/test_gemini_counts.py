"""Gemini: token counts and completions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ipfs_accel_async.answers import Reply
from ipfs_accel_async.errors import ContentFilteredError, InvalidRequestError, ResponseValidationError
from ipfs_accel_async.payloads import CompleteRequest
from ipfs_accel_async.providers.gemini import codec
from ipfs_accel_async.results import TokenCount
from ipfs_accel_async.types import ChatRequest, Message, Tool
from tests.providers.codecs import recorded_call
from tests.providers.recorded import call_of, recorded_response, response

HELLO = Message("user", "hello")


def test_a_count_sends_what_the_chat_would() -> None:
    """Contents alone, or a whole request with its model, as the service wants it."""
    request = codec.build_request(call_of(codec, ChatRequest((HELLO,)), "count_tokens"), None)
    assert request.url.endswith("/v1/models/m:countTokens")
    assert json.loads(request.body) == {"contents": [{"parts": [{"text": "hello"}], "role": "user"}]}
    payload = ChatRequest((Message("system", "Be brief."), HELLO), tools=(Tool("clock"),))
    body = codec.build_body(call_of(codec, payload, "count_tokens", model="tunedModels/t"))
    assert body == {
        "generateContentRequest": {
            "model": "tunedModels/t",
            "contents": [{"parts": [{"text": "hello"}], "role": "user"}],
            "systemInstruction": {"parts": [{"text": "Be brief."}], "role": "user"},
            "tools": [{"functionDeclarations": [{"name": "clock"}]}],
        }
    }


def test_a_count_is_the_services() -> None:
    """It is a number of the service, not an estimate."""
    answer = codec.parse_response(recorded_call("gemini", "count_tokens"), recorded_response("gemini", "count_tokens"))
    assert isinstance(answer, TokenCount)
    assert (answer.tokens, answer.estimated) == (2, False)
    with pytest.raises(ResponseValidationError, match="totalTokens"):
        codec.parse_response(recorded_call("gemini", "count_tokens"), response(200, {"promptTokensDetails": []}))


def test_a_prompt_is_the_one_turn_of_a_conversation() -> None:
    """What the caller sets goes where a chat has it."""
    payload = CompleteRequest(
        ("Once upon",), max_tokens=9, temperature=0.5, stop=("END",), seed=4, params={"topK": 3, "safetySettings": []}
    )
    assert codec.build_body(call_of(codec, payload, "complete")) == {
        "contents": [{"parts": [{"text": "Once upon"}], "role": "user"}],
        "generationConfig": {"maxOutputTokens": 9, "temperature": 0.5, "stopSequences": ["END"], "seed": 4, "topK": 3},
        "safetySettings": [],
    }


def test_a_gap_is_not_filled() -> None:
    """The service has no suffix, so that there is nothing to send."""
    with pytest.raises(InvalidRequestError, match="leave suffix out"):
        codec.build_body(call_of(codec, CompleteRequest(("a",), suffix="b"), "complete"))


def test_a_completion_is_a_reply() -> None:
    """With text, reason and counts."""
    reply = codec.parse_response(recorded_call("gemini", "complete"), recorded_response("gemini", "complete"))
    assert isinstance(reply, Reply)
    assert reply.text.startswith("Once upon a tide")
    assert (reply.finish_reason, reply.usage.output_tokens) == ("stop", 21)


@pytest.mark.parametrize("operation", ["chat", "complete", "image", "speech", "transcribe"])
def test_a_refused_prompt_is_typed_whatever_was_asked(operation: str) -> None:
    """It says the service's reason, and is not sent again."""
    body: dict[str, Any] = {"promptFeedback": {"blockReason": "BLOCKLIST"}, "usageMetadata": {"promptTokenCount": 4}}
    with pytest.raises(ContentFilteredError, match="BLOCKLIST") as caught:
        codec.parse_response(recorded_call("gemini", operation), response(200, body))
    assert (caught.value.code, caught.value.retryable) == ("BLOCKLIST", False)


@pytest.mark.parametrize("reason", ["SAFETY", "RECITATION", "SPII", "MODEL_ARMOR"])
def test_a_stopped_answer_is_a_visible_reply(reason: str) -> None:
    """What was said until then is there, and why it ended; the ratings are in the raw answer."""
    ratings = [{"category": "HARM_CATEGORY_HARASSMENT", "probability": "HIGH", "blocked": True}]
    content = {"parts": [{"text": "You are"}], "role": "model"}
    body = {"candidates": [{"content": content, "finishReason": reason, "safetyRatings": ratings}]}
    reply = codec.parse_response(call_of(codec, ChatRequest((HELLO,))), response(200, body))
    assert isinstance(reply, Reply)
    assert (reply.text, reply.finish_reason) == ("You are", "content_filter")
    assert reply.raw["candidates"][0]["safetyRatings"] == ratings
    empty = {"candidates": [{"finishReason": reason, "safetyRatings": ratings}]}
    nothing = codec.parse_response(call_of(codec, ChatRequest((HELLO,))), response(200, empty))
    assert isinstance(nothing, Reply)
    assert (nothing.text, nothing.finish_reason) == ("", "content_filter")
