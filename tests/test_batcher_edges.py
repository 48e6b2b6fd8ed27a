"""The micro-batcher at its edges: parts that all fail, one item beyond a bound, a tenant without a name."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import orjson
import pytest

from ipfs_accel_async import Client, MockTransport
from ipfs_accel_async.dispatcher import Dispatcher
from ipfs_accel_async.errors import ServerError
from tests.embedding_server import EmbeddingServer, right


async def test_a_call_whose_parts_all_fail_has_one_error() -> None:
    """That of its first part, though the others failed before; the loop hears of none that nobody asked for."""
    heard: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: heard.append(context["message"]))

    async def fail(request: Any) -> Any:
        first = "text 0" in orjson.loads(request.body)["input"]
        await asyncio.sleep(2.0 if first else 1.0)
        return MockTransport.reply({"error": {"message": "first" if first else "other"}}, status=500)

    mock = MockTransport(fail)
    async with Client(transport=mock, keys={"openai": "k"}, max_retries=0, max_batch_size=2) as ai:
        with pytest.raises(ServerError, match="first"):
            await ai.embed("openai:m", [f"text {place}" for place in range(8)])
    gc.collect()
    assert len(mock.requests) == 4
    assert heard == []


async def test_one_item_beyond_a_bound_goes_by_itself() -> None:
    """There is nothing to cut: it is one request, and the others are another."""
    server = EmbeddingServer()
    long = "x" * 400 + " 1"
    async with server.client(max_batch_tokens=50) as ai:
        made = await asyncio.gather(ai.embed("openai:m", long), *(ai.embed("openai:m", f"text {n}") for n in (2, 3)))
    assert sorted(server.sizes) == [1, 2]
    assert right(made[1], "m", "text 2")
    assert right(made[2], "m", "text 3")


async def test_a_tenant_without_a_name_is_none() -> None:
    """Calls with an empty tag and without the tag share a request."""
    server = EmbeddingServer()
    async with server.client() as ai:
        await asyncio.gather(ai.embed("openai:m", "text 1", tags={"tenant": ""}), ai.embed("openai:m", "text 2"))
    assert server.sizes == [2]


async def test_a_shared_request_is_of_its_callers_tenant(monkeypatch: pytest.MonkeyPatch) -> None:
    """So it waits in that tenant's share; without a tenant it has no tag."""
    tags: list[dict[str, str]] = []
    send = Dispatcher.__call__

    def watch(self: Dispatcher, call: Any, next: Any) -> Any:
        tags.append(dict(call.tags))
        return send(self, call, next)

    monkeypatch.setattr(Dispatcher, "__call__", watch)
    server = EmbeddingServer()
    async with server.client() as ai:
        for more in ({"tags": {"tenant": "a", "job": "1"}}, {}):
            await asyncio.gather(*(ai.embed("openai:m", f"text {n}", **more) for n in range(3)))
    assert server.sizes == [3, 3]
    assert tags == [{"tenant": "a"}, {}]
