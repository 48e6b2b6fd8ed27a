"""Videos (OpenAI SDK, videos), switched off by OpenAI; they work against whoever serves them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipfs_accel_async.native.openai._lists import Listed
from ipfs_accel_async.native.openai._waiting import until
from ipfs_accel_async.providers._openai_form import form_of
from ipfs_accel_async.uploads import as_upload

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import AbstractAsyncContextManager

    from ipfs_accel_async.answers import NativeAnswer
    from ipfs_accel_async.stream import ByteStream
    from ipfs_accel_async.uploads import File


class Videos(Listed):
    """``client.openai.videos``."""

    __slots__ = ()

    async def create(
        self,
        prompt: str,
        *,
        model: str = "",
        seconds: int | str | None = None,
        size: str | None = None,
        input_reference: File | None = None,
        **params: Any,
    ) -> NativeAnswer:
        """Begin a video; :meth:`wait` for it, then take its :meth:`content`.

        Args:
            prompt: What to show.
            model: Plain name; the service's choice if empty.
            seconds: Its length.
            size: Such as ``1280x720``.
            input_reference: An image to start from.
            params: Further fields of the form.

        Raises:
            InvalidRequestError: The image cannot be read.
        """
        reference = None if input_reference is None else await as_upload(input_reference, name="reference.png")
        values = {"prompt": prompt, "model": model or None, "seconds": seconds, "size": size, **params}
        form = form_of({**values, "input_reference": reference})
        return await self._call("videos.create", model=model, form=form)

    async def list(self, **query: Any) -> NativeAnswer:
        """One page; `query` takes ``after``, ``limit`` and ``order``."""
        return await self._call("videos.list", query=query)

    def iterate(self, **query: Any) -> AsyncIterator[dict[str, Any]]:
        """All videos, page after page."""
        return self._each("videos.list", query)

    async def get(self, video_id: str) -> NativeAnswer:
        """How a video stands: ``status`` and ``progress`` in percent."""
        return await self._call("videos.get", id=video_id)

    async def delete(self, video_id: str) -> NativeAnswer:
        """Delete a video."""
        return await self._call("videos.delete", id=video_id)

    async def content(self, video_id: str, *, variant: str | None = None) -> bytes:
        """All bytes of a video, or of its ``thumbnail`` or ``spritesheet``."""
        return (await self._call("videos.content", query={"variant": variant}, id=video_id)).body

    def stream(self, video_id: str, *, variant: str | None = None) -> AbstractAsyncContextManager[ByteStream]:
        """The same, as the bytes come."""
        return self._bytes("videos.content", query={"variant": variant}, id=video_id)

    async def remix(self, video_id: str, prompt: str, **params: Any) -> NativeAnswer:
        """Begin a video made from a finished one."""
        return await self._call("videos.remix", json={"prompt": prompt, **params}, id=video_id)

    async def wait(self, video_id: str, *, poll: float = 5.0, timeout: float = 1_800.0) -> NativeAnswer:
        """A video once it is made.

        Raises:
            APIError: It failed.
            RequestTimeoutError: It took longer than `timeout` seconds.
        """
        return await until(
            lambda: self.get(video_id),
            f"video {video_id}",
            done={"completed"},
            failed={"failed"},
            poll=poll,
            timeout=timeout,
        )
