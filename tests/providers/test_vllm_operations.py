"""vLLM's completions, ranks, scores, labels and tokenizer: what is sent, what is read, what is refused."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async import errors
from ipfs_accel_async.answers import Usage
from ipfs_accel_async.payloads import (
    ClassifyRequest,
    CompleteRequest,
    DetokenizeRequest,
    ModerateRequest,
    RerankRequest,
    SimilarityRequest,
    TokenizeRequest,
    TranscribeRequest,
)
from ipfs_accel_async.providers.vllm import codec
from ipfs_accel_async.results import (
    Classification,
    Detokenized,
    Label,
    Ranked,
    Ranking,
    Similarities,
    Tokens,
    Transcript,
)
from ipfs_accel_async.types import ChatRequest, EmbedRequest, Message, Text, Thinking, Tool
from tests.providers.codecs import AUDIO
from tests.providers.described_vllm import LISTS, faults
from tests.providers.recorded import call_of, recorded_response, response
from tests.providers.vllm_calls import HELLO, RANK, SENT

ROOT = "http://localhost:8000"


@pytest.mark.parametrize(("operation", "payload", "path", "body", "schema"), SENT)
def test_requests_are_the_servers(operation: str, payload: Any, path: str, body: Any, schema: str) -> None:
    """Below /v1 or at the root, with nothing that was not set, in fields that the server's own class has."""
    request = codec.build_request(call_of(codec, payload, operation), None)
    assert (request.method, request.url) == ("POST", ROOT + path)
    assert json.loads(request.body) == {"model": "m", **body}
    if LISTS:
        assert faults(schema, {"model": "m", **body}) == []


def test_a_chat_is_counted_with_its_tools_and_thoughts() -> None:
    """As it would be answered; under another base, at that one's root."""
    thoughts = Message("assistant", (Thinking("hm"), Text("Yes")))
    chat = ChatRequest((Message("user", "Hello"), thoughts), (Tool("weather"),))
    call = call_of(codec, chat, "count_tokens", endpoint="http://h:1/base/v1")
    request = codec.build_request(call, None)
    assert request.url == "http://h:1/base/tokenize"
    body = json.loads(request.body)
    assert body["messages"][1] == {"role": "assistant", "content": "Yes", "reasoning": "hm"}
    assert [tool["function"]["name"] for tool in body["tools"]] == ["weather"]


def test_pairs_are_not_classified() -> None:
    """The server labels texts; the error names what scores pairs."""
    with pytest.raises(errors.InvalidRequestError, match="similarity"):
        codec.build_request(call_of(codec, ClassifyRequest((("a", "b"),)), "classify"), None)


def test_there_is_nothing_that_the_server_has_not() -> None:
    """Of the OpenAI wire it has no moderations, speech and images."""
    assert not {"moderate", "speech", "image"} & set(codec.operations)
    with pytest.raises(errors.InvalidRequestError, match="no operation 'moderate'"):
        codec.build_request(call_of(codec, ModerateRequest(("a",)), "moderate"), None)


def parse(operation: str, payload: Any, body: Any) -> Any:
    """The answer in a body."""
    return codec.parse_response(call_of(codec, payload, operation), response(200, body))


def recorded(operation: str, payload: Any) -> Any:
    """The answer in a recording."""
    return codec.parse_response(call_of(codec, payload, operation), recorded_response("vllm", operation))


def test_documents_come_best_first() -> None:
    """With their places among those sent, texts, model and counts."""
    answer = recorded("rerank", RANK)
    assert isinstance(answer, Ranking)
    assert answer.ranked == (Ranked(2, 0.91, "cherry"), Ranked(0, 0.62, "apple"), Ranked(1, 0.03, "banana"))
    assert (answer.model, answer.usage) == ("BAAI/bge-reranker-v2-m3", Usage(14, 0, 14))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6), st.none() | st.integers(1, 8), st.randoms())
def test_any_order_of_ranks_is_put_right(scores: list[float], top: int | None, shuffle: Any) -> None:
    """Best first, no more than asked for, whether the server cut or not."""
    body = [{"index": index, "relevance_score": score} for index, score in enumerate(scores)]
    shuffle.shuffle(body)
    payload = RerankRequest("q", tuple(map(str, range(len(scores)))), top)
    ranked = parse("rerank", payload, {"results": body}).ranked
    assert [rank.score for rank in ranked] == sorted(scores, reverse=True)[:top]
    assert all(rank.text == str(rank.index) and scores[rank.index] == rank.score for rank in ranked)
    cut = sorted(body, key=lambda item: -item["relevance_score"])[:top]
    assert [rank.score for rank in parse("rerank", payload, {"results": cut}).ranked] == [rank.score for rank in ranked]


