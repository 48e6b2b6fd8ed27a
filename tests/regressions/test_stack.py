"""What clients of this kind are known to get wrong, each held as a test: keys, order, retries, breaker, streams.

The numbers are those of the list in ``docs/design/0002-operations.md``.
"""

from __future__ import annotations

import asyncio
import json
import logging
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from ipfs_accel_async import (
    AccelError,
    AuthenticationError,
    BadRequestError,
    CircuitOpenError,
    Client,
    ConfigError,
    MockTransport,
    NotFoundError,
    Priority,
    ServerError,
)
from ipfs_accel_async.simulator import PROVIDERS, simulate
from tests.answering import JSON, SSE, Server, completion, error_body
from tests.providers.codecs import CODECS, KEY

if TYPE_CHECKING:
    from ipfs_accel_async.wire.http import Request, Response

KEYED = sorted(name for name in PROVIDERS if name in CODECS and name != "s3_kit")


@pytest.mark.parametrize("name", KEYED)
async def test_1_the_key_is_sent_in_its_header_and_shown_nowhere(name: str, caplog: pytest.LogCaptureFixture) -> None:
    """Exactly the configured key, in the right header; in no URL, body, log line, repr or exception."""
    caplog.set_level(logging.DEBUG)
    refused = MockTransport(lambda _: MockTransport.reply({"error": f"bad key {KEY}"}, status=401, headers=JSON))
    codec = CODECS[name]
    async with Client(transport=refused, keys={name: KEY}, base_urls={name: "http://127.0.0.1:1"}) as ai:
        with pytest.raises(AccelError) as caught:
            await ai.request(name, "GET", "/x")
        shown = repr(caught.value) + str(caught.value) + repr(vars(caught.value)) + repr(ai) + repr(codec)
        (request,) = refused.requests
    carrying = [(header, value) for header, value in request.headers if KEY.encode() in value]
    assert len(carrying) == 1
    header, value = carrying[0]
    bare = {"gemini": b"x-goog-api-key", "claude": b"x-api-key"}.get(name)
    assert (header, bytes(value)) == ((bare, KEY.encode()) if bare else (b"authorization", f"Bearer {KEY}".encode()))
    assert KEY not in shown + caplog.text + request.url + repr(request)


async def test_2_concurrency_is_used_and_never_exceeded() -> None:
    """20 calls of one second at a cap of 4 take five seconds, with four in flight."""
    server = Server(seconds=1.0)
    loop = asyncio.get_running_loop()
    async with server.client(max_concurrent_requests=4) as ai:
        started = loop.time()
        await asyncio.gather(*(ai.chat("openai:m", "x") for _ in range(20)))
        assert loop.time() - started == pytest.approx(5.0)
    assert server.peak == 4


async def test_2_low_never_overtakes_waiting_high_and_nothing_starves() -> None:
    """HIGH calls that wait start first; a LOW one among endless HIGH ones is served all the same."""
    started: list[str] = []

    async def slow(request: Request) -> Response:
        started.append(json.loads(request.body)["messages"][0]["content"])
        await asyncio.sleep(1)
        return MockTransport.reply(completion(), headers=JSON)

    async with Client(
        transport=MockTransport(slow), keys={"openai": "k"}, max_concurrent_requests=1, priority_aging=5, queue_size=500
    ) as ai:

        async def call(name: str, priority: Priority) -> None:
            await ai.chat("openai:m", name, priority=priority)

        async with asyncio.TaskGroup() as group:
            group.create_task(call("first", Priority.NORMAL))
            await asyncio.sleep(0.1)
            group.create_task(call("low", Priority.LOW))
            for number in range(3):
                group.create_task(call(f"high-{number}", Priority.HIGH))
            await asyncio.sleep(0.1)
            for number in range(3, 40):  # HIGH ones keep coming, one a second
                group.create_task(call(f"high-{number}", Priority.HIGH))
                await asyncio.sleep(1)
    assert started[:4] == ["first", "high-0", "high-1", "high-2"]
    assert "low" in started[:25]


@pytest.mark.parametrize(("status", "kind"), [(400, BadRequestError), (401, AuthenticationError), (404, NotFoundError)])
async def test_4_a_callers_fault_is_sent_once_and_opens_nothing(status: int, kind: type[AccelError]) -> None:
    """400, 401 and 404 are not retried and do not count against the breaker, however many there are."""
    server = Server(*[MockTransport.reply(error_body("no"), status=status, headers=JSON) for _ in range(12)])
    async with server.client() as ai:
        for _ in range(12):
            with pytest.raises(kind):
                await ai.chat("openai:m", "x")
        assert len(server.mock.requests) == 12
        assert (await ai.chat("openai:m", "x")).text == "hello"


async def test_4_what_may_pass_is_retried_within_the_deadline() -> None:
    """429 and 5xx are sent again, not before Retry-After, with jitter inside the cap, and never past the deadline."""
    loop = asyncio.get_running_loop()
    told = MockTransport.reply(error_body("slow"), status=429, headers={**JSON, "retry-after": "3"})
    down = MockTransport.reply(error_body("down"), status=500, headers=JSON)
    server = Server(told, down, down)
    async with server.client() as ai:
        started = loop.time()
        reply = await ai.chat("openai:m", "x")
        assert reply.attempts == 4
        assert 3 + 2 * 0.8 + 4 * 0.8 <= loop.time() - started <= 3 * 1.2 + 2 * 1.2 + 4 * 1.2
    server = Server(*[down] * 99)
    async with server.client(max_retries=50) as ai:
        started = loop.time()
        with pytest.raises((ServerError, TimeoutError, CircuitOpenError)):
            await ai.chat("openai:m", "x", timeout=10)
        assert loop.time() - started <= 10


