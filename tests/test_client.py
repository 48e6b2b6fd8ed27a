"""The client from outside: its shapes, its settings, its errors."""

from __future__ import annotations

import asyncio
import itertools
import uuid
from typing import Any

import httpx
import orjson
import pytest
import respx

import ipfs_accel_async as accel
from ipfs_accel_async import (
    AllTargetsFailedError,
    APIError,
    AuthenticationError,
    Client,
    ClientClosedError,
    ConfigError,
    DeadlineExceededError,
    InvalidRequestError,
    Keys,
    MockTransport,
    Priority,
    QueueFullError,
    RateLimitError,
    ServerError,
    StreamIncompleteError,
    user,
)
from ipfs_accel_async.wire.http import Request, Response

JSON = {"content-type": "application/json"}
SSE = {"content-type": "text/event-stream"}


def completion(text: str = "hello", **more: Any) -> dict[str, Any]:
    """A chat completion of the OpenAI wire."""
    message = {"role": "assistant", "content": text}
    usage = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
    choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
    return {
        "id": "c1",
        "object": "chat.completion",
        "created": 1,
        "model": "m-1",
        "choices": choices,
        "usage": usage,
    } | more


def error_body(message: str, code: str | None = None) -> dict[str, Any]:
    """An error body of the OpenAI wire."""
    return {"error": {"message": message, "type": "x", "param": None, "code": code}}


class Server:
    """Answers from a list, then with a completion for ever."""

    def __init__(self, *answers: Response, seconds: float = 0.0) -> None:
        self.answers = list(answers)
        self.seconds = seconds
        self.mock = MockTransport(self.answer)
        self.now = 0
        self.peak = 0

    async def answer(self, request: Request) -> Response:
        self.now += 1
        self.peak = max(self.peak, self.now)
        try:
            await asyncio.sleep(self.seconds)
        finally:
            self.now -= 1
        return self.answers.pop(0) if self.answers else MockTransport.reply(completion(), headers=JSON)

    def client(self, **more: Any) -> Client:
        """A client of it, with a key for OpenAI."""
        return Client(transport=self.mock, **{"keys": {"openai": "sk-test"}, **more})


def header(request: Request, name: str) -> str | None:
    """A header of a request."""
    return next((value.decode() for key, value in request.headers if key.decode() == name), None)


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


async def test_ten_thousand_tasks_on_a_queue_of_twenty_thousand() -> None:
    """The server never sees more than the cap of 50; nothing is lost; HIGH goes before LOW."""
    server = Server(seconds=0.01)
    order: list[int] = []
    async with server.client(max_concurrent_requests=50, queue_size=20_000) as ai:

        async def one(number: int) -> str:
            reply = await ai.chat("openai:m", str(number), priority=number % 3)
            order.append(number)
            return reply.request_id

        ids = await asyncio.gather(*(one(number) for number in range(10_000)))
    assert server.peak == 50
    assert len(set(ids)) == len(order) == 10_000
    waited = [number % 3 for number in order[100:]]  # the first hundred came before there was a queue
    assert waited == sorted(waited) or sum(a > b for a, b in itertools.pairwise(waited)) <= 100


async def test_a_full_queue_and_a_short_deadline() -> None:
    """Beyond cap and queue a call is refused at once; one that waits too long is never sent."""
    server = Server(seconds=10.0)
    async with server.client(max_concurrent_requests=1, queue_size=1) as ai:
        first = asyncio.ensure_future(ai.chat("openai:m", "1"))
        await asyncio.sleep(0)
        second = asyncio.ensure_future(ai.chat("openai:m", "2", timeout=5))
        await asyncio.sleep(0)
        with pytest.raises(QueueFullError, match="raise queue_size"):
            await ai.chat("openai:m", "3")
        with pytest.raises(DeadlineExceededError, match="waiting in the queue"):
            await second
        await first
        report = ai.report()
    assert len(server.mock.requests) == 1
    assert report["queue"]["queue_rejection_count"] == 1
    assert report["errors"]["rejected"] == 2


async def test_settings_of_a_provider_override_those_of_the_client() -> None:
    """The cap of one provider is its own."""
    server = Server(seconds=1.0)
    async with server.client(max_concurrent_requests=2, providers={"openai": {"max_concurrent_requests": 7}}) as ai:
        await asyncio.gather(*(ai.chat("openai:m", "hi") for _ in range(20)))
    assert server.peak == 7


async def test_options_come_from_settings_or_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider's options are read from its variables; its settings win."""
    monkeypatch.setenv("OPENAI_ORG_ID", "org-env")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-env")
    server = Server()
    async with server.client(providers={"openai": {"options": {"project": "proj-own"}}}) as ai:
        await ai.chat("openai:m", "hi")
    sent = server.mock.requests[0]
    assert (header(sent, "openai-organization"), header(sent, "openai-project")) == ("org-env", "proj-own")


async def test_keys_share_the_load() -> None:
    """With several keys each call takes the least loaded."""
    server = Server(seconds=1.0)
    async with server.client(keys={"openai": Keys("sk-a", "sk-b", "sk-c")}, max_concurrent_requests=6) as ai:
        await asyncio.gather(*(ai.chat("openai:m", "hi") for _ in range(6)))
    used = [header(request, "authorization") for request in server.mock.requests]
    assert {key: used.count(key) for key in used} == {"Bearer sk-a": 2, "Bearer sk-b": 2, "Bearer sk-c": 2}


