"""Groq's operations against its twin, on real sockets."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from ipfs_accel_async import APIError, BadRequestError, Client, Image, NotFoundError, user
from ipfs_accel_async.simulator import simulate
from ipfs_accel_async.simulator.answers import MISSING_MODEL, REFUSAL_TRIGGER

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.sockets

HELLO = [{"role": "user", "content": "Name three primes."}]
MODEL = "llama-3.1-8b-instant"


@asynccontextmanager
async def groq() -> AsyncIterator[Client]:
    """A client of the twin."""
    async with (
        simulate("groq") as sim,
        Client(base_urls={"groq": sim.base_url}, keys={"groq": "gsk_test"}, max_retries=0) as ai,
    ):
        yield ai


async def test_files_come_and_go() -> None:
    """Uploaded, listed, read whole and in pieces, gone."""
    async with groq() as ai:
        files = ai.groq.files
        made = await files.create(b'{"a": 1}\n')
        assert (made["filename"], made["purpose"], made["bytes"]) == ("batch.jsonl", "batch", 9)
        assert [file["id"] async for file in files.iterate()] == [made["id"]]
        assert (await files.list())["data"][0]["id"] == made["id"]
        assert await files.content(made["id"]) == b'{"a": 1}\n'
        async with files.stream(made["id"]) as stream:
            assert await stream.collect() == b'{"a": 1}\n'
        assert (await files.delete(made["id"]))["deleted"] is True
        with pytest.raises(NotFoundError):
            await files.get(made["id"])


async def test_a_batch_from_its_requests_to_its_results() -> None:
    """Written, uploaded, run by the service, waited for; one request of it fails by itself."""
    async with groq() as ai:
        batches = ai.groq.batches
        requests = {"good": {"model": MODEL, "messages": HELLO}, "bad": {"model": MISSING_MODEL, "messages": HELLO}}
        made = await batches.submit(requests)
        assert made["endpoint"] == "/v1/chat/completions"
        with pytest.raises(APIError, match="no results"):
            _ = [result async for result in batches.results(made["id"])]
        ended = await batches.wait(made["id"], poll=0.001)
        assert ended["request_counts"] == {"total": 2, "completed": 1, "failed": 1}
        found = {result.custom_id: result async for result in batches.results(made["id"])}
        assert found["good"].reply is not None
        assert found["good"].reply.text.startswith("Synthetic")
        assert isinstance(found["bad"].error, NotFoundError)
        assert [batch["id"] async for batch in batches.iterate()] == [made["id"]]


async def test_a_cancelled_batch_is_a_typed_error_to_wait_for() -> None:
    """Waiting says how it ended."""
    async with groq() as ai:
        made = await ai.groq.batches.submit([("a", {"messages": HELLO})], model=MODEL)
        assert (await ai.groq.batches.cancel(made["id"]))["status"] == "cancelling"
        with pytest.raises(APIError, match="cancelled"):
            await ai.groq.batches.wait(made["id"], poll=0.001)


async def test_what_is_spoken_is_heard() -> None:
    """Speech whole and as it comes; written down with times of words, and in English."""
    async with groq() as ai:
        spoken = await ai.speech("groq:playai-tts", "The tide is high at noon.", voice="Fritz-PlayAI")
        assert spoken.media_type == "audio/wav"
        async with ai.stream_speech("groq:playai-tts", "The tide is high at noon.", voice="Fritz-PlayAI") as stream:
            assert await stream.collect() == spoken.data
        heard = await ai.transcribe("groq:whisper-large-v3-turbo", spoken.data, words=True)
        assert heard.text == "The tide is high at noon."
        assert [word.text for word in heard.words] == ["The", "tide", "is", "high", "at", "noon"]
        assert heard.segments[0].end == heard.duration
        assert heard.provider_request_id is not None
        assert (await ai.translate("groq:whisper-large-v3", spoken.data)).text == heard.text
        native = await ai.groq.audio.speech.create("Hi", model="playai-tts", voice="Celeste-PlayAI")
        assert native.body.startswith(b"RIFF")
        async with ai.groq.audio.speech.stream("Hi", model="playai-tts", voice="Celeste-PlayAI") as stream:
            assert await stream.collect() == native.body
        with pytest.raises(BadRequestError, match="voice"):
            await ai.speech("groq:playai-tts", "Hi", voice="nobody")


async def test_audio_is_read_from_an_address() -> None:
    """Both ways to ask for it give the same words; a format that the service lacks is refused."""
    url = "https://example.com/talk.mp3"
    async with groq() as ai:
        heard = await ai.transcribe("groq:whisper-large-v3", b"", url=url)
        native = await ai.groq.audio.transcriptions.create(url=url, model="whisper-large-v3")
        assert heard.text == native["text"] != ""
        text = await ai.groq.audio.translations.create(url=url, model="whisper-large-v3", response_format="text")
        assert text.text.strip() == heard.text
        with pytest.raises(BadRequestError, match="response_format"):
            await ai.groq.audio.transcriptions.create(url=url, model="whisper-large-v3", response_format="srt")


async def test_images_are_seen() -> None:
    """By address and as bytes; each costs tokens."""
    async with groq() as ai:
        bare = await ai.chat(f"groq:{MODEL}", "What is it?")
        both = user("What is it?", Image("https://example.com/a.png"), Image(data=b"\x89PNG", media_type="image/png"))
        assert (await ai.chat(f"groq:{MODEL}", both)).usage.input_tokens == bare.usage.input_tokens + 170


async def test_reasoning_is_shown_as_asked_and_goes_back() -> None:
    """Parsed it is apart from the text, hidden it is not there but counted; whole and streamed alike."""
    model = "groq:qwen/qwen3-32b"
    async with groq() as ai:
        shown = await ai.chat(model, "Why?", reasoning_format="parsed", reasoning_effort="high")
        assert shown.reasoning.startswith("Synthetic")
        assert 0 < shown.usage.reasoning_tokens < shown.usage.output_tokens
        hidden = await ai.chat(model, "Why?", reasoning_format="hidden", reasoning_effort="high")
        assert (hidden.reasoning, hidden.usage.reasoning_tokens) == ("", shown.usage.reasoning_tokens)
        async with ai.stream(model, "Why?", include_reasoning=True, reasoning_effort="high") as stream:
            streamed = await stream.collect()
        assert (streamed.reasoning, streamed.usage) == (shown.reasoning, shown.usage)
        with pytest.raises(BadRequestError, match="cannot both be set"):
            await ai.chat(model, "Why?", reasoning_format="parsed", include_reasoning=True)
        assert (await ai.chat(model, [user("Why?"), shown.message, user("Go on.")])).text


async def test_times_and_ids_are_in_raw() -> None:
    """Queue and total seconds of an answer, and of a stream in its last chunk."""
    async with groq() as ai:
        reply = await ai.chat(f"groq:{MODEL}", "Hello")
        assert reply.raw["usage"]["queue_time"] > 0
        assert reply.raw["x_groq"]["id"].startswith("req_")
        async with ai.stream(f"groq:{MODEL}", "Hello") as stream:
            counted = [delta.raw["x_groq"]["usage"] async for delta in stream if delta.usage]
        assert counted[-1]["total_time"] == reply.raw["usage"]["total_time"]
        assert stream.reply.usage == reply.usage


async def test_the_live_list_and_a_guard() -> None:
    """A model of the list fits, one that is gone does not; the guard flags what it should."""
    async with groq() as ai:
        assert await ai.groq.is_compatible("openai/gpt-oss-20b")
        assert not await ai.groq.is_compatible(MISSING_MODEL)
        assert (await ai.groq.models.get("openai/gpt-oss-20b"))["active"] is True
        with pytest.raises(NotFoundError):
            await ai.groq.models.get(MISSING_MODEL)
        guard = "meta-llama/llama-guard-4-12b"
        assert not (await ai.groq.guard(guard, "Hello")).flagged
        assert (await ai.groq.guard(guard, REFUSAL_TRIGGER)).categories == ("S1", "S9")
