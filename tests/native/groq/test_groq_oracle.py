"""The official Groq SDK as the oracle of Groq's own operations: its requests are ours, and it talks to the twin."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest

from ipfs_accel_async import Client
from ipfs_accel_async.simulator import simulate
from ipfs_accel_async.simulator.forms import parse_form
from tests.providers.recorded import fixture
from tests.recorder import Recorder, recording

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

groq = pytest.importorskip("groq", reason="it is in the extra dev, which is not installed")
pytestmark = pytest.mark.sockets

KEY = "gsk_oracle"
FILE = {"id": "file_1", "object": "file", "bytes": 5, "created_at": 1, "filename": "b.jsonl", "purpose": "batch"}
BATCH = {
    "id": "batch_1",
    "object": "batch",
    "endpoint": "/v1/chat/completions",
    "input_file_id": "file_1",
    "completion_window": "24h",
    "status": "validating",
    "created_at": 1,
}
CHATS: Any = "/v1/chat/completions"
WAV = ("a.wav", b"RIFF....WAVE", "audio/wav")


@asynccontextmanager
async def both(answer: Any) -> AsyncIterator[tuple[Recorder, Any, Client]]:
    """A recorder that gives this answer, the SDK and our client on it."""
    async with recording() as recorder:
        recorder.answer(answer)
        async with (
            groq.AsyncGroq(api_key=KEY, base_url=recorder.base_url, max_retries=0) as sdk,
            Client(keys={"groq": KEY}, base_urls={"groq": recorder.base_url}, max_retries=0) as ai,
        ):
            yield recorder, sdk, ai


CALLS: list[Any] = [
    (
        "model",
        lambda sdk: sdk.models.retrieve("openai/gpt-oss-20b"),
        lambda ai: ai.groq.models.get("openai/gpt-oss-20b"),
        fixture("groq", "models")["body"]["data"][0],
    ),
    ("file", lambda sdk: sdk.files.info("f"), lambda ai: ai.groq.files.get("f"), FILE),
    ("files", lambda sdk: sdk.files.list(), lambda ai: ai.groq.files.list(), {"object": "list", "data": [FILE]}),
    (
        "file delete",
        lambda sdk: sdk.files.delete("f"),
        lambda ai: ai.groq.files.delete("f"),
        {"id": "f", "object": "file", "deleted": True},
    ),
    ("file content", lambda sdk: sdk.files.content("f"), lambda ai: ai.groq.files.content("f"), b"{}\n"),
    (
        "batch",
        lambda sdk: sdk.batches.create(
            endpoint=CHATS, input_file_id="file_1", completion_window="24h", metadata={"a": "b"}
        ),
        lambda ai: ai.groq.batches.create("file_1", metadata={"a": "b"}),
        BATCH,
    ),
    ("batch get", lambda sdk: sdk.batches.retrieve("b"), lambda ai: ai.groq.batches.get("b"), BATCH),
    ("batch cancel", lambda sdk: sdk.batches.cancel("b"), lambda ai: ai.groq.batches.cancel("b"), BATCH),
    ("batches", lambda sdk: sdk.batches.list(), lambda ai: ai.groq.batches.list(), {"object": "list", "data": [BATCH]}),
    (
        "speech",
        lambda sdk: sdk.audio.speech.create(
            model="playai-tts", input="Hi", voice="Fritz-PlayAI", response_format="wav", sample_rate=48000, speed=1.5
        ),
        lambda ai: ai.speech("groq:playai-tts", "Hi", voice="Fritz-PlayAI", format="wav", sample_rate=48000, speed=1.5),
        b"RIFF",
    ),
]
FORMS: list[Any] = [
    (
        "file",
        lambda sdk: sdk.files.create(file=("b.jsonl", b"{}\n", "application/jsonl"), purpose="batch"),
        lambda ai: ai.groq.files.create(b"{}\n", name="b.jsonl"),
        FILE,
    ),
    (
        "transcription",
        lambda sdk: sdk.audio.transcriptions.create(
            model="w", file=WAV, language="de", prompt="Tides", temperature=0.2
        ),
        lambda ai: ai.transcribe("groq:w", WAV[:2], language="de", prompt="Tides", temperature=0.2),
        {"text": "Hi"},
    ),
    (
        "words",
        lambda sdk: sdk.audio.transcriptions.create(
            model="w", file=WAV, response_format="verbose_json", timestamp_granularities=["word", "segment"]
        ),
        lambda ai: ai.transcribe("groq:w", WAV[:2], words=True),
        {"text": "Hi"},
    ),
    (
        "address",
        lambda sdk: sdk.audio.transcriptions.create(model="w", url="https://x.test/a.mp3", response_format="json"),
        lambda ai: ai.groq.audio.transcriptions.create(model="w", url="https://x.test/a.mp3", response_format="json"),
        {"text": "Hi"},
    ),
    (
        "translation",
        lambda sdk: sdk.audio.translations.create(model="w", file=WAV, prompt="Tides", response_format="json"),
        lambda ai: ai.groq.audio.translations.create(WAV[:2], model="w", prompt="Tides", response_format="json"),
        {"text": "Hi"},
    ),
    (
        "translation of an address",
        lambda sdk: sdk.audio.translations.create(model="w", url="https://x.test/a.mp3"),
        lambda ai: ai.translate("groq:w", b"", url="https://x.test/a.mp3"),
        {"text": "Hi"},
    ),
]


def cases(table: list[Any]) -> Any:
    """A table's rows, named."""
    return [pytest.param(*row[1:], id=row[0]) for row in table]


