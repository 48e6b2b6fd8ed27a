"""Waiting for Gemini's files and batches, and reading what batches bring."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ipfs_accel_async import Client, InvalidRequestError, MockTransport
from ipfs_accel_async.errors import APIError, NotFoundError, RequestTimeoutError
from ipfs_accel_async.native.gemini._waiting import LONGEST


def client(*bodies: Any) -> tuple[Client, MockTransport]:
    """A client whose service gives these answers, the last one for ever."""
    left = list(bodies)
    mock = MockTransport(lambda _: MockTransport.reply(left.pop(0) if len(left) > 1 else left[0]))
    return Client(transport=mock, keys={"gemini": "k"}), mock


def job(state: str, **more: Any) -> dict[str, Any]:
    """A batch in a state."""
    return {"name": "batches/9", "metadata": {"state": state}, **more}


async def test_a_file_is_waited_for_until_it_is_active() -> None:
    """With pauses that grow by half."""
    processing = {"name": "files/a", "state": "PROCESSING"}
    ai, mock = client(processing, processing, {"name": "files/a", "state": "ACTIVE"})
    loop = asyncio.get_running_loop()
    begun = loop.time()
    async with ai:
        file = await ai.gemini.files.wait("files/a", poll=2.0)
    assert file["state"] == "ACTIVE"
    assert loop.time() - begun == pytest.approx(5.0)
    assert len(mock.requests) == 3


async def test_a_file_that_failed_says_why() -> None:
    """The service's own words, or that there are none."""
    ai, _ = client({"name": "files/a", "state": "FAILED", "error": {"code": 3, "message": "Not a video."}})
    async with ai:
        with pytest.raises(APIError, match="files/a cannot be used: Not a video"):
            await ai.gemini.files.wait("files/a")
    ai, _ = client({"name": "files/a", "state": "FAILED"})
    async with ai:
        with pytest.raises(APIError, match="does not say why"):
            await ai.gemini.files.wait("files/a")


async def test_waiting_ends() -> None:
    """With a typed error, when the time is up; pauses never pass a minute."""
    ai, mock = client({"name": "files/a", "state": "PROCESSING"})
    async with ai:
        with pytest.raises(RequestTimeoutError, match="file files/a is not ready after 600 s") as caught:
            await ai.gemini.files.wait("files/a", poll=30.0, timeout=600.0)
    assert (caught.value.retryable, caught.value.phase) == (False, "wait")
    assert 600 / LONGEST < len(mock.requests) < 600 / 30


async def test_an_error_of_the_service_ends_the_wait() -> None:
    """A file that is gone is not waited for."""
    mock = MockTransport(lambda _: MockTransport.reply({"error": {"code": 404, "message": "Gone."}}, status=404))
    async with Client(transport=mock, keys={"gemini": "k"}) as ai:
        with pytest.raises(NotFoundError, match="Gone"):
            await ai.gemini.files.wait("files/a")
    assert len(mock.requests) == 1


@pytest.mark.parametrize("prefix", ["BATCH_STATE_", "JOB_STATE_"])
async def test_a_batch_is_waited_for_and_its_answers_have_keys(prefix: str) -> None:
    """In either of the service's spellings of states; a request without a key is known by its place."""
    answers = [
        {"response": {"candidates": []}, "metadata": {"key": "first"}},
        {"error": {"code": 3, "message": "Bad."}},
    ]
    done = job(f"{prefix}SUCCEEDED", done=True, response={"inlinedResponses": {"inlinedResponses": answers}})
    ai, mock = client(job(f"{prefix}PENDING"), job(f"{prefix}RUNNING"), done)
    async with ai:
        found = await ai.gemini.batches.wait("batches/9")
    assert len(mock.requests) == 3
    assert ai.gemini.batches.replies(found) == {"first": answers[0], "1": answers[1]}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (job("BATCH_STATE_FAILED", done=True, error={"message": "No quota."}), "is failed: No quota"),
        (job("BATCH_STATE_EXPIRED"), "is expired: the service does not say why"),
        (job("BATCH_STATE_CANCELLED", done=True), "is cancelled"),
        (job("", done=True, error={"message": "Bad file."}), "is failed: Bad file"),
    ],
)
async def test_a_batch_that_came_to_nothing_is_an_error(body: Any, words: str) -> None:
    """With the service's reason."""
    ai, _ = client(body)
    async with ai:
        with pytest.raises(APIError, match=words):
            await ai.gemini.batches.wait("batches/9")


async def test_answers_in_a_file_are_pointed_at() -> None:
    """They are not silently none; vectors are read from a place of their own."""
    vectors = [{"response": {"embedding": {"values": [1.0]}}}]
    ai, _ = client(
        job("BATCH_STATE_SUCCEEDED", done=True, response={"responsesFile": "files/batch-9"}),
        job("X", response={"inlinedEmbedContentResponses": {"inlinedResponses": vectors}}),
        job("BATCH_STATE_SUCCEEDED"),
    )
    async with ai:
        with pytest.raises(InvalidRequestError, match=r"files\.download\('files/batch-9'\)"):
            ai.gemini.batches.replies(await ai.gemini.batches.get("9"))
        assert ai.gemini.batches.replies(await ai.gemini.batches.get("9")) == {"0": vectors[0]}
        assert ai.gemini.batches.replies(await ai.gemini.batches.get("9")) == {}
