"""``client.hf_tei``: the exact request of every method, and what it makes of the answer."""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np
import pytest

from ipfs_accel_async import Client, MockTransport
from ipfs_accel_async.answers import Embeddings
from ipfs_accel_async.errors import InvalidRequestError, OverloadedError, ResponseValidationError
from ipfs_accel_async.native.hf_tei import SparseEmbeddings, SparseVector, TokenEmbeddings
from tests.providers.described import copies, faults

URL = "http://tei:3000"
TOKENS = [[[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]], [[0.25, 0.75]]]
SPARSE = [[{"index": 7, "value": 1.5}, {"index": 3, "value": 0.5}], []]
ROW = base64.b64encode(np.array([0.6, -0.8], "<f4").tobytes()).decode()
OPENAI = {
    "object": "list",
    "data": [{"object": "embedding", "index": 0, "embedding": ROW}],
    "model": "bge",
    "usage": {"prompt_tokens": 3, "total_tokens": 3},
}
SAID = {"x-compute-tokens": "5", "content-type": "application/json"}


def client(answer: Any = None, **more: Any) -> tuple[Client, MockTransport]:
    """A client whose server gives one answer."""
    mock = MockTransport(lambda _: MockTransport.reply(answer, **{"headers": SAID, **more}))
    return Client(transport=mock, keys={"hf_tei": "hf_k"}, base_urls={"hf_tei": URL}, max_retries=0), mock


CUT = {"truncate": True, "truncation_direction": "Left", "prompt_name": "query"}
CALLS: list[tuple[str, tuple[Any, ...], dict[str, Any], str, str, Any, Any, str]] = [
    ("embed_all", (["a", "b"],), {}, "POST", "/embed_all", {"inputs": ["a", "b"]}, TOKENS, "EmbedAllRequest"),
    ("embed_all", (["a", "b"],), CUT, "POST", "/embed_all", {"inputs": ["a", "b"], **CUT}, TOKENS, "EmbedAllRequest"),
    ("embed_sparse", ("a",), CUT, "POST", "/embed_sparse", {"inputs": ["a"], **CUT}, SPARSE[:1], "EmbedSparseRequest"),
    (
        "embeddings",
        ("a",),
        {"model": "bge", "dimensions": 2},
        "POST",
        "/v1/embeddings",
        {"input": ["a"], "model": "bge", "dimensions": 2, "encoding_format": "base64"},
        OPENAI,
        "OpenAICompatRequest",
    ),
    ("predict", (["a", "b"],), {}, "POST", "/predict", {"inputs": ["a", "b"]}, [], "PredictRequest"),
    (
        "predict",
        ([["a"], ["b", "c"]],),
        {"raw_scores": True, "truncate": False},
        "POST",
        "/predict",
        {"inputs": [["a"], ["b", "c"]], "raw_scores": True, "truncate": False},
        [],
        "PredictRequest",
    ),
    (
        "tokenize_batch",
        (["a", "b"],),
        {"add_special_tokens": False, "x_new": 1},
        "POST",
        "/tokenize",
        {"inputs": ["a", "b"], "add_special_tokens": False, "x_new": 1},
        [],
        "TokenizeRequest",
    ),
    (
        "decode_batch",
        ([[1, 2], [3]],),
        {"skip_special_tokens": False},
        "POST",
        "/decode",
        {"ids": [[1, 2], [3]], "skip_special_tokens": False},
        [],
        "DecodeRequest",
    ),
    ("info", (), {}, "GET", "/info", None, {"model_id": "m"}, ""),
    ("health", (), {}, "GET", "/health", None, None, ""),
    ("metrics", (), {}, "GET", "/metrics", None, None, ""),
]


@pytest.mark.parametrize(("method", "args", "kwargs", "verb", "path", "body", "answer", "schema"), CALLS)
async def test_each_method_sends_its_request(
    method: str, args: Any, kwargs: Any, verb: str, path: str, body: Any, answer: Any, schema: str
) -> None:
    """Method, URL, body and key; what was not given is not sent, and the body is as the description allows."""
    ai, mock = client(answer)
    async with ai:
        await getattr(ai.hf_tei, method)(*args, **kwargs)
    (request,) = mock.requests
    assert (request.method, request.url) == (verb, URL + path)
    assert (json.loads(request.body) if request.body else None) == body
    assert dict(request.headers)[b"authorization"] == b"Bearer hf_k"
    if schema and copies("tei"):
        assert faults("tei", schema, body) == []


