"""``client.hf_tgi``: the exact request of every method, and what it makes of the answer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ipfs_accel_async import Client, MockTransport
from ipfs_accel_async.errors import (
    BadRequestError,
    InvalidRequestError,
    OverloadedError,
    ResponseValidationError,
    StreamIncompleteError,
)
from tests.providers.described import copies, faults
from tests.providers.recorded import fixture, recorded_stream

URL = "http://tgi:8080"
GENERATED = {"generated_text": " there", "details": {"finish_reason": "length", "generated_tokens": 1}}
GRAMMAR = {"type": "json", "value": {"properties": {"city": {"type": "string"}}}}
ALL = {
    "max_new_tokens": 5,
    "temperature": 0.5,
    "top_k": 10,
    "top_p": 0.9,
    "typical_p": 0.8,
    "repetition_penalty": 1.1,
    "frequency_penalty": 0.1,
    "do_sample": True,
    "seed": 7,
    "truncate": 100,
    "best_of": 2,
    "top_n_tokens": 3,
    "grammar": GRAMMAR,
    "adapter_id": "a/b",
    "return_full_text": True,
    "decoder_input_details": True,
}
CHAT = [{"role": "user", "content": "Hi"}]


def client(answer: Any = None, **more: Any) -> tuple[Client, MockTransport]:
    """A client whose server gives one answer."""
    mock = MockTransport(lambda _: MockTransport.reply(answer, **more))
    return Client(transport=mock, keys={"hf_tgi": "hf_k"}, base_urls={"hf_tgi": f"{URL}/v1"}, max_retries=0), mock


CALLS: list[tuple[str, tuple[Any, ...], dict[str, Any], str, str, Any, Any, str]] = [
    (
        "generate",
        ("Hi",),
        {},
        "POST",
        "/generate",
        {"inputs": "Hi", "parameters": {"details": True}},
        GENERATED,
        "GenerateRequest",
    ),
    (
        "generate",
        ("Hi",),
        {**ALL, "stop": "x", "details": False, "x_new": 1},
        "POST",
        "/generate",
        {"inputs": "Hi", "parameters": {**ALL, "stop": ["x"], "details": False, "x_new": 1}},
        GENERATED,
        "GenerateRequest",
    ),
    (
        "chat_tokenize",
        ("Hi",),
        {},
        "POST",
        "/chat_tokenize",
        {"messages": CHAT},
        fixture("hf_tgi", "count_tokens")["body"],
        "ChatRequest",
    ),
    (
        "chat_tokenize",
        (CHAT,),
        {"tool_prompt": "Use it.", "x_new": 1},
        "POST",
        "/chat_tokenize",
        {"messages": CHAT, "tool_prompt": "Use it.", "x_new": 1},
        fixture("hf_tgi", "count_tokens")["body"],
        "ChatRequest",
    ),
    ("info", (), {}, "GET", "/info", None, {"model_id": "m"}, ""),
    ("models.info", (), {}, "GET", "/v1/models", None, {"data": [{"id": "m"}]}, ""),
    ("health", (), {}, "GET", "/health", None, None, ""),
    ("metrics", (), {}, "GET", "/metrics", None, None, ""),
]


@pytest.mark.parametrize(("method", "args", "kwargs", "verb", "path", "body", "answer", "schema"), CALLS)
async def test_each_method_sends_its_request(
    method: str, args: Any, kwargs: Any, verb: str, path: str, body: Any, answer: Any, schema: str
) -> None:
    """Method, URL, body and key; what was not given is not sent, and the body is as the description allows."""
    ai, mock = client(answer)
    async with ai:
        call: Any = ai.hf_tgi
        for step in method.split("."):
            call = getattr(call, step)
        await call(*args, **kwargs)
    (request,) = mock.requests
    assert (request.method, request.url) == (verb, URL + path)
    assert (json.loads(request.body) if request.body else None) == body
    assert dict(request.headers)[b"authorization"] == b"Bearer hf_k"
    if schema and copies("tgi"):
        assert faults("tgi", schema, body) == []


async def test_all_that_the_server_says_is_kept() -> None:
    """The text by its name, tokens and their odds in the details."""
    recorded = fixture("hf_tgi", "complete")
    ai, _ = client(recorded["body"])
    async with ai:
        answer = await ai.hf_tgi.generate("Once upon")
    assert answer["generated_text"] == " a time, naïve 🧊."
    assert [token["text"] for token in answer["details"]["tokens"]][:2] == [" a", " time"]


async def test_tokens_come_one_by_one() -> None:
    """Events as the server writes them, up to the one with the whole text."""
    ai, mock = client(body=recorded_stream("hf_tgi", "complete"), headers={"content-type": "text/event-stream"})
    async with ai, ai.hf_tgi.generate_stream("Once upon", seed=1, top_k=None, stop=["x"]) as stream:
        events = await stream.collect()
    assert json.loads(mock.requests[0].body) == {
        "inputs": "Once upon",
        "parameters": {"details": True, "seed": 1, "stop": ["x"]},
    }
    assert mock.requests[0].url == f"{URL}/generate_stream"
    assert len(events) == 7
    assert [event.end for event in events] == [False] * 6 + [True]
    assert events[-1].data["generated_text"] == " a time, naïve 🧊."
    assert events[-1].data["details"]["input_length"] == 4


async def test_a_stream_without_the_whole_text_is_incomplete() -> None:
    """However cleanly it ends."""
    raw = recorded_stream("hf_tgi", "complete")
    ai, _ = client(body=raw[: raw.rindex(b"data:")], headers={"content-type": "text/event-stream"})
    async with ai:
        with pytest.raises(StreamIncompleteError):
            async with ai.hf_tgi.generate_stream("Once upon") as stream:
                await stream.collect()


async def test_an_error_in_a_stream_is_raised() -> None:
    """Overload under status 200 is the error that it is."""
    raw = b'data:{"error":"Model is overloaded","error_type":"overloaded"}\n\n'
    ai, _ = client(body=raw, headers={"content-type": "text/event-stream"})
    async with ai:
        with pytest.raises(OverloadedError, match="Model is overloaded"):
            async with ai.hf_tgi.generate_stream("Once upon"):
                pass


@pytest.mark.parametrize(
    ("method", "args", "kwargs"),
    [
        ("generate", ("",), {}),
        ("generate", (5,), {}),
        ("generate", ("a",), {"stop": [""]}),
        ("generate", ("a",), {"stop": [5]}),
        ("chat_tokenize", ("",), {}),
        ("chat_tokenize", ([],), {}),
    ],
)
async def test_what_is_no_input_is_refused_before_it_is_sent(method: str, args: Any, kwargs: Any) -> None:
    """Nothing, no text."""
    ai, mock = client({})
    async with ai:
        with pytest.raises(InvalidRequestError):
            await getattr(ai.hf_tgi, method)(*args, **kwargs)
        with pytest.raises(InvalidRequestError):
            async with ai.hf_tgi.generate_stream(""):
                pass
    assert not mock.requests


async def test_an_answer_without_its_fields_is_refused() -> None:
    """Each promises some."""
    ai, _ = client({"other": 1})
    async with ai:
        for call in (ai.hf_tgi.generate("a"), ai.hf_tgi.chat_tokenize("a"), ai.hf_tgi.info(), ai.hf_tgi.models.info()):
            with pytest.raises(ResponseValidationError):
                await call


async def test_the_servers_words_are_in_the_error() -> None:
    """422 is the caller's fault, and sent once."""
    said = {"error": "Input validation error: `inputs` cannot be empty", "error_type": "validation"}
    ai, mock = client(said, status=422)
    async with ai:
        with pytest.raises(BadRequestError, match="cannot be empty"):
            await ai.hf_tgi.generate("a")
    assert len(mock.requests) == 1