@pytest.mark.parametrize(
    ("call", "kind", "hint"),
    [
        (lambda ai: ai.chat("nobody:m", "hi"), ConfigError, "there is no provider 'nobody'"),
        (lambda ai: ai.chat("opnai:m", "hi"), ConfigError, "did you mean 'openai'"),
        (lambda ai: ai.chat("gpt-4.1", "hi"), InvalidRequestError, "write 'provider:model'"),
        (lambda ai: ai.chat("openai:", "hi"), InvalidRequestError, "names no provider"),
        (lambda ai: ai.chat("openai:m", []), InvalidRequestError, "messages is empty"),
        (lambda ai: ai.chat("openai:m", ""), InvalidRequestError, "every message is empty"),
        (lambda ai: ai.chat("openai:m", "hi", timeout=-1), InvalidRequestError, "timeout must be"),
        (lambda ai: ai.chat("openai:m", "hi", timeout=float("nan")), InvalidRequestError, "timeout must be"),
        (lambda ai: ai.chat("openai:m", "hi", priority="urgent"), InvalidRequestError, "HIGH"),
        (lambda ai: ai.chat("groq:m", "hi"), ConfigError, "set GROQ_API_KEY"),
        (lambda ai: ai.embed("openai:m", []), InvalidRequestError, "texts is empty"),
        (lambda ai: ai.request("openai", "GET", "/../x"), InvalidRequestError, "dot segment"),
    ],
)
async def test_bad_input_gets_one_line_and_nothing_is_sent(call: Any, kind: type[Exception], hint: str) -> None:
    """Each is a typed error of one line that says what to do, before anything is sent."""
    server = Server()
    async with server.client() as ai:
        with pytest.raises(kind, match=hint) as caught:
            await call(ai)
    assert "\n" not in str(caught.value)
    assert server.mock.requests == []


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        ({"keys": {"openai": "sk-a\nsk-b"}}, "line break"),
        ({"keys": {"openai": ""}}, "empty"),
        ({"keys": {"nobody": "sk"}}, "there is no provider"),
        ({"base_urls": {"openai": "https://user:pass@host/v1"}}, "credentials"),
        ({"base_urls": {"openai": "ftp://host"}}, "http"),
        ({"max_concurrent_requests": 0}, "max_concurrent_requests"),
        ({"queue": 3}, "there is no setting 'queue'"),
        ({"providers": {"openai": {"timeout": -1}}}, "timeout"),
        ({"providers": {"openai": {"connect_timeout": 1}}}, "a setting of the client"),
        ({"keys": "sk-test"}, "a mapping by provider"),
        ({"http_client": object(), "transport": object()}, "not both"),
        ({"max_total_concurrent_requests": 0}, "at least 1"),
    ],
)
def test_a_client_is_checked_when_built(options: dict[str, Any], hint: str) -> None:
    """A wrong key, address or setting is refused by the constructor, in one line, without the secret."""
    with pytest.raises(ConfigError, match=hint) as caught:
        Client(**options)
    assert "\n" not in str(caught.value)
    assert "sk-a" not in str(caught.value)
    assert "pass@" not in str(caught.value)


def test_the_report_of_an_unused_client_is_all_zeros() -> None:
    """A service may report before its first call, outside any loop."""
    report = Client().report()
    assert (report["total_requests"], report["providers"]) == (0, {})
    assert "p99" in report["latency"]


async def test_closing_ends_what_waits_and_what_comes() -> None:
    """Aclose fails the waiting, may be called twice, and later calls are refused."""
    server = Server(seconds=10.0)
    ai = server.client(max_concurrent_requests=1)
    first = asyncio.ensure_future(ai.chat("openai:m", "1"))
    second = asyncio.ensure_future(ai.chat("openai:m", "2"))
    await asyncio.sleep(1)
    await ai.aclose()
    await ai.aclose()
    with pytest.raises(ClientClosedError):
        await second
    with pytest.raises(ClientClosedError):
        await ai.chat("openai:m", "3")
    await first
    assert server.mock.closed


def test_one_client_may_serve_one_loop_after_another() -> None:
    """A client made outside any loop is used in a loop, and in another one when that is closed."""
    server = Server()
    ai = server.client()
    for _ in range(2):
        assert asyncio.run(ai.chat("openai:m", "hi")).text == "hello"


async def test_respx_intercepts_the_default_client() -> None:
    """Users mock the default client with respx.mock(using="httpx")."""
    with respx.mock(using="httpx") as mock:
        route = mock.post("https://api.openai.com/v1/chat/completions").respond(json=completion("mocked"))
        async with Client(keys={"openai": "sk-test"}) as ai:
            assert (await ai.chat("openai:m", "hi")).text == "mocked"
    assert orjson.loads(route.calls[0].request.content)["messages"][0]["content"] == "hi"
    assert route.calls[0].request.headers["authorization"] == "Bearer sk-test"


async def test_a_client_passed_in_is_used_as_given() -> None:
    """An httpx client's own transport and headers apply, and it stays open."""

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.headers["x-own"] == "yes"
        return httpx.Response(200, json=completion("given"))

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer), headers={"x-own": "yes"}) as given:
        async with Client(keys={"openai": "sk-test"}, http_client=given) as ai:
            assert (await ai.chat("openai:m", "hi")).text == "given"
        assert not given.is_closed


def test_public_names_are_pinned() -> None:
    """__all__ is sorted, importable, and holds what the documentation promises."""
    promised = {
        "Client", "Keys", "Secret", "Priority", "Message", "user", "system", "assistant", "tool", "Tool", "Reply",
        "Delta", "Stream", "Usage", "Embeddings", "MockTransport",
    }  # fmt: skip
    assert accel.__all__ == sorted(accel.__all__)
    assert promised <= set(accel.__all__)
    assert all(hasattr(accel, name) for name in accel.__all__)
    public = {name for name in vars(accel) if not name.startswith("_")}
    modules = {name for name in public if type(vars(accel)[name]).__name__ == "module"}
    assert public - modules == set(accel.__all__) - {"__version__"}
