"""The OpenAI codec: bodies, parts, errors, usage, limits and embeddings."""

from __future__ import annotations

import json
import struct
from base64 import b64encode
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async import errors
from ipfs_accel_async.answers import Delta, Embeddings, Reply, ToolCallDelta, Usage
from ipfs_accel_async.errors import (
    APIError,
    ConfigError,
    DecodeError,
    InvalidRequestError,
    ResponseValidationError,
    ServerError,
)
from ipfs_accel_async.fold import fold
from ipfs_accel_async.keys import Secret
from ipfs_accel_async.providers.openai import codec
from ipfs_accel_async.types import ChatRequest, EmbedRequest, Image, Message, NativePart, Text, Thinking, ToolCall
from ipfs_accel_async.wire.frames import Frame
from tests.providers.openai_calls import CASES, HELLO, IDS, ChatCase
from tests.providers.recorded import REQUEST_ID, call_of, deltas_of, fixture, recorded_response, response

CHAT = ChatRequest((HELLO,))


def body_of(request: ChatRequest | EmbedRequest, operation: str = "chat") -> dict[str, Any]:
    """The body that is sent for a payload."""
    sent: dict[str, Any] = json.loads(codec.build_request(call_of(codec, request, operation), None).body)
    return sent


def message_of(message: Message) -> dict[str, Any]:
    """The body of one message."""
    sent: dict[str, Any] = body_of(ChatRequest((message,)))["messages"][0]
    return sent


def reply_to(message: dict[str, Any], **more: Any) -> Reply:
    """Our reading of an answer with this message."""
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    reply = codec.parse_response(call_of(codec, CHAT), response(200, {"choices": [choice], **more}))
    assert isinstance(reply, Reply)
    return reply


def event(value: Any, name: str = "") -> list[Delta]:
    """The deltas in one event."""
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return list(codec.parse_event(call_of(codec, replace(CHAT, stream=True)), Frame(name, data)))


# requests ---------------------------------------------------------------------------------------------------------


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


# answers ----------------------------------------------------------------------------------------------------------


def test_usage_with_all_its_details() -> None:
    """Cached, cache-writing and reasoning tokens are told apart."""
    reply = codec.parse_response(call_of(codec, CHAT), recorded_response("openai", "chat"))
    assert reply.usage == Usage(1320, 310, 1630, 1024, 128, 256)


@pytest.mark.parametrize("usage", [None, {}, {"prompt_tokens": 3, "prompt_tokens_details": None}])
def test_usage_may_be_thin(usage: Any) -> None:
    """Kin of this service leave counts out or null."""
    assert reply_to({"content": "x"}, usage=usage).usage.total_tokens == (3 if usage else 0)


def test_rate_limits_and_ids_of_the_answer() -> None:
    """They come from the headers: the service's request id, and what is left of its limits."""
    reply = codec.parse_response(call_of(codec, CHAT), recorded_response("openai", "chat"))
    assert reply.provider_request_id == "req_7d1c55d0a3"
    assert reply.request_id == REQUEST_ID
    assert reply.rate_limits is not None
    assert (reply.rate_limits.remaining_requests, reply.rate_limits.remaining_tokens) == (9999, 199880)
    assert reply.rate_limits.reset_tokens == pytest.approx(0.036)


def test_a_refusal_is_the_text() -> None:
    """A model that refuses structured output says so in a field of its own; streamed or not, it is what was said."""
    whole = {"choices": [{"index": 0, "message": {"content": None, "refusal": "I cannot."}, "finish_reason": "stop"}]}
    reply = codec.parse_response(call_of(codec, CHAT), response(200, whole))
    pieces = [{"choices": [{"index": 0, "delta": {"refusal": piece}}]} for piece in ("I ", "cannot.")]
    assert isinstance(reply, Reply)
    assert reply.text == "I cannot." == "".join(delta.text for piece in pieces for delta in event(piece))


def test_only_the_first_choice_is_the_reply() -> None:
    """With ``n`` above 1 the pieces of the others are not mixed in; `raw` of the unary answer has all."""
    other = {"choices": [{"index": 1, "delta": {"content": "other"}, "finish_reason": None}]}
    assert event(other) == []