@pytest.mark.parametrize(("theirs", "ours", "answer"), cases(CALLS))
async def test_a_request_is_the_sdks(theirs: Callable[[Any], Any], ours: Callable[[Any], Any], answer: Any) -> None:
    """Method, path, body and key are equal."""
    async with both(answer) as (recorder, sdk, ai):
        await theirs(sdk)
        await ours(ai)
        first, second = recorder.requests
    assert (second.method, unquote(second.path), second.body) == (first.method, unquote(first.path), first.body)
    assert second.headers["authorization"] == first.headers["authorization"]


@pytest.mark.parametrize(("theirs", "ours", "answer"), cases(FORMS))
async def test_a_form_is_the_sdks(theirs: Callable[[Any], Any], ours: Callable[[Any], Any], answer: Any) -> None:
    """The same path, and the same fields and files, in whatever order."""
    async with both(answer) as (recorder, sdk, ai):
        await theirs(sdk)
        await ours(ai)
        first, second = recorder.requests
    assert second.path == first.path
    forms = [parse_form(seen.headers["content-type"], seen.body) for seen in (first, second)]
    told = [{name: [(part.filename, part.data) for part in form[name]] for name in form} for form in forms]
    assert told[1] == told[0]


async def test_the_sdk_gets_what_it_expects_of_the_twin() -> None:
    """A file, its batch, the results' file, speech and a transcript."""
    line = {
        "custom_id": "a",
        "method": "POST",
        "url": CHATS,
        "body": {"model": "m", "messages": [{"role": "user", "content": "Hello"}]},
    }
    async with simulate("groq") as sim, groq.AsyncGroq(api_key=KEY, base_url=sim.root_url, max_retries=0) as sdk:
        file = await sdk.files.create(file=("b.jsonl", json.dumps(line).encode()), purpose="batch")
        assert (await sdk.files.list()).data[0].id == file.id
        batch = await sdk.batches.create(endpoint=CHATS, input_file_id=file.id, completion_window="24h")
        while batch.status not in {"completed", "failed"}:
            batch = await sdk.batches.retrieve(batch.id)
        assert batch.request_counts.completed == 1
        result = json.loads(await (await sdk.files.content(batch.output_file_id)).read())
        assert result["response"]["body"]["choices"][0]["message"]["content"].startswith("Synthetic")
        speech = await sdk.audio.speech.create(model="playai-tts", input="High tide.", voice="Fritz-PlayAI")
        heard = await sdk.audio.transcriptions.create(model="whisper-large-v3", file=("a.wav", await speech.read()))
        assert heard.text == "High tide."
        with pytest.raises(groq.BadRequestError):
            await sdk.audio.transcriptions.create(model="whisper-large-v3")
        assert (await sdk.models.retrieve("qwen/qwen3-32b")).id == "qwen/qwen3-32b"
