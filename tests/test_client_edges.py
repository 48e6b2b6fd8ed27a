"""The client's settings, keys, caps, life and libraries."""

from __future__ import annotations

import asyncio

import httpx
import orjson
import pytest
import respx

import ipfs_accel_async as accel
from ipfs_accel_async import (
    Client,
    ClientClosedError,
    DeadlineExceededError,
    Keys,
    QueueFullError,
    results,
)
from tests.answering import Server, completion, header


async def test_ten_thousand_tasks_on_a_queue_of_twenty_thousand() -> None:
    """The server never sees more than the cap of 50; nothing is lost; HIGH goes before LOW."""
    server = Server(seconds=0.01)
    async with server.client(max_concurrent_requests=50, queue_size=20_000) as ai:
        replies = await asyncio.gather(*(ai.chat("openai:m", str(n), priority=n % 3) for n in range(10_000)))
    assert server.peak == 50
    assert len({reply.request_id for reply in replies}) == 10_000
    sent = [int(orjson.loads(request.body)["messages"][0]["content"]) for request in server.mock.requests]
    assert sent[:50] == list(range(50))  # these came before there was a queue
    assert sent[50:] == sorted(range(50, 10_000), key=lambda n: (n % 3, n))


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
    with pytest.raises(ClientClosedError, match="under way"):
        await first  # its grace is over
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
    public = {name for name in vars(accel) if not name.startswith("_")} - {"TYPE_CHECKING"}
    public |= {name for name, thing in vars(results).items() if getattr(thing, "__module__", "") == results.__name__}
    public |= accel._LATER.keys()
    modules = {name for name in public if type(getattr(accel, name)).__name__ == "module"}
    assert public - modules == set(accel.__all__) - {"__version__"}