def test_a_tool_call_without_arguments_has_an_empty_object() -> None:
    """The service writes no text where the tool takes none; JSON it must be all the same."""
    asked = {"id": "c1", "type": "function", "function": {"name": "clock", "arguments": ""}}
    assert reply_to({"content": None, "tool_calls": [asked]}).tool_calls == (ToolCall("c1", "clock", "{}"),)


def test_a_custom_tool_gets_its_text() -> None:
    """A native definition may ask for text instead of JSON."""
    asked = {"id": "c1", "type": "custom", "custom": {"name": "sql", "input": "select 1"}}
    assert reply_to({"content": None, "tool_calls": [asked]}).tool_calls == (ToolCall("c1", "sql", "select 1"),)


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"id": "x"}, "choices"),
        ({"choices": []}, "choices[0]"),
        ({"choices": [{"index": 0}]}, "choices[0].message"),
        ({"choices": [{"message": {"content": [1]}}]}, "choices[0].message.content"),
        ({"choices": [{"message": {"tool_calls": [{"id": "c"}]}}]}, "choices[0].message.tool_calls[0].function"),
        (
            {
                "choices": [
                    {"message": {"tool_calls": [{"function": {"name": "f", "arguments": {}}}, {"function": {}}]}}
                ]
            },
            "choices[0].message.tool_calls[1].function.name",
        ),
    ],
)
def test_a_missing_field_is_named_by_its_path(body: Any, path: str) -> None:
    """The error says where in the answer it is."""
    with pytest.raises(ResponseValidationError) as caught:
        codec.parse_response(call_of(codec, CHAT), response(200, body))
    assert path in str(caught.value)


# streams ----------------------------------------------------------------------------------------------------------


def test_a_chunk_becomes_one_delta() -> None:
    """Text, id and model are taken, the chunk is kept as raw."""
    chunk = {"id": "c", "model": "mm", "choices": [{"index": 0, "delta": {"content": "hi"}, "finish_reason": None}]}
    (delta,) = event(chunk)
    assert delta == Delta("hi", id="c", model="mm")
    assert delta.raw == chunk


def test_tool_calls_keep_their_index() -> None:
    """Pieces of two calls in one chunk go to their own calls."""
    pieces = [{"index": 1, "function": {"arguments": "}"}}, {"index": 0, "id": "a", "function": {"name": "f"}}]
    (delta,) = event({"choices": [{"index": 0, "delta": {"tool_calls": pieces}}]})
    assert delta.tool_calls == (ToolCallDelta(1, arguments="}"), ToolCallDelta(0, "a", "f"))


def test_usage_in_every_chunk_is_counted_once() -> None:
    """Counts are cumulative: the last ones stand."""
    deltas = [
        delta
        for count in (1, 2, 3)
        for delta in event(
            {
                "choices": [{"index": 0, "delta": {"content": "a"}}],
                "usage": {"prompt_tokens": 5, "completion_tokens": count, "total_tokens": 5 + count},
            }
        )
    ]
    assert fold(deltas, Reply(target=call_of(codec, CHAT).target)).usage == Usage(5, 3, 8)


@pytest.mark.parametrize("chunk", [{}, {"choices": []}, {"object": "keep-alive"}, {"choices": [], "usage": None}])
def test_chunks_that_say_nothing_are_passed_over(chunk: Any) -> None:
    """Content filter notes and kinds yet unknown are no pieces of the answer."""
    assert event(chunk) == []


def test_done_is_the_end_mark() -> None:
    """As the official client has it, whatever follows the mark in its line."""
    assert event(b"[DONE]") == event(b"[DONE] ") == [Delta(end=True)]


@pytest.mark.parametrize("data", [b'{"choices": [', b"oops", b""])
def test_malformed_json_in_a_stream_is_a_decode_error(data: bytes) -> None:
    """It is retried while no token has been handed out."""
    with pytest.raises(DecodeError):
        event(data)


