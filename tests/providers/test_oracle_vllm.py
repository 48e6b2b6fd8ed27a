"""The official openai client as the oracle for vLLM: the same call, the same request, the same parsed result.

vLLM has no client of its own; its documentation sends users to this one, with ``extra_body`` for what is vLLM's.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

import openai
import pytest

from ipfs_accel_async.answers import Reply
from ipfs_accel_async.fold import fold
from ipfs_accel_async.keys import Secret
from ipfs_accel_async.payloads import CompleteRequest
from ipfs_accel_async.providers.vllm import codec
from ipfs_accel_async.results import Completions
from ipfs_accel_async.types import ChatRequest, Message
from tests.providers.recorded import call_of, deltas_of, fixture, headers_of, recorded_response, recorded_stream
from tests.recorder import Recorder, recording

pytestmark = pytest.mark.sockets

KEY = "vllm-oracle"
OWN = {"top_k": 5, "structured_outputs": {"regex": "[0-9]+"}, "chat_template_kwargs": {"enable_thinking": False}}
CASES: list[tuple[CompleteRequest, dict[str, Any]]] = [
    (CompleteRequest(("Hi",)), {"prompt": "Hi"}),
    (
        CompleteRequest(("Hi",), "end", 5, 0.5, ("x",), 7, {"top_k": 5, "structured_outputs": {"choice": ["a"]}}),
        {
            "prompt": "Hi",
            "suffix": "end",
            "max_tokens": 5,
            "temperature": 0.5,
            "stop": ["x"],
            "seed": 7,
            "extra_body": {"top_k": 5, "structured_outputs": {"choice": ["a"]}},
        },
    ),
    (CompleteRequest(("a", "b"), params={"echo": True}), {"prompt": ["a", "b"], "echo": True}),
]


def sdk(recorder: Recorder) -> Any:
    """The official client, on the recorder."""
    return openai.AsyncOpenAI(base_url=f"{recorder.base_url}/v1", api_key=KEY, max_retries=0)


def agree(recorder: Recorder, payload: Any, operation: str) -> None:
    """Our request for a payload is the one that the client sent."""
    seen = recorder.last
    ours = codec.build_request(call_of(codec, payload, operation), Secret(KEY))
    assert (ours.method, urlsplit(ours.url).path) == (seen.method, seen.path)
    assert json.loads(ours.body) == seen.body
    assert dict(ours.headers)[b"authorization"].decode() == seen.headers["authorization"]


@pytest.mark.parametrize(("payload", "theirs"), CASES)
async def test_completions_are_asked_for_alike(payload: CompleteRequest, theirs: dict[str, Any]) -> None:
    """Field by field, the server's own ones too."""
    batch = len(payload.prompts) > 1
    async with recording() as recorder, sdk(recorder) as client:
        recorder.answer(fixture("vllm", "complete_batch" if batch else "complete")["body"])
        await client.completions.create(model="m", **theirs)
        agree(recorder, payload, "complete_batch" if batch else "complete")


async def test_a_chat_takes_the_servers_own_parameters_alike() -> None:
    """Beside the others, in the body itself."""
    async with recording() as recorder, sdk(recorder) as client:
        recorder.answer(fixture("vllm", "chat")["body"])
        await client.chat.completions.create(
            model="m", messages=[{"role": "user", "content": "Hi"}], extra_body=OWN, temperature=0.5
        )
        agree(recorder, ChatRequest((Message("user", "Hi"),), temperature=0.5, params=OWN), "chat")


async def test_completions_are_read_alike() -> None:
    """Texts, reasons, counts and model."""
    async with recording() as recorder, sdk(recorder) as client:
        recorder.answer(fixture("vllm", "complete_batch")["body"])
        theirs = await client.completions.create(model="m", prompt=["Once upon", "In the end"])
    payload = CompleteRequest(("Once upon", "In the end"))
    ours = codec.parse_response(call_of(codec, payload, "complete_batch"), recorded_response("vllm", "complete_batch"))
    assert isinstance(ours, Completions)
    assert [(reply.text, reply.finish_reason) for reply in ours.replies] == [
        (choice.text, choice.finish_reason) for choice in theirs.choices
    ]
    assert (ours.model, ours.usage.total_tokens) == (theirs.model, theirs.usage.total_tokens)


async def test_a_streamed_completion_is_read_alike() -> None:
    """Piece by piece."""
    async with recording() as recorder, sdk(recorder) as client:
        recorder.answer(recorded_stream("vllm", "complete"))
        stream = await client.completions.create(
            model="m", prompt="Once upon", stream=True, stream_options={"include_usage": True}
        )
        chunks = [chunk async for chunk in stream]
        payload = CompleteRequest(("Once upon",), stream=True)
        agree(recorder, payload, "complete")
    call = call_of(codec, payload, "complete")
    ours = fold(deltas_of(codec, call, [recorded_stream("vllm", "complete")]), codec.empty_reply(call, headers_of({})))
    assert isinstance(ours, Reply)
    assert ours.text == "".join(choice.text for chunk in chunks for choice in chunk.choices)
    assert ours.usage.total_tokens == chunks[-1].usage.total_tokens
    assert ours.finish_reason == chunks[-2].choices[0].finish_reason
