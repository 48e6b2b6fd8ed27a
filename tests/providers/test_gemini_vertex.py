"""Gemini on Vertex AI: another address, a Bearer token, and bodies that differ."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from ipfs_accel_async import Client, MockTransport
from ipfs_accel_async.errors import ConfigError, InvalidRequestError
from ipfs_accel_async.keys import Secret
from ipfs_accel_async.payloads import ImageRequest
from ipfs_accel_async.providers.gemini import codec
from ipfs_accel_async.types import ChatRequest, EmbedRequest, Message, NativeRequest, Tool
from tests.providers.recorded import call_of, fixture, response

HELLO = Message("user", "hello")
CHAT = ChatRequest((HELLO,))
ROOT = "https://us-central1-aiplatform.googleapis.com/v1"
PROJECT = f"{ROOT}/projects/p-1/locations/us-central1"
TOKEN = Secret("ya29.very-secret")


def request_of(payload: Any, operation: str = "chat", *, model: str = "gemini-x", endpoint: str = PROJECT) -> Any:
    """The request that the codec builds."""
    return codec.build_request(call_of(codec, payload, operation, model=model, endpoint=endpoint), TOKEN)


def test_a_token_goes_as_a_bearer() -> None:
    """In its header and nowhere else; the Developer API takes the same Secret in its own header."""
    names = [name for name, value in request_of(CHAT).headers if b"very-secret" in value]
    assert names == [b"authorization"]
    assert (b"authorization", b"Bearer ya29.very-secret") in request_of(CHAT).headers
    assert "very-secret" not in request_of(CHAT).url
    own = codec.build_request(call_of(codec, CHAT), TOKEN)
    assert [name for name, value in own.headers if b"very-secret" in value] == [b"x-goog-api-key"]


@pytest.mark.parametrize(
    ("given", "options", "url"),
    [
        (f"{PROJECT}/publishers/google", {}, PROJECT),
        (PROJECT, {"project": "other"}, PROJECT),
        (codec.base_url, {"project": "p-1", "location": "us-central1"}, PROJECT),
        (codec.base_url, {"project": "p-1"}, "https://aiplatform.googleapis.com/v1/projects/p-1/locations/global"),
        (
            codec.base_url,
            {"project": "p-1", "location": "eu", "api_version": "v1beta1"},
            "https://aiplatform.eu.rep.googleapis.com/v1beta1/projects/p-1/locations/eu",
        ),
        ("http://127.0.0.1:8", {"project": "p-1"}, "http://127.0.0.1:8/v1/projects/p-1/locations/global"),
        ("http://127.0.0.1:8/v1", {"project": "p-1"}, "http://127.0.0.1:8/v1/projects/p-1/locations/global"),
        (codec.base_url, {"location": "us-central1"}, codec.base_url),
    ],
)
def test_the_address_is_the_base_url_or_made_of_options(given: str, options: Any, url: str) -> None:
    """A project is named by the one or by the other; what is made is left as it is when it comes again."""
    own = codec.configured(options=options)
    assert own.normalize_url(given) == url
    assert own.normalize_url(url) == url


@pytest.mark.parametrize("options", [{"project": "a/b"}, {"project": "p", "location": "x@evil"}, {"project": "p?"}])
def test_options_that_would_leave_the_host_are_refused(options: Any) -> None:
    """A slash, an at sign or a question mark is in no name."""
    with pytest.raises(ConfigError, match="is no name of a"):
        codec.configured(options=options).normalize_url(codec.base_url)


@pytest.mark.parametrize(
    ("model", "path"),
    [
        ("gemini-x", "/publishers/google/models/gemini-x:generateContent"),
        ("models/gemini-x", "/publishers/google/models/gemini-x:generateContent"),
        ("publishers/google/models/gemini-x", "/publishers/google/models/gemini-x:generateContent"),
        ("endpoints/77", "/endpoints/77:generateContent"),
    ],
)
def test_the_path_is_below_the_project(model: str, path: str) -> None:
    """Google's models have a publisher, tuned ones an endpoint."""
    assert request_of(CHAT, model=model).url == PROJECT + path
    stream = request_of(ChatRequest((HELLO,), stream=True), model="gemini-x").url
    assert stream == f"{PROJECT}/publishers/google/models/gemini-x:streamGenerateContent?alt=sse"
    assert request_of(ImageRequest("x"), "image", model="imagen-4").url.endswith("/models/imagen-4:predict")


def test_a_count_has_its_fields_side_by_side() -> None:
    """The Developer API wants a whole request inside, with the model in it."""
    payload = ChatRequest((Message("system", "s"), HELLO), tools=(Tool("clock"),))
    request = request_of(payload, "count_tokens")
    assert request.url.endswith("/models/gemini-x:countTokens")
    assert json.loads(request.body).keys() == {"contents", "systemInstruction", "tools"}
    body = codec.build_body(call_of(codec, payload, "count_tokens"))["generateContentRequest"]
    assert body.keys() == {"model", "contents", "systemInstruction", "tools"}
    assert body["model"] == "models/m"
    assert codec.build_body(call_of(codec, CHAT, "count_tokens")).keys() == {"contents"}