async def test_every_token_has_its_vector() -> None:
    """One array a text, of as many rows as tokens, with the count of tokens."""
    ai, _ = client(TOKENS)
    async with ai:
        answer = await ai.hf_tei.embed_all(["a", "b"])
    assert isinstance(answer, TokenEmbeddings)
    assert [rows.shape for rows in answer.vectors] == [(3, 2), (1, 2)]
    assert [rows.dtype for rows in answer.vectors] == [np.float32] * 2
    assert answer.vectors[0].tolist() == TOKENS[0]
    assert answer.usage.input_tokens == 5
    assert answer.raw == TOKENS


async def test_sparse_vectors_are_places_and_values() -> None:
    """A text whose words count for nothing has an empty one."""
    ai, _ = client(SPARSE)
    async with ai:
        answer = await ai.hf_tei.embed_sparse(["a", "b"])
    assert isinstance(answer, SparseEmbeddings)
    first, second = answer.vectors
    assert (first.indices.tolist(), first.values.tolist()) == ([7, 3], [1.5, 0.5])
    assert (len(first), len(second)) == (2, 0)
    assert first.dense(8).tolist() == [0, 0, 0, 0.5, 0, 0, 0, 1.5]
    assert second.dense(2).tolist() == [0, 0]
    with pytest.raises(InvalidRequestError, match="above the largest index, 7, not 7"):
        first.dense(7)


def test_the_product_of_sparse_vectors_is_that_of_the_dense() -> None:
    """Whatever the order of the places; with nothing in common it is 0."""
    one = SparseVector(np.array([7, 3, 1]), np.array([1.5, 0.5, 2.0], np.float32))
    two = SparseVector(np.array([2, 3, 7]), np.array([9.0, 4.0, 2.0], np.float32))
    assert one.dot(two) == two.dot(one) == float(one.dense(8) @ two.dense(8)) == 5.0
    assert one.dot(SparseVector(np.array([0]), np.array([1.0], np.float32))) == 0.0


async def test_the_openai_like_route_gives_vectors() -> None:
    """float32 from base64, with the model and the count of the body."""
    ai, _ = client(OPENAI)
    async with ai:
        answer = await ai.hf_tei.embeddings("a")
        assert await ai.hf_tei.dimension() == 2
    assert isinstance(answer, Embeddings)
    assert answer.vectors.tolist() == np.array([[0.6, -0.8]], np.float32).tolist()
    assert (answer.model, answer.usage.input_tokens) == ("bge", 3)


@pytest.mark.parametrize(
    ("method", "body"),
    [
        ("embed_all", [[[1.0], [2.0]]]),
        ("embed_all", [[[1.0, 2.0], [3.0]], [[1.0, 2.0]]]),
        ("embed_all", [[1.0], [2.0]]),
        ("embed_all", [[], []]),
        ("embed_all", {"error": "Model is overloaded", "error_type": "Overloaded"}),
        ("embed_sparse", [[{"index": 1, "value": 1.0}]]),
        ("embed_sparse", [[{"index": 1.5, "value": 1.0}], []]),
        ("embed_sparse", [[{"index": 1, "value": None}], []]),
        ("embed_sparse", [[{"index": 1}], []]),
        ("embeddings", {"data": [{"index": 0, "embedding": ROW}]}),
        ("embeddings", {"data": [{"index": 0, "embedding": ROW}, {"index": 1, "embedding": "AAA"}]}),
        ("embeddings", {"dat": []}),
    ],
)
async def test_an_answer_of_another_shape_is_refused(method: str, body: Any) -> None:
    """Too few, ragged, nulls, an error in the place of vectors."""
    ai, _ = client(body)
    async with ai:
        with pytest.raises(ResponseValidationError) as caught:
            await getattr(ai.hf_tei, method)(["a", "b"])
    assert "\n" not in str(caught.value)
    assert caught.value.provider == "hf_tei"


@pytest.mark.parametrize(
    ("method", "args"),
    [
        ("embed_all", ([],)),
        ("embed_all", (["a", ""],)),
        ("embed_sparse", (5,)),
        ("embeddings", ([b"a"],)),
        ("tokenize_batch", ("",)),
        ("decode_batch", ([],)),
        ("decode_batch", ([1, 2],)),
        ("decode_batch", ([[-1]],)),
        ("decode_batch", ([["a"]],)),
    ],
)
async def test_what_is_no_input_is_refused_before_it_is_sent(method: str, args: Any) -> None:
    """Nothing, no text, no ids."""
    ai, mock = client([])
    async with ai:
        with pytest.raises(InvalidRequestError):
            await getattr(ai.hf_tei, method)(*args)
    assert not mock.requests


async def test_a_server_that_is_not_well_is_an_error() -> None:
    """Health says it, typed."""
    ai, _ = client({"error": "unhealthy", "error_type": "unhealthy"}, status=503)
    async with ai:
        with pytest.raises(OverloadedError, match="unhealthy"):
            await ai.hf_tei.health()
