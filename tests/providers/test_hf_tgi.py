"""The TGI codec: where it differs from the OpenAI wire."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from ipfs_accel_async import errors
from ipfs_accel_async.answers import Delta, ModelList, Reply, Usage
from ipfs_accel_async.keys import Secret
from ipfs_accel_async.providers.hf_tgi import codec
from ipfs_accel_async.types import ChatRequest, Message, NativeRequest, ResponseFormat, Text, Thinking, Tool
from ipfs_accel_async.wire.frames import Frame
from tests.providers.hf_calls import HUB_CASES, HUB_IDS, HubCase
from tests.providers.openai_calls import CASES, HELLO, IDS, SCHEMA, ChatCase
from tests.providers.recorded import call_of, deltas_of, recorded_response, recorded_stream, response

CHAT = ChatRequest((HELLO,))
ROUTER = "https://router.huggingface.co"


def event(value: Any) -> list[Delta]:
    """The deltas in one event."""
    call = call_of(codec, replace(CHAT, stream=True))
    return list(codec.parse_event(call, Frame("", json.dumps(value).encode())))


def chunk(delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
    """One piece of a stream."""
    return {"id": "", "model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}


def body_of(request: ChatRequest, endpoint: str = "") -> dict[str, Any]:
    """The body that is sent for a payload."""
    sent: dict[str, Any] = json.loads(codec.build_request(call_of(codec, request, endpoint=endpoint), None).body)
    return sent


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://localhost:8080/v1", "http://localhost:8080"),
        ("http://h/base/v1/chat/completions", "http://h/base"),
        ("https://router.huggingface.co/v1", ROUTER),
    ],
)
def test_base_urls_as_people_write_them(written: str, meant: str) -> None:
    """The root, below which the server's own routes are too."""
    endpoint = codec.normalize_url(written)
    assert endpoint == meant
    assert codec.build_request(call_of(codec, CHAT, endpoint=endpoint), None).url == f"{meant}/v1/chat/completions"
    models = call_of(codec, NativeRequest(), "models", endpoint=endpoint)
    assert codec.build_request(models, None).url == f"{meant}/v1/models"


def test_a_key_is_sent_where_there_is_one() -> None:
    """A server of one's own needs none."""
    assert not codec.key_required
    assert b"authorization" not in dict(codec.build_request(call_of(codec, CHAT), None).headers)
    headers = dict(codec.build_request(call_of(codec, CHAT), Secret("hf_k")).headers)
    assert headers[b"authorization"] == b"Bearer hf_k"


@pytest.mark.parametrize("case", HUB_CASES, ids=HUB_IDS)
def test_bodies_are_those_of_the_servers_own_client(case: HubCase) -> None:
    """The OpenAI wire with `max_tokens`, and a schema in the form that the server reads."""
    assert body_of(case.ours) == {"model": "m", "stream": False, **case.sent}
    usage = {"stream_options": {"include_usage": True}}
    assert body_of(replace(case.ours, stream=True)) == {"model": "m", "stream": True, **usage, **case.sent}


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_the_router_takes_formats_in_openais_form(case: ChatCase) -> None:
    """What is behind it are other services."""
    expected = {("max_tokens" if key == "max_completion_tokens" else key): value for key, value in case.theirs.items()}
    assert body_of(case.ours, ROUTER) == {"model": "m", "stream": False, **expected}


def test_what_a_template_knows_nothing_of_is_not_sent() -> None:
    """There is no role developer, and no place for the reasoning of earlier turns; the router knows that role."""
    turn = Message("assistant", (Thinking("hm"), Text("Yes")))
    request = ChatRequest((Message("developer", "Be brief."), HELLO, turn))
    sent = body_of(request)["messages"]
    assert [message["role"] for message in sent] == ["system", "user", "assistant"]
    assert sent[2] == {"role": "assistant", "content": "Yes"}
    assert body_of(request, ROUTER)["messages"][0]["role"] == "developer"


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        (replace(CHAT, response_format=ResponseFormat()), "give a JSON schema"),
        (replace(CHAT, response_format=ResponseFormat(SCHEMA), tools=(Tool("clock"),)), "not both"),
    ],
)
def test_what_the_server_cannot_do_is_refused(request_: ChatRequest, says: str) -> None:
    """Before it is sent, with the parameter's name."""
    with pytest.raises(errors.InvalidRequestError, match=f"hf_tgi .*response_format.*{says}"):
        body_of(request_)


def test_parameters_win() -> None:
    """Also over what this codec sets itself."""
    sent = body_of(replace(CHAT, max_tokens=3, params={"max_tokens": 4, "top_k": 5}))
    assert (sent["max_tokens"], sent["top_k"]) == (4, 5)


@pytest.mark.parametrize(
    ("told", "meant"), [("stop", "stop"), ("eos_token", "stop"), ("stop_sequence", "stop"), ("length", "length")]
)
def test_finish_reasons(told: str, meant: str) -> None:
    """A stop sequence has a word of its own here, whole and streamed."""
    choice = {"index": 0, "message": {"role": "assistant", "content": "a"}, "finish_reason": told}
    reply = codec.parse_response(call_of(codec, CHAT), response(200, {"choices": [choice]}))
    (delta,) = event(chunk({"role": "assistant", "content": "a"}, told))
    assert isinstance(reply, Reply)
    assert reply.finish_reason == delta.finish_reason == meant


def test_a_tool_call_is_told_as_a_stop_or_not_at_all() -> None:
    """Whole it ends with "stop", streamed with no reason: both are ``tool_calls``."""
    reply = codec.parse_response(call_of(codec, CHAT), recorded_response("hf_tgi", "tools"))
    assert isinstance(reply, Reply)
    assert reply.finish_reason == "tool_calls"
    raw = recorded_stream("hf_tgi", "tools")
    assert b'"finish_reason":"' not in raw
    deltas = deltas_of(codec, call_of(codec, replace(CHAT, stream=True)), [raw])
    assert {delta.finish_reason for delta in deltas if delta.tool_calls} == {"tool_calls"}
    call = {"index": 0, "id": "0", "type": "function", "function": {"name": None, "arguments": "x"}}
    (cut,) = event(chunk({"role": "assistant", "tool_calls": [call]}, "length"))
    assert cut.finish_reason == "length"


def test_data_without_a_space_is_data() -> None:
    """As older servers write it; the recordings have both forms."""
    raw = recorded_stream("hf_tgi", "chat")
    call = call_of(codec, replace(CHAT, stream=True))
    assert raw.startswith(b"data:{")
    assert deltas_of(codec, call, [raw]) == deltas_of(codec, call, [raw.replace(b"data:", b"data: ")])


def test_usage_and_models() -> None:
    """Usage has no details; there is one model, of which the server does not know since when."""
    reply = codec.parse_response(call_of(codec, CHAT), recorded_response("hf_tgi", "chat"))
    assert reply.usage == Usage(29, 17, 46)
    answer = codec.parse_response(call_of(codec, NativeRequest(), "models"), recorded_response("hf_tgi", "models"))
    assert isinstance(answer, ModelList)
    assert [model.id for model in answer.models] == ["mistralai/Mistral-7B-Instruct-v0.2"]