async def test_5_half_open_lets_one_through_and_blames_nobody_else() -> None:
    """Of ten calls at the reset time one is sent, nine are refused at once; other models and hosts stay closed."""
    down = True
    sent: list[str] = []

    async def service(request: Request) -> Response:
        model = json.loads(request.body)["model"]
        sent.append(model)
        await asyncio.sleep(0.5)
        if down and model == "bad":
            return MockTransport.reply(error_body("down"), status=500, headers=JSON)
        return MockTransport.reply(completion(), headers=JSON)

    async with Client(
        transport=MockTransport(service), keys={"openai": "k"}, max_retries=0, failure_threshold=3, reset_timeout=30
    ) as ai:
        for _ in range(3):
            with pytest.raises(ServerError):
                await ai.chat("openai:bad", "x")
        with pytest.raises(CircuitOpenError):
            await ai.chat("openai:bad", "x")
        assert (await ai.chat("openai:good", "x")).text == "hello"
        assert (await ai.handler("openai", "bad2", "http://127.0.0.1:9")("x")).text == "hello"
        await asyncio.sleep(30)
        down = False
        before = len(sent)
        answers = await asyncio.gather(*(ai.chat("openai:bad", "x") for _ in range(10)), return_exceptions=True)
        assert len(sent) - before == 1
        assert sum(isinstance(answer, CircuitOpenError) for answer in answers) == 9


@pytest.mark.sockets
async def test_6_streams_come_as_they_are_made_and_free_their_place() -> None:
    """The first delta is there before the server is done; usage is the service's; leaving frees the slot at once."""
    capped = {"keys": {"openai": "k"}, "max_concurrent_requests": 1}
    async with simulate("openai", pace=0.02) as sim, Client(base_urls=sim.base_urls, **capped) as ai:
        async with ai.stream("openai:gpt-4.1-mini", "Tell me a long story") as stream:
            await anext(stream)
            assert sim.in_flight == 1
            await stream.collect()
        assert stream.reply.usage.output_tokens > 3
        async with ai.stream("openai:gpt-4.1-mini", "Tell me a long story") as stream:
            await anext(stream)
        assert (await ai.chat("openai:gpt-4.1-mini", "Hello", timeout=5)).text


async def test_6_split_characters_and_many_lines_are_one_delta() -> None:
    """A stream cut inside a character, with an event of several data lines, reads the same."""
    choice = {"index": 0, "delta": {"content": "Grüße 你好 🎉"}, "finish_reason": "stop"}
    chunk = {"id": "1", "model": "m", "choices": [choice]}
    whole = json.dumps(chunk, ensure_ascii=False, indent=1)
    body = "".join(f"data: {line}\n" for line in whole.splitlines()) + "\ndata: [DONE]\n\n"
    mock = MockTransport(lambda _: MockTransport.reply(body=body.encode(), headers=SSE), chunk_size=1)
    async with Client(transport=mock, keys={"openai": "k"}) as ai, ai.stream("openai:m", "x") as stream:
        assert (await stream.collect()).text == "Grüße 你好 🎉"


async def test_7_the_address_given_is_the_host_contacted() -> None:
    """By base_urls, by settings and by a handler, for every provider with an HTTP service."""
    mock = MockTransport(lambda _: MockTransport.reply({"ok": True}, headers=JSON))
    for name in KEYED:
        async with Client(transport=mock, keys={name: "k"}, base_urls={name: "http://own.example:8443"}) as ai:
            await ai.request(name, "GET", "/x")
        settings = {name: {"base_url": "http://set.example:8443", "keys": "k"}}
        async with Client(transport=mock, providers=settings) as ai:
            await ai.request(name, "GET", "/x")
    hosts = [request.url.split("/")[2] for request in mock.requests]
    assert hosts == ["own.example:8443", "set.example:8443"] * len(KEYED)


@pytest.mark.parametrize("name", [name for name in KEYED if CODECS[name].key_required])
async def test_8_a_missing_key_stops_the_call_before_anything_is_sent(name: str) -> None:
    """ConfigError that says what to set; no answer is ever made up."""
    mock = MockTransport(lambda _: MockTransport.reply(completion(), headers=JSON))
    async with Client(transport=mock) as ai:
        with pytest.raises(ConfigError, match="no key"):
            await ai.chat(f"{name}:m", "x")
    assert not mock.requests


@pytest.mark.parametrize("name", [name for name in KEYED if "chat" in CODECS[name].operations])
@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"null", b"<html></html>", b'{"error":"x"}', b'"text"'])
async def test_8_no_answer_is_made_of_nothing(name: str, body: bytes) -> None:
    """A 200 without an answer in it is an error, for every provider."""
    mock = MockTransport(lambda _: MockTransport.reply(body=body, headers=JSON))
    async with Client(transport=mock, keys={name: "k"}, max_retries=0) as ai:
        with pytest.raises(AccelError):
            await ai.chat(f"{name}:m", "x", max_tokens=5)


async def test_10_handlers_run_at_the_same_time_and_never_block_the_loop() -> None:
    """Three calls of half a second take half a second, and a ticker beside them misses no turn."""
    server = Server(seconds=0.5)
    ticks: list[float] = []
    loop = asyncio.get_running_loop()

    async def tick() -> None:
        while True:
            ticks.append(loop.time())
            await asyncio.sleep(0.01)

    async with server.client() as ai:
        handler = ai.handler("openai", "m")
        ticker: Any = asyncio.create_task(tick())
        started = loop.time()
        await asyncio.gather(*(handler("x") for _ in range(3)))
        ticker.cancel()
        assert loop.time() - started == pytest.approx(0.5)
    assert max(after - before for before, after in pairwise(ticks)) == pytest.approx(0.01)
