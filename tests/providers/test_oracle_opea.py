"""The official OpenAI SDK as the oracle for the services of OPEA that speak its wire: language model and embedding."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest

from ipfs_accel_async.answers import Embeddings, ModelList
from ipfs_accel_async.providers.opea import codec
from ipfs_accel_async.types import EmbedRequest, NativeRequest, Payload
from tests.providers.openai_calls import CASES, IDS, ChatCase
from tests.providers.recorded import call_of, fixture, recorded_response
from tests.recorder import Recorder, recording

openai = pytest.importorskip("openai", reason="it is in the extra dev, which is not installed")
pytestmark = pytest.mark.sockets


def sdk(recorder: Recorder) -> Any:
    """The official client, on the recorder."""
    return openai.AsyncOpenAI(api_key="k", base_url=f"{recorder.base_url}/v1", max_retries=0)


def ours(recorder: Recorder, payload: Payload, operation: str, model: str) -> tuple[str, str, Any]:
    """Method, path and body of our request."""
    call = call_of(codec, payload, operation, model=model, endpoint=recorder.base_url)
    request = codec.build_request(call, None)
    return request.method, urlsplit(request.url).path, json.loads(request.body) if request.body else None


def theirs(recorder: Recorder) -> tuple[str, str, Any]:
    """The same of theirs."""
    return recorder.last.method, recorder.last.path, recorder.last.body


@pytest.mark.parametrize("case", CASES, ids=IDS)
async def test_chats_with_the_language_model_are_equal(case: ChatCase) -> None:
    """But for the limit of tokens, which the service knows by its older name."""
    async with recording() as recorder, sdk(recorder) as client:
        recorder.answer(fixture("opea", "chat")["body"])
        await client.chat.completions.create(model="m", **case.theirs)
        method, path, body = theirs(recorder)
        if "max_completion_tokens" in body:
            body["max_tokens"] = body.pop("max_completion_tokens")
        assert ours(recorder, case.ours, "chat", "llm/m") == (method, path, body)


async def test_embeddings_are_equal() -> None:
    """Asked for as numbers, which all kinds of the service know."""
    async with recording() as recorder, sdk(recorder) as client:
        recorder.answer(fixture("opea", "embed")["body"])
        answer = await client.embeddings.create(model="m", input=["alpha", "beta"], encoding_format="float")
        method, path, body = theirs(recorder)
        assert body.pop("encoding_format") == "float"
        request = EmbedRequest(("alpha", "beta"))
        assert ours(recorder, request, "embed", "embedding/m") == (method, path, body)
    read = codec.parse_response(call_of(codec, request, "embed"), recorded_response("opea", "embed"))
    assert isinstance(read, Embeddings)
    np.testing.assert_array_equal(read.vectors, np.array([item.embedding for item in answer.data], np.float32))


async def test_models_are_equal() -> None:
    """The agent's list."""
    async with recording() as recorder, sdk(recorder) as client:
        recorder.answer(fixture("opea", "models")["body"])
        listed = [model.id async for model in client.models.list()]
        assert ours(recorder, NativeRequest(), "models", "") == theirs(recorder)
    read = codec.parse_response(call_of(codec, NativeRequest(), "models"), recorded_response("opea", "models"))
    assert isinstance(read, ModelList)
    assert [model.id for model in read.models] == listed
