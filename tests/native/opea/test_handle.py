"""``client.opea``: the exact request of every method, at its service's address, and what it makes of the answer."""

from __future__ import annotations

import functools
import json
from base64 import b64encode
from typing import Any

import pytest

from ipfs_accel_async import Client, MockTransport, errors
from ipfs_accel_async.providers._opea_services import SERVICES
from ipfs_accel_async.results import Moderation, Speech
from ipfs_accel_async.simulator.forms import parse_form
from tests.providers.described import BESIDE

OPTIONS = {f"{service}_url": f"http://{service.replace('_', '-')}" for service in SERVICES}
COPIES = sorted(BESIDE.glob("*/reference/specs/opea/genaicomps-protocol.json"))
SAFE = {"text": "t", "downstream_black_list": None}
DOCS = {"retrieved_docs": [{"text": "a", "metadata": {}}]}
COMPLETION = {
    "id": "c",
    "model": "docsum",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "short"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
}


def client(answer: Any = None, **more: Any) -> tuple[Client, MockTransport]:
    """A client whose services all give one answer."""
    mock = MockTransport(lambda _: MockTransport.reply(answer, **more))
    own = {"base_url": "http://base", "options": OPTIONS, "max_retries": 0}
    return Client(transport=mock, keys={"opea": "k"}, providers={"opea": own}), mock


CALLS: list[tuple[str, tuple[Any, ...], dict[str, Any], str, Any, Any, str]] = [
    # method, arguments, named ones, URL, body, answer, class of the body in the protocol
    ("retrieval", ("q", [1, 2]), {"k": 3, "search_type": "mmr"}, "http://retrieval/v1/retrieval",
     {"input": "q", "embedding": [1, 2], "k": 3, "search_type": "mmr"}, DOCS, "RetrievalRequest"),
    ("web_retrieval", ("q", [1]), {"k": 1}, "http://web-retrieval/v1/web_retrieval",
     {"text": "q", "embedding": [1], "k": 1}, DOCS, "EmbedDoc"),
    ("retrievaltool", ("q",), {"top_n": 2}, "http://retrievaltool/v1/retrievaltool",
     {"messages": "q", "top_n": 2}, {"reranked_docs": []}, "ChatCompletionRequest"),
    ("lvm", (b"\0", "what?"), {"max_new_tokens": 9}, "http://lvm/v1/lvm",
     {"image": "AA==", "prompt": "what?", "stream": False, "max_new_tokens": 9}, {"text": "a cat"}, "LVMDoc"),
    ("guards.pii", ("p",), {"replace": True}, "http://pii/v1/pii",
     {"prompt": "p", "replace": True}, {"detected_pii": None}, "PIIRequestDoc"),
    ("guards.toxicity", ("t",), {}, "http://toxicity/v1/toxicity", {"text": "t"}, SAFE, "TextDoc"),
    ("guards.bias", ("t",), {}, "http://bias/v1/bias", {"text": "t"}, SAFE, "TextDoc"),
    ("guards.injection", ("t",), {"x": 1}, "http://injection/v1/injection", {"text": "t", "x": 1}, SAFE, ""),
    ("guards.hallucination", ("m",), {}, "http://hallucination/v1/hallucination_detection",
     {"messages": "m", "stream": False}, {"text": "PASS"}, "ChatCompletionRequest"),
    ("dataprep.delete", ("all",), {"index_name": "i"}, "http://dataprep/v1/dataprep/delete",
     {"file_path": "all", "index_name": "i"}, {"status": True}, ""),
]  # fmt: skip


@functools.cache
def fields(name: str) -> set[str]:
    """The fields of a class of the protocol, with those of its bases."""
    known: dict[str, Any] = {}
    for module in json.loads(COPIES[0].read_text("utf-8"))["modules"].values():
        known |= module
    own = known.get(name, {"fields": {}, "bases": []})
    return set(own["fields"]).union(*(fields(base) for base in own["bases"]))


@pytest.mark.parametrize(("name", "args", "more", "url", "body", "answer", "kind"), CALLS)
async def test_a_method_sends_its_request(
    name: str, args: tuple[Any, ...], more: dict[str, Any], url: str, body: Any, answer: Any, kind: str
) -> None:
    """To the address of its service, with the key in the header; its fields are those of the protocol."""
    ai, mock = client(answer)
    method: Any = ai.opea
    for step in name.split("."):
        method = getattr(method, step)
    told = await method(*args, **more)
    (request,) = mock.requests
    assert (request.method, request.url, json.loads(request.body)) == ("POST", url, body)
    assert dict(request.headers)[b"authorization"] == b"Bearer k"
    assert told.raw == answer
    if COPIES and kind:
        assert set(body) <= fields(kind)


