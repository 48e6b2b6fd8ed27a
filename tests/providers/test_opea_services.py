"""OPEA's services: which one a call is for, at which address, and what its microservices say."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from ipfs_accel_async import Client, errors
from ipfs_accel_async.answers import Reply
from ipfs_accel_async.fold import fold
from ipfs_accel_async.payloads import (
    CompleteRequest,
    ModerateRequest,
    RerankRequest,
    SpeechRequest,
    TranscribeRequest,
)
from ipfs_accel_async.providers._opea_services import MEGASERVICES, NATIVE, SERVICES, serving
from ipfs_accel_async.providers.opea import OPEA, codec
from ipfs_accel_async.results import Moderation, Ranking
from ipfs_accel_async.simulator.forms import parse_form
from ipfs_accel_async.types import ChatRequest, EmbedRequest, Image, Message, NativeRequest, Payload, Tool
from ipfs_accel_async.wire.multipart import Upload
from tests.providers.recorded import call_of, deltas_of, headers_of, response

CHAT = ChatRequest((Message("user", "Hello"),))
ADDRESSES = {f"{service}_url": f"http://{service.replace('_', '-')}:1" for service in SERVICES}
DONE = b"data: [DONE]\n\n"


def sent(payload: Payload, operation: str = "chat", model: str = "m", own: OPEA = codec) -> tuple[str, Any]:
    """Path and JSON of a request."""
    request = own.build_request(call_of(own, payload, operation, model=model), None)
    return request.url.removeprefix(own.base_url), json.loads(request.body) if request.body else None


@pytest.mark.parametrize("service", [one for one in MEGASERVICES if one not in {"audioqna", "retrievaltool"}])
def test_the_models_name_may_be_a_service(service: str) -> None:
    """Then it is the path, and no model is sent; what stands behind a slash is the model."""
    payload = replace(CHAT, stream=True, params={"language_from": "a", "language_to": "b"})
    if service == "multimodalqna":
        payload = replace(payload, stream=False)
    path, body = sent(payload, model=service)
    assert path == f"/v1/{service}"
    assert "model" not in body
    if service not in {"codetrans", "translation"}:
        assert sent(payload, model=f"{service}/org/llama")[1]["model"] == "org/llama"


def test_another_name_is_a_model_of_the_option_s_service() -> None:
    """As with every other provider."""
    assert sent(CHAT, model="org/llama")[0] == "/v1/chatqna"
    assert sent(CHAT, model="org/llama")[1]["model"] == "org/llama"
    assert sent(CHAT, own=OPEA(options={"service": "docsum"}))[0] == "/v1/docsum"


def test_every_operation_has_a_service_with_an_address() -> None:
    """Those of any service go where the caller says."""
    own = OPEA(options=ADDRESSES)
    for operation in [*OPEA.operations, *NATIVE]:
        service = serving(operation) or "chatqna"
        assert own.endpoint_of("m", operation) == ADDRESSES[f"{service}_url"], operation
        assert codec.endpoint_of("m", operation) is None
    assert own.endpoint_of("embedding", "health_check") == ADDRESSES["embedding_url"]
    assert own.endpoint_of("codegen", "chat") == ADDRESSES["codegen_url"]
    assert own.endpoint_of("codegen", "embed") == ADDRESSES["embedding_url"]


def test_addresses_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """One variable a service; the base URL serves the rest."""
    monkeypatch.setenv("OPEA_EMBEDDING_URL", "http://e:6000/v1/")
    ai = Client(base_urls={"opea": "http://b:8888"})
    assert ai._engine.target("opea:m", "embed").endpoint == "http://e:6000"
    assert ai._engine.target("opea:m", "chat").endpoint == "http://b:8888"
    assert ai._engine.target("opea:m", "embed", "http://x:1").endpoint == "http://x:1"


@pytest.mark.parametrize(
    "url", ["", "e:6000", "ftp://e", "http://user:secret@e", "http://e/?key=secret", "http://e/#a"]
)
def test_an_address_that_is_none_is_refused_and_not_shown(url: str) -> None:
    """It may have a key in it."""
    with pytest.raises(errors.ConfigError, match="embedding_url is an address") as caught:
        OPEA(options={"embedding_url": url})
    assert "secret" not in str(caught.value)


def test_the_language_model_takes_what_the_openai_wire_does() -> None:
    """Tools, formats, images; under the name that the service has for the limit of tokens."""
    image = Message("user", (Image("https://e.org/a.png"),))
    asked = ChatRequest((image,), (Tool("t"),), max_tokens=9, seed=1, stop=("x",))
    path, body = sent(asked, model="llm/qwen")
    assert path == "/v1/chat/completions"
    assert (body["model"], body["max_tokens"], body["seed"], body["stop"]) == ("qwen", 9, 1, ["x"])
    assert body["tools"][0]["function"]["name"] == "t"
    assert body["messages"][0]["content"][0]["type"] == "image_url"
    assert "model" not in sent(CHAT, model="llm")[1]


def test_bodies_of_microservices() -> None:
    """Each in its own words, and nothing that was not asked for; `params` override."""
    assert sent(CompleteRequest(("Once",), max_tokens=5), "complete", "llm") == (
        "/v1/chat/completions",
        {"query": "Once", "stream": False, "max_tokens": 5},
    )
    assert sent(EmbedRequest(("a",)), "embed", "embedding") == ("/v1/embeddings", {"input": ["a"]})
    docs = [{"text": "a"}, {"text": "b"}]
    assert sent(RerankRequest("q", ("a", "b")), "rerank", "reranking") == (
        "/v1/reranking",
        {"input": "q", "retrieved_docs": docs, "top_n": 2},
    )
    assert sent(RerankRequest("q", ("a", "b"), 1), "rerank")[1]["top_n"] == 1
    assert sent(ModerateRequest(("a",)), "moderate") == ("/v1/guardrails", {"text": "a"})
    speech = SpeechRequest("hi", "default", "wav", {"speed": 2})
    assert sent(speech, "speech", "tts/speecht5") == (
        "/v1/audio/speech",
        {"input": "hi", "model": "speecht5", "voice": "default", "response_format": "wav", "speed": 2},
    )
    audio = TranscribeRequest(Upload("a.wav", b"RIFF", "audio/wav"), "english", words=True)
    request = codec.build_request(call_of(codec, audio, "transcribe", model="asr"), None)
    form = parse_form(dict(request.headers)[b"content-type"].decode(), request.body)
    assert {name: parts[0].text for name, parts in form.items()} == {
        "file": "RIFF",
        "language": "english",
        "timestamp_granularities": "word",
    }


@pytest.mark.parametrize(
    ("payload", "operation", "model", "fault"),
    [
        (CompleteRequest(("a",), stop=("x",)), "complete", "llm", "no stop"),
        (CompleteRequest(("a",), suffix="x"), "complete", "llm", "no suffix"),
        (CompleteRequest(("a",), seed=0), "complete", "llm", "no seed"),
        (ModerateRequest(("a", "b")), "moderate", "m", "one text a call"),
        (ModerateRequest((Image("u"),)), "moderate", "m", "one text a call"),
        (CHAT, "chat", "audioqna", "client.opea.audioqna"),
        (CHAT, "chat", "retrievaltool", "client.opea.retrievaltool"),
        (replace(CHAT, stream=True), "chat", "multimodalqna", "does not stream"),
    ],
)
def test_what_a_service_cannot_do_is_refused(payload: Any, operation: str, model: str, fault: str) -> None:
    """Before anything is sent, and with what to do instead."""
    with pytest.raises(errors.InvalidRequestError, match=fault):
        sent(payload, operation, model)


def ranked(documents: tuple[str, ...], items: Any) -> Ranking:
    """The ranking in an answer."""
    call = call_of(codec, RerankRequest("q", documents), "rerank")
    answer = codec.parse_response(call, response(200, {"reranked_docs": items}))
    assert isinstance(answer, Ranking)
    return answer


def test_documents_are_known_by_their_texts() -> None:
    """Equal ones in their order; best first whatever the service's order."""
    items = [{"text": "a", "score": 0.1}, {"text": "b", "score": 0.9}, {"text": "a", "score": 0.5}]
    assert [(one.index, one.score) for one in ranked(("a", "b", "a"), items)] == [(1, 0.9), (2, 0.5), (0, 0.1)]
    for wrong in ([{"text": "c"}], [{"text": "a"}, {"text": "a"}], [{"score": 1}], {}, [7]):
        with pytest.raises(errors.ResponseValidationError):
            ranked(("a", "b"), wrong)


