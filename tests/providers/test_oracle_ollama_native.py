"""The official Ollama SDK as the oracle of completions and of the care of models."""

from __future__ import annotations

import hashlib
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from ipfs_accel_async import Client
from ipfs_accel_async.errors import APIError
from ipfs_accel_async.fold import fold
from ipfs_accel_async.payloads import CompleteRequest
from ipfs_accel_async.providers.ollama import codec
from ipfs_accel_async.types import ResponseFormat
from tests.providers.ollama_calls import PNG, SCHEMA
from tests.providers.recorded import call_of, deltas_of, fixture, headers_of, recorded_stream, response
from tests.recorder import recording

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.recorder import Recorder

ollama = pytest.importorskip("ollama", reason="it is in the extra dev, which is not installed")
pytestmark = pytest.mark.sockets

BASE = "http://127.0.0.1:1"
NDJSON = {"content-type": "application/x-ndjson"}
MODEL = {"name": "m", "model": "m", "size": 7, "digest": "abc", "details": {"family": "llama"}}
LINES = [
    {"status": "pulling manifest"},
    {"status": "pulling abc", "digest": "sha256:abc", "total": 9, "completed": 3},
    {"status": "success"},
]


@asynccontextmanager
async def both() -> AsyncIterator[tuple[Any, Client, Recorder]]:
    """The SDK and our client, pointed at one recorder."""
    async with recording() as recorder:
        sdk = ollama.AsyncClient(host=recorder.base_url)
        try:
            async with Client(base_urls={"ollama": recorder.base_url}) as ai:
                yield sdk, ai, recorder
        finally:
            await sdk._client.aclose()


COMPLETIONS: list[Any] = [
    pytest.param({}, {}, id="plain"),
    pytest.param(
        {"suffix": "end", "max_tokens": 9, "temperature": 0.0, "stop": ("END",), "seed": 4},
        {"suffix": "end", "options": {"num_predict": 9, "temperature": 0.0, "stop": ["END"], "seed": 4}},
        id="options",
    ),
    pytest.param(
        {"params": {"system": "s", "template": "t", "context": [1], "raw": True, "think": "low", "keep_alive": "5m"}},
        {"system": "s", "template": "t", "context": [1], "raw": True, "think": "low", "keep_alive": "5m"},
        id="template",
    ),
    pytest.param(
        {"params": {"images": [PNG], "format": ResponseFormat(SCHEMA)}},
        {"images": [PNG], "format": SCHEMA},
        id="images",
    ),
]


@pytest.mark.parametrize(("ours", "theirs"), COMPLETIONS)
@pytest.mark.parametrize("stream", [False, True])
async def test_a_completion_is_the_sdks(ours: dict[str, Any], theirs: dict[str, Any], *, stream: bool) -> None:
    """Method, path and every field of the body are equal."""
    async with both() as (sdk, _, recorder):
        if stream:
            recorder.answer(recorded_stream("ollama", "complete"), headers=NDJSON)
            async for _part in await sdk.generate(model="m", prompt="Once", stream=True, **theirs):
                pass
        else:
            recorder.answer(fixture("ollama", "complete")["body"])
            await sdk.generate(model="m", prompt="Once", **theirs)
        seen = recorder.last
    call = call_of(codec, CompleteRequest(("Once",), stream=stream, **ours), "complete", endpoint=BASE)
    request = codec.build_request(call, None)
    assert (request.method, request.url.removeprefix(BASE)) == (seen.method, seen.path)
    assert json.loads(request.body) == seen.body


async def test_a_completion_is_read_as_the_sdk_reads_it() -> None:
    """Whole and streamed."""
    body, raw = fixture("ollama", "complete")["body"], recorded_stream("ollama", "complete")
    async with both() as (sdk, _, recorder):
        recorder.answer(body)
        whole = await sdk.generate(model="m", prompt="Once")
        recorder.answer(raw, headers=NDJSON)
        parts = [part async for part in await sdk.generate(model="m", prompt="Once", stream=True)]
    call = call_of(codec, CompleteRequest(("Once",), stream=True), "complete")
    reply = codec.parse_response(call, response(200, body))
    streamed = fold(deltas_of(codec, call, [raw]), codec.empty_reply(call, headers_of({})))
    assert (reply.text, reply.reasoning) == (whole.response, whole.thinking)
    assert streamed.text == "".join(part.response for part in parts)
    assert streamed.reasoning == "".join(part.thinking or "" for part in parts)
    for found, last in ((reply, whole), (streamed, parts[-1])):
        assert (found.usage.input_tokens, found.usage.output_tokens) == (last.prompt_eval_count, last.eval_count)
        assert found.finish_reason == last.done_reason


