"""Batches against scripted answers: what the service leaves out, says twice, or fails to say."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from ipfs_accel_async import Client, InvalidRequestError
from ipfs_accel_async.errors import APIError, NotFoundError, RequestTimeoutError, ServerError
from ipfs_accel_async.transport.mock import MockTransport
from ipfs_accel_async.wire.http import Headers, Response
from tests.answering import completion, error_body

if TYPE_CHECKING:
    from pathlib import Path

    from ipfs_accel_async.wire.http import Request

OPENAI = "openai:gpt-4.1-mini"


class Service:
    """OpenAI's batch endpoints, by script.

    Args:
        statuses: Of the looks at the batch, in turn: a word, or an HTTP status; the last one stays.
        lines: Of the results.
        errors: Of the batch itself.
    """

    def __init__(self, *statuses: str | int, lines: Any = (), errors: Any = None) -> None:
        self.statuses = list(statuses)
        self.lines = list(lines)
        self.errors = errors
        self.looks: list[float] = []
        self.uploaded = b""

    def __call__(self, request: Request) -> Response:
        """Answer one request."""
        if request.url.endswith("/files"):
            self.uploaded = request.body
            return MockTransport.reply({"id": "file-1", "object": "file"})
        if request.url.endswith("/content"):
            return Response(200, Headers(), b"\n".join(json.dumps(line).encode() for line in self.lines))
        if request.method == "POST":
            return MockTransport.reply({"id": "batch_1", "status": "validating"})
        self.looks.append(asyncio.get_running_loop().time())
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        if isinstance(status, int):
            return MockTransport.reply(error_body("no"), status=status)
        done = {"output_file_id": "file-2"} if status != "failed" else {}
        return MockTransport.reply({"id": "batch_1", "status": status, "errors": self.errors, **done})


def client(service: Service, **options: Any) -> Client:
    """A client of it that does not try again by itself."""
    return Client(
        keys={"openai": "k"},
        transport=MockTransport(service),
        **{"max_retries": 0, "failure_threshold": 100, **options},
    )


def line(custom_id: str, status: int = 200) -> dict[str, Any]:
    """One line of results."""
    body = completion(custom_id) if status == 200 else error_body("no")
    return {"custom_id": custom_id, "response": {"status_code": status, "body": body}}


async def test_every_request_is_resolved_once() -> None:
    """An answer, an error, a line there twice, a line of nobody and a missing one: each id has one result."""
    service = Service("completed", lines=[line("b", 400), line("a"), line("a"), line("foreign")])
    async with client(service) as ai:
        job = await ai.batches.submit(OPENAI, {"a": "1", "b": "2", "c": "3"})
        found = await job.collect()
    assert list(found) == ["a", "b", "c"]
    assert found["a"].reply is not None
    assert found["a"].reply.text == "a"
    assert found["b"].error is not None
    assert found["b"].error.status == 400
    assert found["c"].error is not None
    assert found["c"].error.code == "missing"
    assert [result.ok for result in found.values()] == [True, False, False]


async def test_the_bodies_are_those_of_chat() -> None:
    """Arguments of all and of one request reach the file as the codec writes them; a request's own win."""
    service = Service("completed")
    async with client(service) as ai:
        await ai.batches.submit(
            OPENAI, {"a": "1", "b": {"messages": "2", "max_tokens": 9}}, max_tokens=5, temperature=0.5, user="me"
        )
    rows = [json.loads(text) for text in service.uploaded.splitlines() if text.startswith(b'{"custom_id"')]
    assert rows[0]["body"]["model"] == "gpt-4.1-mini"
    assert [row["body"]["temperature"] for row in rows] == [0.5, 0.5]
    assert [row["body"]["user"] for row in rows] == ["me", "me"]
    limits = [row["body"].get("max_completion_tokens") or row["body"].get("max_tokens") for row in rows]
    assert limits == [5, 9]


