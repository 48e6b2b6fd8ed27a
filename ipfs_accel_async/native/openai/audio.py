"""OpenAI's audio: speech as bytes or events, transcripts whole or as they come (OpenAI API reference, audio)."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.native._handle import Native, given
from ipfs_accel_async.providers._openai_form import form_of
from ipfs_accel_async.uploads import as_upload

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager

    from ipfs_accel_async.answers import NativeAnswer
    from ipfs_accel_async.stream import ByteStream, EventStream
    from ipfs_accel_async.uploads import File


class Audio(Native):
    """``client.openai.audio``: :class:`Speech`, :class:`Transcriptions` and :class:`Translations`."""

    __slots__ = ()

    @property
    def speech(self) -> Speech:
        """Text to speech."""
        return Speech(self._bound)

    @property
    def transcriptions(self) -> Transcriptions:
        """Speech to text, in its own language."""
        return Transcriptions(self._bound)

    @property
    def translations(self) -> Translations:
        """Speech to English text."""
        return Translations(self._bound)


class Speech(Native):
    """``client.openai.audio.speech``; :meth:`Client.speech` is the same for all providers."""

    __slots__ = ()

    async def create(
        self,
        text: str,
        *,
        model: str,
        voice: str | Mapping[str, str],
        response_format: str | None = None,
        instructions: str | None = None,
        speed: float | None = None,
        **params: Any,
    ) -> NativeAnswer:
        """Say a text (at most 4,096 characters): ``answer.body`` is the audio, of ``answer.media_type``.

        `voice` is a name, or ``{"id": ...}`` for one of your own; `instructions` say how to speak; `speed` is from 0.25
        to 4.
        """
        body = _said(text, model, voice, response_format, instructions, speed, params)
        return await self._call("audio.speech.create", model=model, json=body)

    def stream(
        self,
        text: str,
        *,
        model: str,
        voice: str | Mapping[str, str],
        response_format: str | None = None,
        instructions: str | None = None,
        speed: float | None = None,
        **params: Any,
    ) -> AbstractAsyncContextManager[ByteStream]:
        """As :meth:`create`, with the audio's bytes as they come; ``wav`` and ``pcm`` can be played at once."""
        body = _said(text, model, voice, response_format, instructions, speed, params)
        return self._bytes("audio.speech.create", model=model, json=body)

    def events(
        self,
        text: str,
        *,
        model: str,
        voice: str | Mapping[str, str],
        response_format: str | None = None,
        instructions: str | None = None,
        speed: float | None = None,
        **params: Any,
    ) -> AbstractAsyncContextManager[EventStream]:
        """As :meth:`create`, as events: ``speech.audio.delta`` with base64 in ``audio``, then ``.done`` with usage."""
        body = _said(text, model, voice, response_format, instructions, speed, params)
        return self._events("audio.speech.create", model=model, json={"stream_format": "sse", **body})


class Transcriptions(Native):
    """``client.openai.audio.transcriptions``; :meth:`Client.transcribe` is the same for all providers."""

    __slots__ = ()

    async def create(
        self,
        file: File,
        *,
        model: str,
        language: str | None = None,
        prompt: str | None = None,
        response_format: str | None = None,
        temperature: float | None = None,
        timestamp_granularities: Sequence[str] | None = None,
        include: Sequence[str] | None = None,
        chunking_strategy: str | Mapping[str, Any] | None = None,
        **params: Any,
    ) -> NativeAnswer:
        """Write speech down: ``answer["text"]`` of a JSON format, ``answer.text`` of ``text``, ``srt`` and ``vtt``.

        `response_format` is ``json``, ``text``, ``srt``, ``vtt``, ``verbose_json`` (the one with times) or
        ``diarized_json`` (with speakers); `include` may ask for ``logprobs``.

        Raises:
            InvalidRequestError: The file cannot be read.
        """
        form = await _heard(
            file,
            model=model,
            language=language,
            prompt=prompt,
            response_format=response_format,
            temperature=temperature,
            timestamp_granularities=timestamp_granularities,
            include=include,
            chunking_strategy=chunking_strategy,
            **params,
        )
        return await self._call("audio.transcriptions.create", model=model, form=form)

    @asynccontextmanager
    async def stream(
        self,
        file: File,
        *,
        model: str,
        language: str | None = None,
        prompt: str | None = None,
        response_format: str | None = None,
        include: Sequence[str] | None = None,
        chunking_strategy: str | Mapping[str, Any] | None = None,
        **params: Any,
    ) -> AsyncIterator[EventStream]:
        """As :meth:`create`, as it is understood: ``transcript.text.delta`` events, then ``transcript.text.done``.

        Raises:
            InvalidRequestError: The file cannot be read.
        """
        form = await _heard(
            file,
            model=model,
            language=language,
            prompt=prompt,
            response_format=response_format,
            include=include,
            chunking_strategy=chunking_strategy,
            stream=True,
            **params,
        )
        async with self._events("audio.transcriptions.create", model=model, form=form) as stream:
            yield stream


class Translations(Native):
    """``client.openai.audio.translations``; :meth:`Client.translate` is the same for all providers."""

    __slots__ = ()

    async def create(
        self,
        file: File,
        *,
        model: str,
        prompt: str | None = None,
        response_format: str | None = None,
        temperature: float | None = None,
        **params: Any,
    ) -> NativeAnswer:
        """Write speech down in English; formats as of :meth:`Transcriptions.create`, but for ``diarized_json``.

        Raises:
            InvalidRequestError: The file cannot be read.
        """
        form = await _heard(
            file, model=model, prompt=prompt, response_format=response_format, temperature=temperature, **params
        )
        return await self._call("audio.translations.create", model=model, form=form)


def _said(
    text: str,
    model: str,
    voice: str | Mapping[str, str],
    response_format: str | None,
    instructions: str | None,
    speed: float | None,
    params: Mapping[str, Any],
) -> dict[str, Any]:
    body = given(response_format=response_format, instructions=instructions, speed=speed)
    return {"model": model, "input": text, "voice": voice, **body, **params}


async def _heard(file: File, **values: Any) -> Any:
    return form_of({**values, "file": await as_upload(file, name="audio.wav")})
