"""The files of a batch: what is refused before anything is sent, and what is read back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async import APIError, DecodeError, InvalidRequestError, RateLimitError, ResponseValidationError
from ipfs_accel_async.native.openai.batch_lines import MOST, request_lines, results_of
from ipfs_accel_async.providers.openai import codec
from ipfs_accel_async.types import Target
from tests.forms import sent
from tests.native.openai.resource_calls import told

CHATS = "/v1/chat/completions"
BODY = {"model": "m", "messages": []}
TARGET = Target("openai", "")
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


def results(*lines: Any, endpoint: str = CHATS) -> list[Any]:
    """The results in a file of these lines."""
    data = b"\n".join(line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines)
    return list(results_of(codec, TARGET, data, endpoint))


@pytest.mark.parametrize(
    ("requests", "message"),
    [
        ({}, "at least one"),
        ([("a", BODY), ("a", BODY)], "another has the same id"),
        ({"": BODY}, "must be a string"),
        ([(1, BODY)], "must be a string"),
        ({"a": "text"}, "must be a mapping, not str"),
        ({"a": {"messages": []}}, "names no model"),
        ({"a": {**BODY, "stream": True}}, "does not stream"),
        ((((str(n), BODY)) for n in range(MOST + 1)), "at most 50000"),
    ],
)
def test_what_cannot_be_a_batch_is_refused(requests: Any, message: str) -> None:
    """The error names the request and what is wrong with it."""
    with pytest.raises(InvalidRequestError, match=message):
        request_lines(requests, CHATS)


async def test_a_refused_batch_sends_nothing() -> None:
    """Not even its file."""
    async with told() as (openai, transport):
        with pytest.raises(InvalidRequestError):
            await openai.batches.submit({"a": {}})
    assert transport.requests == []


async def test_a_batch_is_a_file_and_an_order() -> None:
    """The file goes first, with the purpose batch; the order names it and the endpoint."""
    async with told({"id": "f1"}, {"id": "b1", "status": "validating"}) as (openai, transport):
        made = await openai.batches.submit(
            {"a": {"input": "x"}}, model="m", endpoint="/v1/embeddings", metadata={"k": "v"}
        )
    assert made["id"] == "b1"
    form = sent(transport.requests[0])
    line = {"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body": {"model": "m", "input": "x"}}
    assert form["purpose"][0][0] == b"batch"
    assert form["file"][0][1:] == ("batch.jsonl", "application/jsonl")
    assert json.loads(form["file"][0][0]) == line
    assert json.loads(transport.requests[1].body) == {
        "input_file_id": "f1",
        "endpoint": "/v1/embeddings",
        "completion_window": "24h",
        "metadata": {"k": "v"},
    }


@given(st.dictionaries(texts, st.dictionaries(texts, texts), min_size=1, max_size=5))
def test_any_text_stays_on_its_line(bodies: dict[str, dict[str, str]]) -> None:
    """Line breaks of any kind in ids and texts do not end a line; a body's own model wins."""
    lines = request_lines({name: {**body, "stream": ""} for name, body in bodies.items()}, CHATS, model="m")
    read = [json.loads(line) for line in lines.rstrip(b"\n").split(b"\n")]
    assert {one["custom_id"]: one["body"] for one in read} == {
        name: {"model": "m", **body, "stream": ""} for name, body in bodies.items()
    }


@given(st.lists(st.tuples(texts, st.integers(200, 599), texts), max_size=5))
def test_results_are_read_line_by_line(values: list[tuple[str, int, str]]) -> None:
    """Status, body and id are those of the line, whatever their text; from 400 on there is a typed error."""
    lines = [
        {"custom_id": name, "response": {"status_code": status, "body": {"t": text}}} for name, status, text in values
    ]
    read = results(*lines, endpoint="/v1/embeddings")
    assert [(one.custom_id, one.status, one.body["t"]) for one in read] == values
    assert [one.ok for one in read] == [status < 400 for _, status, _ in values]


def test_errors_are_typed_by_status_and_code() -> None:
    """As if the request had been sent alone."""
    error = {"error": {"message": "Slow down.", "code": "rate_limit_exceeded"}}
    (result,) = results({"custom_id": "a", "response": {"status_code": 429, "body": error}})
    assert isinstance(result.error, RateLimitError)
    assert str(result.error) == "openai: Slow down."


def test_a_request_that_was_never_tried_says_why() -> None:
    """Such as those of a batch that expired."""
    error = {"code": "batch_expired", "message": "It took too long."}
    first, second = results({"custom_id": "a", "response": None, "error": error}, {"custom_id": "b"})
    assert isinstance(first.error, APIError)
    assert (first.error.code, first.error.message, first.status) == ("batch_expired", "It took too long.", 0)
    assert second.error.message == "it was not tried"


@pytest.mark.parametrize(
    "response", [{"status_code": 200, "body": {"id": "x"}}, {"status_code": 200, "body": []}, {"body": {}}]
)
def test_a_faulty_answer_concerns_its_request_only(response: Any) -> None:
    """It is an error in its result; the others are read."""
    good = {"choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}]}
    bad, fine = results(
        {"custom_id": "a", "response": response},
        {"custom_id": "b", "response": {"status_code": 200, "body": good}},
    )
    assert isinstance(bad.error, (ResponseValidationError, APIError))
    assert fine.reply.text == "Hi"


@pytest.mark.parametrize("line", [b"{", b"[]", b"{}", b'{"custom_id": 1}', b"\xff"])
def test_a_line_that_is_no_result_is_told_by_its_number(line: bytes) -> None:
    """The file is broken, and says where."""
    with pytest.raises(DecodeError, match="line 2"):
        results({"custom_id": "a", "response": {"status_code": 500, "body": None}}, line)


async def test_a_batch_without_files_has_no_results() -> None:
    """One that runs still, for instance."""
    async with told({"id": "b1", "status": "in_progress", "endpoint": CHATS}) as (openai, _):
        with pytest.raises(APIError, match="batch b1 is in_progress and has no results"):
            _ = [one async for one in openai.batches.results("b1")]