def test_scores_are_in_the_order_of_the_texts() -> None:
    """Whatever order the server tells them in."""
    answer = recorded("similarity", SimilarityRequest("red", ("crimson", "blue")))
    assert isinstance(answer, Similarities)
    assert answer.scores.dtype == np.float32
    assert answer.scores.tolist() == pytest.approx([0.83, 0.21])
    data = [{"index": 1, "score": 0.25}, {"index": 0, "score": 0.5}]
    assert parse("similarity", SimilarityRequest("a", ("b", "c")), {"data": data}).scores.tolist() == [0.5, 0.25]


def test_the_likeliest_label_is_told() -> None:
    """Of the others there are odds in `raw`, but no names; a class without a name is its number."""
    answer = recorded("classify", ClassifyRequest(("I like it.",)))
    assert isinstance(answer, Classification)
    assert answer.labels == ((Label("Default", 0.97),),)
    data = [{"index": 0, "label": None, "probs": [0.1, 0.7, 0.2], "num_classes": 3}]
    assert parse("classify", ClassifyRequest(("a",)), {"data": data}).labels == ((Label("1", 0.7),),)


def test_the_tokenizer_there_and_back() -> None:
    """Ids, texts where asked for, a count."""
    tokens = recorded("tokenize", TokenizeRequest("Hello world"))
    assert isinstance(tokens, Tokens)
    assert (tokens.ids, tokens.texts) == ((9707, 1879), ())
    told = {"count": 1, "tokens": [5], "token_strs": ["a"]}
    assert parse("tokenize", TokenizeRequest("a"), told).texts == ("a",)
    text = recorded("detokenize", DetokenizeRequest((9707, 1879)))
    assert isinstance(text, Detokenized)
    assert text.text == "Hello world"
    count = recorded("count_tokens", HELLO)
    assert (count.tokens, count.estimated) == (9, False)


def test_speech_is_written_down() -> None:
    """A form, as on the OpenAI wire; words with their times."""
    request = codec.build_request(call_of(codec, TranscribeRequest(AUDIO, "en", words=True), "transcribe"), None)
    assert (request.method, request.url) == ("POST", f"{ROOT}/v1/audio/transcriptions")
    for part in (b'name="model"\r\n\r\nm\r\n', b'name="language"\r\n\r\nen\r\n', b'filename="hello.wav"', AUDIO.data):
        assert part in request.body
    answer = recorded("transcribe", TranscribeRequest(AUDIO, words=True))
    assert isinstance(answer, Transcript)
    assert (answer.text, answer.language, [word.text for word in answer.words]) == (
        "Hello there.",
        "en",
        ["Hello", "there"],
    )


@pytest.mark.parametrize(
    ("operation", "payload", "body"),
    [
        ("rerank", RANK, {"results": [{"index": 0, "relevance_score": 1}]}),
        ("rerank", RANK, {"results": [{"index": index, "relevance_score": 1} for index in (0, 1, 1)]}),
        ("rerank", RANK, {"results": [{"index": index, "relevance_score": 1} for index in (0, 1, 3)]}),
        ("rerank", RANK, {"results": [{"index": index, "relevance_score": None} for index in (0, 1, 2)]}),
        ("rerank", RANK, {"results": {}}),
        ("similarity", SimilarityRequest("a", ("b", "c")), {"data": [{"index": 0, "score": 1}]}),
        ("similarity", SimilarityRequest("a", ("b",)), {"data": [{"index": 0, "score": None}]}),
        ("similarity", SimilarityRequest("a", ("b",)), {"data": [{"index": "0", "score": 1}]}),
        ("similarity", SimilarityRequest("a", ("b",)), {"data": [{"index": 0, "score": 1}] * 2}),
        ("classify", ClassifyRequest(("a",)), {"data": [{"index": 0, "label": "x", "probs": []}]}),
        ("classify", ClassifyRequest(("a", "b")), {"data": [{"index": 0, "label": "x", "probs": [1]}]}),
        ("tokenize", TokenizeRequest("a"), {"tokens": ["a"]}),
        ("tokenize", TokenizeRequest("a"), {"tokens": None}),
        ("detokenize", DetokenizeRequest((1,)), {"prompt": None}),
        ("count_tokens", HELLO, {"count": "9"}),
        ("complete", CompleteRequest(("a",)), {"choices": []}),
        ("complete_batch", CompleteRequest(("a", "b")), {"choices": [{"index": 0, "text": "x"}]}),
    ],
)
def test_an_answer_of_another_shape_is_refused(operation: str, payload: Any, body: Any) -> None:
    """Too few, twice, out of range, null: never a shifted or invented answer."""
    with pytest.raises(errors.ResponseValidationError) as caught:
        parse(operation, payload, body)
    assert "\n" not in str(caught.value)


def test_an_error_under_status_200_is_raised() -> None:
    """Also by the routes that the OpenAI wire has not."""
    said = {"error": {"message": "No such model.", "type": "NotFoundError", "param": "model", "code": 404}}
    for operation, payload in (("rerank", RANK), ("count_tokens", HELLO), ("embed", EmbedRequest(("a",)))):
        with pytest.raises(errors.NotFoundError, match="No such model"):
            parse(operation, payload, said)
