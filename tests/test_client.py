"""The client from outside: its calls, their answers and errors."""

from __future__ import annotations

import asyncio
import uuid

import orjson
import pytest

from ipfs_accel_async import (
    AllTargetsFailedError,
    APIError,
    AuthenticationError,
    Client,
    MockTransport,
    Priority,
    RateLimitError,
    ServerError,
    StreamIncompleteError,
    user,
)
from ipfs_accel_async.wire.http import Request, Response
from tests.answering import JSON, SSE, Server, completion, error_body, header


async def test_one_await() -> None:
    """Chat gives text, usage, target, attempts and both ids; the body is what the wire wants."""
    server = Server(MockTransport.reply(completion("2, 3, 5"), headers={**JSON, "x-request-id": "req_1"}))
    async with server.client() as ai:
        reply = await ai.chat("openai:gpt-4.1-mini", "Name three primes.", priority=Priority.HIGH, timeout=20)
    assert (reply.text, reply.finish_reason, reply.model) == ("2, 3, 5", "stop", "m-1")
    assert (reply.usage.total_tokens, str(reply.target), reply.attempts) == (7, "openai:gpt-4.1-mini", 1)
    assert reply.provider_request_id == "req_1"
    assert str(uuid.UUID(reply.request_id)) == reply.request_id == header(server.mock.requests[0], "x-request-id")
    request = server.mock.requests[0]
    assert (request.method, request.url) == ("POST", "https://api.openai.com/v1/chat/completions")
    assert header(request, "authorization") == "Bearer sk-test"
    wanted = {"model": "gpt-4.1-mini", "messages": [{"role": "user", "content": "Name three primes."}]}
    assert orjson.loads(request.body) == wanted


async def test_retries_keep_the_request_id_and_are_counted() -> None:
    """A 429 and a 503 are sent again under the same id; the reply and the report count the attempts."""
    told = MockTransport.reply(error_body("slow"), status=429, headers={**JSON, "retry-after": "2"})
    busy = MockTransport.reply(error_body("busy"), status=503, headers=JSON)
    server = Server(told, busy)
    async with server.client() as ai:
        reply = await ai.chat("openai:m", "hi")
        report = ai.report()
    assert reply.attempts == 3
    assert len({header(request, "x-request-id") for request in server.mock.requests}) == 1
    assert asyncio.get_running_loop().time() >= 2 + 2 * 0.8
    assert report["retries"] == {
        "total": 2,
        "requests_retried": 1,
        "causes": {"RateLimitError": 1, "OverloadedError": 1},
    }
    assert report["success_rate"] == 1.0
    assert report["providers"]["openai"]["total_requests"] == 1


@pytest.mark.parametrize(
    ("status", "kind", "attempts"), [(401, AuthenticationError, 1), (500, ServerError, 3), (429, RateLimitError, 3)]
)
async def test_errors_say_whose_they_are(status: int, kind: type[APIError], attempts: int) -> None:
    """The error that comes through has provider, target, status, code, ids and the number of attempts."""
    answers = [
        MockTransport.reply(error_body("no", "a_code"), status=status, headers={**JSON, "x-request-id": "req_9"})
    ] * 3
    server = Server(*answers)
    async with server.client(max_retries=2) as ai:
        with pytest.raises(kind) as caught:
            await ai.chat("openai:m", "hi")
    error = caught.value
    assert (error.provider, str(error.target), error.status, error.code) == ("openai", "openai:m", status, "a_code")
    assert (error.attempts, error.provider_request_id) == (attempts, "req_9")
    assert error.request_id == header(server.mock.requests[0], "x-request-id")


