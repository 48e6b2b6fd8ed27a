"""Batches of which some requests fail, as Claude and Gemini tell it: each has its own answer or its own error."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ipfs_accel_async import Client
from ipfs_accel_async.errors import (
    APIError,
    BadRequestError,
    OverloadedError,
    RateLimitError,
    ResponseValidationError,
    ServerError,
)
from ipfs_accel_async.transport.mock import MockTransport
from ipfs_accel_async.wire.http import Headers, Response

if TYPE_CHECKING:
    from collections.abc import Callable

    from ipfs_accel_async.wire.http import Request

QUESTIONS = dict.fromkeys(("good", "bad", "busy", "late", "lost"), "hi")


def client(provider: str, answer: Callable[[Request], Response]) -> Client:
    """A client of a service that answers so."""
    return Client(keys={provider: "k"}, transport=MockTransport(answer), max_retries=0)


def claude(request: Request) -> Response:
    """A batch of which one is answered, one was refused, one met no capacity, one expired, and one is not there."""
    if request.url.endswith("/results"):
        usage = {"input_tokens": 3, "output_tokens": 4}
        content = [{"type": "text", "text": "hello"}]
        message = {"id": "m", "type": "message", "role": "assistant", "model": "c", "content": content, "usage": usage}
        results = {
            "good": {"type": "succeeded", "message": {**message, "stop_reason": "end_turn"}},
            "bad": {"type": "errored", "error": failed("invalid_request_error", "no")},
            "busy": {"type": "errored", "error": failed("overloaded_error", "later")},
            "late": {"type": "expired"},
        }
        lines = [json.dumps({"custom_id": name, "result": result}).encode() for name, result in results.items()]
        return Response(200, Headers([(b"content-type", b"application/x-jsonl")]), b"\n".join(lines))
    counts = {"processing": 0, "succeeded": 1, "errored": 2, "canceled": 0, "expired": 2}
    status = "in_progress" if request.method == "POST" else "ended"
    return MockTransport.reply({"id": "msgbatch_1", "processing_status": status, "request_counts": counts})


def failed(kind: str, message: str) -> dict[str, Any]:
    """An error as it stands in a line of results."""
    return {"type": "error", "error": {"type": kind, "message": message}}


async def test_claude_tells_line_by_line() -> None:
    """A reply, two typed errors, one that was not tried in time, and one that is missing; nothing is raised."""
    async with client("claude", claude) as ai:
        job = await ai.batches.submit("claude:claude-sonnet-4-5", QUESTIONS, max_tokens=5)
        status = await job.wait()
        found = await job.collect()
    assert (status.state, status.total, status.succeeded, status.failed) == ("ended", 5, 1, 4)
    assert list(found) == list(QUESTIONS)
    assert [one.ok for one in found.values()] == [True, False, False, False, False]
    assert found["good"].reply is not None
    assert (found["good"].reply.text, found["good"].reply.usage.total_tokens) == ("hello", 7)
    assert isinstance(found["bad"].error, BadRequestError)
    assert isinstance(found["busy"].error, OverloadedError)
    assert [getattr(found[name].error, "code", None) for name in ("late", "lost")] == ["expired", "missing"]


def gemini(**results: Any) -> Callable[[Request], Response]:
    """A batch whose answers are these, by key."""
    inlined = [{"metadata": {"key": key}, **result} for key, result in results.items()]

    def answer(request: Request) -> Response:
        if request.method == "POST":
            return MockTransport.reply({"name": "batches/1", "metadata": {"state": "BATCH_STATE_PENDING"}})
        stats = {"requestCount": "5", "successfulRequestCount": "1", "failedRequestCount": "4"}
        output = {"inlinedResponses": {"inlinedResponses": inlined}}
        about = {"state": "BATCH_STATE_SUCCEEDED", "batchStats": stats}
        return MockTransport.reply({"name": "batches/1", "done": True, "metadata": about, "response": output})

    return answer


SAID = {"candidates": [{"content": {"role": "model", "parts": [{"text": "hello"}]}, "finishReason": "STOP"}]}


async def test_gemini_tells_by_key() -> None:
    """Google's RPC codes become the errors that the same fault is in a call; what is no answer is one too."""
    service = gemini(
        good={"response": SAID},
        bad={"error": {"code": 3, "message": "no", "status": "INVALID_ARGUMENT"}},
        busy={"error": {"code": 8, "message": "slow down", "status": "RESOURCE_EXHAUSTED"}},
        late={"response": {"candidates": "none"}},
        foreign={"response": SAID},
    )
    async with client("gemini", service) as ai:
        job = await ai.batches.submit("gemini:gemini-2.5-flash", QUESTIONS)
        status = await job.wait()
        found = await job.collect()
    assert (status.state, status.total, status.succeeded, status.failed) == ("ended", 5, 1, 4)
    assert list(found) == list(QUESTIONS)
    assert found["good"].reply is not None
    assert found["good"].reply.text == "hello"
    kinds = {"bad": BadRequestError, "busy": RateLimitError, "late": ResponseValidationError}
    assert {name: type(found[name].error) for name in kinds} == kinds
    lost = found["lost"].error
    assert isinstance(lost, APIError)
    assert (lost.code, lost.request_id) == ("missing", "lost")


@pytest.mark.parametrize("code", [13, 999, "x", None])
async def test_an_error_of_no_known_code_is_the_services(code: Any) -> None:
    """It is typed all the same, and keeps its words."""
    async with client("gemini", gemini(good={"error": {"code": code, "message": "odd"}})) as ai:
        job = await ai.batches.submit("gemini:gemini-2.5-flash", {"good": "hi"})
        (result,) = (await job.collect()).values()
    assert isinstance(result.error, ServerError)
    assert "odd" in str(result.error)