async def test_the_pause_between_looks_grows() -> None:
    """Half as long again each time, up to a minute."""
    service = Service(*["in_progress"] * 12, "completed")
    async with client(service) as ai:
        job = await ai.batches.submit(OPENAI, ["1"])
        await job.wait(poll=5.0)
    pauses = [after - before for before, after in zip(service.looks, service.looks[1:], strict=False)]
    assert pauses[:3] == pytest.approx([5.0, 7.5, 11.25])
    assert pauses[-1] == pytest.approx(60.0)


async def test_a_service_that_stumbles_does_not_lose_the_batch() -> None:
    """404 right after the start and a few 500s are waited out."""
    service = Service(404, "in_progress", 500, 503, 500, "completed")
    async with client(service) as ai:
        job = await ai.batches.submit(OPENAI, ["1"])
        assert (await job.wait()).state == "ended"


@pytest.mark.parametrize(("status", "kind"), [(500, ServerError), (404, NotFoundError)])
async def test_a_service_that_only_fails_is_given_up(status: int, kind: type[Exception]) -> None:
    """After six failed looks in a row the error is raised: the wait is bounded."""
    service = Service(status)
    async with client(service) as ai:
        job = await ai.batches.submit(OPENAI, ["1"])
        with pytest.raises(kind):
            await job.wait()
    assert len(service.looks) == 6


async def test_a_batch_that_failed_as_a_whole_says_why() -> None:
    """The service's first error is in the message."""
    service = Service("failed", errors={"data": [{"message": "line 3 is no JSON"}]})
    async with client(service) as ai:
        job = await ai.batches.submit(OPENAI, ["1"])
        with pytest.raises(APIError, match="line 3 is no JSON"):
            await job.wait()


async def test_patience_ends_at_its_timeout() -> None:
    """The batch runs on; the error says so at the very second."""
    service = Service("in_progress")
    async with client(service) as ai:
        job = await ai.batches.submit(OPENAI, ["1"])
        begun = asyncio.get_running_loop().time()
        with pytest.raises(RequestTimeoutError, match="still runs after 100 s"):
            await job.wait(timeout=100)
        assert asyncio.get_running_loop().time() - begun == pytest.approx(100)


@pytest.mark.parametrize(
    ("requests", "arguments", "message"),
    [
        pytest.param("one text", {}, "several conversations", id="a string"),
        pytest.param({}, {}, "at least one", id="none"),
        pytest.param({"a": "1", "b": ""}, {"max_tokens": -1}, "request 'a': max_tokens", id="an argument"),
        pytest.param({"a": "1"}, {"stream": True}, "does not stream", id="a stream"),
        pytest.param({"a": {"messages": "1", "temperature": "hot"}}, {}, "request 'a': temperature", id="its own"),
    ],
)
async def test_what_cannot_be_a_batch_is_refused_unsent(requests: Any, arguments: Any, message: str) -> None:
    """One clear error that names the request; the service hears nothing."""
    service = Service("completed")
    async with client(service) as ai:
        with pytest.raises(InvalidRequestError, match=message):
            await ai.batches.submit(OPENAI, requests, **arguments)
    assert not service.uploaded


@pytest.mark.parametrize("saved", [{}, {"version": 9}, {"version": 1, "provider": 1}])
async def test_what_is_no_saved_batch_is_refused(saved: Any, tmp_path: Path) -> None:
    """Other values, other files and files that are not there."""
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "list.json").write_text("[]")
    async with client(Service("completed")) as ai:
        for wrong in (saved, tmp_path / "none.json", tmp_path / "broken.json", tmp_path / "list.json"):
            with pytest.raises(InvalidRequestError, match="saved batch"):
                ai.batches.resume(wrong)


async def test_patience_has_to_be_above_nothing() -> None:
    """A pause or timeout of zero is refused."""
    async with client(Service("completed")) as ai:
        job = await ai.batches.submit(OPENAI, ["1"])
        for wrong in ({"poll": 0}, {"timeout": 0}):
            with pytest.raises(InvalidRequestError, match="above 0"):
                await job.wait(**wrong)
