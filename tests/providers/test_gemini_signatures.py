"""Gemini: the signatures of thoughts, from its answers back to it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ipfs_accel_async.providers.gemini import codec
from ipfs_accel_async.types import ChatRequest, Message, Text, Thinking, ToolCall
from tests.providers.codecs import CODECS, having
from tests.providers.recorded import call_of, fixture, recorded_response, response

HELLO = Message("user", "hello")
CHAT = call_of(codec, ChatRequest((HELLO,)))
SIGNED_CALL = {
    "candidates": [
        {
            "content": {"parts": [{"functionCall": {"name": "f"}, "thoughtSignature": "QUJD"}]},
            "finishReason": "STOP",
        }
    ]
}


def contents_of(*messages: Message) -> Any:
    """The turns after the first."""
    body = codec.build_body(call_of(codec, ChatRequest((HELLO, *messages))))
    assert body is not None
    return body["contents"][1:]


def test_signatures_return_to_the_parts_they_came_with() -> None:
    """Thoughts, text and calls get their own again; one of the text that stands alone has an empty text."""
    thinking = Thinking("hm", "thought:AAAA;text:BBBB;call1:CCCC;")
    calls = (ToolCall("a", "f", "{}"), ToolCall("b", "g", "{}"))
    (turn,) = contents_of(Message("assistant", (thinking, Text("so"), Text("be it")), calls))
    assert turn["parts"] == [
        {"text": "hm", "thought": True, "thoughtSignature": "AAAA"},
        {"text": "so"},
        {"text": "be it", "thoughtSignature": "BBBB"},
        {"functionCall": {"name": "f", "args": {}, "id": "a"}},
        {"functionCall": {"name": "g", "args": {}, "id": "b"}, "thoughtSignature": "CCCC"},
    ]
    (turn,) = contents_of(Message("assistant", (Thinking("", "text:BBBB;"),)))
    assert turn["parts"] == [{"text": "", "thoughtSignature": "BBBB"}]


@pytest.mark.parametrize("signature", ["", "EqoBCkgIBRABGAIiQPh3m9v2c0=", "text:AAAA;and more", "image:AAAA;"])
def test_the_thoughts_of_other_models_are_left_out(signature: str) -> None:
    """Without a signature of this service, thinking has no use here, and another's would be refused."""
    (turn,) = contents_of(Message("assistant", (Thinking("hm", signature), Text("so"))))
    assert turn["parts"] == [{"text": "so"}]


def test_a_reply_goes_back_as_the_service_wants_it() -> None:
    """Its thoughts and calls return with their signatures, each on its part."""
    for name in ("chat", "tools"):
        reply = codec.parse_response(CHAT, recorded_response("gemini", name))
        body = codec.build_body(call_of(codec, ChatRequest((HELLO, reply.message))))
        sent = body["contents"][1]["parts"]
        for part in fixture("gemini", name)["body"]["candidates"][0]["content"]["parts"]:
            if "functionCall" in part:
                part["functionCall"].setdefault("args", {})
            assert part in sent


@pytest.mark.parametrize(
    "name", sorted(name for name in {*having("chat")} - {"gemini"} if "tools" in CODECS[name].capabilities)
)
def test_signatures_go_to_no_other_service(name: str) -> None:
    """A conversation may go on with another model, which would refuse what it has not signed."""
    reply = codec.parse_response(CHAT, response(200, SIGNED_CALL))
    other = CODECS[name]
    body = other.build_body(call_of(other, ChatRequest((HELLO, reply.message))))
    assert "QUJD" not in json.dumps(body)


def test_a_signature_without_thoughts_goes_back_too() -> None:
    """Some models sign a call and do not show what they thought."""
    reply = codec.parse_response(CHAT, response(200, SIGNED_CALL))
    assert (reply.reasoning, reply.signature) == ("", "call0:QUJD;")
    body = codec.build_body(call_of(codec, ChatRequest((HELLO, reply.message))))
    part = {"functionCall": {"name": "f", "args": {}}, "thoughtSignature": "QUJD"}
    assert body["contents"][1]["parts"] == [part]
