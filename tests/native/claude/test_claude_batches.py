"""Claude's batches: requests by the caller's ids, waiting, results of every kind."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from ipfs_accel_async import (
    Client,
    DecodeError,
    InvalidRequestError,
    MockTransport,
    OverloadedError,
    RequestTimeoutError,
    ResponseValidationError,
    Tool,
)
from tests.providers.recorded import fixture

PARAMS = {"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": "Hello"}]}
RUNNING = {"id": "b", "processing_status": "in_progress"}
ENDED = {"id": "b", "processing_status": "ended"}


def client(*answers: Any, **options: str) -> Client:
    """A client whose transport gives these answers in turn, the last of them for ever."""
    left = list(answers)
    return Client(
        transport=MockTransport(lambda _: left.pop(0) if len(left) > 1 else left[0]),
        keys={"claude": "sk-ant"},
        providers={"claude": {"options": options}},
        max_retries=0,
    )


def sent(ai: Client) -> list[Any]:
    """The requests of a client."""
    transport: Any = ai._engine._home.transport
    return transport.requests  # type: ignore[no-any-return]


def lines(*values: Any) -> Any:
    """Results as they are on the wire."""
    body = b"".join(json.dumps(value).encode() + b"\n" for value in values)
    return MockTransport.reply(body=body, headers={"content-type": "application/x-jsonl"})


async def test_the_parameters_of_a_request_are_those_of_a_chat() -> None:
    """What the client's chat takes is made into the wire's body."""
    async with client(MockTransport.reply(ENDED)) as ai:
        params = ai.claude.batches.params(
            "m", "Hello", tools=[Tool("f")], max_tokens=7, temperature=0.5, stop="END", metadata={"user_id": "u"}
        )
        await ai.claude.batches.create([{"custom_id": "x-1", "params": params}])
        body = json.loads(sent(ai)[0].body)
    assert body["requests"] == [{"custom_id": "x-1", "params": params}]
    assert params["tools"][0]["name"] == "f"
    expected = {"max_tokens": 7, "temperature": 0.5, "stop_sequences": ["END"], "metadata": {"user_id": "u"}}
    assert expected.items() <= params.items()


async def test_the_new_versions_rules_hold_in_batches_too() -> None:
    """A temperature is refused there before anything is sent."""
    async with client(MockTransport.reply(ENDED), api_version="2026-10-21") as ai:
        with pytest.raises(InvalidRequestError, match="temperature"):
            ai.claude.batches.params("m", "Hello", temperature=1.0)


@pytest.mark.parametrize(
    ("requests", "words"),
    [
        ({}, "1 to 100000 requests, not 0"),
        ([{"custom_id": "a"}], r"requests\[0\]"),
        (["a"], r"requests\[0\]"),
        ({"a b": PARAMS}, "custom_id"),
        ({"x" * 65: PARAMS}, "custom_id"),
        ([{"custom_id": "a", "params": PARAMS}] * 2, "another has the custom_id 'a'"),
        ({"a": "Hello"}, "params must be a mapping, not str"),
        ({"a": {**PARAMS, "max_tokens": None}}, "'a' lacks max_tokens"),
        ({"a": {"model": "m", "max_tokens": 1}}, "lacks messages"),
        ({"a": {**PARAMS, "stream": True}}, "does not stream"),
    ],
)
async def test_a_request_that_cannot_be_one_is_refused(requests: Any, words: str) -> None:
    """The error names the request; nothing is sent."""
    async with client(MockTransport.reply(ENDED)) as ai:
        with pytest.raises(InvalidRequestError, match=words):
            await ai.claude.batches.create(requests)
        assert sent(ai) == []


async def test_waiting_looks_less_and_less_often_until_the_end() -> None:
    """The pauses are 5 s, then half as long again each, and the batch that has ended is the answer."""
    async with client(*[MockTransport.reply(RUNNING)] * 3, MockTransport.reply(ENDED)) as ai:
        started = asyncio.get_running_loop().time()
        assert (await ai.claude.batches.wait("b"))["processing_status"] == "ended"
        assert asyncio.get_running_loop().time() - started == pytest.approx(5 + 7.5 + 11.25)
        assert len(sent(ai)) == 4


async def test_waiting_ends_at_its_time() -> None:
    """A typed error says that the batch goes on."""
    async with client(MockTransport.reply(RUNNING)) as ai:
        with pytest.raises(RequestTimeoutError, match="batch b has not ended after 60 s") as caught:
            await ai.claude.batches.wait("b", timeout=60)
        assert not caught.value.retryable
        for wrong in ({"poll": 0}, {"timeout": -1.0}):
            with pytest.raises(InvalidRequestError, match="above 0"):
                await ai.claude.batches.wait("b", **wrong)


async def test_results_of_every_kind() -> None:
    """A reply with its text and counts, a typed error, and what was never tried; none of them is raised."""
    overloaded = {
        "type": "error",
        "error": {"type": "overloaded_error", "message": "Overloaded"},
        "request_id": "req_1",
    }
    message = fixture("claude", "tools")["body"]
    raw = lines(
        {"custom_id": "d", "result": {"type": "expired"}},
        {"custom_id": "a", "result": {"type": "succeeded", "message": message}},
        {"custom_id": "b", "result": {"type": "errored", "error": overloaded}},
        {"custom_id": "c", "result": {"type": "canceled"}},
    )
    async with client(raw) as ai:
        found = await ai.claude.batches.collect("b1")
        assert sent(ai)[0].url == "https://api.anthropic.com/v1/messages/batches/b1/results"
    assert list(found) == ["d", "a", "b", "c"]
    assert [result.kind for result in found.values()] == ["expired", "succeeded", "errored", "canceled"]
    assert [result.ok for result in found.values()] == [False, True, False, False]
    reply = found["a"].reply
    assert reply is not None
    assert (reply.text, reply.tool_calls[0].name, reply.usage.output_tokens) == ("I look up both.", "forecast", 68)
    error = found["b"].error
    assert isinstance(error, OverloadedError)
    assert error.provider_request_id == "req_1"
    assert found["c"].error is not None
    assert "canceled before it was tried" in str(found["c"].error)


async def test_a_last_line_without_its_end_counts_and_a_broken_one_is_an_error() -> None:
    """Lines are cut anywhere by the network; half a line is no result."""
    good = json.dumps({"custom_id": "a", "result": {"type": "expired"}}).encode()
    whole = MockTransport.reply(body=good, headers={"content-type": "application/x-jsonl"})
    half = MockTransport.reply(body=good[:-5], headers={"content-type": "application/x-jsonl"})
    async with client(whole, half) as ai:
        assert list(await ai.claude.batches.collect("b")) == ["a"]
        with pytest.raises(DecodeError):
            await ai.claude.batches.collect("b")


@pytest.mark.parametrize(
    "line",
    [
        {"custom_id": "a"},
        {"result": {"type": "expired"}},
        [1],
        {"custom_id": "a", "result": {"type": "succeeded", "message": {}}},
        {"custom_id": "a", "result": None},
    ],
)
async def test_a_line_that_is_no_result_is_typed(line: Any) -> None:
    """Its missing field is named."""
    async with client(lines(line)) as ai:
        with pytest.raises(ResponseValidationError, match="batch's results"):
            await ai.claude.batches.collect("b")
