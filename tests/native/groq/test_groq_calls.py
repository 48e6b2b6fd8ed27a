"""Groq's own operations: exactly what each method sends, what the live list says, what a guard says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ipfs_accel_async import Client, InvalidRequestError, MockTransport, ResponseValidationError
from ipfs_accel_async.simulator.forms import parse_form

if TYPE_CHECKING:
    from collections.abc import Callable

FILE = {"id": "file_1"}
BATCH = {"id": "batch_1", "status": "validating"}
TEXT = {"text": "Hello."}
BASE = "https://api.groq.com/openai/v1"


def client(*answers: Any) -> Client:
    """A client whose transport gives these answers in turn, the last of them for ever."""
    left = list(answers)
    transport = MockTransport(lambda _: MockTransport.reply(left.pop(0) if len(left) > 1 else left[0]))
    return Client(transport=transport, keys={"groq": "gsk_1"}, max_retries=0)


def requests(ai: Client) -> list[Any]:
    """What a client has sent."""
    transport: Any = ai._engine._home.transport
    return transport.requests  # type: ignore[no-any-return]


CALLS: list[tuple[Callable[[Any], Any], Any, str, str, Any]] = [
    (lambda g: g.models.get("openai/gpt-oss-20b"), {"id": "x"}, "GET", "/models/openai%2Fgpt-oss-20b", None),
    (lambda g: g.files.list(limit=2), {"data": []}, "GET", "/files?limit=2", None),
    (lambda g: g.files.get("f"), FILE, "GET", "/files/f", None),
    (lambda g: g.files.delete("f"), FILE, "DELETE", "/files/f", None),
    (
        lambda g: g.batches.create("file_1", completion_window="7d", metadata={"a": "b"}),
        BATCH,
        "POST",
        "/batches",
        {
            "input_file_id": "file_1",
            "endpoint": "/v1/chat/completions",
            "completion_window": "7d",
            "metadata": {"a": "b"},
        },
    ),
    (lambda g: g.batches.list(), {"data": []}, "GET", "/batches", None),
    (lambda g: g.batches.get("b"), BATCH, "GET", "/batches/b", None),
    (lambda g: g.batches.cancel("b"), BATCH, "POST", "/batches/b/cancel", None),
    (
        lambda g: g.audio.speech.create("Hi", model="playai-tts", voice="Fritz-PlayAI", sample_rate=48000, speed=1.5),
        {},
        "POST",
        "/audio/speech",
        {"model": "playai-tts", "input": "Hi", "voice": "Fritz-PlayAI", "sample_rate": 48000, "speed": 1.5},
    ),
]


@pytest.mark.parametrize(("call", "answer", "method", "path", "body"), CALLS)
async def test_a_method_sends_its_row(
    call: Callable[[Any], Any], answer: Any, method: str, path: str, body: Any
) -> None:
    """Method, path, query, body and key of each, and the answer's fields come back."""
    async with client(answer) as ai:
        got = await call(ai.groq)
        (sent,) = requests(ai)
    assert (sent.method, sent.url.removeprefix(BASE)) == (method, path)
    assert (json.loads(sent.body) if sent.body else None) == body
    assert (b"authorization", b"Bearer gsk_1") in sent.headers
    assert json.loads(got.body) == answer


def form_sent(ai: Client) -> dict[str, list[tuple[str, str, bytes]]]:
    """The form of the newest request: names, file names and bytes."""
    sent = requests(ai)[-1]
    (kind,) = [value.decode() for name, value in sent.headers if name == b"content-type"]
    form = parse_form(kind, sent.body)
    return {name: [(part.filename, part.media, part.data) for part in parts] for name, parts in form.items()}


async def test_a_file_is_uploaded_for_batches() -> None:
    """Its purpose is a field, its bytes a part with a name."""
    async with client(FILE) as ai:
        await ai.groq.files.create(b"{}\n")
        form = form_sent(ai)
    assert form["purpose"] == [("", "", b"batch")]
    assert form["file"][0][0] == "batch.jsonl"
    assert form["file"][0][2] == b"{}\n"


@pytest.mark.parametrize("part", ["transcriptions", "translations"])
async def test_audio_goes_as_a_file_or_as_an_address(part: str) -> None:
    """One of them, with the other fields beside it."""
    async with client(TEXT) as ai:
        audio = getattr(ai.groq.audio, part)
        answer = await audio.create(("a.mp3", b"ID3"), model="whisper-large-v3", response_format="text")
        assert form_sent(ai) == {
            "model": [("", "", b"whisper-large-v3")],
            "response_format": [("", "", b"text")],
            "file": [("a.mp3", "audio/mpeg", b"ID3")],
        }
        assert answer["text"] == "Hello."
        await audio.create(model="w", url="https://example.com/a.mp3", temperature=0.2)
        assert form_sent(ai) == {
            "model": [("", "", b"w")],
            "temperature": [("", "", b"0.2")],
            "url": [("", "", b"https://example.com/a.mp3")],
        }
        assert requests(ai)[-1].url == f"{BASE}/audio/{part}"


