"""OpenAI's images, audio and moderations: what each method sends, as the API reference and the SDK have it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from ipfs_accel_async import Client, InvalidRequestError, MockTransport, RateLimitError, StreamIncompleteError
from ipfs_accel_async.providers._openai_media_table import MEDIA
from tests.forms import fields, parts, sent
from tests.native.openai.case import FORM, Case
from tests.native.openai.media_calls import ANSWER, CASES, IDS, PNG, WAV
from tests.recorder import recording

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ipfs_accel_async.stream import EventStream

KEY = "sk-media"
SSE = {"content-type": "text/event-stream"}


def told(answer: Any = ANSWER, headers: Mapping[str, str] | None = None) -> tuple[MockTransport, Client]:
    """A client whose every call is answered so; bytes go as they are."""
    raw = {"body": answer} if isinstance(answer, bytes) else {"json": answer}
    mock = MockTransport(lambda _: MockTransport.reply(headers=headers, **raw))
    return mock, Client(transport=mock, keys={"openai": KEY}, max_retries=0)


def frames(*events: dict[str, Any]) -> bytes:
    """Events as the service sends them, without an end mark of the stream's own."""
    return b"".join(f"event: {one['type']}\ndata: {json.dumps(one)}\n\n".encode() for one in events)


@pytest.mark.parametrize("case", CASES, ids=IDS)
async def test_a_method_sends_its_row(case: Case) -> None:
    """Method, whole URL, body and key, once."""
    mock, client = told()
    async with client as ai:
        await case.ours(ai.openai)
    (request,) = mock.requests
    assert (request.method, request.url) == (case.method, f"https://api.openai.com/v1{case.path}")
    assert (b"authorization", f"Bearer {KEY}".encode()) in request.headers
    if case.body is FORM:
        assert sent(request)
    else:
        assert json.loads(request.body) == case.body


def test_every_row_is_called() -> None:
    """No row is left out of the table of calls."""
    assert {case.row for case in CASES} == set(MEDIA)


@pytest.mark.sockets
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("case", CASES, ids=IDS)
async def test_the_sdk_sends_the_same(case: Case) -> None:
    """Method, path and body, a form part by part, are those of the official SDK."""
    openai = pytest.importorskip("openai", reason="it is in the extra dev, which is not installed")
    async with recording() as recorder:
        recorder.answer(ANSWER)
        async with openai.AsyncOpenAI(api_key=KEY, base_url=f"{recorder.base_url}/v1", max_retries=0) as sdk:
            await case.theirs(sdk)
        async with Client(keys={"openai": KEY}, base_urls={"openai": f"{recorder.base_url}/v1"}) as ai:
            await case.ours(ai.openai)
        theirs, ours = (
            (
                seen.method,
                urlsplit(seen.path).path,
                parts(seen.headers["content-type"], seen.body) if isinstance(seen.body, bytes) else seen.body,
            )
            for seen in recorder.requests
        )
    assert ours == theirs


async def test_an_image_is_seen_as_it_comes() -> None:
    """Partial images, then the whole one: that event ends the stream, whatever follows it."""
    partial = {"type": "image_generation.partial_image", "b64_json": "AA==", "partial_image_index": 0}
    done = {"type": "image_generation.completed", "b64_json": "AQ=="}
    mock, client = told(frames(partial, done) + b"data: {broken", SSE)
    async with client as ai, ai.openai.images.stream_generate("A cube", model="m", partial_images=1) as stream:
        seen = await stream.collect()
    assert [(event.name, event.data["b64_json"]) for event in seen] == [
        (partial["type"], "AA=="),
        (done["type"], "AQ=="),
    ]
    assert json.loads(mock.requests[0].body) == {"prompt": "A cube", "model": "m", "partial_images": 1, "stream": True}


async def test_of_several_images_all_are_seen() -> None:
    """The service marks none as the last, so the end of the body is the end: for new images and for edits."""
    done = {"type": "image_generation.completed", "b64_json": "AA=="}
    _, client = told(frames(done, done), SSE)
    async with client as ai:
        async with ai.openai.images.stream_generate("A cube", n=2) as stream:
            assert len(await stream.collect()) == 2
        async with ai.openai.images.stream_edit(PNG, "A hat", n=2) as stream:
            assert len(await stream.collect()) == 2


