"""Google's own SDK keeps files, caches and batches at the Gemini twin; whatever else comes is refused in its words."""

from __future__ import annotations

import io
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from google import genai
from google.genai import errors, types
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async.simulator import simulate
from ipfs_accel_async.simulator.mount import Mount
from ipfs_accel_async.simulator.twin import JSON, Ask
from tests.simulator.calls import raw_client

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

LONG = "The tide is a slow clock. " * 200
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3000) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["requests", "inputConfig", "contents", "parts", "text", "prompt"]), inner)
    ),
    max_leaves=8,
)
FIELDS = ("contents", "model", "ttl", "expireTime", "batch", "instances", "parameters", "generationConfig", "file")


@asynccontextmanager
async def sdk() -> AsyncIterator[tuple[Any, Any]]:
    """The SDK, pointed at the twin; the HTTP client is given, as its own one warns."""
    async with simulate("gemini") as sim, httpx.AsyncClient() as http:
        options = types.HttpOptions(base_url=sim.root_url, httpx_async_client=http)
        with genai.Client(api_key="k", http_options=options) as client:
            yield client.aio, sim


@pytest.mark.sockets
async def test_files_of_the_sdk() -> None:
    """Uploaded in its way, used, listed and deleted."""
    async with sdk() as (client, _):
        file = await client.files.upload(file=io.BytesIO(b"tide"), config={"mime_type": "text/plain", "name": "mine"})
        assert (file.name, file.size_bytes, file.state) == ("files/mine", 4, "ACTIVE")
        reply = await client.models.generate_content(model="m", contents=["What is it?", file])
        assert reply.text.startswith("Synthetic")
        assert [one.name async for one in await client.files.list()] == ["files/mine"]
        await client.files.delete(name="mine")
        with pytest.raises(errors.ClientError, match="may not exist"):
            await client.files.get(name="mine")


@pytest.mark.sockets
async def test_caches_of_the_sdk() -> None:
    """Created, used, prolonged, listed and deleted."""
    async with sdk() as (client, _):
        cache = await client.caches.create(model="m", config={"contents": LONG, "ttl": "60s"})
        config = {"cached_content": cache.name}
        reply = await client.models.generate_content(model="m", contents="And now?", config=config)
        assert reply.usage_metadata.cached_content_token_count == cache.usage_metadata.total_token_count
        longer = await client.caches.update(name=cache.name, config={"ttl": "7200s"})
        assert longer.expire_time > cache.expire_time
        assert [one.name async for one in await client.caches.list()] == [cache.name]
        await client.caches.delete(name=cache.name)
        with pytest.raises(errors.ClientError, match="CachedContent not found"):
            await client.caches.get(name=cache.name)


@pytest.mark.sockets
async def test_batches_of_the_sdk() -> None:
    """Created, asked for until done, and deleted."""
    async with sdk() as (client, _):
        job = await client.batches.create(model="m", src=[{"contents": "hello"}], config={"display_name": "night"})
        states = [(await client.batches.get(name=job.name)).state.value for _ in range(3)]
        assert [state.rpartition("_")[2] for state in states] == ["RUNNING", "SUCCEEDED", "SUCCEEDED"]
        done = await client.batches.get(name=job.name)
        assert done.dest.inlined_responses[0].response.text.startswith("Synthetic")
        assert [one.name async for one in await client.batches.list()] == [job.name]
        await client.batches.delete(name=job.name)


@pytest.mark.sockets
async def test_images_and_audio_of_the_sdk() -> None:
    """A PNG, and bare samples."""
    async with sdk() as (client, _):
        drawn = await client.models.generate_content(
            model="m", contents="A cube", config={"response_modalities": ["IMAGE"]}
        )
        assert drawn.parts[0].inline_data.data.startswith(b"\x89PNG")
        said = await client.models.generate_content(model="m", contents="Hi", config={"response_modalities": ["AUDIO"]})
        assert said.parts[0].inline_data.mime_type.startswith("audio/L16")


@pytest.mark.sockets
@pytest.mark.parametrize(
    ("headers", "status", "words"),
    [
        ({"x-goog-upload-command": "start"}, 400, "Content-Length is missing"),
        ({"x-goog-upload-command": "query"}, 404, "does not exist"),
        ({}, 404, "does not exist"),
    ],
)
async def test_uploads_that_are_refused(headers: dict[str, str], status: int, words: str) -> None:
    """Each is a google.rpc.Status."""
    async with simulate("gemini") as sim, raw_client() as session:
        url = f"{sim.root_url}/upload/v1/files"
        async with session.post(url, headers={**headers, "x-goog-api-key": "k"}) as reply:
            assert reply.status == status
            assert words in (await reply.json())["error"]["message"]


@pytest.mark.sockets
async def test_steps_of_an_upload_that_are_refused() -> None:
    """A wrong offset, a word it does not know, an end that comes too soon."""
    async with simulate("gemini") as sim, raw_client() as session:
        begin = {"x-goog-upload-command": "start", "x-goog-upload-header-content-length": "9", "x-goog-api-key": "k"}
        async with session.post(f"{sim.root_url}/upload/v1/files", headers=begin) as reply:
            url = reply.headers["x-goog-upload-url"]
        for command, offset, words in (
            ("upload", "5", "The offset must be 0"),
            ("jump", "0", "Invalid X-Goog-Upload-Command"),
            ("upload, finalize", "0", "has 2 bytes, not 9"),
        ):
            step = {"x-goog-upload-command": command, "x-goog-upload-offset": offset, "x-goog-api-key": "k"}
            async with session.post(url, headers=step, data=b"ab") as reply:
                assert reply.status == 400
                assert words in (await reply.json())["error"]["message"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/models/imagen-4:predict"),
        ("POST", "/v1/models/text-embedding:predict"),
        ("POST", "/v1/models/transcribe:generateContent"),
        ("POST", "/v1/models/m:batchGenerateContent"),
        ("POST", "/v1/models/m:asyncBatchEmbedContent"),
        ("POST", "/v1/models/m:embedContent"),
        ("POST", "/v1/cachedContents"),
        ("PATCH", "/v1/cachedContents/x"),
        ("POST", "/upload/v1/files"),
    ],
)
@given(body=ANYTHING, changes=st.dictionaries(st.sampled_from(FIELDS), ANYTHING, max_size=3))
def test_any_json_gets_an_answer(method: str, path: str, body: Any, changes: dict[str, Any]) -> None:
    """A body of any shape is answered or refused; nothing breaks the twin."""
    mount = Mount("gemini", 0, lambda: 0.0, None, None)
    good = {"model": "models/m", "contents": [{"parts": [{"text": LONG}]}], "instances": [{"prompt": "x"}]}
    headers = {"x-goog-api-key": "k", "x-goog-upload-command": "start", "x-goog-upload-header-content-length": "3"}
    for value in (body, good | changes):
        answer, out, _ = mount.answer(Ask(1, method, path, {}, headers, value), None, 0.0)
        assert answer.status in (200, 400, 403, 404)
        if answer.media == JSON and (text := b"".join(out.parts)):
            json.loads(text)