@pytest.mark.parametrize(
    ("body", "flagged", "categories"),
    [
        ({"text": "Hello"}, False, ()),
        ({"text": "Violated policies: it is a song", "downstream_black_list": None}, False, ()),
        (
            {"text": "Violated policies: Guns, Bombs, please check your input.", "downstream_black_list": [".*"]},
            True,
            ("Guns, Bombs",),
        ),
        ({"text": "no", "downstream_black_list": [".*"]}, True, ()),
    ],
)
def test_a_verdict_is_in_the_list_of_what_may_not_follow(body: Any, flagged: bool, categories: Any) -> None:
    """The words alone decide nothing: a text may quote them."""
    answer = codec.parse_response(call_of(codec, ModerateRequest(("x",)), "moderate"), response(200, body))
    assert isinstance(answer, Moderation)
    (verdict,) = answer.verdicts
    assert (verdict.flagged, verdict.categories, verdict.text) == (flagged, categories, body["text"])


def test_silence_may_be_allowed() -> None:
    """Where a model may truly say nothing: an empty reply instead of an error."""
    own = OPEA(options={"silence": "allow"})
    call = call_of(own, replace(CHAT, stream=True))
    reply = fold(deltas_of(own, call, [DONE]), own.empty_reply(call, headers_of({})))
    assert isinstance(reply, Reply)
    assert (reply.text, reply.finish_reason) == ("", "stop")
    with pytest.raises(errors.ServerError, match="codegen ended its stream without a word"):
        deltas_of(codec, call_of(codec, replace(CHAT, stream=True), model="codegen"), [DONE])
    with pytest.raises(errors.ConfigError, match="silence"):
        OPEA(options={"silence": "golden"})


def test_native_arguments_are_the_client_s() -> None:
    """A row is data: path and body as given."""
    assert sent(NativeRequest(json={"file_path": "all"}), "dataprep.delete") == (
        "/v1/dataprep/delete",
        {"file_path": "all"},
    )
