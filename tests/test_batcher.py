"""The micro-batcher: who shares a request with whom, when it goes, and that each gets what is its own."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ipfs_accel_async import Client, QueueFullError
from tests.embedding_server import TOKENS, EmbeddingServer, right


async def embed(ai: Client, count: int, model: str = "openai:m", **more: Any) -> list[Any]:
    """Calls of one text each, all at once."""
    return await asyncio.gather(*(ai.embed(model, f"text {place}", **more) for place in range(count)))


async def test_calls_of_one_moment_share_a_request() -> None:
    """Thirty-two tasks, one request, each its own vector; no time passes waiting."""
    server = EmbeddingServer()
    async with server.client() as ai:
        made = await embed(ai, 32)
    assert server.sizes == [32]
    assert asyncio.get_running_loop().time() == 0.0
    assert all(right(answer, "m", f"text {place}") for place, answer in enumerate(made))


async def test_a_lone_call_is_as_it_was() -> None:
    """It goes at once, in its own task and with its own id; a list goes as it is."""
    server, alone = EmbeddingServer(), EmbeddingServer()
    async with server.client() as ai, alone.client(batching=False) as plain:
        for client in (ai, plain):
            assert (await client.embed("openai:m", "text 7")).attempts == 1
            made = await client.embed("openai:m", [f"text {place}" for place in range(300)], dimensions=2)
            assert made.vectors.shape == (300, 2)
            assert made.raw is not None
        assert ai.report()["batches"] == {"total": 0, "calls": 0, "calls_per_batch": 0.0}
    assert [request.body for request in server.requests] == [request.body for request in alone.requests]
    assert asyncio.get_running_loop().time() == 0.0


async def test_while_a_request_is_under_way_the_next_one_gathers() -> None:
    """What comes meanwhile goes together: when the timeout is over, or, at the latest, when the first is back."""
    server = EmbeddingServer(seconds=1.0)
    async with server.client(batch_timeout=0.25) as ai, asyncio.TaskGroup() as group:
        group.create_task(ai.embed("openai:m", "text 0"))
        for place in range(1, 6):
            await asyncio.sleep(0.1)
            group.create_task(ai.embed("openai:m", f"text {place}"))
    assert server.sizes == [1, 3, 2]
    assert server.times == pytest.approx([0.0, 0.35, 0.65])


async def test_what_gathered_goes_as_soon_as_nothing_is_under_way() -> None:
    """A long timeout delays nobody once the service is idle."""
    server = EmbeddingServer(seconds=1.0)
    async with server.client(batch_timeout=60.0) as ai, asyncio.TaskGroup() as group:
        group.create_task(ai.embed("openai:m", "text 0"))
        await asyncio.sleep(0.5)
        for place in range(1, 6):
            group.create_task(ai.embed("openai:m", f"text {place}"))
    assert server.sizes == [1, 5]
    assert server.times == [0.0, 1.0]


async def test_full_requests_fly_side_by_side_up_to_the_cap() -> None:
    """Of 8 a request: five at once, the others as places come free, and none of them is short of items."""
    server = EmbeddingServer(seconds=1.0)
    async with server.client(max_batch_size=8, max_concurrent_requests=5) as ai:
        made = await embed(ai, 80)
        assert server.sizes == [8] * 10
        assert server.peak == 5
        assert ai.report()["batches"] == {"total": 10, "calls": 80, "calls_per_batch": 8.0}
    assert all(right(answer, "m", f"text {place}") for place, answer in enumerate(made))


@pytest.mark.parametrize(
    ("settings", "sizes"),
    [
        ({"max_batch_tokens": 12}, [4, 4, 2]),
        ({"max_batch_bytes": 30}, [3, 3, 3, 1]),
        ({"max_batch_size": 5}, [5, 5]),
        ({"models": {"m": {"max_batch_size": 2}}}, [2] * 5),
        ({"models": {"other": {"max_batch_size": 2}}}, [10]),
        ({"models": {"m": {"batching": False}}}, [1] * 10),
        ({"max_batch_size": 3, "models": {"m": {"max_batch_tokens": 6}}}, [2] * 5),
        ({"batching": []}, [1] * 10),
    ],
)
async def test_the_settings_bound_a_request(settings: dict[str, Any], sizes: list[int]) -> None:
    """Items, tokens and bytes; on the client, of the provider, of one model."""
    for more in (settings, {"providers": {"openai": settings}}):
        server = EmbeddingServer()
        async with server.client(max_concurrent_requests=10, **more) as ai:
            await embed(ai, 10)
        assert server.sizes == sizes


async def test_no_setting_raises_a_services_own_bound() -> None:
    """2,048 items are the most that OpenAI takes, whatever is asked for."""
    server = EmbeddingServer()
    async with server.client(max_batch_size=10_000, max_concurrent_requests=1) as ai:
        made = await ai.embed("openai:m", [f"text {place}" for place in range(5_000)])
    assert server.sizes == [1_667, 1_667, 1_666]
    assert made.vectors[:, 1].tolist() == [float(place) for place in range(5_000)]
    assert made.usage.total_tokens == 5_000 * TOKENS + 3


async def test_lists_join_as_many_items() -> None:
    """Calls of three texts and of one in one request; each gets its rows, and the usage adds up."""
    server = EmbeddingServer()
    async with server.client() as ai:
        one, three, two = await asyncio.gather(
            ai.embed("openai:m", "text 9"),
            ai.embed("openai:m", ["text 1", "text 2", "text 3"]),
            ai.embed("openai:m", ["text 5", "text 6"]),
        )
    assert server.sizes == [6]
    assert [answer.vectors[:, 1].tolist() for answer in (one, three, two)] == [[9.0], [1.0, 2.0, 3.0], [5.0, 6.0]]
    assert sum(answer.usage.total_tokens for answer in (one, three, two)) == 6 * TOKENS + 1
    assert three.vectors.base is None  # its own, and not a view that keeps everybody's


async def test_what_differs_is_never_together() -> None:
    """Model, parameters, their types, tenant, key and address: a request of each."""
    server = EmbeddingServer()
    other = {"wire": "openai_compatible", "base_url": "http://127.0.0.1:9/v1"}
    async with server.client(providers={"b": other}, keys={"openai": ["sk-a", "sk-b"]}) as ai:
        kinds: list[tuple[Client, str, dict[str, Any]]] = [
            (ai, "openai:m", {}),
            (ai, "openai:n", {}),
            (ai, "b:m", {}),
            (ai, "openai:m", {"dimensions": 2}),
            (ai, "openai:m", {"dimensions": 3}),
            (ai, "openai:m", {"user": 1}),
            (ai, "openai:m", {"user": True}),
            (ai, "openai:m", {"tags": {"tenant": "x"}}),
            (ai, "openai:m", {"tags": {"tenant": "y"}}),
            (ai.with_options(key="key-1"), "openai:m", {}),
        ]
        calls = [client.embed(model, f"text {n}", **more) for n in range(4) for client, model, more in kinds]
        await asyncio.gather(*calls, *(ai.embed("openai:m", f"note {n}", tags={"note": str(n)}) for n in range(4)))
    assert sorted(server.sizes) == [4] * (len(kinds) - 1) + [8]


async def test_a_call_can_be_kept_apart_or_put_together_by_itself() -> None:
    """`batch=False` goes alone though the settings gather; `batch=True` gathers though they do not."""
    for settings, wish, sizes in (({}, False, [1] * 4), ({"batching": False}, True, [4])):
        server = EmbeddingServer()
        async with server.client(**settings) as ai:
            await embed(ai.with_options(batch=wish), 4)
        assert server.sizes == sizes


async def test_the_request_has_the_best_priority_and_the_oldest_age() -> None:
    """A low call that shares a request with a high one goes as early as that."""
    server = EmbeddingServer(seconds=1.0)
    async with server.client(max_concurrent_requests=1, batch_timeout=0.1) as ai, asyncio.TaskGroup() as group:
        group.create_task(ai.embed("openai:first", "text 0"))
        await asyncio.sleep(0)
        for place in range(3):
            group.create_task(ai.embed("openai:normal", f"text {place}"))
        await asyncio.sleep(0.1)
        group.create_task(ai.embed("openai:mixed", "text 0", priority="low"))
        group.create_task(ai.embed("openai:mixed", "text 1", priority="high"))
    assert [body["model"] for body in server.asked] == ["first", "mixed", "normal"]


async def test_those_who_come_first_by_rank_go_first() -> None:
    """Where not all fit, high priority is in the first request."""
    server = EmbeddingServer(seconds=1.0)
    async with server.client(max_concurrent_requests=1, max_batch_size=2) as ai:
        priorities = ["low", "normal", "high", "low", "high", "normal"]
        await asyncio.gather(*(ai.embed("openai:m", f"{p} {n}", priority=p) for n, p in enumerate(priorities)))
    assert [[text.split()[0] for text in body["input"]] for body in server.asked] == [
        ["high", "high"],
        ["normal", "normal"],
        ["low", "low"],
    ]


async def test_the_backlog_is_bounded_by_the_queue_of_full_requests() -> None:
    """Two requests of two items may wait: the calls beyond are refused at once, and the others are answered."""
    server = EmbeddingServer(seconds=1.0)
    async with server.client(max_batch_size=2, max_concurrent_requests=1, queue_size=2) as ai:
        first = asyncio.ensure_future(ai.embed("openai:m", "text 0"))
        await asyncio.sleep(0.5)
        calls = (ai.embed("openai:m", f"text {n}") for n in range(1, 7))
        made = await asyncio.gather(*calls, return_exceptions=True)
        await first
    refused = [answer for answer in made if isinstance(answer, QueueFullError)]
    assert len(refused) == 2
    assert "raise queue_size" in str(refused[0])
