"""The OpenAI codec: completions, moderations and token counts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ipfs_accel_async.answers import Delta, Reply, Usage
from ipfs_accel_async.errors import InvalidRequestError, RateLimitError, ResponseValidationError
from ipfs_accel_async.payloads import CompleteRequest, ModerateRequest
from ipfs_accel_async.providers.openai import codec
from ipfs_accel_async.results import Completions, Moderation, TokenCount
from ipfs_accel_async.types import ChatRequest, Image, Message, NativePart, Payload, ResponseFormat, Text
from tests.providers.openai_calls import PNG
from tests.providers.recorded import call_of, deltas_of, recorded_response, response

PROMPTS = ("a", "b")


def body_of(payload: Payload, operation: str) -> Any:
    """The body that is sent for a payload."""
    return json.loads(codec.build_request(call_of(codec, payload, operation), None).body)


def read(payload: Payload, operation: str, body: Any) -> Any:
    """Our reading of an answer."""
    return codec.parse_response(call_of(codec, payload, operation), response(200, body))


def choice(index: int, text: str = "t", finish: str | None = "stop") -> dict[str, Any]:
    """One choice of a completion."""
    return {"index": index, "text": text, "logprobs": None, "finish_reason": finish}


def test_one_prompt_is_a_text_and_several_are_a_list() -> None:
    """A batch of one is a list too, so that its answer is a batch."""
    assert body_of(CompleteRequest(("a",)), "complete") == {"model": "m", "prompt": "a"}
    assert body_of(CompleteRequest(("a",)), "complete_batch") == {"model": "m", "prompt": ["a"]}


def test_a_streamed_completion_asks_for_its_usage_and_parameters_override() -> None:
    """As a streamed chat does."""
    payload = CompleteRequest(("a",), max_tokens=4, stream=True, params={"max_tokens": 9, "stream_options": None})
    assert body_of(payload, "complete") == {
        "model": "m",
        "prompt": "a",
        "max_tokens": 9,
        "stream": True,
        "stream_options": None,
    }


def test_a_completion_of_several_choices_is_the_first() -> None:
    """`raw` has all of them."""
    body = {"id": "c", "model": "m2", "choices": [choice(0, "one", "length"), choice(1, "two")]}
    reply = read(CompleteRequest(("a",)), "complete", body)
    assert isinstance(reply, Reply)
    assert (reply.text, reply.finish_reason, reply.id, reply.model) == ("one", "length", "c", "m2")
    assert reply.raw == body


def test_a_batch_of_several_choices_each_has_the_first_of_each() -> None:
    """With `n` the choices of a prompt follow one another; they may come in any order."""
    body = {"choices": [choice(3, "b2"), choice(0, "a1"), choice(2, "b1"), choice(1, "a2")]}
    answer = read(CompleteRequest(PROMPTS, params={"n": 2}), "complete_batch", body)
    assert isinstance(answer, Completions)
    assert [reply.text for reply in answer.replies] == ["a1", "b1"]


@pytest.mark.parametrize(
    "choices",
    [
        [],
        [choice(0)],
        [choice(0), choice(0)],
        [choice(0), choice(2)],
        [choice(0), choice(1), choice(2)],
        [choice(0), {"index": 1}],
        [choice(0), {"index": 1, "text": 7}],
    ],
)
def test_a_batch_that_lost_a_reply_is_refused(choices: list[Any]) -> None:
    """As many replies as prompts, or an error: never a shifted one."""
    with pytest.raises(ResponseValidationError):
        read(CompleteRequest(PROMPTS), "complete_batch", {"choices": choices})


def deltas(*chunks: Any) -> list[Delta]:
    """The deltas of a streamed completion."""
    raw = b"".join(b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in chunks)
    return deltas_of(codec, call_of(codec, CompleteRequest(("a",), stream=True), "complete"), [raw])


def test_a_stream_brings_text_then_counts() -> None:
    """Other choices than the first and chunks with nothing in them are no pieces of the reply."""
    usage = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
    found = deltas(
        {"choices": [choice(0, "one", None)]},
        {"choices": [choice(1, "other", None)]},
        {"choices": []},
        {"choices": [choice(0, "", "stop")], "usage": None},
        {"choices": [], "usage": usage},
    )
    assert [(delta.text, delta.finish_reason) for delta in found] == [("one", ""), ("", "stop"), ("", "")]
    assert found[-1].usage == Usage(1, 2, 3)


@pytest.mark.parametrize("chunk", [{"choices": [{}]}, {"choices": [{"text": 7}]}, {"choices": 7}, [], 7])
def test_a_piece_of_another_shape_is_refused(chunk: Any) -> None:
    """A typed error, not a lost piece."""
    with pytest.raises(ResponseValidationError):
        deltas(chunk)


def test_an_error_inside_a_streamed_completion_is_typed() -> None:
    """By its code, as in a chat."""
    with pytest.raises(RateLimitError, match="slower"):
        deltas({"error": {"message": "slower", "type": "rate_limit_error", "code": "slow_down"}})


def test_an_image_is_moderated_alone() -> None:
    """The service judges it together with whatever comes with it, which would be a verdict on neither."""
    with pytest.raises(InvalidRequestError, match="each image in a call of its own"):
        body_of(ModerateRequest(("a", Image(url="https://h/a.png"))), "moderate")
    with pytest.raises(InvalidRequestError, match="neither url nor data"):
        body_of(ModerateRequest((Image(),)), "moderate")
    assert body_of(ModerateRequest((Image(url="https://h/a.png"),)), "moderate")["input"] == [
        {"type": "image_url", "image_url": {"url": "https://h/a.png"}}
    ]


def test_a_verdict_has_what_was_found() -> None:
    """Names of the categories that hit, and all scores that are there: some categories are null for some models."""
    result = {
        "flagged": True,
        "categories": {"violence": True, "hate": False, "illicit": None},
        "category_scores": {"violence": 1, "hate": 0.25, "illicit": None},
    }
    answer = read(ModerateRequest(("a",)), "moderate", {"model": "omni", "results": [result]})
    assert isinstance(answer, Moderation)
    assert answer.flagged
    assert answer.verdicts[0].categories == ("violence",)
    assert answer.verdicts[0].scores == {"violence": 1.0, "hate": 0.25}
    assert answer.model == "omni"


@pytest.mark.parametrize(
    "results", [None, [], [{}], [{"flagged": "no"}], [{"flagged": False}] * 2, [{"flagged": False, "categories": 7}]]
)
def test_verdicts_of_another_shape_are_refused(results: Any) -> None:
    """One verdict an input, each with its word."""
    with pytest.raises(ResponseValidationError):
        read(ModerateRequest(("a",)), "moderate", {"results": results})


def test_a_chat_is_counted_in_the_words_of_a_response() -> None:
    """Structured output, text parts and native parts have their places; sampling does not count."""
    own = {"type": "input_file", "file_id": "file-1"}
    payload = ChatRequest(
        (Message("user", (Text("a"), Image(data=PNG), NativePart(own))), Message("assistant", "b")),
        response_format=ResponseFormat({"type": "object"}, "made", True),
        max_tokens=9,
        temperature=0.5,
        params={"instructions": "Be brief."},
    )
    sent = body_of(payload, "count_tokens")
    assert [part["type"] for part in sent["input"][0]["content"]] == ["input_text", "input_image", "input_file"]
    assert sent["input"][0]["content"][1]["detail"] == "auto"
    assert sent["input"][1] == {"role": "assistant", "content": "b"}
    assert sent["text"] == {
        "format": {"type": "json_schema", "name": "made", "schema": {"type": "object"}, "strict": True}
    }
    assert sent["instructions"] == "Be brief."
    assert not {"max_completion_tokens", "temperature"} & sent.keys()


def test_tools_of_another_kind_are_counted_as_they_are() -> None:
    """A tool of the service's own, and a choice in words."""
    sent = body_of(ChatRequest((Message("user", "a"),), ({"type": "web_search"},), "required"), "count_tokens")
    assert (sent["tools"], sent["tool_choice"]) == ([{"type": "web_search"}], "required")


@pytest.mark.parametrize("tokens", [None, True, "8", 8.5])
def test_a_count_that_is_none_is_refused(tokens: Any) -> None:
    """A whole number, or a typed error."""
    with pytest.raises(ResponseValidationError, match="input_tokens"):
        read(ChatRequest((Message("user", "a"),)), "count_tokens", {"input_tokens": tokens})


def test_a_count_is_the_services_own() -> None:
    """It is not estimated."""
    call = call_of(codec, ChatRequest((Message("user", "a"),)), "count_tokens")
    counted = codec.parse_response(call, recorded_response("openai", "count_tokens"))
    assert isinstance(counted, TokenCount)
    assert (counted.tokens, counted.estimated) == (8, False)
