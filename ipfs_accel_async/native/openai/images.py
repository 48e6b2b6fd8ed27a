"""OpenAI's images: made, changed, varied; whole or in partial images as they come (OpenAI API reference, images)."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.errors import InvalidRequestError
from ipfs_accel_async.native._handle import Native, given
from ipfs_accel_async.providers._openai_form import form_of
from ipfs_accel_async.uploads import as_upload

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import AbstractAsyncContextManager

    from ipfs_accel_async.answers import NativeAnswer
    from ipfs_accel_async.stream import EventStream
    from ipfs_accel_async.uploads import File


class Images(Native):
    """``client.openai.images``: with every field of the wire; :meth:`Client.image` is the same for all providers.

    Fields that are not named here (`user`, `moderation`, `style`, ...) go along as `params`. Which of them a model
    takes is its own matter: the GPT image models give base64 and take no `response_format`, the older ones take no
    `background`.
    """

    __slots__ = ()

    async def generate(
        self,
        prompt: str,
        *,
        model: str | None = None,
        n: int | None = None,
        size: str | None = None,
        quality: str | None = None,
        background: str | None = None,
        output_format: str | None = None,
        output_compression: int | None = None,
        response_format: str | None = None,
        **params: Any,
    ) -> NativeAnswer:
        """Make images of a prompt; ``answer["data"]`` has each as ``b64_json`` or ``url``."""
        body = given(
            prompt=prompt,
            model=model,
            n=n,
            size=size,
            quality=quality,
            background=background,
            output_format=output_format,
            output_compression=output_compression,
            response_format=response_format,
        )
        return await self._call("images.generate", model=model or "", json={**body, **params})

    def stream_generate(
        self,
        prompt: str,
        *,
        model: str | None = None,
        partial_images: int | None = None,
        size: str | None = None,
        quality: str | None = None,
        background: str | None = None,
        output_format: str | None = None,
        **params: Any,
    ) -> AbstractAsyncContextManager[EventStream]:
        """Make an image and see it come: ``image_generation.partial_image`` events, then ``.completed``.

        Each event's `data` has the image so far in ``b64_json``; `partial_images` is how many (0 to 3) are wanted
        before the whole one. With `n` above 1 the stream ends with its body, as the service marks no image as the last.
        """
        body = given(
            prompt=prompt,
            model=model,
            partial_images=partial_images,
            size=size,
            quality=quality,
            background=background,
            output_format=output_format,
        )
        return self._events("images.generate", model=model or "", json={**body, "stream": True, **params})

    async def edit(
        self,
        image: File | list[File],
        prompt: str,
        *,
        mask: File | None = None,
        model: str | None = None,
        n: int | None = None,
        size: str | None = None,
        quality: str | None = None,
        background: str | None = None,
        input_fidelity: str | None = None,
        output_format: str | None = None,
        response_format: str | None = None,
        **params: Any,
    ) -> NativeAnswer:
        """Change an image, or make one of several; `mask` is transparent where the first of them may change.

        Raises:
            InvalidRequestError: A file cannot be read.
        """
        values = given(
            prompt=prompt,
            model=model,
            n=n,
            size=size,
            quality=quality,
            background=background,
            input_fidelity=input_fidelity,
            output_format=output_format,
            response_format=response_format,
        )
        files = await _files(image, mask)
        return await self._call("images.edit", model=model or "", form=form_of({**values, **params, **files}))

    @asynccontextmanager
    async def stream_edit(
        self,
        image: File | list[File],
        prompt: str,
        *,
        mask: File | None = None,
        model: str | None = None,
        partial_images: int | None = None,
        size: str | None = None,
        quality: str | None = None,
        **params: Any,
    ) -> AsyncIterator[EventStream]:
        """As :meth:`edit`, with ``image_edit.partial_image`` events as they come, then ``.completed``."""
        values = given(
            prompt=prompt, model=model, partial_images=partial_images, size=size, quality=quality, stream=True
        )
        form = form_of({**values, **params, **await _files(image, mask)})
        async with self._events("images.edit", model=model or "", form=form) as stream:
            yield stream

    async def variation(
        self,
        image: File,
        *,
        model: str | None = None,
        n: int | None = None,
        size: str | None = None,
        response_format: str | None = None,
        **params: Any,
    ) -> NativeAnswer:
        """Make images like one that is given.

        Raises:
            InvalidRequestError: The file cannot be read.
        """
        values = given(model=model, n=n, size=size, response_format=response_format)
        files = await _files(image, None)
        return await self._call("images.variation", model=model or "", form=form_of({**values, **params, **files}))


async def _files(image: File | list[File], mask: File | None) -> dict[str, Any]:
    if isinstance(image, list):
        if not image:
            raise InvalidRequestError("image is an empty list: pass at least one file")
        files: dict[str, Any] = {"image": [await as_upload(one, name="image.png") for one in image]}
    else:
        files = {"image": await as_upload(image, name="image.png")}
    if mask is not None:
        files["mask"] = await as_upload(mask, name="mask.png")
    return files
