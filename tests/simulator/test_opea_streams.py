"""The OPEA twin, as our client and a plain one meet it."""

from __future__ import annotations

import ast
import json
from typing import Any

import openai
import pytest

from ipfs_accel_async import AuthenticationError, BadRequestError, Client, DecodeError, ServerError
from ipfs_accel_async import StreamIncompleteError as Incomplete
from ipfs_accel_async.simulator import Simulator, simulate
from tests.simulator.calls import chat, raw_client

pytestmark = pytest.mark.sockets
TONGUES = {"language_from": "Go", "language_to": "C"}


def client_of(sim: Simulator, service: str = "chatqna", *, retries: int = 0) -> Client:
    """Our client, on a service of the twin."""
    settings = {"base_url": sim.base_url, "options": {"service": service}, "keys": "sk-wrong"}
    return Client(providers={"opea": settings}, max_retries=retries, initial_retry_delay=0.001)


async def test_literals_are_those_of_python() -> None:
    """Each frame evaluates to bytes, and all together are the whole answer; one asks for it by a list or a text."""
    async with simulate("opea") as sim, raw_client() as session:
        _, headers, body = await chat(session, sim, "opea", stream=True)
        assert headers["content-type"].startswith("text/event-stream")
        *frames, done, rest = body.decode().split("\n\n")
        assert (done, rest) == ("data: [DONE]", "")
        text = b"".join(ast.literal_eval(frame.removeprefix("data: ")) for frame in frames).decode()
        whole = json.loads((await chat(session, sim, "opea"))[2])
        assert whole["choices"][0]["message"]["content"] == text
        assert (whole["model"], whole["usage"]["total_tokens"]) == ("chatqna", 0)
        asked = {"messages": "Name three primes."}
        async with session.post(sim.root_url + "/v1/chatqna", json=asked) as answer:
            assert await answer.read() == body


@pytest.mark.parametrize("service", ["chatqna", "codegen", "docsum"])
async def test_our_client_reads_a_service_whole_and_streamed(service: str) -> None:
    """The same text, whatever its form on the wire."""
    async with simulate("opea") as sim, client_of(sim, service) as ai:
        reply = await ai.chat("opea:m", "hi")
        async with ai.stream("opea:m", "hi") as stream:
            streamed = await stream.collect()
    assert streamed.text == reply.text != ""
    assert (streamed.finish_reason, reply.finish_reason, reply.model) == ("stop", "stop", service)


async def test_a_translation_of_code_streams_completions() -> None:
    """It is asked for a text between two languages."""
    async with simulate("opea") as sim, client_of(sim, "codetrans") as ai:
        async with ai.stream("opea:m", "x := 1", **TONGUES) as stream:
            assert (await stream.collect()).text.startswith("Synthetic")
        assert sim.requests[0].body == {"source_code": "x := 1", **TONGUES}


async def test_embeddings_are_read_by_the_sdk_and_by_our_client() -> None:
    """The OpenAI shape, as numbers."""
    async with (
        simulate("opea") as sim,
        client_of(sim) as ai,
        openai.AsyncOpenAI(base_url=f"{sim.root_url}/v1", api_key="k") as sdk,
    ):
        ours = await ai.embed("opea:m", ["a", "b"])
        theirs = await sdk.embeddings.create(model="m", input=["a", "b"], encoding_format="float")
    assert ours.vectors.shape == (2, 768)
    assert ours.vectors[1].tolist() == pytest.approx(theirs.data[1].embedding)


@pytest.mark.parametrize(
    ("service", "fault", "kind"),
    [
        ("chatqna", "error-in-200", ServerError),
        ("codegen", "error-in-200", Incomplete),
        ("chatqna", "truncate", Incomplete),
        ("chatqna", "malformed", DecodeError),
        ("codegen", "malformed", DecodeError),
        ("chatqna", "500", ServerError),
    ],
)
async def test_a_stream_that_fails_is_an_error(service: str, fault: str, kind: type[Exception]) -> None:
    """A [DONE] without a word, no [DONE] at all, or a broken piece."""
    async with simulate("opea", faults=[fault]) as sim, client_of(sim, service) as ai:
        with pytest.raises(kind):
            async with ai.stream("opea:m", "hi") as stream:
                await stream.collect()


async def test_a_stream_without_a_word_is_sent_again() -> None:
    """As nothing was handed over, the next try may answer."""
    async with simulate("opea", faults=["error-in-200"]) as sim, client_of(sim, retries=1) as ai:
        async with ai.stream("opea:m", "hi") as stream:
            assert (await stream.collect()).text
        assert len(sim.requests) == 2


async def test_refusals_are_typed() -> None:
    """A token that is not right, a body that is not."""
    async with simulate("opea", keys="sk-right") as sim, client_of(sim) as ai:
        with pytest.raises(AuthenticationError, match="token"):
            await ai.chat("opea:m", "hi")
    async with simulate("opea") as sim, client_of(sim, "docsum") as ai, raw_client() as session:
        with pytest.raises(BadRequestError, match=r"body\.type: Field required"):
            await ai.chat("opea:m", "hi", type="")
        found: list[Any] = []
        for path in ("/health", "/v1/health_check", "/v1/nothing", "/v1/chatqna"):
            async with session.get(sim.root_url + path) as answer:
                found.append(answer.status)
        assert found == [200, 200, 404, 405]
