"""The official huggingface_hub client as the oracle for what is not chat: its bodies and its parsed answers are ours.

It posts to the root path, where a server does what its model is for; ours go to the route of each task.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ipfs_accel_async.answers import Reply
from ipfs_accel_async.fold import fold
from ipfs_accel_async.keys import Secret
from ipfs_accel_async.payloads import ClassifyRequest, CompleteRequest, SimilarityRequest
from ipfs_accel_async.providers import hf_tei, hf_tgi
from ipfs_accel_async.results import Classification, Similarities
from tests.providers.recorded import call_of, deltas_of, fixture, headers_of, recorded_response, recorded_stream
from tests.recorder import Recorder, recording

if TYPE_CHECKING:
    from ipfs_accel_async.providers._codec import Codec

huggingface_hub = pytest.importorskip("huggingface_hub", reason="it is in the extra dev, which is not installed")
pytestmark = pytest.mark.sockets

KEY = "hf_oracle"
GRAMMAR = {"type": "regex", "value": "[0-9]+"}
GENERATIONS: list[tuple[CompleteRequest, dict[str, Any]]] = [
    (CompleteRequest(("Hi",)), {}),
    (
        CompleteRequest(("Hi",), max_tokens=5, temperature=0.5, stop=("a",), seed=7),
        {"max_new_tokens": 5, "temperature": 0.5, "stop": ["a"], "seed": 7},
    ),
    (
        CompleteRequest(("Hi",), params={"grammar": GRAMMAR, "best_of": 2, "do_sample": True, "truncate": 100}),
        {"grammar": GRAMMAR, "best_of": 2, "do_sample": True, "truncate": 100},
    ),
    (
        CompleteRequest(("Hi",), params={"top_k": 5, "top_p": 0.9, "typical_p": 0.8, "watermark": True}),
        {"top_k": 5, "top_p": 0.9, "typical_p": 0.8, "watermark": True},
    ),
    (
        CompleteRequest(("Hi",), params={"repetition_penalty": 1.1, "return_full_text": True, "top_n_tokens": 2}),
        {"repetition_penalty": 1.1, "return_full_text": True, "top_n_tokens": 2},
    ),
]


def sdk(recorder: Recorder) -> Any:
    """The official client, on the recorder."""
    return huggingface_hub.AsyncInferenceClient(model=recorder.base_url, token=KEY)


def tell(recorder: Recorder, provider: str, name: str) -> None:
    """Have the recorder give a recorded answer."""
    value = fixture(provider, name)
    recorder.answer(value["body"], headers=value["headers"])


def ours(codec: Codec, payload: Any, operation: str) -> tuple[Any, str]:
    """Our body for a payload, and the header with the key."""
    request = codec.build_request(call_of(codec, payload, operation), Secret(KEY))
    return json.loads(request.body), dict(request.headers)[b"authorization"].decode()


@pytest.mark.parametrize(("payload", "theirs"), GENERATIONS)
async def test_generations_are_asked_for_alike(payload: CompleteRequest, theirs: dict[str, Any]) -> None:
    """The same input and parameters, the key in the same header."""
    async with recording() as recorder, sdk(recorder) as client:
        recorder.answer([fixture("hf_tgi", "complete")["body"]])
        await client.text_generation("Hi", details=True, **theirs)
        seen = recorder.last
    body, key = ours(hf_tgi.codec, payload, "complete")
    assert (seen.method, seen.path) == ("POST", "/")
    assert {name: value for name, value in seen.body.items() if name != "stream"} == body
    assert seen.headers["authorization"] == key


async def test_a_generation_is_read_alike() -> None:
    """Text, reason and counts."""
    async with recording() as recorder, sdk(recorder) as client:
        recorder.answer([fixture("hf_tgi", "complete")["body"]])
        theirs = await client.text_generation("Once upon", details=True)
    call = call_of(hf_tgi.codec, CompleteRequest(("Once upon",)), "complete")
    reply = hf_tgi.codec.parse_response(call, recorded_response("hf_tgi", "complete"))
    assert isinstance(reply, Reply)
    assert reply.text == theirs.generated_text
    assert reply.usage.output_tokens == theirs.details.generated_tokens
    assert (reply.finish_reason, theirs.details.finish_reason) == ("stop", "eos_token")


async def test_a_streamed_generation_is_read_alike() -> None:
    """Token by token, the special ones left out; the last one brings the counts."""
    raw = recorded_stream("hf_tgi", "complete")
    async with recording() as recorder, sdk(recorder) as client:
        recorder.answer(raw.replace(b":\n\n", b""))
        stream = await client.text_generation("Once upon", details=True, stream=True)
        parts = [part async for part in stream]
    call = call_of(hf_tgi.codec, CompleteRequest(("Once upon",), stream=True), "complete")
    deltas = deltas_of(hf_tgi.codec, call, [raw])
    assert [delta.text for delta in deltas] == ["" if part.token.special else part.token.text for part in parts]
    reply = fold(deltas, hf_tgi.codec.empty_reply(call, headers_of({})))
    assert reply.text == parts[-1].generated_text
    assert reply.usage.output_tokens == parts[-1].details.generated_tokens
    assert reply.usage.input_tokens == parts[-1].details.input_length


async def test_similarities_are_alike() -> None:
    """The same body but for parameters where there are none, the same numbers."""
    async with recording() as recorder, sdk(recorder) as client:
        tell(recorder, "hf_tei", "similarity")
        theirs = await client.sentence_similarity("red", other_sentences=["crimson", "blue"])
        seen = recorder.last
    payload = SimilarityRequest("red", ("crimson", "blue"))
    body, key = ours(hf_tei.codec, payload, "similarity")
    assert (seen.body, seen.headers["authorization"]) == ({**body, "parameters": {}}, key)
    answer = hf_tei.codec.parse_response(
        call_of(hf_tei.codec, payload, "similarity"), recorded_response("hf_tei", "similarity")
    )
    assert isinstance(answer, Similarities)
    assert answer.scores.tolist() == pytest.approx(theirs)


async def test_labels_are_alike() -> None:
    """It sends one text bare, and we a batch of one; the labels and scores are the same."""
    async with recording() as recorder, sdk(recorder) as client:
        tell(recorder, "hf_tei", "classify")
        theirs = await client.text_classification("I like it.")
        seen = recorder.last
    payload = ClassifyRequest(("I like it.",))
    body, _ = ours(hf_tei.codec, payload, "classify")
    assert body == {"inputs": [[seen.body["inputs"]]]}
    answer = hf_tei.codec.parse_response(
        call_of(hf_tei.codec, payload, "classify"), recorded_response("hf_tei", "classify")
    )
    assert isinstance(answer, Classification)
    assert [(label.label, label.score) for label in answer.labels[0]] == [(one.label, one.score) for one in theirs]
