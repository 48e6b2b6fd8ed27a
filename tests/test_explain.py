"""What a call tells of itself: waiting, attempts, choices, bytes, and what this package took."""

from __future__ import annotations

import asyncio
import copy
import json
import pickle
from typing import Any

import pytest

from ipfs_accel_async import (
    AccelError,
    AllTargetsFailedError,
    CircuitOpenError,
    Client,
    DeadlineExceededError,
    InvalidRequestError,
    Keys,
    MockTransport,
    ServerError,
    StreamIncompleteError,
)
from ipfs_accel_async.wire.http import Request, Response
from tests.answering import JSON, SSE, Server, completion, error_body

CHUNK = b'data: {"id":"c","model":"m","choices":[{"index":0,"delta":{"content":"x"},"finish_reason":null}]}\n\n'
LAST = b'data: {"id":"c","model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'


def failing(status: int, **headers: str) -> Response:
    """An error of the service."""
    return MockTransport.reply(error_body("no"), status=status, headers={**JSON, **headers})


async def test_a_plain_call() -> None:
    """One attempt: who, by which key, what came, how many bytes; virtual seconds are the network's, nothing is ours."""
    server = Server(seconds=2.0)
    async with server.client() as ai:
        reply = await ai.chat("openai:m", "hi")
        made = ai.explain(reply)
    (attempt,) = made["attempts"]
    assert made["request_id"] == reply.request_id
    assert (made["outcome"], made["phase"], made["total_ms"], made["network_ms"]) == ("ok", "body", 2_000, 2_000)
    assert (made["queue_ms"], made["backoff_ms"], made["overhead_ms"], made["first_token_ms"]) == (0, 0, 0, None)
    assert made["bytes_out"] == len(server.mock.requests[0].body)
    assert made["bytes_in"] == attempt["bytes_in"] > 100
    assert (attempt["target"], attempt["target_why"], attempt["key"]) == ("openai:m", "asked for", "key-1")
    assert (attempt["status"], attempt["outcome"], attempt["breaker"]) == (200, "ok", "closed")
    assert attempt["endpoint"] == "https://api.openai.com/v1"
    assert reply.trace is not None
    assert reply.trace.attempts == 1


async def test_attempts_with_their_class_delay_and_key() -> None:
    """Each attempt has status, class and the wait after it; a retry takes the other key and says why."""
    server = Server(failing(503), failing(429, **{"retry-after": "4"}), seconds=1.0)
    async with server.client(keys={"openai": Keys("sk-first", "sk-second", quota_group="one")}, retry_jitter=0) as ai:
        reply = await ai.chat("openai:m", "hi")
        made = ai.explain(reply)
    first, second, third = made["attempts"]
    assert (first["status"], first["error"], first["outcome"]) == (503, "OverloadedError", "failed")
    assert (first["delay_ms"], first["verdict"]) == (1_000, "sent again")
    assert (second["status"], second["error"], second["outcome"]) == (429, "RateLimitError", "throttled")
    assert 4_000 <= second["delay_ms"] <= 4_400
    assert (third["status"], third["delay_ms"], third["verdict"]) == (200, None, None)
    assert [attempt["key"] for attempt in made["attempts"]] == ["key-1", "key-2", "key-1"]
    assert second["key_why"] == "the fewest calls in flight, without key-1, which had just failed"
    assert made["backoff_ms"] == pytest.approx(first["delay_ms"] + second["delay_ms"])
    assert made["network_ms"] == pytest.approx(3_000)
    assert made["total_ms"] == pytest.approx(made["backoff_ms"] + 3_000)
    assert made["overhead_ms"] == pytest.approx(0, abs=1e-6)


async def test_waiting_in_the_queue_is_counted_for_each_attempt() -> None:
    """The second call waits for the first one's permit, and says how long."""
    server = Server(seconds=3.0)
    async with server.client(max_concurrent_requests=1) as ai:
        replies = await asyncio.gather(ai.chat("openai:m", "1"), ai.chat("openai:m", "2"))
        made = [ai.explain(reply) for reply in replies]
    assert [one["queue_ms"] for one in made] == [0, 3_000]
    assert [one["attempts"][0]["queue_ms"] for one in made] == [0, 3_000]
    assert [one["overhead_ms"] for one in made] == [0, 0]
    assert "3000.0 ms in the queue" in str(made[1])


