"""TEI's ranks, labels, similarities and tokenizer: what is sent, what is read, what is refused."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async import errors
from ipfs_accel_async.answers import Embeddings
from ipfs_accel_async.payloads import (
    ClassifyRequest,
    DetokenizeRequest,
    RerankRequest,
    SimilarityRequest,
    TokenizeRequest,
)
from ipfs_accel_async.providers.hf_tei import MOST_SIZES, HfTei, codec
from ipfs_accel_async.results import Classification, Detokenized, Label, Ranked, Ranking, Similarities, Tokens
from ipfs_accel_async.types import EmbedRequest
from tests.providers.described import copies, faults
from tests.providers.recorded import call_of, recorded_response, response

RANK = RerankRequest("red fruit", ("apple", "banana", "cherry"))
SENT: list[tuple[str, Any, str, dict[str, Any], str]] = [
    ("rerank", RANK, "/rerank", {"query": "red fruit", "texts": ["apple", "banana", "cherry"]}, "RerankRequest"),
    (
        "rerank",
        RerankRequest("q", ("a", "b"), 1, {"raw_scores": True, "truncate": True}),
        "/rerank",
        {"query": "q", "texts": ["a", "b"], "raw_scores": True, "truncate": True},
        "RerankRequest",
    ),
    ("classify", ClassifyRequest(("a",)), "/predict", {"inputs": [["a"]]}, "PredictRequest"),
    (
        "classify",
        ClassifyRequest(("a", ("b", "c")), {"raw_scores": True}),
        "/predict",
        {"inputs": [["a"], ["b", "c"]], "raw_scores": True},
        "PredictRequest",
    ),
    (
        "similarity",
        SimilarityRequest("a", ("b", "c")),
        "/similarity",
        {"inputs": {"source_sentence": "a", "sentences": ["b", "c"]}},
        "SimilarityRequest",
    ),
    (
        "similarity",
        SimilarityRequest("a", ("b",), {"prompt_name": "query"}),
        "/similarity",
        {"inputs": {"source_sentence": "a", "sentences": ["b"]}, "parameters": {"prompt_name": "query"}},
        "SimilarityRequest",
    ),
    (
        "tokenize",
        TokenizeRequest("a b", {"add_special_tokens": False}),
        "/tokenize",
        {"inputs": ["a b"], "add_special_tokens": False},
        "TokenizeRequest",
    ),
    ("detokenize", DetokenizeRequest((1, 2)), "/decode", {"ids": [[1, 2]]}, "DecodeRequest"),
]


@pytest.mark.parametrize(("operation", "payload", "path", "body", "schema"), SENT)
def test_requests_are_the_servers(operation: str, payload: Any, path: str, body: Any, schema: str) -> None:
    """Path and body, parameters where the server has them, and as its description allows."""
    request = codec.build_request(call_of(codec, payload, operation), None)
    assert (request.method, request.url) == ("POST", f"http://localhost:3000{path}")
    assert json.loads(request.body) == body
    if copies("tei"):
        assert faults("tei", schema, body) == []


def parse(operation: str, payload: Any, body: Any) -> Any:
    """The answer in a body."""
    return codec.parse_response(call_of(codec, payload, operation), response(200, body))


def test_documents_come_best_first() -> None:
    """With their places among those sent, and their texts; the tokens are counted."""
    answer = codec.parse_response(call_of(codec, RANK, "rerank"), recorded_response("hf_tei", "rerank"))
    assert isinstance(answer, Ranking)
    assert answer.ranked == (Ranked(1, 0.9876, "banana"), Ranked(2, 0.5432, "cherry"), Ranked(0, 0.0021, "apple"))
    assert answer.usage.input_tokens == 14


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=6), st.integers(1, 8), st.randoms())
def test_any_order_of_ranks_is_put_right(scores: list[float], top: int, shuffle: Any) -> None:
    """Best first, no more than asked for, each with its own text."""
    body = [{"index": index, "score": score} for index, score in enumerate(scores)]
    shuffle.shuffle(body)
    texts = tuple(f"text {index}" for index in range(len(scores)))
    ranked = parse("rerank", RerankRequest("q", texts, top), body).ranked
    assert [rank.score for rank in ranked] == sorted(scores, reverse=True)[:top]
    assert all(rank.text == f"text {rank.index}" and scores[rank.index] == rank.score for rank in ranked)


def test_labels_of_each_text_come_surest_first() -> None:
    """One tuple a text."""
    bodies = [[{"label": "no", "score": 0.1}, {"label": "yes", "score": 0.9}], [{"label": "no", "score": 1.0}]]
    answer = parse("classify", ClassifyRequest(("a", ("b", "c"))), bodies)
    assert isinstance(answer, Classification)
    assert answer.labels == ((Label("yes", 0.9), Label("no", 0.1)), (Label("no", 1.0),))


def test_similarities_are_one_array() -> None:
    """float32, in the order of the others."""
    answer = parse("similarity", SimilarityRequest("red", ("crimson", "blue")), [0.5, -0.25])
    assert isinstance(answer, Similarities)
    assert answer.scores.dtype == np.float32
    assert answer.scores.tolist() == [0.5, -0.25]


def test_tokens_there_and_back() -> None:
    """Ids and texts; and the text of ids."""
    tokens = codec.parse_response(
        call_of(codec, TokenizeRequest("hello world"), "tokenize"), recorded_response("hf_tei", "tokenize")
    )
    assert isinstance(tokens, Tokens)
    assert (tokens.ids, tokens.texts) == ((101, 7592, 2088, 102), ("[CLS]", "hello", "world", "[SEP]"))
    text = parse("detokenize", DetokenizeRequest(tokens.ids), ["hello world"])
    assert isinstance(text, Detokenized)
    assert text.text == "hello world"


@pytest.mark.parametrize(
    ("operation", "payload", "body"),
    [
        ("rerank", RANK, [{"index": 0, "score": 1}, {"index": 1, "score": 1}]),
        ("rerank", RANK, [{"index": 0, "score": 1}, {"index": 0, "score": 1}, {"index": 1, "score": 1}]),
        ("rerank", RANK, [{"index": 0, "score": 1}, {"index": 3, "score": 1}, {"index": 1, "score": 1}]),
        ("rerank", RANK, [{"index": 0, "score": None}, {"index": 2, "score": 1}, {"index": 1, "score": 1}]),
        ("rerank", RANK, [{"index": True, "score": 1}, {"index": 2, "score": 1}, {"index": 0, "score": 1}]),
        ("classify", ClassifyRequest(("a",)), [{"label": "yes", "score": 1}]),
        ("classify", ClassifyRequest(("a",)), [[]]),
        ("classify", ClassifyRequest(("a", "b")), [[{"label": "yes", "score": 1}]]),
        ("similarity", SimilarityRequest("a", ("b", "c")), [0.5]),
        ("similarity", SimilarityRequest("a", ("b", "c")), [0.5, None]),
        ("similarity", SimilarityRequest("a", ("b", "c")), [[0.5], [0.5]]),
        ("tokenize", TokenizeRequest("a"), [[{"id": "x", "text": "a"}]]),
        ("tokenize", TokenizeRequest("a"), [[{"id": 1}]]),
        ("tokenize", TokenizeRequest("a"), [[]]),
        ("detokenize", DetokenizeRequest((1,)), [None]),
        ("detokenize", DetokenizeRequest((1,)), ["a", "b"]),
    ],
)
def test_an_answer_of_another_shape_is_refused(operation: str, payload: Any, body: Any) -> None:
    """Too few, twice, out of range, null, nested otherwise: never a shifted or invented answer."""
    with pytest.raises(errors.ResponseValidationError) as caught:
        parse(operation, payload, body)
    assert "\n" not in str(caught.value)


def embedded(of: HfTei, body: Any, model: str = "m", endpoint: str = "", **params: Any) -> Any:
    """The answer of a codec to one text."""
    call = call_of(of, EmbedRequest(("a",), params), "embed", model=model, endpoint=endpoint)
    return of.parse_response(call, response(200, body))


def test_the_first_vectors_say_how_long_a_models_are() -> None:
    """Others are refused from then on: by model and address, and for one client only."""
    ours = codec.configured()
    assert isinstance(embedded(ours, [[1.0, 2.0]]), Embeddings)
    with pytest.raises(errors.ResponseValidationError, match="3 dimensions, not 2"):
        embedded(ours, [[1.0, 2.0, 3.0]])
    embedded(ours, [[3.0, 4.0]])
    embedded(ours, [[1.0, 2.0, 3.0]], model="other")
    embedded(ours, [[1.0, 2.0, 3.0]], endpoint="http://other:3000")
    embedded(codec.configured(), [[1.0, 2.0, 3.0]])
    embedded(codec, [[1.0]])
    embedded(codec, [[1.0, 2.0]])


def test_dimensions_that_are_asked_for_are_checked() -> None:
    """A server that is too old for the parameter ignores it; and it says nothing about the model's own size."""
    ours = codec.configured()
    assert embedded(ours, [[1.0, 2.0]], dimensions=2).vectors.shape == (1, 2)
    with pytest.raises(errors.ResponseValidationError, match="3 dimensions, not 2"):
        embedded(ours, [[1.0, 2.0, 3.0]], dimensions=2)
    embedded(ours, [[1.0, 2.0, 3.0]])


def test_a_size_that_is_told_holds_from_the_start() -> None:
    """The option, or its variable."""
    ours = codec.configured(options={"dimensions": "3"})
    with pytest.raises(errors.ResponseValidationError, match="2 dimensions, not 3"):
        embedded(ours, [[1.0, 2.0]])
    assert embedded(ours, [[1.0, 2.0, 3.0]]).vectors.shape == (1, 3)


@pytest.mark.parametrize("value", ["", "0", "-1", "many", "²"])
def test_a_size_that_is_none_is_refused(value: str) -> None:
    """When the client is made, before anything is sent."""
    with pytest.raises(errors.ConfigError, match="dimensions"):
        codec.configured(options={"dimensions": value})


def test_sizes_are_not_kept_without_end() -> None:
    """Model names are the caller's own: a program that makes them up does not fill the memory."""
    ours = codec.configured()
    for number in range(2 * MOST_SIZES):
        embedded(ours, [[1.0]], model=f"m{number}")
    assert ours._sizes is not None
    assert len(ours._sizes) <= MOST_SIZES