async def test_streaming() -> None:
    """A stream gives deltas, then the whole reply with its usage."""
    frames = [
        {"id": "c", "model": "m-1", "choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]},
        *({"id": "c", "model": "m-1", "choices": [{"index": 0, "delta": {"content": text}}]} for text in "abc"),
        {"id": "c", "model": "m-1", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
        {
            "id": "c",
            "model": "m-1",
            "choices": [],
            "usage": {"prompt_tokens": 1, "completion_tokens": 3, "total_tokens": 4},
        },
    ]
    body = b"".join(b"data: " + orjson.dumps(frame) + b"\n\n" for frame in frames) + b"data: [DONE]\n\n"
    mock = MockTransport(lambda _: MockTransport.reply(body=body, headers=SSE), chunk_size=50)
    async with (
        Client(transport=mock, keys={"openai": "sk-test"}) as ai,
        ai.stream("openai:m", [user("count")]) as stream,
    ):
        text = (await anext(stream)).text
        assert ai.report()["queue"]["active_requests"] == 1
        text += "".join([delta.text async for delta in stream])
    assert text == stream.reply.text == "abc"
    assert (stream.reply.usage.total_tokens, stream.reply.finish_reason) == (4, "stop")
    assert ai.report()["queue"]["active_requests"] == 0
    assert mock.open == 0
    sent = orjson.loads(mock.requests[0].body)
    assert (sent["stream"], sent["stream_options"]) == (True, {"include_usage": True})


async def test_a_cut_stream_is_not_retried_after_its_first_token() -> None:
    """A stream that ends early raises with the partial text, and was sent once."""
    frame = {"id": "c", "model": "m", "choices": [{"index": 0, "delta": {"content": "half"}}]}
    body = b"data: " + orjson.dumps(frame) + b"\n\n"
    mock = MockTransport(lambda _: MockTransport.reply(body=body, headers=SSE))
    async with Client(transport=mock, keys={"openai": "sk-test"}) as ai:
        with pytest.raises(StreamIncompleteError) as caught:
            async with ai.stream("openai:m", "hi") as stream:
                await stream.collect()
    assert caught.value.partial is not None
    assert caught.value.partial.text == "half"
    assert len(mock.requests) == 1
    assert ai.report()["errors"]["error_types"] == {"StreamIncompleteError": 1}


async def test_embeddings_have_one_row_a_text() -> None:
    """One text or many: vectors of shape (n, d), float32."""
    data = [{"index": index, "embedding": [float(index), 1.0]} for index in (1, 0)]
    answer = MockTransport.reply(
        {"model": "e", "data": data, "usage": {"prompt_tokens": 2, "total_tokens": 2}}, headers=JSON
    )
    server = Server(answer)
    async with server.client() as ai:
        made = await ai.embed("openai:e", ["a", "b"])
    assert made.vectors.shape == (2, 2)
    assert str(made.vectors.dtype) == "float32"
    assert made.vectors.tolist() == [[0.0, 1.0], [1.0, 1.0]]
    assert made.usage.total_tokens == 2


async def test_any_other_path_goes_through_the_stack() -> None:
    """request() reaches any endpoint, with retries and the key; a POST is not sent twice unless it may be."""
    busy = MockTransport.reply(error_body("busy"), status=503, headers=JSON)
    server = Server(busy, MockTransport.reply({"ok": True}, headers=JSON), busy)
    async with server.client() as ai:
        answer = await ai.request("openai", "get", "/files", query={"limit": "2"})
        assert (answer.raw, answer.status, answer.attempts) == ({"ok": True}, 200, 2)
        with pytest.raises(APIError):
            await ai.request("openai", "POST", "/files", json={"a": 1})
    assert server.mock.requests[1].url == "https://api.openai.com/v1/files?limit=2"
    assert len(server.mock.requests) == 3


async def test_fallbacks_answer_in_order() -> None:
    """When the first target fails the next answers, and says so; when all fail, every cause is there."""

    def answer(request: Request) -> Response:
        if "api.openai.com" in request.url:
            return MockTransport.reply(error_body("down"), status=500, headers=JSON)
        return MockTransport.reply(completion("from groq"), headers=JSON)

    mock = MockTransport(answer)
    async with Client(transport=mock, keys={"openai": "sk-a", "groq": "gsk-b"}, max_retries=0) as ai:
        reply = await ai.chat("openai:m", "hi", fallbacks=["groq:n"])
        assert (str(reply.target), reply.text, reply.attempts) == ("groq:n", "from groq", 2)
        assert header(mock.requests[1], "authorization") == "Bearer gsk-b"
        with pytest.raises(AllTargetsFailedError) as caught:
            await ai.chat("openai:m", "hi", fallbacks="openai:n")
    assert [type(cause).__name__ for cause in caught.value.causes] == ["ServerError", "ServerError"]


async def test_an_end_mark_without_a_finish_reason_is_no_end() -> None:
    """A server that breaks a stream off and ends it all the same is found out; the partial has what came."""
    chunk = b'data: {"id":"1","model":"m","choices":[{"index":0,"delta":{"content":"half"}}]}\n\n'
    mock = MockTransport(lambda _: MockTransport.reply(body=chunk + b"data: [DONE]\n\n", headers=SSE))
    async with Client(transport=mock, keys={"openai": "k"}) as ai:
        with pytest.raises(StreamIncompleteError, match="why the model stopped") as caught:
            async with ai.stream("openai:m", "x") as stream:
                await stream.collect()
        assert caught.value.partial is not None
        assert caught.value.partial.text == "half"
        assert ai.report()["errors"]["error_types"] == {"StreamIncompleteError": 1}
    assert mock.open == 0