class Slow(MockTransport):
    """Each read takes a second."""

    async def send(self, request: Request) -> Any:
        """Answer, reading slowly."""
        incoming = await super().send(request)
        read = incoming.read

        async def slowly() -> bytes:
            await asyncio.sleep(1)
            return await read()

        incoming.read = slowly  # type: ignore[method-assign]
        return incoming


async def test_a_stream_before_during_and_after() -> None:
    """It can be asked at any time: open with its first token, then closed with all its bytes; so can its reply."""
    body = CHUNK * 3 + LAST
    mock = Slow(lambda _: MockTransport.reply(body=body, headers=SSE), chunk_size=len(CHUNK))
    async with Client(transport=mock, keys={"openai": "k"}) as ai:
        async with ai.stream("openai:m", "hi") as stream:
            early = ai.explain(stream)
            await stream.collect()
        late, reply = ai.explain(stream), ai.explain(stream.reply)
    assert (early["outcome"], early["total_ms"], early["first_token_ms"]) == ("open", None, 1_000)
    assert early["attempts"][0]["outcome"] == "under way"
    assert (late["outcome"], late["bytes_in"], late["first_byte_ms"]) == ("ok", len(body), 0)
    assert late["total_ms"] > 3_000
    assert (late["network_ms"], late["overhead_ms"]) == (1_000, 0)  # until it was handed over: then its reader rules
    assert reply == late


async def test_a_stream_that_is_cut() -> None:
    """Its error knows the call too, with the bytes that came."""
    mock = MockTransport(lambda _: MockTransport.reply(body=CHUNK, headers=SSE))
    async with Client(transport=mock, keys={"openai": "k"}) as ai:
        with pytest.raises(StreamIncompleteError) as caught:
            async with ai.stream("openai:m", "hi") as stream:
                await stream.collect()
        made = ai.explain(caught.value)
        assert made == ai.explain(stream)
    assert (made["outcome"], made["bytes_in"], made["attempts"][0]["outcome"]) == (
        "StreamIncompleteError",
        len(CHUNK),
        "failed",
    )


async def test_an_error_says_what_happened_before_it() -> None:
    """The last error of three attempts has all three, and why there was no fourth."""
    server = Server(*[failing(500)] * 3)
    async with server.client(max_retries=2) as ai:
        with pytest.raises(ServerError) as caught:
            await ai.chat("openai:m", "hi")
        made = ai.explain(caught.value)
    assert (made["outcome"], len(made["attempts"])) == ("ServerError", 3)
    assert made["attempts"][-1]["verdict"] == "no retries are left"
    assert "ended in the phase 'body'" in str(made)


@pytest.mark.parametrize(
    ("answers", "settings", "call", "verdict"),
    [
        ([failing(400)], {}, {}, "another attempt would not help"),
        ([failing(429, **{"retry-after": "90"})], {}, {}, "the service asks for more patience than max_retry_after"),
        (
            [failing(500)],
            {"retry_budget_ratio": 0.0, "retry_budget_reserve": 0},
            {},
            "the retry budget of the endpoint is spent",
        ),
        ([failing(500)], {}, {"timeout": 0.5}, "the next attempt would come after the deadline"),
    ],
)
async def test_why_it_was_not_sent_again(
    answers: list[Response], settings: dict[str, Any], call: dict[str, Any], verdict: str
) -> None:
    """The verdict of retry and its budget stands with the attempt."""
    async with Server(*answers).client(**settings) as ai:
        with pytest.raises(AccelError) as caught:
            await ai.chat("openai:m", "hi", **call)
        (attempt,) = ai.explain(caught.value)["attempts"]
    assert attempt["verdict"] == verdict


async def test_refusals_of_breaker_and_queue() -> None:
    """What was never sent is there too, as refused, with the refusing class; a probe is called one."""
    server = Server(*[failing(500)] * 2)
    async with server.client(max_retries=0, failure_threshold=2, reset_timeout=10) as ai:
        for _ in range(2):
            with pytest.raises(ServerError):
                await ai.chat("openai:m", "hi")
        with pytest.raises(CircuitOpenError) as caught:
            await ai.chat("openai:m", "hi")
        (attempt,) = ai.explain(caught.value)["attempts"]
        assert (attempt["outcome"], attempt["error"], attempt["status"]) == ("refused", "CircuitOpenError", None)
        await asyncio.sleep(10)
        probe = ai.explain(await ai.chat("openai:m", "hi"))
        assert probe["attempts"][0]["breaker"] == "half-open"
        assert "as the breaker's probe" in str(probe)


