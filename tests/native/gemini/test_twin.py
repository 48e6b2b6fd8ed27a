"""Gemini's handle and operations against the simulator: round trips over sockets."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from ipfs_accel_async import Client, user
from ipfs_accel_async.errors import (
    APIError,
    BadRequestError,
    ContentFilteredError,
    NotFoundError,
    PermissionDeniedError,
)
from ipfs_accel_async.native.gemini._sending import GRANULARITY
from ipfs_accel_async.simulator import simulate
from ipfs_accel_async.simulator.answers import REFUSAL_TRIGGER
from ipfs_accel_async.simulator.synthetic_media import heard, wav

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.sockets
LONG = "The tide is a slow clock. " * 200


@asynccontextmanager
async def simulated(path: str = "", **options: Any) -> AsyncIterator[tuple[Client, Any]]:
    """A client of the twin, and the simulator."""
    async with simulate("gemini", **options) as sim:
        urls = {"gemini": sim.root_url + path}
        async with Client(keys={"gemini": "k"}, base_urls=urls, initial_retry_delay=0.0, max_retry_delay=0.0) as ai:
            yield ai, sim


async def test_a_file_comes_goes_and_is_used() -> None:
    """Uploaded in chunks, listed, referred to, deleted; then it is no more."""
    data = b"x" * (GRANULARITY + 5)
    async with simulated() as (ai, sim):
        files = ai.gemini.files
        file = await files.upload(("tide.txt", data), display_name="Tide", chunk_size=GRANULARITY)
        assert (file["displayName"], file["sizeBytes"], file["mimeType"]) == ("Tide", str(len(data)), "text/plain")
        steps = [one.headers["x-goog-upload-command"] for one in sim.requests if "/upload/" in one.path]
        assert steps == ["start", "upload", "upload, finalize"]
        assert (await files.get(file["name"]))["state"] == "ACTIVE"
        other = await files.upload(b"y", name="mine")
        assert [one["name"] async for one in files.iterate(page_size=1)] == [file["name"], other["name"]]
        assert other["name"] == "files/mine"
        reply = await ai.chat("gemini:m", [user("What is it?", files.part(file))])
        assert reply.text.startswith("Synthetic")
        await files.delete(file["name"])
        with pytest.raises(PermissionDeniedError, match="may not exist"):
            await ai.chat("gemini:m", [user("What is it?", files.part(file))])
        with pytest.raises(PermissionDeniedError):
            await files.get(file["name"])
        with pytest.raises(BadRequestError, match="Only generated files"):
            await files.download("mine")


async def test_an_upload_survives_faults() -> None:
    """A chunk that meets an overloaded service, and one whose answer is cut off."""
    async with simulated() as (ai, sim):
        sim.faults = [None, "reset", None, None]
        file = await ai.gemini.files.upload(b"z" * 10)
        assert file["sizeBytes"] == "10"
        commands = [one.headers["x-goog-upload-command"] for one in sim.requests]
        assert commands == ["start", "upload, finalize", "query", "upload, finalize"]


async def test_a_video_is_processed_first() -> None:
    """Until then a prompt cannot use it."""
    async with simulated() as (ai, _):
        file = await ai.gemini.files.upload(("a.mp4", b"video"))
        assert file["state"] == "PROCESSING"
        with pytest.raises(BadRequestError, match="not in an ACTIVE state"):
            await ai.chat("gemini:m", [user("What is it?", ai.gemini.files.part(file))])
        ready = await ai.gemini.files.wait(file["name"], poll=0.01)
        assert (await ai.chat("gemini:m", [user("What is it?", ai.gemini.files.part(ready))])).text


@pytest.mark.parametrize("path", ["", "/v1beta", "/v1/projects/p/locations/l/publishers/google"])
async def test_a_cache_comes_goes_and_is_used(path: str) -> None:
    """Created, prolonged, named by a chat, whose usage tells its tokens; on Vertex AI too."""
    async with simulated(path) as (ai, _):
        caches = ai.gemini.caches
        with pytest.raises(BadRequestError, match="too small"):
            await caches.create("m", "short")
        cache = await caches.create("m", LONG, ttl=60, display_name="tides")
        assert (await caches.get(cache["name"]))["displayName"] == "tides"
        longer = await caches.update(cache["name"], ttl=7200)
        assert longer["expireTime"] > cache["expireTime"]
        reply = await ai.chat("gemini:m", "And now?", cachedContent=cache["name"])
        assert reply.usage.cached_tokens == cache["usageMetadata"]["totalTokenCount"]
        assert reply.usage.input_tokens > reply.usage.cached_tokens
        count = await ai.count_tokens("gemini:m", "And now?", cachedContent=cache["name"])
        assert count.tokens == reply.usage.input_tokens
        with pytest.raises(BadRequestError, match="must be the same"):
            await ai.chat("gemini:other", "And now?", cachedContent=cache["name"])
        assert [one["name"] async for one in caches.iterate()] == [cache["name"]]
        await caches.delete(cache["name"])
        with pytest.raises(PermissionDeniedError, match="CachedContent not found"):
            await ai.chat("gemini:m", "And now?", cachedContent=cache["name"])


async def test_a_batch_answers_all_its_requests() -> None:
    """Each under its key, and as a chat would; one that is refused fails alone."""
    async with simulated() as (ai, _):
        batches = ai.gemini.batches
        job = await batches.create("m", {"a": "Name three primes.", "b": "hello"}, display_name="night")
        done = await batches.wait(job["name"], poll=0.01)
        replies = batches.replies(done)
        assert set(replies) == {"a", "b"}
        chat = await ai.chat("gemini:m", "Name three primes.")
        assert replies["a"]["response"]["candidates"][0]["content"]["parts"][0]["text"] == chat.text
        assert [one["name"] async for one in batches.iterate()] == [job["name"]]
        await batches.delete(job["name"])
        with pytest.raises(NotFoundError, match="No such batch"):
            await batches.get(job["name"])


async def test_a_batch_of_a_file_brings_a_file() -> None:
    """Its lines have the keys of the requests."""
    request = {"contents": [{"parts": [{"text": "hello"}], "role": "user"}]}
    lines = b"\n".join(orjson.dumps({"key": key, "request": request}) for key in "ab")
    async with simulated() as (ai, _):
        file = await ai.gemini.files.upload(("lines.jsonl", lines), media_type="application/jsonl")
        job = await ai.gemini.batches.create("m", file=file["name"])
        done = await ai.gemini.batches.wait(job["name"], poll=0.01)
        made = await ai.gemini.files.download(done["response"]["responsesFile"])
        assert [orjson.loads(line)["key"] for line in made.body.splitlines()] == ["a", "b"]


async def test_a_cancelled_batch_and_one_of_vectors() -> None:
    """The one is an error to wait for; the other brings vectors."""
    async with simulated() as (ai, _):
        job = await ai.gemini.batches.create("m", ["hello"])
        await ai.gemini.batches.cancel(job["name"])
        with pytest.raises(APIError, match="is cancelled: The batch was cancelled"):
            await ai.gemini.batches.wait(job["name"], poll=0.01)
        job = await ai.gemini.batches.create_embeddings("m", ["alpha", "beta"], outputDimensionality=4)
        done = await ai.gemini.batches.wait(job["name"], poll=0.01)
        values = [one["response"]["embedding"]["values"] for one in ai.gemini.batches.replies(done).values()]
        assert [len(vector) for vector in values] == [4, 4]


async def test_images_speech_and_back() -> None:
    """What is said by one operation is heard by the other; images have the size that was asked for."""
    async with simulated() as (ai, _):
        drawn = await ai.image("gemini:m", "A red cube", size="2K")
        assert drawn.pictures[0].data[16:24] == (128).to_bytes(4, "big") * 2
        several = await ai.image("gemini:imagen-4", "A red cube", n=2)
        assert len({picture.data for picture in several.pictures}) == 2
        speech = await ai.speech("gemini:m", "Good morning to you", voice="Kore", format="wav")
        assert heard(speech.data)[1] == pytest.approx(4 / 2.5)
        transcript = await ai.transcribe("gemini:transcribe", ("a.wav", wav("Good morning")), words=True, language="en")
        assert (transcript.text, transcript.language) == ("Good morning", "en")
        assert [word.text for word in transcript.words] == ["Good", "morning"]


async def test_completions_and_refusals() -> None:
    """A completion whole and streamed; a refused prompt is typed both ways."""
    async with simulated() as (ai, _):
        whole = await ai.complete("gemini:m", "Once upon", max_tokens=20)
        async with ai.stream_completion("gemini:m", "Once upon", max_tokens=20) as stream:
            assert (await stream.collect()).text == whole.text
        with pytest.raises(ContentFilteredError, match="PROHIBITED_CONTENT"):
            await ai.complete("gemini:m", REFUSAL_TRIGGER)
        with pytest.raises(ContentFilteredError, match="PROHIBITED_CONTENT"):
            async with ai.stream("gemini:m", REFUSAL_TRIGGER) as refused:
                await refused.collect()


async def test_a_project_on_vertex_serves_all_of_it() -> None:
    """Chat, counts, vectors by all three methods, and the models, with a Bearer token."""
    async with simulated("/v1/projects/p/locations/l", keys="k") as (ai, sim):
        assert (await ai.chat("gemini:gemini-x", "hello")).text
        assert (await ai.count_tokens("gemini:gemini-x", "hello")).tokens == 2
        for model, texts in (("gemini-e", ["a"]), ("gemini-e", ["a", "b"]), ("text-embedding-005", ["a", "b"])):
            assert (await ai.embed(f"gemini:{model}", texts, outputDimensionality=4)).vectors.shape == (len(texts), 4)
        assert "gemini-2.5-flash" in [model.id for model in (await ai.models("gemini")).models]
        assert (await ai.gemini.models.get("gemini-x"))["name"] == "publishers/google/models/gemini-x"
        assert (await ai.gemini.embed_content("gemini-e", "hello"))["embedding"]["values"]
        assert {one.headers.get("authorization") for one in sim.requests} == {"Bearer k"}
        assert not any("x-goog-api-key" in one.headers for one in sim.requests)


async def test_a_model_describes_itself() -> None:
    """With its limits; one that is not there is missing."""
    async with simulated() as (ai, _):
        assert (await ai.gemini.models.get("gemini-2.5-pro"))["inputTokenLimit"] == 1_048_576
        names = [model["name"] async for model in ai.gemini.models.iterate(page_size=2)]
        assert len(names) == 3
        with pytest.raises(NotFoundError):
            await ai.gemini.models.get("missing-model")
