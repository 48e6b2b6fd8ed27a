"""``client.groq.audio``: speech both ways, of files or of addresses (Groq API reference, audio)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipfs_accel_async.errors import InvalidRequestError
from ipfs_accel_async.native._handle import Native, given
from ipfs_accel_async.providers._openai_form import form_of
from ipfs_accel_async.uploads import as_upload

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractAsyncContextManager

    from ipfs_accel_async.answers import NativeAnswer
    from ipfs_accel_async.stream import ByteStream
    from ipfs_accel_async.uploads import File


class Audio(Native):
    """:class:`Speech`, :class:`Transcriptions` and :class:`Translations`."""

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
    """:meth:`Client.speech` is the same for all providers."""

    __slots__ = ()

    async def create(
        self,
        text: str,
        *,
        model: str,
        voice: str,
        response_format: str | None = None,
        sample_rate: int | None = None,
        speed: float | None = None,
        **params: Any,
    ) -> NativeAnswer:
        """Say a text: ``answer.body`` is the audio.

        Args:
            text: What to say.
            model: Such as ``playai-tts``.
            voice: Its name, as ``Fritz-PlayAI``.
            response_format: ``flac``, ``mp3``, ``mulaw``, ``ogg`` or ``wav``.
            sample_rate: Of the audio, in hertz.
            speed: 1 is as the voice speaks.
            params: Whatever else the service takes.
        """
        more = given(response_format=response_format, sample_rate=sample_rate, speed=speed)
        body = {"model": model, "input": text, "voice": voice, **more, **params}
        return await self._call("audio.speech.create", model=model, json=body)

    def stream(self, text: str, *, model: str, voice: str, **params: Any) -> AbstractAsyncContextManager[ByteStream]:
        """As :meth:`create`, with the audio's bytes as they come."""
        body = {"model": model, "input": text, "voice": voice, **params}
        return self._bytes("audio.speech.create", model=model, json=body)


class Transcriptions(Native):
    """:meth:`Client.transcribe` is the same for all providers."""

    __slots__ = ()

    async def create(
        self,
        file: File | None = None,
        *,
        model: str,
        url: str | None = None,
        language: str | None = None,
        prompt: str | None = None,
        response_format: str | None = None,
        temperature: float | None = None,
        timestamp_granularities: Sequence[str] | None = None,
        **params: Any,
    ) -> NativeAnswer:
        """Write speech down: ``answer["text"]``, or ``answer.text`` in the format ``text``.

        Args:
            file: The audio; or
            url: its address, from which the service reads it; base64 in a ``data:`` URL too.
            model: Such as ``whisper-large-v3-turbo``.
            language: ISO-639-1 code of the speech, if known.
            prompt: Text that guides style and spelling.
            response_format: ``json``, ``text`` or ``verbose_json``.
            temperature: From 0 to 1.
            timestamp_granularities: ``word`` and ``segment``; ``verbose_json`` has them.
            params: Whatever else the service takes.

        Raises:
            InvalidRequestError: The file cannot be read; or there is both, or neither.
        """
        form = await _heard(
            file,
            url,
            model=model,
            language=language,
            prompt=prompt,
            response_format=response_format,
            temperature=temperature,
            timestamp_granularities=timestamp_granularities,
            **params,
        )
        return await self._call("audio.transcriptions.create", model=model, form=form)


class Translations(Native):
    """:meth:`Client.translate` is the same for all providers."""

    __slots__ = ()

    async def create(
        self,
        file: File | None = None,
        *,
        model: str,
        url: str | None = None,
        prompt: str | None = None,
        response_format: str | None = None,
        temperature: float | None = None,
        **params: Any,
    ) -> NativeAnswer:
        """Write speech down in English; arguments as of :meth:`Transcriptions.create`.

        Raises:
            InvalidRequestError: The file cannot be read; or there is both, or neither.
        """
        form = await _heard(
            file, url, model=model, prompt=prompt, response_format=response_format, temperature=temperature, **params
        )
        return await self._call("audio.translations.create", model=model, form=form)


async def _heard(file: File | None, url: str | None, **values: Any) -> Any:
    if (file is None) == (not url):
        raise InvalidRequestError("pass the audio, or url= with its address: one of them")
    values["timestamp_granularities"] = list(values.get("timestamp_granularities") or ()) or None
    sound = {"url": url} if file is None else {"file": await as_upload(file, name="audio.wav")}
    return form_of({**values, **sound})
