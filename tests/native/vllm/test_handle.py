"""``client.vllm``: the exact request of every method, and what it makes of the answer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ipfs_accel_async import Client, MockTransport
from ipfs_accel_async.errors import InvalidRequestError, NotFoundError, OverloadedError, ResponseValidationError
from tests.native.vllm.calls import CALLS, CHAT, RESPONSE
from tests.providers.described_vllm import LISTS, faults

ROOT = "http://vllm:8000"


def client(answer: Any = None, **more: Any) -> tuple[Client, MockTransport]:
    """A client whose server gives one answer."""
    mock = MockTransport(lambda _: MockTransport.reply(answer, **more))
    return Client(transport=mock, keys={"vllm": "k"}, base_urls={"vllm": ROOT}, max_retries=0), mock


@pytest.mark.parametrize(("method", "args", "kwargs", "verb", "path", "body", "answer", "schema"), CALLS)
async def test_each_method_sends_its_request(
    method: str, args: Any, kwargs: Any, verb: str, path: str, body: Any, answer: Any, schema: str
) -> None:
    """Method, URL below /v1 or at the root, body and key; what was not given is not sent."""
    ai, mock = client(answer)
    async with ai:
        call: Any = ai.vllm
        for step in method.split("."):
            call = getattr(call, step)
        await call(*args, **kwargs)
    (request,) = mock.requests
    assert (request.method, request.url) == (verb, ROOT + path)
    assert (json.loads(request.body) if request.body else None) == body
    assert dict(request.headers)[b"authorization"] == b"Bearer k"
    if schema and LISTS:
        assert faults(schema, body) == []


async def test_answers_that_are_one_value_are_that_value() -> None:
    """Version, load, whether it sleeps or is paused."""
    ai, _ = client({"version": "0.33.0", "server_load": 3, "is_sleeping": True, "is_paused": False})
    async with ai:
        assert await ai.vllm.version() == "0.33.0"
        assert await ai.vllm.load() == 3
        assert await ai.vllm.is_sleeping() is True
        assert await ai.vllm.is_paused() is False


async def test_the_servers_word_for_an_adapter_is_text() -> None:
    """It is no JSON, and not taken for any."""
    ai, _ = client(body=b"Success: LoRA adapter 'sql' added successfully.", headers={"content-type": "text/plain"})
    async with ai:
        answer = await ai.vllm.lora.load("sql", "/adapters/sql")
    assert answer.text == "Success: LoRA adapter 'sql' added successfully."
    assert answer.raw is None


async def test_a_response_is_read() -> None:
    """Its text, model and counts."""
    ai, _ = client(RESPONSE)
    async with ai:
        answer = await ai.vllm.responses.create("m", "Hi")
    assert (answer.output_text, answer.model, answer.usage.total_tokens) == ("Hi.", "m", 3)


async def test_a_response_that_the_server_cannot_forget_is_refused_here() -> None:
    """It has no route for it."""
    ai, mock = client({})
    async with ai:
        with pytest.raises(InvalidRequestError, match=r"no operation 'responses\.delete'"):
            await ai.vllm.responses.delete("resp_1")
    assert not mock.requests


async def test_an_answer_without_its_fields_is_refused() -> None:
    """Each promises some."""
    ai, _ = client({"other": 1})
    async with ai:
        handle = ai.vllm
        for call in (handle.score("m", "q", "a"), handle.pooling("m", "a"), handle.version(), handle.is_sleeping()):
            with pytest.raises(ResponseValidationError):
                await call


@pytest.mark.parametrize(
    ("method", "args", "kwargs"),
    [
        ("score", ("m", "", "a"), {}),
        ("score", ("m", "q", []), {}),
        ("score", ("m", ["q", "r"], ["a"]), {}),
        ("score", ("m", ["q"], "a"), {}),
        ("pooling", ("m",), {}),
        ("pooling", ("m", "a"), {"messages": CHAT}),
        ("pooling", ("m", [""]), {}),
        ("sleep", (3,), {}),
        ("sleep", (True,), {}),
        ("sleep", ("1",), {}),
        ("wake_up", ([5],), {}),
        ("abort_requests", ("a",), {}),
        ("lora.load", ("", "/a"), {}),
        ("lora.load", ("a", ""), {}),
        ("lora.unload", (None,), {}),
    ],
)
async def test_what_cannot_be_meant_is_refused_before_it_is_sent(method: str, args: Any, kwargs: Any) -> None:
    """Empty names, unequal pairs, levels that there are not."""
    ai, mock = client({})
    async with ai:
        call: Any = ai.vllm
        for step in method.split("."):
            call = getattr(call, step)
        with pytest.raises(InvalidRequestError):
            await call(*args, **kwargs)
    assert not mock.requests


async def test_an_engine_that_is_not_well_is_an_error() -> None:
    """503 without a body; and a route that the server was not started with is not found."""
    ai, _ = client(status=503)
    async with ai:
        with pytest.raises(OverloadedError):
            await ai.vllm.health()
    ai, _ = client({"detail": "Not Found"}, status=404)
    async with ai:
        with pytest.raises(NotFoundError, match="Not Found"):
            await ai.vllm.sleep()
