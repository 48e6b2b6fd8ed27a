"""OpenAI's own SDK and our client talk to the twin's completions, images, audio and moderations."""

from __future__ import annotations

import base64
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import openai
import pytest

from ipfs_accel_async import BadRequestError, Client, Image, NotFoundError, StreamIncompleteError
from ipfs_accel_async.simulator import simulate
from ipfs_accel_async.simulator.answers import MISSING_MODEL, REFUSAL_TRIGGER
from ipfs_accel_async.simulator.synthetic_media import heard, wav

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ipfs_accel_async.simulator import Simulator

pytestmark = [pytest.mark.sockets, pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")]
WORDS = "Three primes are two, three and five."
WAV = ("said.wav", wav(WORDS))
PNG = ("a.png", b"\x89PNG\r\n\x1a\n" + bytes(32))


@asynccontextmanager
async def both(**options: Any) -> AsyncIterator[tuple[Client, openai.AsyncOpenAI, Simulator]]:
    """Our client and the SDK, pointed at the twin."""
    async with (
        simulate("openai", **options) as sim,
        Client(keys={"openai": "k"}, base_urls=sim.base_urls, max_retries=0) as ai,
        openai.AsyncOpenAI(base_url=sim.base_url, api_key="k", max_retries=0) as sdk,
    ):
        yield ai, sdk, sim


async def test_completions() -> None:
    """One prompt, several, streamed: the SDK and we read the same; `stop` and `max_tokens` count."""
    async with both() as (ai, sdk, _):
        theirs = await sdk.completions.create(model="m", prompt="Name primes.", max_tokens=40)
        ours = await ai.complete("openai:m", "Name primes.", max_tokens=40)
        assert ours.text == theirs.choices[0].text != ""
        assert ours.usage.total_tokens == theirs.usage.total_tokens
        async with ai.stream_completion("openai:m", "Name primes.", max_tokens=40) as stream:
            streamed = await stream.collect()
        assert (streamed.text, streamed.usage) == (ours.text, ours.usage)
        many = await ai.complete_batch("openai:m", ["Name primes.", "Name none."], max_tokens=40, n=2)
        assert many.replies[0].text == ours.text != many.replies[1].text
        assert (await ai.complete("openai:m", "Name primes.")).finish_reason == "length"
        stopped = await ai.complete("openai:m", "Name primes.", max_tokens=40, stop="Synthetic")
        assert (stopped.text, stopped.finish_reason) == ("", "stop")


async def test_a_streamed_completion_that_is_cut_says_so() -> None:
    """With what came."""
    async with both() as (ai, _, sim):
        sim.faults = ["truncate"]
        with pytest.raises(StreamIncompleteError) as caught:
            async with ai.stream_completion("openai:m", "Name primes.", max_tokens=200) as stream:
                await stream.collect()
        assert caught.value.partial is not None


async def test_input_tokens() -> None:
    """The twin counts words, not the fields around them: the same for the SDK's input and our chat."""
    async with both() as (ai, sdk, _):
        theirs = await sdk.responses.input_tokens.count(model="m", input="Name three primes.")
        ours = await ai.count_tokens("openai:m", "Name three primes.")
        assert (ours.tokens, ours.estimated) == (theirs.input_tokens, False)


async def test_images() -> None:
    """Bytes or an address, new and changed; the same prompt is the same image."""
    async with both() as (ai, sdk, _):
        theirs = await sdk.images.generate(model="gpt-image-1", prompt="A cube", n=2, size="1024x1536")
        ours = await ai.image("openai:gpt-image-1", "A cube", n=2, size="1024x1536")
        assert [one.data for one in ours.pictures] == [base64.b64decode(one.b64_json) for one in theirs.data]
        assert ours.pictures[0].data != ours.pictures[1].data
        assert ours.usage.output_tokens == theirs.usage.output_tokens > 0
        changed = await ai.image("openai:gpt-image-1", "A cube", images=[PNG], mask=PNG)
        assert changed.pictures[0].data not in {one.data for one in ours.pictures}
        old = await ai.image("openai:dall-e-3", "A cube")
        assert old.pictures[0].url.startswith("https://")
        varied = await sdk.images.create_variation(image=PNG, response_format="b64_json")
        again = await ai.openai.images.variation(PNG, response_format="b64_json")
        assert again["data"][0]["b64_json"] == varied.data[0].b64_json


async def test_images_as_they_come() -> None:
    """Partial images and the whole one, for the SDK and for us, new and changed."""
    async with both() as (ai, sdk, _):
        stream = await sdk.images.generate(model="gpt-image-1", prompt="A cube", stream=True, partial_images=2)
        theirs = [event.type async for event in stream]
        async with ai.openai.images.stream_generate("A cube", model="gpt-image-1", partial_images=2) as events:
            assert [event.name for event in await events.collect()] == theirs
        assert theirs[-1] == "image_generation.completed"
        assert len(theirs) == 3
        async with ai.openai.images.stream_edit(PNG, "A hat", model="gpt-image-1", partial_images=1) as events:
            seen = [event.name for event in await events.collect()]
        assert seen == ["image_edit.partial_image", "image_edit.completed"]


@pytest.mark.parametrize("form", ["wav", "mp3", "pcm"])
async def test_speech(form: str) -> None:
    """Whole, as bytes, as events: the same audio."""
    async with both() as (ai, sdk, _):
        theirs = await sdk.audio.speech.create(model="tts-1", input=WORDS, voice="alloy", response_format=form)
        ours = await ai.speech("openai:tts-1", WORDS, voice="alloy", format=form)
        assert ours.data == theirs.content != b""
        assert ours.media_type.startswith("audio/")
        async with ai.stream_speech("openai:tts-1", WORDS, voice="alloy", format=form) as stream:
            assert await stream.collect() == ours.data
        events = ai.openai.audio.speech.events(WORDS, model="tts-1", voice="alloy", response_format=form)
        async with events as stream:
            seen = await stream.collect()
        assert b"".join(base64.b64decode(event.data.get("audio", "")) for event in seen) == ours.data


async def test_transcripts() -> None:
    """What the twin said is heard again, with times of words where they are asked for, in every format."""
    async with both() as (ai, sdk, _):
        assert heard(WAV[1])[0] == WORDS
        theirs = await sdk.audio.transcriptions.create(
            model="whisper-1", file=WAV, response_format="verbose_json", timestamp_granularities=["word", "segment"]
        )
        ours = await ai.transcribe("openai:whisper-1", WAV, words=True)
        assert ours.text == theirs.text == WORDS
        assert [(word.text, word.start) for word in ours.words] == [(word.word, word.start) for word in theirs.words]
        assert ours.words[-1].end == pytest.approx(ours.duration, abs=0.01)
        assert ours.language == "english"
        assert (await ai.translate("openai:whisper-1", WAV)).text == WORDS
        assert (await ai.transcribe("openai:whisper-1", WAV, response_format="text")).text == WORDS
        for form, begin in (("srt", "1\n00:00:00,000"), ("vtt", "WEBVTT")):
            told = await ai.openai.audio.transcriptions.create(WAV, model="whisper-1", response_format=form)
            assert told.text.startswith(begin)
        speakers = await ai.openai.audio.transcriptions.create(WAV, model="m", response_format="diarized_json")
        assert speakers["segments"][0]["speaker"] == "A"
        assert (await ai.transcribe("openai:m", WAV)).usage.output_tokens > 0
        assert (await ai.transcribe("openai:m", b"\xff\xf3 no words")).text.startswith("Synthetic")


async def test_transcripts_as_they_come() -> None:
    """The pieces are the whole, for the SDK and for us."""
    async with both() as (ai, sdk, _):
        stream = await sdk.audio.transcriptions.create(model="gpt-4o-transcribe", file=WAV, stream=True)
        theirs = [event.type async for event in stream]
        async with ai.openai.audio.transcriptions.stream(WAV, model="gpt-4o-transcribe") as events:
            seen = await events.collect()
        assert [event.name for event in seen] == theirs
        assert "".join(event.data.get("delta", "") for event in seen) == seen[-1].data["text"] == WORDS


async def test_moderations() -> None:
    """Texts have a verdict each; a text and an image have one together."""
    async with both() as (ai, sdk, _):
        ours = await ai.moderate("openai:omni-moderation-latest", ["Hello", REFUSAL_TRIGGER])
        assert [verdict.flagged for verdict in ours.verdicts] == [False, True]
        assert ours.verdicts[1].categories == ("violence",)
        assert not (await ai.moderate("openai:omni-moderation-latest", Image(url="https://h/a.png"))).flagged
        parts = [{"type": "text", "text": REFUSAL_TRIGGER}, {"type": "image_url", "image_url": {"url": "https://h/a"}}]
        theirs = await sdk.moderations.create(input=parts)
        native = await ai.openai.moderations.create(parts)
        assert [one["flagged"] for one in native["results"]] == [one.flagged for one in theirs.results] == [True]


@pytest.mark.parametrize(
    "call",
    [
        lambda ai: ai.complete("openai:m", "a", n=0),
        lambda ai: ai.request("openai", "POST", "/completions", json={"model": "m", "prompt": []}),
        lambda ai: ai.complete("openai:m", "a", stop=list("abcde")),
        lambda ai: ai.image("openai:m", "a", n=11),
        lambda ai: ai.image("openai:m", "a", size="huge"),
        lambda ai: ai.image("openai:m", "a", images=[("a.png", b"")]),
        lambda ai: ai.openai.images.edit(PNG, "", model="m"),
        lambda ai: ai.speech("openai:m", "a", voice="nobody"),
        lambda ai: ai.speech("openai:m", "a", voice="alloy", speed=9),
        lambda ai: ai.speech("openai:m", "a", voice="alloy", format="opus"),
        lambda ai: ai.speech("openai:m", "a" * 4097, voice="alloy"),
        lambda ai: ai.transcribe("openai:m", ("a.wav", b"")),
        lambda ai: ai.transcribe("openai:m", WAV, response_format="poem"),
        lambda ai: ai.openai.moderations.create([]),
    ],
)
async def test_bad_requests_are_refused_in_the_services_words(call: Any) -> None:
    """A 400 with a message, which is a typed error here."""
    async with both() as (ai, _, _):
        with pytest.raises(BadRequestError):
            await call(ai)


@pytest.mark.parametrize("operation", ["complete", "image", "speech", "transcribe", "translate"])
async def test_a_model_that_is_not_there(operation: str) -> None:
    """A 404, whatever it was to do."""
    given = {"transcribe": WAV, "translate": WAV}.get(operation, "a")
    more = {"voice": "alloy"} if operation == "speech" else {}
    async with both() as (ai, _, _):
        with pytest.raises(NotFoundError):
            await getattr(ai, operation)(f"openai:{MISSING_MODEL}", given, **more)