async def test_an_edit_streams_from_a_form() -> None:
    """Numbers and truth are words of the form."""
    done = {"type": "image_edit.completed", "b64_json": "AA=="}
    mock, client = told(frames(done), SSE)
    async with client as ai, ai.openai.images.stream_edit(PNG, "A hat", partial_images=2) as stream:
        assert [event.name for event in await stream.collect()] == ["image_edit.completed"]
    assert fields(sent(mock.requests[0])) == {"prompt": "A hat", "partial_images": "2", "stream": "true"}


async def test_a_transcript_comes_in_pieces() -> None:
    """Deltas, then the whole text, which ends the stream."""
    raw = frames({"type": "transcript.text.delta", "delta": "Hel"}, {"type": "transcript.text.done", "text": "Hello"})
    mock, client = told(raw, SSE)
    async with client as ai, ai.openai.audio.transcriptions.stream(WAV, model="m", include=["logprobs"]) as stream:
        seen = await stream.collect()
    assert [event.data.get("delta", event.data.get("text")) for event in seen] == ["Hel", "Hello"]
    assert fields(sent(mock.requests[0])) == {"model": "m", "include[]": "logprobs", "stream": "true"}


async def test_speech_comes_as_bytes_and_as_events() -> None:
    """The same request, but for the format of the stream."""
    mock, client = told(b"RIFF" * 9, {"content-type": "audio/wav"})
    async with client as ai, ai.openai.audio.speech.stream("Hello", model="m", voice="alloy") as stream:
        assert stream.answer.media_type == "audio/wav"
        assert await stream.collect() == b"RIFF" * 9
    raw = frames({"type": "speech.audio.delta", "audio": "AA=="}, {"type": "speech.audio.done", "usage": {}})
    other, client = told(raw, SSE)
    async with client as ai, ai.openai.audio.speech.events("Hello", model="m", voice={"id": "voice_1"}) as events:
        assert [event.name for event in await events.collect()] == ["speech.audio.delta", "speech.audio.done"]
    assert json.loads(mock.requests[0].body) == {"model": "m", "input": "Hello", "voice": "alloy"}
    assert json.loads(other.requests[0].body) == {
        "model": "m",
        "input": "Hello",
        "voice": {"id": "voice_1"},
        "stream_format": "sse",
    }


async def read(stream: EventStream, seen: list[str]) -> None:
    """Note the names of all events."""
    async for event in stream:
        seen.append(event.name)


@pytest.mark.parametrize(
    ("tail", "error"),
    [
        (b"", StreamIncompleteError),
        (b'event: error\ndata: {"error":{"message":"slower","code":"slow_down"}}\n\n', RateLimitError),
    ],
)
async def test_a_stream_that_fails_says_so_after_what_came(tail: bytes, error: type[Exception]) -> None:
    """A clean end before the end mark, and an error inside the stream, are typed errors."""
    _, client = told(frames({"type": "transcript.text.delta", "delta": "Hel"}) + tail, SSE)
    seen: list[str] = []
    with pytest.raises(error):
        async with client as ai, ai.openai.audio.transcriptions.stream(WAV, model="m") as stream:
            await read(stream, seen)
    assert seen == ["transcript.text.delta"]


@pytest.mark.parametrize(
    "call",
    [
        lambda ai: ai.images.edit("no-such-file.png", "A hat"),
        lambda ai: ai.images.edit([], "A hat"),
        lambda ai: ai.images.edit(PNG, "A hat", mask=7),
        lambda ai: ai.images.variation(7),
        lambda ai: ai.images.edit(PNG, "A hat", user=object()),
        lambda ai: ai.audio.transcriptions.create("no-such-file.wav", model="m"),
        lambda ai: ai.audio.translations.create(None, model="m"),
    ],
)
async def test_bad_input_is_refused_before_anything_is_sent(call: Any) -> None:
    """A file that cannot be read, or a value that a form has no word for."""
    mock, client = told()
    async with client as ai:
        with pytest.raises(InvalidRequestError):
            await call(ai.openai)
    assert mock.requests == []


async def test_subtitles_are_text() -> None:
    """An answer that is no JSON has its words in `text`."""
    _, client = told(b"WEBVTT\n\n", {"content-type": "text/plain; charset=utf-8"})
    async with client as ai:
        answer = await ai.openai.audio.transcriptions.create(WAV, model="m", response_format="vtt")
    assert (answer.text, answer.raw, answer.media_type) == ("WEBVTT\n\n", None, "text/plain")