@pytest.mark.parametrize(
    "chunk", [{"choices": [{}]}, {"choices": [7]}, {"choices": [{"delta": {"content": 7}}]}, {"choices": 7}, 7, None]
)
def test_a_chunk_of_another_shape_is_refused(chunk: Any) -> None:
    """Required fields that are missing or of another type are an error, not an empty piece."""
    with pytest.raises(ResponseValidationError):
        event(chunk)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"message": "m", "type": "server_error", "code": None}, errors.ServerError),
        ({"message": "m", "type": "server_error", "code": "server_is_overloaded"}, errors.OverloadedError),
        ({"message": "m", "type": "requests", "code": "rate_limit_exceeded"}, errors.RateLimitError),
        (
            {"message": "m", "type": "invalid_request_error", "code": "context_length_exceeded"},
            errors.ContextTooLongError,
        ),
        ({"message": "m", "type": "invalid_request_error", "code": None}, errors.BadRequestError),
        ({"message": "m", "type": "x", "code": 503}, errors.OverloadedError),
        ({"message": "m", "type": "x", "code": 429}, errors.RateLimitError),
        ("just words", errors.ServerError),
    ],
)
def test_an_error_inside_a_stream_is_judged_as_if_by_status(error: Any, kind: type[APIError]) -> None:
    """Its code, type or numeric code chooses the class; so does an event that is named error."""
    for value, name in (({"error": error}, ""), ({"error": error}, "error")):
        with pytest.raises(kind) as caught:
            event(value, name)
        assert type(caught.value) is kind
        assert caught.value.message in ("m", "just words")


def test_an_event_named_error_needs_no_envelope() -> None:
    """Its data is the error."""
    with pytest.raises(errors.OverloadedError, match="m"):
        event({"message": "m", "code": "server_is_overloaded"}, "error")


def test_an_error_in_a_200_is_raised() -> None:
    """A gateway that answers 200 with an error has not answered."""
    with pytest.raises(errors.RateLimitError):
        codec.parse_response(
            call_of(codec, CHAT), response(200, {"error": {"message": "slow", "code": "rate_limit_exceeded"}})
        )


def test_a_stream_that_is_cut_has_no_end_mark() -> None:
    """The clean early end that official clients take for success."""
    raw = b'data: {"choices":[{"index":0,"delta":{"content":"par"},"finish_reason":null}]}\n\n'
    deltas = deltas_of(codec, call_of(codec, replace(CHAT, stream=True)), [raw])
    assert [delta.text for delta in deltas] == ["par"]
    assert not deltas[-1].end


# errors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "code", "kind", "retryable"),
    [
        (400, None, errors.BadRequestError, False),
        (400, "context_length_exceeded", errors.ContextTooLongError, False),
        (400, "content_policy_violation", errors.ContentFilteredError, False),
        (401, "invalid_api_key", errors.AuthenticationError, False),
        (403, "unsupported_country_region_territory", errors.PermissionDeniedError, False),
        (404, "model_not_found", errors.NotFoundError, False),
        (408, None, errors.ServerError, True),
        (409, None, errors.BadRequestError, False),
        (413, None, errors.BadRequestError, False),
        (422, None, errors.BadRequestError, False),
        (429, "rate_limit_exceeded", errors.RateLimitError, True),
        (429, "slow_down", errors.RateLimitError, True),
        (429, "insufficient_quota", errors.QuotaExhaustedError, False),
        (429, "credit_balance_exhausted", errors.QuotaExhaustedError, False),
        (500, None, errors.ServerError, True),
        (501, None, errors.ServerError, False),
        (503, "server_is_overloaded", errors.OverloadedError, True),
    ],
)
def test_status_and_code_choose_the_error(status: int, code: str | None, kind: type[APIError], retryable: bool) -> None:
    """The table of the wire: class, and whether the same request is worth sending again."""
    body = {"error": {"message": "It failed.", "type": "some_type", "param": None, "code": code}}
    error = codec.parse_error(call_of(codec, CHAT), response(status, body, {"x-request-id": "req_1"}))
    assert type(error) is kind
    assert error.retryable is retryable
    assert (error.status, error.code) == (status, code or "some_type")
    assert (error.provider_request_id, error.request_id) == ("req_1", REQUEST_ID)
    assert str(error) == "openai:m: It failed."