CALLS: list[tuple[str, Any, Any, Any]] = [
    ("tags", {"models": [MODEL]}, lambda sdk: sdk.list(), lambda ai: ai.tags()),
    ("ps", {"models": [MODEL]}, lambda sdk: sdk.ps(), lambda ai: ai.ps()),
    ("show", {"details": {}, "model_info": {}}, lambda sdk: sdk.show("m"), lambda ai: ai.show("m")),
    ("copy", b"", lambda sdk: sdk.copy("a", "b"), lambda ai: ai.copy("a", "b")),
    ("delete", b"", lambda sdk: sdk.delete("m"), lambda ai: ai.delete("m")),
    (
        "unload",
        {"model": "m", "response": "", "done": True, "done_reason": "unload"},
        lambda sdk: sdk.generate(model="m", keep_alive=0),
        lambda ai: ai.unload("m"),
    ),
]


@pytest.mark.parametrize(("answer", "theirs", "ours"), [call[1:] for call in CALLS], ids=[call[0] for call in CALLS])
async def test_a_call_is_the_sdks(answer: Any, theirs: Any, ours: Any) -> None:
    """Method, path and body are equal."""
    async with both() as (sdk, ai, recorder):
        recorder.answer(answer, headers={"content-type": "application/json"})
        await theirs(sdk)
        seen = recorder.last
        await ours(ai.ollama)
        assert (recorder.last.method, recorder.last.path) == (seen.method, seen.path)
        assert recorder.last.body == seen.body


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (lambda sdk: sdk.pull("m", stream=True), lambda ai: ai.stream_pull("m", insecure=False)),
        (lambda sdk: sdk.push("me/m", stream=True), lambda ai: ai.stream_push("me/m", insecure=False)),
        (
            lambda sdk: sdk.create(
                "mine",
                from_="m",
                files={"a": "sha256:1"},
                adapters={"b": "sha256:2"},
                template="t",
                license="MIT",
                system="s",
                parameters={"seed": 1},
                messages=[{"role": "user", "content": "x"}],
                quantize="q4_K_M",
                stream=True,
            ),
            lambda ai: ai.stream_create(
                "mine",
                from_="m",
                files={"a": "sha256:1"},
                adapters={"b": "sha256:2"},
                template="t",
                license="MIT",
                system="s",
                parameters={"seed": 1},
                messages=[{"role": "user", "content": "x"}],
                quantize="q4_K_M",
            ),
        ),
    ],
    ids=["pull", "push", "create"],
)
async def test_progress_is_the_sdks(theirs: Any, ours: Any) -> None:
    """The request is equal, line by line the progress is too, and an error in it has the same words."""
    async with both() as (sdk, ai, recorder):
        recorder.answer(b"".join(orjson.dumps(line) + b"\n" for line in LINES), headers=NDJSON)
        wanted = [part.model_dump(exclude_none=True) async for part in await theirs(sdk)]
        seen = recorder.last
        async with ours(ai.ollama) as stream:
            found = [event.data for event in await stream.collect()]
        assert (recorder.last.method, recorder.last.path, recorder.last.body) == (seen.method, seen.path, seen.body)
        assert found == wanted == LINES
        recorder.answer(orjson.dumps(LINES[0]) + b'\n{"error": "file does not exist"}\n', headers=NDJSON)
        with pytest.raises(ollama.ResponseError) as caught:
            [part async for part in await theirs(sdk)]
        with pytest.raises(APIError) as raised:
            async with ours(ai.ollama) as stream:
                await stream.collect()
    assert raised.value.message == caught.value.error


async def test_a_blob_is_the_sdks(tmp_path: Path) -> None:
    """Digest, path and bytes are equal; we ask first whether it is there."""
    path = tmp_path / "m.gguf"
    path.write_bytes(b'{"not": "really"}')
    async with both() as (sdk, ai, recorder):
        recorder.answer(b"", status=404)
        with pytest.raises(ollama.ResponseError):
            await sdk.create_blob(path)
        seen = recorder.last
        assert await ai.ollama.blobs.head(f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}") is False
        assert (recorder.last.method, recorder.last.path) == ("HEAD", seen.path)
        recorder.answer(b"", status=200)
        assert await ai.ollama.blobs.create(path) == await sdk.create_blob(path)
        assert recorder.last.path == seen.path
        assert recorder.last.body == json.loads(path.read_bytes())
