"""Hugging Face's router under the name of TGI: chat and models, by a key, for services of other makes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ipfs_accel_async import Client, MockTransport
from ipfs_accel_async.errors import InvalidRequestError
from tests.providers.recorded import fixture

if TYPE_CHECKING:
    from ipfs_accel_async.wire.http import Request

URL = "https://router.huggingface.co/v1"
MODEL = "openai/gpt-oss-120b:cerebras"


def answer(request: Request) -> Any:
    """A chat, or the list of models."""
    name = "chat" if request.method == "POST" else "models"
    return MockTransport.reply(fixture("hf_tgi", name)["body"])


async def test_a_chat_names_the_model_and_who_is_to_answer() -> None:
    """Behind the model's second colon; formats and roles go out as OpenAI has them."""
    mock = MockTransport(answer)
    async with Client(transport=mock, keys={"hf_tgi": "hf_k"}, base_urls={"hf_tgi": URL}) as ai:
        reply = await ai.chat(f"hf_tgi:{MODEL}", "Hi", response_format={"type": "json_object"}, max_tokens=5)
        assert [model.id for model in (await ai.models("hf_tgi")).models]
        assert (await ai.hf_tgi.models.info())["data"]
    assert reply.text
    chat, *lists = mock.requests
    assert chat.url == f"{URL}/chat/completions"
    assert dict(chat.headers)[b"authorization"] == b"Bearer hf_k"
    body = json.loads(chat.body)
    assert (body["model"], body["response_format"], body["max_tokens"]) == (MODEL, {"type": "json_object"}, 5)
    assert [request.url for request in lists] == [f"{URL}/models"] * 2


async def test_what_only_a_server_has_is_refused_before_it_is_sent() -> None:
    """It names what the router has."""
    mock = MockTransport(answer)
    async with Client(transport=mock, keys={"hf_tgi": "hf_k"}, base_urls={"hf_tgi": URL}) as ai:
        model = f"hf_tgi:{MODEL}"
        for call in (
            ai.complete(model, "Hi"),
            ai.tokenize(model, "Hi"),
            ai.count_tokens(model, "Hi"),
            ai.hf_tgi.generate("Hi"),
            ai.hf_tgi.info(),
        ):
            with pytest.raises(InvalidRequestError, match="only chat and models"):
                await call
    assert not mock.requests
