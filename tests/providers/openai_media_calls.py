"""Calls beside chat twice: as payloads of ours, and as users of OpenAI's SDK write them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ipfs_accel_async.payloads import (
    CompleteRequest,
    ImageRequest,
    ModerateRequest,
    SpeechRequest,
    TranscribeRequest,
)
from ipfs_accel_async.types import ChatRequest, Image, Message, Text, Tool, ToolCall
from ipfs_accel_async.wire.multipart import Upload
from tests.providers.openai_calls import PNG, PNG_URL

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ipfs_accel_async.types import Payload

WAV = Upload("hello.wav", b"RIFF$\0\0\0WAVEfmt ", "audio/wav")
PICTURE = Upload("a.png", PNG, "image/png")
OTHER = Upload("b.png", PNG[::-1], "image/png")
THEIR_WAV = (WAV.name, WAV.data, WAV.media_type)
THEIR_PICTURE = (PICTURE.name, PICTURE.data, PICTURE.media_type)
THEIR_OTHER = (OTHER.name, OTHER.data, OTHER.media_type)
CLOCK = Tool("clock", "What time it is.", {"type": "object", "properties": {}}, strict=False)
TALK = ChatRequest(
    (
        Message("system", "Be brief."),
        Message("user", (Text("What is it?"), Image(url="https://h/a.png", detail="low"))),
        Message("assistant", "", (ToolCall("c1", "clock", "{}"),)),
        Message("tool", "noon", tool_call_id="c1"),
    ),
    (CLOCK,),
    "clock",
)
THEIR_TALK: dict[str, Any] = {
    "input": [
        {"role": "system", "content": "Be brief."},
        {
            "role": "user",
            "content": [
                {"type": "input_text", "text": "What is it?"},
                {"type": "input_image", "image_url": "https://h/a.png", "detail": "low"},
            ],
        },
        {"type": "function_call", "call_id": "c1", "name": "clock", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": "noon"},
    ],
    "tools": [
        {
            "type": "function",
            "name": "clock",
            "description": "What time it is.",
            "parameters": {"type": "object", "properties": {}},
            "strict": False,
        }
    ],
    "tool_choice": {"type": "function", "name": "clock"},
}


class MediaCase(NamedTuple):
    """One call: operation and payload of ours, and what a user of the SDK writes."""

    name: str
    operation: str
    ours: Payload
    theirs: Callable[[Any], Awaitable[Any]]
    schema: str = ""


CASES = [
    MediaCase(
        "completion",
        "complete",
        CompleteRequest(("Once upon",)),
        lambda client: client.completions.create(model="m", prompt="Once upon"),
        "CreateCompletionRequest",
    ),
    MediaCase(
        "completion of everything",
        "complete",
        CompleteRequest(("a",), "z", 5, 0.0, ("x", "y"), 7, {"echo": True, "logprobs": 2}),
        lambda client: client.completions.create(
            model="m",
            prompt="a",
            suffix="z",
            max_tokens=5,
            temperature=0.0,
            stop=["x", "y"],
            seed=7,
            echo=True,
            logprobs=2,
        ),
        "CreateCompletionRequest",
    ),
    MediaCase(
        "completions",
        "complete_batch",
        CompleteRequest(("a", "b"), max_tokens=0),
        lambda client: client.completions.create(model="m", prompt=["a", "b"], max_tokens=0),
        "CreateCompletionRequest",
    ),
    MediaCase(
        "moderation of texts",
        "moderate",
        ModerateRequest(("a", "b")),
        lambda client: client.moderations.create(model="m", input=["a", "b"]),
        "CreateModerationRequest",
    ),
    MediaCase(
        "moderation of an image",
        "moderate",
        ModerateRequest((Image(data=PNG),)),
        lambda client: client.moderations.create(
            model="m", input=[{"type": "image_url", "image_url": {"url": PNG_URL}}]
        ),
        "CreateModerationRequest",
    ),
    MediaCase(
        "image",
        "image",
        ImageRequest("A cube", n=2, size="1024x1024", params={"quality": "low", "background": "opaque"}),
        lambda client: client.images.generate(
            model="m", prompt="A cube", n=2, size="1024x1024", quality="low", background="opaque"
        ),
        "CreateImageRequest",
    ),
    MediaCase(
        "edit",
        "image",
        ImageRequest("A hat", (PICTURE,), OTHER, n=1, params={"input_fidelity": "high"}),
        lambda client: client.images.edit(
            model="m", prompt="A hat", image=THEIR_PICTURE, mask=THEIR_OTHER, n=1, input_fidelity="high"
        ),
    ),
    MediaCase(
        "edit of two",
        "image",
        ImageRequest("Both", (PICTURE, OTHER)),
        lambda client: client.images.edit(model="m", prompt="Both", image=[THEIR_PICTURE, THEIR_OTHER]),
    ),
    MediaCase(
        "speech",
        "speech",
        SpeechRequest("Hello", "alloy", "wav", {"speed": 1.5, "instructions": "Softly."}),
        lambda client: client.audio.speech.create(
            model="m", input="Hello", voice="alloy", response_format="wav", speed=1.5, instructions="Softly."
        ),
        "CreateSpeechRequest",
    ),
    MediaCase(
        "transcription",
        "transcribe",
        TranscribeRequest(WAV, "en", "Names: Ada.", params={"temperature": 0.5, "include": ["logprobs"]}),
        lambda client: client.audio.transcriptions.create(
            model="m", file=THEIR_WAV, language="en", prompt="Names: Ada.", temperature=0.5, include=["logprobs"]
        ),
    ),
    MediaCase(
        "transcription with words",
        "transcribe",
        TranscribeRequest(WAV, words=True),
        lambda client: client.audio.transcriptions.create(
            model="m",
            file=THEIR_WAV,
            response_format="verbose_json",
            timestamp_granularities=["word", "segment"],
        ),
    ),
    MediaCase(
        "transcription in chunks",
        "transcribe",
        TranscribeRequest(WAV, params={"chunking_strategy": {"type": "server_vad", "threshold": 0.5}}),
        lambda client: client.audio.transcriptions.create(
            model="m", file=THEIR_WAV, chunking_strategy={"type": "server_vad", "threshold": 0.5}
        ),
    ),
    MediaCase(
        "translation",
        "translate",
        TranscribeRequest(WAV, prompt="Ada"),
        lambda client: client.audio.translations.create(model="m", file=THEIR_WAV, prompt="Ada"),
    ),
    MediaCase(
        "token count",
        "count_tokens",
        TALK,
        lambda client: client.responses.input_tokens.count(model="m", **THEIR_TALK),
        "TokenCountsBody",
    ),
]
IDS = [case.name for case in CASES]
