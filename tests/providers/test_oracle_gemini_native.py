"""The official google-genai SDK as the oracle of Gemini's own operations: its requests and answers are ours."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from ipfs_accel_async import Text, user
from ipfs_accel_async.payloads import ImageRequest, SpeechRequest, TranscribeRequest
from ipfs_accel_async.providers.gemini import codec
from ipfs_accel_async.types import EmbedRequest
from ipfs_accel_async.wire.multipart import Upload
from tests.providers.gemini_calls import in_camel_case
from tests.providers.gemini_pair import CACHE, agree, both
from tests.providers.recorded import call_of, fixture, response

genai = pytest.importorskip("google.genai", reason="it is in the extra dev, which is not installed")
pytestmark = pytest.mark.sockets

JOB = {"name": "batches/9", "metadata": {"state": "BATCH_STATE_SUCCEEDED", "model": "models/m"}, "done": True}
FILE = {"name": "files/abc", "mimeType": "text/plain", "uri": "https://g.test/v1/files/abc", "state": "ACTIVE"}


CALLS: list[tuple[str, Any, Any, Any]] = [
    ("file", FILE, lambda sdk: sdk.files.get(name="files/abc"), lambda ai: ai.files.get("files/abc")),
    ("file gone", {}, lambda sdk: sdk.files.delete(name="abc"), lambda ai: ai.files.delete("abc")),
    ("files", {}, lambda sdk: sdk.files.list(config={"page_size": 2}), lambda ai: ai.files.list(page_size=2)),
    (
        "cache made",
        CACHE,
        lambda sdk: sdk.caches.create(
            model="m",
            config={"contents": "hello", "system_instruction": "s", "ttl": "300s", "display_name": "rules"},
        ),
        lambda ai: ai.caches.create("m", [{"role": "system", "content": "s"}, "hello"], ttl=300, display_name="rules"),
    ),
    ("cache", CACHE, lambda sdk: sdk.caches.get(name="7"), lambda ai: ai.caches.get("7")),
    ("caches", {}, lambda sdk: sdk.caches.list(), lambda ai: ai.caches.list()),
    (
        "cache prolonged",
        CACHE,
        lambda sdk: sdk.caches.update(name="cachedContents/7", config={"ttl": "60s"}),
        lambda ai: ai.caches.update("cachedContents/7", ttl=60),
    ),
    ("cache gone", {}, lambda sdk: sdk.caches.delete(name="7"), lambda ai: ai.caches.delete("7")),
    (
        "batch made",
        JOB,
        lambda sdk: sdk.batches.create(
            model="m",
            src=[{"model": "m", "contents": "hello", "metadata": {"key": "a"}, "config": {"temperature": 0}}],
            config={"display_name": "night"},
        ),
        lambda ai: ai.batches.create("m", {"a": "hello"}, display_name="night", temperature=0),
    ),
    (
        "batch of a file",
        JOB,
        lambda sdk: sdk.batches.create(model="m", src="files/lines"),
        lambda ai: ai.batches.create("m", file="files/lines"),
    ),
    ("batch", JOB, lambda sdk: sdk.batches.get(name="batches/9"), lambda ai: ai.batches.get("batches/9")),
    ("batches", {"operations": [JOB]}, lambda sdk: sdk.batches.list(), lambda ai: ai.batches.list()),
    ("batch stopped", {}, lambda sdk: sdk.batches.cancel(name="batches/9"), lambda ai: ai.batches.cancel("batches/9")),
    ("batch gone", {}, lambda sdk: sdk.batches.delete(name="batches/9"), lambda ai: ai.batches.delete("batches/9")),
    ("model", {"name": "models/m"}, lambda sdk: sdk.models.get(model="m"), lambda ai: ai.models.get("m")),
]


@pytest.mark.parametrize(("answer", "theirs", "ours"), [call[1:] for call in CALLS], ids=[call[0] for call in CALLS])
async def test_a_call_is_the_sdks(answer: Any, theirs: Any, ours: Any) -> None:
    """Method, path and body are equal, and so is what comes back."""
    async with both(answer) as (sdk, ai, recorder):
        wanted = await theirs(sdk)
        asked = recorder.last
        found = await ours(ai.gemini)
        agree(asked, recorder.last)
    if "name" in answer:
        assert found["name"] == wanted.name


async def test_an_upload_is_the_sdks() -> None:
    """Both steps are equal: headers, body and bytes."""
    data = b'{"tide": 1}'
    async with both({"file": FILE}) as (sdk, ai, recorder):
        url = f"{recorder.base_url}/upload/v1/files?upload_id=up-1&upload_protocol=resumable"
        recorder.answer({"file": FILE}, headers={"x-goog-upload-url": url, "x-goog-upload-status": "final"})
        wanted = await sdk.files.upload(
            file=io.BytesIO(data), config={"mime_type": "text/plain", "display_name": "Tide", "name": "abc"}
        )
        theirs = list(recorder.requests)
        upload = Upload("tide.txt", data, "text/plain")
        found = await ai.gemini.files.upload(upload, name="abc", display_name="Tide")
        ours = recorder.requests[2:]
    assert len(theirs) == len(ours) == 2
    for one, other in zip(theirs, ours, strict=True):
        assert (other.method, other.path) == (one.method, one.path)
        sent = {name: value for name, value in other.headers.items() if name.startswith("x-goog-upload")}
        assert sent  # the SDK sends the headers of the first step with the second too
        assert sent.items() <= one.headers.items()
    first, second = in_camel_case(theirs[0].body), ours[0].body
    first["file"]["sizeBytes"] = str(first["file"]["sizeBytes"])  # an int64, which JSON of this service quotes
    assert second == first
    assert ours[1].body == theirs[1].body == json.loads(data)
    assert found["uri"] == wanted.uri


async def test_a_count_is_the_sdks() -> None:
    """Path, body and number are equal."""
    body = fixture("gemini", "count_tokens")["body"]
    async with both(body) as (sdk, ai, recorder):
        wanted = await sdk.models.count_tokens(model="m", contents="hello")
        asked = recorder.last
        found = await ai.count_tokens("gemini:m", "hello")
        agree(asked, recorder.last)
    assert found.tokens == wanted.total_tokens


@pytest.mark.parametrize(
    ("payload", "operation", "contents", "config"),
    [
        (
            ImageRequest("A cube", size="16:9"),
            "image",
            "A cube",
            {"response_modalities": ["IMAGE"], "image_config": {"aspect_ratio": "16:9"}},
        ),
        (
            SpeechRequest("Hi", "Kore"),
            "speech",
            "Hi",
            {
                "response_modalities": ["AUDIO"],
                "speech_config": {"voice_config": {"prebuilt_voice_config": {"voice_name": "Kore"}}},
            },
        ),
        (
            TranscribeRequest(Upload("a.mp3", b"ID3", "audio/mpeg"), "nb", words=True),
            "transcribe",
            [{"role": "user", "parts": [{"inline_data": {"mime_type": "audio/mpeg", "data": b"ID3"}}]}],
            {"audio_transcription_config": {"language_codes": ["nb"], "word_timestamp": True}},
        ),
    ],
)
async def test_media_are_the_sdks(payload: Any, operation: str, contents: Any, config: Any) -> None:
    """The request is equal, and the bytes or words of the recording are read alike."""
    body = fixture("gemini", operation)["body"]
    async with both(body) as (sdk, _, recorder):
        answer = await sdk.models.generate_content(model="m", contents=contents, config=config)
        seen = recorder.last
    call = call_of(codec, payload, operation, endpoint="http://h")
    request = codec.build_request(call, None)
    assert (request.method, request.url) == (seen.method, f"http://h{seen.path}")
    assert json.loads(request.body) == in_camel_case(seen.body)
    found: Any = codec.parse_response(call, response(200, body))
    parts = answer.candidates[0].content.parts
    blobs = [part.inline_data.data for part in parts if part.inline_data]
    if operation == "image":
        assert [picture.data for picture in found.pictures] == blobs
    elif operation == "speech":
        assert found.data == b"".join(blobs)
    else:
        assert found.text == answer.text
        assert [word.text for word in found.words] == [word.word for word in parts[0].audio_transcription.words]


async def test_a_single_content_is_embedded_as_a_batch_of_one_is() -> None:
    """The SDK always sends batches; what we send alone is what it sends in one."""
    async with both({"embeddings": [{"values": [1.0]}], "embedding": {"values": [1.0]}}) as (sdk, ai, recorder):
        await sdk.models.embed_content(model="m", contents="hello", config={"task_type": "CLUSTERING"})
        theirs = in_camel_case(recorder.last.body)["requests"][0]
        await ai.gemini.embed_content("m", user(Text("hello")), task_type="CLUSTERING")
        assert recorder.last.body == {name: value for name, value in theirs.items() if name != "model"}
    call = call_of(codec, EmbedRequest(("hello",), {"taskType": "CLUSTERING"}), "embed")
    assert codec.build_body(call)["requests"] == [theirs]
