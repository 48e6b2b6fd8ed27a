"""Calls of OpenAI's media: as our users write them, as users of the SDK do, and what must go on the wire."""

from __future__ import annotations

from typing import Any

from tests.native.openai.case import FORM, Case

WAV = ("hello.wav", b"RIFF$\0\0\0WAVEfmt ")
PNG, MASK = ("a.png", b"\x89PNG one"), ("mask.png", b"\x89PNG two")
MIXED = [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {"url": "https://h/a.png"}}]
SPOKEN: dict[str, Any] = {
    "model": "m",
    "voice": "alloy",
    "response_format": "wav",
    "instructions": "Softly.",
    "speed": 2,
}
HEARD: dict[str, Any] = {
    "model": "m",
    "language": "en",
    "prompt": "Ada",
    "response_format": "verbose_json",
    "temperature": 0.5,
    "timestamp_granularities": ["word"],
    "include": ["logprobs"],
    "chunking_strategy": {"type": "server_vad", "silence_duration_ms": 200},
}
DRAWN: dict[str, Any] = {"model": "m", "n": 2, "size": "1024x1024", "quality": "low", "background": "opaque"}

CASES = [
    Case(
        "images.generate",
        lambda ai: ai.images.generate("A cube", **DRAWN, output_format="webp", output_compression=50, user="u"),
        lambda sdk: sdk.images.generate(
            prompt="A cube", **DRAWN, output_format="webp", output_compression=50, user="u"
        ),
        "POST",
        "/images/generations",
        {"prompt": "A cube", **DRAWN, "output_format": "webp", "output_compression": 50, "user": "u"},
    ),
    Case(
        "images.edit",
        lambda ai: ai.images.edit(PNG, "A hat", mask=MASK, **DRAWN, input_fidelity="high"),
        lambda sdk: sdk.images.edit(image=PNG, prompt="A hat", mask=MASK, **DRAWN, input_fidelity="high"),
        "POST",
        "/images/edits",
        FORM,
    ),
    Case(
        "images.edit",
        lambda ai: ai.images.edit([PNG, MASK], "Both", model="m"),
        lambda sdk: sdk.images.edit(image=[PNG, MASK], prompt="Both", model="m"),
        "POST",
        "/images/edits",
        FORM,
    ),
    Case(
        "images.variation",
        lambda ai: ai.images.variation(PNG, model="m", n=2, size="256x256", response_format="url", user="u"),
        lambda sdk: sdk.images.create_variation(
            image=PNG, model="m", n=2, size="256x256", response_format="url", user="u"
        ),
        "POST",
        "/images/variations",
        FORM,
    ),
    Case(
        "audio.speech.create",
        lambda ai: ai.audio.speech.create("Hello", **SPOKEN),
        lambda sdk: sdk.audio.speech.create(input="Hello", **SPOKEN),
        "POST",
        "/audio/speech",
        {"input": "Hello", **SPOKEN},
    ),
    Case(
        "audio.transcriptions.create",
        lambda ai: ai.audio.transcriptions.create(WAV, **HEARD),
        lambda sdk: sdk.audio.transcriptions.create(file=WAV, **HEARD),
        "POST",
        "/audio/transcriptions",
        FORM,
    ),
    Case(
        "audio.translations.create",
        lambda ai: ai.audio.translations.create(WAV, model="m", prompt="Ada", response_format="json", temperature=0),
        lambda sdk: sdk.audio.translations.create(
            file=WAV, model="m", prompt="Ada", response_format="json", temperature=0
        ),
        "POST",
        "/audio/translations",
        FORM,
    ),
    Case(
        "moderations.create",
        lambda ai: ai.moderations.create("a"),
        lambda sdk: sdk.moderations.create(input="a"),
        "POST",
        "/moderations",
        {"input": "a"},
    ),
    Case(
        "moderations.create",
        lambda ai: ai.moderations.create(MIXED, model="m"),
        lambda sdk: sdk.moderations.create(input=MIXED, model="m"),
        "POST",
        "/moderations",
        {"input": MIXED, "model": "m"},
    ),
]
IDS = [f"{place}-{case.row}" for place, case in enumerate(CASES)]
ANSWER = {"created": 1, "data": [], "results": [], "text": "", "id": "x", "model": "m"}
"""Has the fields that any of the rows wants."""