def test_a_cache_is_named_in_full() -> None:
    """The short name that all other places take is none for a chat here."""
    payload = ChatRequest((HELLO,), params={"cached_content": "cachedContents/7"})
    full = "projects/p-1/locations/us-central1/cachedContents/7"
    assert json.loads(request_of(payload).body)["cachedContent"] == full
    again = ChatRequest((HELLO,), params={"cachedContent": full})
    assert json.loads(request_of(again).body)["cachedContent"] == full
    assert codec.build_body(call_of(codec, payload))["cachedContent"] == "cachedContents/7"


def test_one_text_and_many_are_embedded_by_methods_of_their_own() -> None:
    """Their parameters stand under a name of their own."""
    params = {"task_type": "CLUSTERING", "outputDimensionality": 2}
    content = {"parts": [{"text": "a"}], "role": "user"}
    config = {"taskType": "CLUSTERING", "outputDimensionality": 2}
    one = request_of(EmbedRequest(("a",), params), "embed")
    assert one.url.endswith(":embedContent")
    assert json.loads(one.body) == {"content": content, "embedContentConfig": config}
    many = request_of(EmbedRequest(("a", "a")), "embed")
    assert many.url.endswith(":batchEmbedContents")
    assert json.loads(many.body) == {"requests": [{"content": content}] * 2}


def test_older_models_embed_by_prediction() -> None:
    """What goes with a text is beside it, what holds for all is a parameter; counts come text by text."""
    payload = EmbedRequest(("a", "b"), {"taskType": "CLUSTERING", "autoTruncate": False})
    call = call_of(codec, payload, "embed", model="text-embedding-005", endpoint=PROJECT)
    request = codec.build_request(call, None)
    assert request.url.endswith("/models/text-embedding-005:predict")
    assert json.loads(request.body) == {
        "instances": [{"content": text, "task_type": "CLUSTERING"} for text in "ab"],
        "parameters": {"autoTruncate": False},
    }
    items = [{"embeddings": {"values": [n, 0.5], "statistics": {"token_count": 2}}} for n in (1, 2)]
    answer = codec.parse_response(call, response(200, {"predictions": items}))
    np.testing.assert_array_equal(answer.vectors, np.array([[1, 0.5], [2, 0.5]], np.float32))
    assert answer.usage.input_tokens == 4


def test_a_single_vector_is_a_row() -> None:
    """Whatever its method, an answer has one shape."""
    call = call_of(codec, EmbedRequest(("a",)), "embed", model="gemini-e", endpoint=PROJECT)
    body = {"embedding": {"values": [1.0, 2.0]}, "usageMetadata": {"promptTokenCount": 3}}
    answer = codec.parse_response(call, response(200, body))
    assert (answer.vectors.shape, answer.usage.input_tokens) == ((1, 2), 3)


def test_models_are_googles_not_the_projects() -> None:
    """The list is at the root of the version, and names are as calls want them."""
    call = call_of(codec, NativeRequest(), "models", model="", endpoint=PROJECT)
    assert codec.build_request(call, None).url == f"{ROOT}/publishers/google/models?pageSize=1000"
    body = {"publisherModels": [{"name": "publishers/google/models/gemini-x"}]}
    assert [model.id for model in codec.parse_response(call, response(200, body)).models] == ["gemini-x"]


@pytest.mark.parametrize(
    ("operation", "args", "model", "url"),
    [
        ("caches.get", {"cache": "7"}, "", f"{PROJECT}/cachedContents/7"),
        ("models.get", {}, "gemini-x", f"{ROOT}/publishers/google/models/gemini-x"),
        ("embed_content", {}, "gemini-x", f"{PROJECT}/publishers/google/models/gemini-x:embedContent"),
        ("files.get", {"file": "7"}, "", None),
        ("batches.list", {}, "", None),
    ],
)
def test_native_operations_are_there_or_said_not_to_be(operation: str, args: Any, model: str, url: str | None) -> None:
    """Caches and models are; files and batches are the Developer API's."""
    payload = NativeRequest(args=args)
    if url is None:
        with pytest.raises(InvalidRequestError, match=f"Vertex AI has no {operation}"):
            request_of(payload, operation, model=model)
    else:
        assert request_of(payload, operation, model=model).url == url


async def test_a_token_is_asked_for_at_each_call() -> None:
    """An async callable gives it, and the options say where to."""
    given = iter(["token-1", "token-2"])

    async def token() -> str:
        return next(given)

    mock = MockTransport(lambda _: MockTransport.reply(fixture("gemini", "chat")["body"]))
    options = {"project": "p-1", "location": "us-central1"}
    async with Client(transport=mock, keys={"gemini": token}, providers={"gemini": {"options": options}}) as ai:
        for _ in range(2):
            await ai.chat("gemini:gemini-x", "hello")
    sent = [dict(request.headers)[b"authorization"] for request in mock.requests]
    assert sent == [b"Bearer token-1", b"Bearer token-2"]
    assert {request.url for request in mock.requests} == {
        f"{PROJECT}/publishers/google/models/gemini-x:generateContent"
    }
