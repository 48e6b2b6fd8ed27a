"""Waiting for objects: how often is asked, what ends it, what is told. Pages that go on."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from ipfs_accel_async import (
    APIError,
    InvalidRequestError,
    MockTransport,
    RequestTimeoutError,
    ResponseValidationError,
    ServerError,
)
from tests.native.openai.resource_calls import told

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


def states(*names: str) -> list[dict[str, Any]]:
    """The same object in one status after another."""
    return [{"id": "x1", "status": name} for name in names]


async def test_pauses_grow_up_to_a_minute() -> None:
    """By half each time, from `poll`."""
    loop = asyncio.get_running_loop()
    async with told(*states(*["validating"] * 10, "completed")) as (openai, transport):
        started = loop.time()
        await openai.batches.wait("b1", poll=4.0)
        assert len(transport.requests) == 11
    pauses = [4.0, 6.0, 9.0, 13.5, 20.25, 30.375, 45.5625, 60.0, 60.0, 60.0]
    assert loop.time() - started == pytest.approx(sum(pauses))


async def test_a_pause_above_a_minute_stays() -> None:
    """Whoever asks for more patience gets it."""
    loop = asyncio.get_running_loop()
    async with told(*states("queued", "queued", "succeeded")) as (openai, _):
        started = loop.time()
        await openai.fine_tuning.jobs.wait("j1", poll=100.0)
    assert loop.time() - started == pytest.approx(200.0)


async def test_a_status_that_nobody_knows_is_waited_out() -> None:
    """A new word is no end; the time that is given is."""
    async with told(*states("pondering")) as (openai, _):
        with pytest.raises(RequestTimeoutError, match="batch b1 is still pondering after 30 s") as caught:
            await openai.batches.wait("b1", timeout=30.0)
    assert (caught.value.phase, caught.value.retryable) == ("wait", False)


@pytest.mark.parametrize(
    ("found", "message", "code"),
    [
        ({"errors": {"data": [{"code": "bad_line", "message": "Line 1."}]}}, "is failed: Line 1.", "bad_line"),
        ({"error": {"code": "c", "message": "Why."}}, "is failed: Why.", "c"),
        ({"last_error": {"code": "c", "message": "Why."}}, "is failed: Why.", "c"),
        ({"status_details": "Not JSONL."}, "is failed: Not JSONL.", "failed"),
        ({}, "is failed$", "failed"),
        ({"errors": {"data": []}}, "is failed$", "failed"),
    ],
)
async def test_a_failure_says_why(found: dict[str, Any], message: str, code: str) -> None:
    """Wherever the object keeps its reason."""
    async with told({"id": "x1", "status": "failed", **found}) as (openai, _):
        with pytest.raises(APIError, match=message) as caught:
            await openai.batches.wait("b1")
    assert (caught.value.code, caught.value.provider) == (code, "openai")
    assert caught.value.request_id


WAITS: list[tuple[str, Callable[[Any], Awaitable[Any]], str, str]] = [
    ("file", lambda ai: ai.files.wait("x"), "processed", "error"),
    ("batch", lambda ai: ai.batches.wait("x"), "completed", "expired"),
    ("job", lambda ai: ai.fine_tuning.jobs.wait("x"), "succeeded", "failed"),
    ("store", lambda ai: ai.vector_stores.wait("x"), "completed", "expired"),
    ("store file", lambda ai: ai.vector_stores.files.wait("x", "y"), "completed", "cancelled"),
    ("file batch", lambda ai: ai.vector_stores.file_batches.wait("x", "y"), "completed", "failed"),
    ("run", lambda ai: ai.threads.runs.wait("x", "y"), "requires_action", "failed"),
    ("video", lambda ai: ai.videos.wait("x"), "completed", "failed"),
    ("response", lambda ai: ai.responses.wait("x"), "incomplete", "failed"),
]


@pytest.mark.parametrize(("wait", "good", "bad"), [case[1:] for case in WAITS], ids=[case[0] for case in WAITS])
async def test_each_kind_knows_its_ends(wait: Callable[[Any], Awaitable[Any]], good: str, bad: str) -> None:
    """A good end is returned, a bad one raises, anything else is asked for again."""
    async with told(*states("in_progress", good)) as (openai, transport):
        assert (await wait(openai))["status"] == good
        assert len(transport.requests) == 2
    async with told(*states("in_progress", bad)) as (openai, _):
        with pytest.raises(APIError, match=f"is {bad}"):
            await wait(openai)


@pytest.mark.parametrize("times", [{"poll": 0.0}, {"poll": -1.0}, {"timeout": 0.0}, {"poll": float("nan")}])
async def test_times_are_above_zero(times: dict[str, float]) -> None:
    """Nothing is sent otherwise."""
    async with told() as (openai, transport):
        with pytest.raises(InvalidRequestError, match="above 0"):
            await openai.files.wait("f1", **times)
    assert transport.requests == []


async def test_an_error_of_a_request_is_raised_as_it_is() -> None:
    """Waiting does not hide it, nor call it a timeout of its own."""
    broken = MockTransport.reply({"error": {"message": "Broken."}}, status=500)
    async with told(broken, max_retries=0) as (openai, _):
        with pytest.raises(ServerError, match=r"Broken\."):
            await openai.files.wait("f1")


async def test_pages_are_fetched_as_they_are_needed() -> None:
    """Whoever stops early asks for no further page."""
    page = {"data": [{"id": "a"}, {"id": "b"}], "has_more": True, "last_id": "b"}
    async with told(page, {"data": [{"id": "c"}], "has_more": False}) as (openai, transport):
        pages = openai.batches.iterate(limit=2)
        assert [(await anext(pages))["id"], (await anext(pages))["id"]] == ["a", "b"]
        assert len(transport.requests) == 1
        assert [one["id"] async for one in pages] == ["c"]
    assert transport.requests[1].url.endswith("/batches?limit=2&after=b")


async def test_a_page_without_a_last_id_goes_on_from_its_last_object() -> None:
    """Some lists say only that there is more."""
    async with told({"data": [{"id": "a"}], "has_more": True}, {"data": []}) as (openai, transport):
        assert [one["id"] async for one in openai.fine_tuning.jobs.iterate(after="0")] == ["a"]
    assert transport.requests[1].url.endswith("?after=a")


@pytest.mark.parametrize(
    "pages",
    [
        [{"data": {"id": "a"}}],
        [{"data": ["a"]}],
        [{"data": [{"name": "a"}], "has_more": True}],
        [{"data": [{"id": "a"}], "has_more": True}, {"data": [{"id": "a"}], "has_more": True}],
    ],
    ids=["no list", "no objects", "no id", "the same page again"],
)
async def test_pages_that_lead_nowhere_are_refused(pages: list[Any]) -> None:
    """A list that is none, or would never end, is an error."""
    async with told(*pages) as (openai, _):
        with pytest.raises(ResponseValidationError):
            _ = [one async for one in openai.files.iterate()]