def test_a_429_says_how_long_in_milliseconds_first() -> None:
    """``retry-after-ms`` is the finer word."""
    value = fixture("openai", "error_429")
    error = codec.parse_error(call_of(codec, CHAT), response(429, value["body"], value["headers"]))
    assert error.retry_after == pytest.approx(1.25)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"upstream connect error", "upstream connect error"),
        (b'{"error": "flat"}', "flat"),
        (b'{"message": "bare", "code": "server_error"}', "bare"),
        (b'{"detail": "Not here"}', "Not here"),
        (b'{"error": {"message": ["odd"]}}', "['odd']"),
        (b"", "HTTP 502 without a message"),
    ],
)
def test_error_bodies_of_proxies_and_kin(body: bytes, message: str) -> None:
    """Whatever they write, the words reach the caller."""
    error = codec.parse_error(call_of(codec, CHAT), response(502, body))
    assert isinstance(error, ServerError)
    assert error.message == message


# embeddings -------------------------------------------------------------------------------------------------------


def embedded(items: list[Any], count: int) -> Embeddings:
    """Our reading of an embeddings answer."""
    call = call_of(codec, EmbedRequest(("t",) * count), "embed")
    answer = codec.parse_response(call, response(200, {"data": items, "model": "e", "usage": {"prompt_tokens": 2}}))
    assert isinstance(answer, Embeddings)
    return answer


def in_base64(values: list[float]) -> str:
    """Numbers as little-endian float32 in base64."""
    return b64encode(struct.pack(f"<{len(values)}f", *values)).decode()


@given(
    st.integers(1, 5).flatmap(
        lambda d: st.lists(
            st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=d, max_size=d),
            min_size=1,
            max_size=6,
        )
    ),
    st.randoms(use_true_random=False),
)
def test_embeddings_in_either_encoding_and_any_order(rows: list[list[float]], rng: Any) -> None:
    """Base64 and lists of numbers give the same float32 rows, placed by index."""
    order = list(range(len(rows)))
    rng.shuffle(order)
    packed = embedded([{"index": at, "embedding": in_base64(rows[at])} for at in order], len(rows))
    listed = embedded([{"index": at, "embedding": rows[at]} for at in order], len(rows))
    expected = np.array(rows, np.float32)
    np.testing.assert_array_equal(packed.vectors, expected)
    np.testing.assert_array_equal(listed.vectors, expected)
    assert packed.vectors.flags.writeable
    assert packed.usage == Usage(2, 0, 2)


ONE = {"index": 0, "embedding": [1.0, 2.0]}


@pytest.mark.parametrize(
    "items",
    [
        [ONE],
        [ONE, ONE],
        [ONE, {"index": 2, "embedding": [1.0, 2.0]}],
        [ONE, {"index": -1, "embedding": [1.0, 2.0]}],
        [ONE, {"index": 1, "embedding": [1.0]}],
        [ONE, {"index": 1, "embedding": [1.0, "x"]}],
        [ONE, {"index": 1, "embedding": [[1.0, 2.0]]}],
        [ONE, {"index": 1, "embedding": "AAA="}],
        [ONE, {"index": 1, "embedding": "not base64!"}],
        [ONE, {"index": 1, "embedding": None}],
        [ONE, {"index": 1, "embedding": [1.0, None]}],
        [ONE, {"index": 1, "embedding": [1.0, 1e300]}],
        [ONE, {"index": 1}],
        [ONE, 7],
        [{"index": 0, "embedding": []}, {"index": 1, "embedding": []}],
        {"0": ONE, "1": ONE},
    ],
)
def test_vectors_that_do_not_fit_are_refused(items: Any) -> None:
    """Wrong count, an index twice or out of range, ragged rows, no numbers: an error, never a wrong row."""
    with pytest.raises(ResponseValidationError, match="data"):
        embedded(items, 2)
