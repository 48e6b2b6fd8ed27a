"""The client's operations on images, audio and tensors."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

from ipfs_accel_async.types import NOTHING, Priority

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping

    from numpy.typing import ArrayLike

    from ipfs_accel_async.engine import Engine
    from ipfs_accel_async.results import Pictures, Speech, Tensors, Transcript
    from ipfs_accel_async.stream import ByteStream
    from ipfs_accel_async.types import Payload
    from ipfs_accel_async.uploads import File


class Media:
    """Mixed into :class:`Client`; `priority`, `timeout`, `fallbacks` and `tags` are as in :meth:`Client.chat`."""

    _engine: Engine

    if TYPE_CHECKING:

        async def _send(
            self,
            operation: str,
            model: str,
            payload: Payload,
            priority: int | str = Priority.NORMAL,
            timeout: float | None = None,
            fallbacks: Iterable[str] = (),
            tags: Mapping[str, str] = NOTHING,
        ) -> Any: ...

    async def image(
        self,
        model: str,
        prompt: str,
        *,
        images: Iterable[File] = (),
        mask: File | None = None,
        n: int | None = None,
        size: str = "",
        priority: int | str = Priority.NORMAL,
        timeout: float | None = None,
        fallbacks: Iterable[str] = (),
        tags: Mapping[str, str] = NOTHING,
        **params: Any,
    ) -> Pictures:
        """Have an image made, or images changed.

        Of the arguments:

        - `prompt`: What to draw.
        - `images`: What to start from: bytes, paths or open files.
        - `mask`: Where to change the first of them: transparent there.
        - `n`: How many images.
        - `size`: Such as ``1024x1024``.
        """
        from ipfs_accel_async import inputs as given
        from ipfs_accel_async.uploads import as_upload

        payload = given.image_request(
            prompt,
            tuple([await as_upload(one, name="image.png") for one in images]),
            None if mask is None else await as_upload(mask, name="mask.png"),
            n,
            size,
            params,
        )
        return cast("Pictures", await self._send("image", model, payload, priority, timeout, fallbacks, tags))

    async def speech(
        self,
        model: str,
        text: str,
        *,
        voice: str = "",
        format: str = "",
        priority: int | str = Priority.NORMAL,
        timeout: float | None = None,
        fallbacks: Iterable[str] = (),
        tags: Mapping[str, str] = NOTHING,
        **params: Any,
    ) -> Speech:
        """Have a text spoken: encoded audio, whole.

        Of the arguments:

        - `text`: What to say.
        - `voice`: The service's name of a voice.
        - `format`: Such as ``mp3``, ``wav``.
        """
        from ipfs_accel_async import inputs as given

        payload = given.speech_request(text, voice, format, params)
        return cast("Speech", await self._send("speech", model, payload, priority, timeout, fallbacks, tags))

    @asynccontextmanager
    async def stream_speech(
        self,
        model: str,
        text: str,
        *,
        voice: str = "",
        format: str = "",
        priority: int | str = Priority.NORMAL,
        timeout: float | None = None,
        fallbacks: Iterable[str] = (),
        tags: Mapping[str, str] = NOTHING,
        **params: Any,
    ) -> AsyncIterator[ByteStream]:
        """As :meth:`speech`, with the audio's bytes as they come."""
        from ipfs_accel_async import inputs as given

        payload = given.speech_request(text, voice, format, params, stream=True)
        async with cast(
            "ByteStream", await self._send("speech", model, payload, priority, timeout, fallbacks, tags)
        ) as stream:
            yield stream

    async def transcribe(
        self,
        model: str,
        audio: File,
        *,
        language: str = "",
        words: bool = False,
        prompt: str = "",
        priority: int | str = Priority.NORMAL,
        timeout: float | None = None,
        fallbacks: Iterable[str] = (),
        tags: Mapping[str, str] = NOTHING,
        **params: Any,
    ) -> Transcript:
        """Have speech written down, in its own language.

        Of the arguments:

        - `audio`: Bytes, a path or an open file; its name's ending tells the format.
        - `language`: ISO-639-1 code of the speech, if known.
        - `words`: Ask for the time of each word.
        - `prompt`: Text that guides style and spelling.
        """
        from ipfs_accel_async.payloads import TranscribeRequest
        from ipfs_accel_async.uploads import as_upload

        payload = TranscribeRequest(await as_upload(audio, name="audio.wav"), language, prompt, words, params)
        return cast("Transcript", await self._send("transcribe", model, payload, priority, timeout, fallbacks, tags))

    async def translate(
        self,
        model: str,
        audio: File,
        *,
        prompt: str = "",
        priority: int | str = Priority.NORMAL,
        timeout: float | None = None,
        fallbacks: Iterable[str] = (),
        tags: Mapping[str, str] = NOTHING,
        **params: Any,
    ) -> Transcript:
        """Have speech written down in English.

        Of the arguments:

        - `audio`: Bytes, a path or an open file; its name's ending tells the format.
        - `prompt`: Text that guides style and spelling.
        """
        from ipfs_accel_async.payloads import TranscribeRequest
        from ipfs_accel_async.uploads import as_upload

        payload = TranscribeRequest(await as_upload(audio, name="audio.wav"), "", prompt, False, params)
        return cast("Transcript", await self._send("translate", model, payload, priority, timeout, fallbacks, tags))

    async def infer(
        self,
        model: str,
        inputs: Mapping[str, ArrayLike],
        *,
        outputs: Iterable[str] = (),
        version: str | int = "",
        priority: int | str = Priority.NORMAL,
        timeout: float | None = None,
        fallbacks: Iterable[str] = (),
        tags: Mapping[str, str] = NOTHING,
        **params: Any,
    ) -> Tensors:
        """Run a model on named tensors.

        Of the arguments:

        - `inputs`: Arrays (or lists) by input name; precision and shape are checked against the model's own metadata
          where the service has it.
        - `outputs`: Names of the outputs wanted; all if empty.
        - `version`: Of the model; the server's choice if empty.

        Raises:
            InvalidRequestError: A tensor does not fit the model; the message says what was expected.
        """
        from ipfs_accel_async import inputs as given

        payload = given.infer_request(inputs, outputs, version, params)
        return cast("Tensors", await self._send("infer", model, payload, priority, timeout, fallbacks, tags))