async def test_times_are_asked_for_by_name() -> None:
    """Each granularity is a field of the form."""
    async with client(TEXT) as ai:
        await ai.groq.audio.transcriptions.create(
            b"RIFF",
            model="w",
            language="de",
            response_format="verbose_json",
            timestamp_granularities=["word", "segment"],
        )
        assert form_sent(ai)["timestamp_granularities[]"] == [("", "", b"word"), ("", "", b"segment")]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda ai: ai.groq.audio.transcriptions.create(model="w"), "one of them"),
        (lambda ai: ai.groq.audio.translations.create(b"x", url="https://x.test/a", model="w"), "one of them"),
        (lambda ai: ai.groq.audio.transcriptions.create("/no/such/file.wav", model="w"), "cannot be read"),
        (lambda ai: ai.transcribe("groq:w", b"x", url="https://x.test/a"), "pass one of them"),
        (lambda ai: ai.translate("groq:w", b""), "pass one of them"),
        (lambda ai: ai.groq.files.create("/no/such/file.jsonl"), "cannot be read"),
        (lambda ai: ai.groq.files.get(".."), "id must be given"),
        (lambda ai: ai.groq.batches.submit({"a": {"messages": []}}), "names no model"),
        (lambda ai: ai.groq.is_compatible("m", kind="video"), "kind is one of chat, vision, audio"),
    ],
)
async def test_what_cannot_be_sent_is_refused_before_it_is(call: Callable[[Any], Any], words: str) -> None:
    """One line that says what was expected, and no request."""
    async with client({}) as ai:
        with pytest.raises(InvalidRequestError, match=words) as caught:
            await call(ai)
        assert "\n" not in str(caught.value)
        assert requests(ai) == []


async def test_a_unified_transcription_may_name_an_address() -> None:
    """With no audio of its own there is no file in the form."""
    async with client({"text": "Hello.", "x_groq": {"id": "req_1"}}) as ai:
        heard = await ai.transcribe("groq:whisper-large-v3", b"", url="https://example.com/a.mp3", words=True)
        form = form_sent(ai)
    assert heard.text == "Hello."
    assert heard.provider_request_id == "req_1"
    assert set(form) == {"model", "url", "response_format", "timestamp_granularities[]"}


CARDS = [
    {"id": "plain", "active": True, "context_window": 131072},
    {"id": "gone", "active": False},
    {"id": "eyes", "input_modalities": ["text", "image"], "output_modalities": ["text"]},
    {"id": "ears", "input_modalities": ["audio"], "output_modalities": ["text"]},
    {"id": "mouth", "input_modalities": ["text"], "output_modalities": ["speech"]},
]


@pytest.mark.parametrize(
    ("model", "fits"),
    [
        ("plain", {"chat", "vision", "audio"}),
        ("gone", set()),
        ("unlisted", set()),
        ("eyes", {"chat", "vision"}),
        ("ears", {"audio"}),
        ("mouth", {"audio"}),
    ],
)
async def test_the_live_list_says_what_a_model_is_for(model: str, fits: set[str]) -> None:
    """False only where the list speaks against it; a card that says nothing refuses nothing."""
    async with client({"data": CARDS}) as ai:
        kinds: tuple[Any, ...] = ("chat", "vision", "audio")
        assert {kind for kind in kinds if await ai.groq.is_compatible(model, kind)} == fits
        assert {request.url for request in requests(ai)} == {f"{BASE}/models"}


def said(text: str) -> dict[str, Any]:
    """A chat completion of this text."""
    return {"id": "c", "model": "m", "choices": [{"message": {"content": text}, "finish_reason": "stop"}]}


@pytest.mark.parametrize(
    ("text", "flagged", "categories"),
    [
        ("safe", False, ()),
        ("\n\nsafe", False, ()),
        ("unsafe\nS1", True, ("S1",)),
        ("\nunsafe\nS1,S9\n", True, ("S1", "S9")),
        ("unsafe", True, ()),
    ],
)
async def test_a_guards_verdict(text: str, *, flagged: bool, categories: tuple[str, ...]) -> None:
    """Safe, or unsafe and why."""
    async with client(said(text)) as ai:
        verdict = await ai.groq.guard("meta-llama/llama-guard-4-12b", "How do I bake bread?")
        body = json.loads(requests(ai)[0].body)
    assert (verdict.flagged, verdict.categories) == (flagged, categories)
    assert body == {
        "model": "meta-llama/llama-guard-4-12b",
        "messages": [{"role": "user", "content": "How do I bake bread?"}],
    }


@pytest.mark.parametrize("text", ["", "Flour and water.", "safe and sound", "safely"])
async def test_what_is_no_verdict_is_an_error(text: str) -> None:
    """A model that chats instead of judging must not pass as safe."""
    async with client(said(text)) as ai:
        with pytest.raises(ResponseValidationError, match="a guard answers safe or unsafe"):
            await ai.groq.guard("llama-3.1-8b-instant", "How do I bake bread?")