@pytest.mark.parametrize(
    ("name", "args", "url", "body", "answer", "made"),
    [
        (
            "guards.factuality",
            ("r", "t"),
            "factuality/v1/factuality",
            {"reference": "r", "text": "t"},
            {"score": 1},
            1.0,
        ),
        ("dataprep.get", (), "dataprep/v1/dataprep/get", {}, [{"name": "a"}], [{"name": "a"}]),
        ("dataprep.indices", (), "dataprep/v1/dataprep/indices", {}, ["i"], ["i"]),
        (
            "chathistory.create",
            ("u", "hi"),
            "chathistory/v1/chathistory/create",
            {"data": {"user": "u", "messages": "hi"}},
            "id1",
            "id1",
        ),
        ("chathistory.get", ("u", "1"), "chathistory/v1/chathistory/get", {"user": "u", "id": "1"}, {"a": 1}, {"a": 1}),
        ("chathistory.delete", ("u", "1"), "chathistory/v1/chathistory/delete", {"user": "u", "id": "1"}, True, True),
        ("prompt.create", ("u", "p"), "prompt/v1/prompt/create", {"user": "u", "prompt_text": "p"}, "id2", "id2"),
        ("prompt.get", ("u",), "prompt/v1/prompt/get", {"user": "u"}, [], []),
        ("prompt.delete", ("u", "2"), "prompt/v1/prompt/delete", {"user": "u", "prompt_id": "2"}, False, False),
        (
            "feedback.create",
            ({"user": "u"}, {"rating": 5}),
            "feedback/v1/feedback/create",
            {"chat_data": {"user": "u"}, "feedback_data": {"rating": 5}},
            "id3",
            "id3",
        ),
        ("feedback.get", ("u", "3"), "feedback/v1/feedback/get", {"user": "u", "feedback_id": "3"}, {}, {}),
        ("feedback.delete", ("u", "3"), "feedback/v1/feedback/delete", {"user": "u", "feedback_id": "3"}, True, True),
    ],
)
async def test_stores_and_scores_give_plain_values(
    name: str, args: tuple[Any, ...], url: str, body: Any, answer: Any, made: Any
) -> None:
    """An id, a list, a number, yes or no."""
    part, _, method = name.partition(".")
    ai, mock = client(body=json.dumps(answer).encode())
    assert await getattr(getattr(ai.opea, part), method)(*args) == made
    assert (mock.requests[0].url, json.loads(mock.requests[0].body)) == (f"http://{url}", body)


async def test_services_are_asked_of_themselves_at_their_own_address() -> None:
    """The one of the options where none is named."""
    ai, mock = client({"Service Title": "x"})
    await ai.opea.health_check()
    await ai.opea.health_check("embedding")
    await ai.opea.statistics("web_retrieval")
    await ai.opea.list_service("codegen")
    await ai.opea.list_parameters()
    await ai.opea.metrics("tts")
    await ai.opea.with_options(base_url="http://other").health_check("tts")
    assert [request.url for request in mock.requests] == [
        "http://chatqna/v1/health_check",
        "http://embedding/v1/health_check",
        "http://web-retrieval/v1/statistics",
        "http://codegen/v1/list_service",
        "http://chatqna/v1/list_parameters",
        "http://tts/metrics",
        "http://other/v1/health_check",
    ]


async def test_an_answer_is_judged_with_its_prompt() -> None:
    """A verdict as of `moderate`."""
    ai, mock = client({"text": "Violated policies: X, please check.", "downstream_black_list": [".*"]})
    verdict = await ai.opea.guards.answer("p", "a")
    assert isinstance(verdict, Moderation)
    assert (verdict.flagged, verdict.verdicts[0].categories) == (True, ("X",))
    assert json.loads(mock.requests[0].body) == {"prompt": "p", "text": "a"}


async def test_documents_are_ingested_as_a_form() -> None:
    """Files by their names, addresses as a JSON list, numbers and truths as words."""
    ai, mock = client({"status": 200, "message": "Data preparation succeeded"})
    await ai.opea.dataprep.ingest(
        ("a.txt", b"one"), b"two", links=["https://e.org"], chunk_size=100, process_table=True, index_name="i"
    )
    request = mock.requests[0]
    form = parse_form(dict(request.headers)[b"content-type"].decode(), request.body)
    assert request.url == "http://dataprep/v1/dataprep/ingest"
    assert [(part.filename, part.data) for part in form.pop("files")] == [("a.txt", b"one"), ("file.txt", b"two")]
    assert {name: parts[0].text for name, parts in form.items()} == {
        "link_list": '["https://e.org"]',
        "chunk_size": "100",
        "process_table": "true",
        "index_name": "i",
    }
    with pytest.raises(errors.InvalidRequestError, match="there are none"):
        await ai.opea.dataprep.ingest()
    with pytest.raises(errors.InvalidRequestError, match="cannot be read"):
        await ai.opea.dataprep.ingest("/nowhere/a.txt")
    assert len(mock.requests) == 1


async def test_files_are_summarised() -> None:
    """A form that says it wants no stream; the answer is a reply like others."""
    ai, mock = client(COMPLETION)
    reply = await ai.opea.docsum("", ("a.txt", b"long"), summary_type="refine", max_tokens=9)
    assert (reply.text, reply.finish_reason, reply.model) == ("short", "stop", "docsum")
    form = parse_form(dict(mock.requests[0].headers)[b"content-type"].decode(), mock.requests[0].body)
    assert {name: parts[0].text for name, parts in form.items()} == {
        "files": "long", "messages": "", "stream": "false", "max_tokens": "9", "type": "text", "summary_type": "refine",
    }  # fmt: skip
    ai, _ = client({"choices": []})
    with pytest.raises(errors.ResponseValidationError, match="docsum"):
        await ai.opea.docsum("", b"x")
    with pytest.raises(errors.InvalidRequestError, match="neither"):
        await ai.opea.docsum()


async def test_speech_is_answered_by_speech() -> None:
    """Base64 there and back."""
    ai, mock = client(body=json.dumps(b64encode(b"RIFFanswer").decode()).encode())
    speech = await ai.opea.audioqna(b"RIFFquestion", voice="default")
    assert isinstance(speech, Speech)
    assert (speech.data, speech.media_type) == (b"RIFFanswer", "audio/wav")
    assert json.loads(mock.requests[0].body) == {"audio": b64encode(b"RIFFquestion").decode(), "voice": "default"}
    for wrong in (b'"%"', b"{}", b'""', b"null"):
        ai, _ = client(body=wrong)
        with pytest.raises(errors.ResponseValidationError, match="audioqna"):
            await ai.opea.audioqna(b"x")
