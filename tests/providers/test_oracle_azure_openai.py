"""The official SDK's Azure client as the oracle: the same call is the same request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ipfs_accel_async import Client, errors
from ipfs_accel_async.answers import Reply
from ipfs_accel_async.providers.azure_openai import codec
from tests.forms import parts
from tests.providers.codecs import PAYLOADS
from tests.providers.openai_calls import HELLO, THEIR_HELLO
from tests.providers.openai_media_calls import THEIR_PICTURE, THEIR_WAV
from tests.providers.recorded import call_of, fixture, recorded_response, recorded_stream, response
from tests.recorder import Recorded, Recorder, recording

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

openai = pytest.importorskip("openai", reason="it is in the extra dev, which is not installed")
pytestmark = [pytest.mark.sockets, pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")]

VERSION = "2024-10-21"
MESSAGES: Any = [THEIR_HELLO]
CASES: list[tuple[str, Callable[[Client], Awaitable[Any]], Callable[[Any], Awaitable[Any]]]] = [
    (
        "chat",
        lambda ai: ai.chat("azure_openai:m", HELLO),
        lambda sdk: sdk.chat.completions.create(model="m", messages=MESSAGES),
    ),
    (
        "complete",
        lambda ai: ai.complete("azure_openai:m", "Once"),
        lambda sdk: sdk.completions.create(model="m", prompt="Once"),
    ),
    (
        "embed",
        lambda ai: ai.embed("azure_openai:m", ["alpha", "beta"]),
        lambda sdk: sdk.embeddings.create(model="m", input=["alpha", "beta"]),
    ),
    (
        "image",
        lambda ai: ai.image("azure_openai:m", "A cube", n=1),
        lambda sdk: sdk.images.generate(model="m", prompt="A cube", n=1),
    ),
    (
        "image",
        lambda ai: ai.image("azure_openai:m", "A hat", images=[THEIR_PICTURE[:2]]),
        lambda sdk: sdk.images.edit(model="m", prompt="A hat", image=THEIR_PICTURE),
    ),
    (
        "speech",
        lambda ai: ai.speech("azure_openai:m", "Hello", voice="alloy"),
        lambda sdk: sdk.audio.speech.create(model="m", input="Hello", voice="alloy"),
    ),
    (
        "transcribe",
        lambda ai: ai.transcribe("azure_openai:m", THEIR_WAV[:2], language="en"),
        lambda sdk: sdk.audio.transcriptions.create(model="m", file=THEIR_WAV[:2], language="en"),
    ),
    (
        "translate",
        lambda ai: ai.translate("azure_openai:m", THEIR_WAV[:2]),
        lambda sdk: sdk.audio.translations.create(model="m", file=THEIR_WAV[:2]),
    ),
    ("models", lambda ai: ai.models("azure_openai"), lambda sdk: sdk.models.list()),
    (
        "models",
        lambda ai: ai.native("azure_openai").files.delete("file-1"),
        lambda sdk: sdk.files.delete("file-1"),
    ),
]


def comparable(seen: Recorded) -> dict[str, Any]:
    """A request without what each client writes in its own way."""
    body = parts(seen.headers["content-type"], seen.body) if isinstance(seen.body, bytes) else seen.body
    keys = {name: seen.headers.get(name) for name in ("api-key", "authorization")}
    return {"method": seen.method, "path": seen.path, "body": body, **keys}


def tell(recorder: Recorder, name: str) -> None:
    """Have the recorder give a recorded answer."""
    value = fixture("azure_openai", name)
    body = value["body"]
    raw = body.encode("latin-1") if isinstance(body, str) else {"id": "file-1", "deleted": True, **body}
    recorder.answer(raw, headers=value["headers"])


@pytest.mark.parametrize(("name", "ours", "theirs"), CASES, ids=lambda value: value if isinstance(value, str) else "")
@pytest.mark.parametrize("token", [False, True])
async def test_requests_are_equal(name: str, ours: Any, theirs: Any, *, token: bool) -> None:
    """Path with deployment and version, body, and the header of a key or of a token."""
    own: dict[str, Any] = {"azure_ad_token_provider": lambda: "entra"} if token else {"api_key": "azure-key"}
    async with recording() as recorder:
        tell(recorder, name)
        async with openai.AsyncAzureOpenAI(
            azure_endpoint=recorder.base_url, api_version=VERSION, max_retries=0, **own
        ) as sdk:
            await theirs(sdk)
        async with Client(
            keys={"azure_openai": (lambda: "entra") if token else "azure-key"},
            base_urls={"azure_openai": recorder.base_url},
            providers={"azure_openai": {"options": {"api_version": VERSION}}},
        ) as ai:
            await ours(ai)
        first, second = recorder.requests
    assert comparable(second) == comparable(first)


@pytest.mark.parametrize("name", ["chat", "tools"])
async def test_answers_are_read_alike(name: str) -> None:
    """Text, tool calls and counts, whole and streamed, are those that the SDK reads."""
    async with recording() as recorder:
        tell(recorder, name)
        async with openai.AsyncAzureOpenAI(
            azure_endpoint=recorder.base_url, api_version=VERSION, api_key="k", max_retries=0
        ) as sdk:
            theirs = (await sdk.chat.completions.create(model="m", messages=MESSAGES)).choices[0]
            recorder.answer(recorded_stream("azure_openai", name))
            chunks = [one async for one in await sdk.chat.completions.create(model="m", messages=MESSAGES, stream=True)]
    ours = codec.parse_response(call_of(codec, PAYLOADS["chat"]), recorded_response("azure_openai", name))
    assert isinstance(ours, Reply)
    assert ours.text == (theirs.message.content or "")
    assert [asked.arguments for asked in ours.tool_calls] == [
        asked.function.arguments for asked in theirs.message.tool_calls or []
    ]
    pieces = [one.choices[0].delta for one in chunks if one.choices and one.choices[0].delta]
    assert ours.text == "".join(piece.content or "" for piece in pieces)


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500])
async def test_errors_are_read_alike(status: int) -> None:
    """The same message and code."""
    body = {"error": {"code": "SomeCode", "message": "It failed."}}
    async with recording() as recorder:
        recorder.answer(body, status=status)
        async with openai.AsyncAzureOpenAI(
            azure_endpoint=recorder.base_url, api_version=VERSION, api_key="k", max_retries=0
        ) as sdk:
            with pytest.raises(openai.APIStatusError) as caught:
                await sdk.chat.completions.create(model="m", messages=MESSAGES)
    error = codec.parse_error(call_of(codec, PAYLOADS["chat"]), response(status, body))
    assert isinstance(error, errors.APIError)
    assert (error.code, error.status) == (caught.value.code, caught.value.status_code)
    assert error.message in caught.value.message