async def test_a_deadline_in_the_queue() -> None:
    """All of the time is the queue's."""
    async with Server(seconds=60.0).client(max_concurrent_requests=1) as ai:
        first = asyncio.ensure_future(ai.chat("openai:m", "1"))
        await asyncio.sleep(0)
        with pytest.raises(DeadlineExceededError) as caught:
            await ai.chat("openai:m", "2", timeout=5)
        made = ai.explain(caught.value)
        await first
    assert (made["queue_ms"], made["total_ms"], made["phase"], made["overhead_ms"]) == (5_000, 5_000, "queue", 0)
    assert made["attempts"][0]["outcome"] == "refused"


async def test_a_deadline_between_attempts_counts_no_more_than_there_was() -> None:
    """A wait that was cut short is counted as far as it went."""
    async with Server(*[failing(500)] * 9, seconds=1.0).client(retry_jitter=0) as ai:
        with pytest.raises(AccelError) as caught:
            await ai.chat("openai:m", "2", timeout=4.5)
        made = ai.explain(caught.value)
    assert made["backoff_ms"] + made["network_ms"] == pytest.approx(made["total_ms"])


async def test_each_cause_of_a_failed_fallback() -> None:
    """Every target has its own attempts; a fallback says that it is one."""
    mock = MockTransport(lambda _: failing(500))
    async with Client(transport=mock, keys={"openai": "k", "groq": "k"}, max_retries=1) as ai:
        with pytest.raises(AllTargetsFailedError) as caught:
            await ai.chat("openai:m", "hi", fallbacks=["groq:n"])
        made = ai.explain(caught.value)
        per_cause = [ai.explain(cause) for cause in caught.value.causes]
    assert [cause["target"] for cause in made["causes"]] == ["openai:m", "groq:n"]
    assert [len(cause["attempts"]) for cause in made["causes"]] == [2, 2]
    assert [(one["outcome"], len(one["attempts"])) for one in per_cause] == [("ServerError", 2)] * 2
    assert len(made["attempts"]) == 4
    assert made["attempts"][2]["target_why"] == "a fallback, as the targets before it failed"
    assert "groq:n: ServerError after 2 attempts" in str(made)


async def test_plain_values_without_the_key() -> None:
    """It is JSON as it stands; the key is in neither form, nor in what is pickled and copied with it."""
    key = "sk-canary-0123456789abcdef"
    server = Server(failing(503), failing(500))
    async with server.client(keys={"openai": Keys(key, "sk-other")}, max_retries=1, retry_jitter=0) as ai:
        with pytest.raises(ServerError) as caught:
            await ai.chat("openai:m", "hi")
        reply = await ai.chat("openai:m", "hi")
        for thing in (caught.value, reply):
            made = ai.explain(thing)
            assert key not in json.dumps(made) + str(made) + repr(thing)
        assert key.encode() not in pickle.dumps(caught.value)
        assert ai.explain(pickle.loads(pickle.dumps(caught.value))) == ai.explain(caught.value)
        assert ai.explain(copy.deepcopy(reply)) == ai.explain(reply)


@pytest.mark.parametrize("thing", [None, "text", ValueError("of somebody else"), InvalidRequestError("never a call")])
async def test_what_comes_from_no_call_is_refused(thing: Any) -> None:
    """The message says what it takes."""
    async with Server().client() as ai:
        with pytest.raises(InvalidRequestError, match="explain takes an answer, an error or a stream of a call"):
            ai.explain(thing)


async def test_an_answer_equals_another_whatever_its_trace() -> None:
    """The trace is no part of an answer's value."""
    async with Server().client() as ai:
        reply = await ai.chat("openai:m", "hi")
    other = copy.copy(reply)
    object.__setattr__(other, "trace", None)
    assert other == reply
    assert "trace" not in repr(reply)


async def test_embeddings_and_native_answers_have_one_too() -> None:
    """Every answer, not only that of a chat."""
    vectors = {
        "data": [{"index": 0, "embedding": [1.0]}],
        "model": "m",
        "usage": {"prompt_tokens": 1, "total_tokens": 1},
    }
    mock = MockTransport(
        lambda request: MockTransport.reply(vectors if "embed" in request.url else completion(), headers=JSON)
    )
    async with Client(transport=mock, keys={"openai": "k"}) as ai:
        for answer in (await ai.embed("openai:m", "a"), await ai.request("openai", "GET", "/x")):
            assert ai.explain(answer)["outcome"] == "ok"
