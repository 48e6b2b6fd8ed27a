"""Files (OpenAI API reference, files): uploaded for batches, fine-tuning, vector stores and inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipfs_accel_async.native.openai._lists import Listed
from ipfs_accel_async.native.openai._waiting import until
from ipfs_accel_async.providers._openai_form import form_of
from ipfs_accel_async.uploads import as_upload

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from contextlib import AbstractAsyncContextManager

    from ipfs_accel_async.answers import NativeAnswer
    from ipfs_accel_async.stream import ByteStream
    from ipfs_accel_async.uploads import File


class Files(Listed):
    """``client.openai.files``."""

    __slots__ = ()

    async def create(
        self,
        file: File,
        purpose: str,
        *,
        name: str = "file",
        media_type: str = "",
        expires_after: Mapping[str, Any] | None = None,
        **params: Any,
    ) -> NativeAnswer:
        """Upload a file; ``answer["id"]`` is its id.

        Args:
            file: Bytes, a path, an open file, ``(name, bytes)`` or an :class:`Upload`.
            purpose: ``batch``, ``fine-tune``, ``assistants``, ``vision``, ``user_data``, ``evals``.
            name: For bytes without a name; the service tells the format by its ending.
            media_type: Instead of the one that the name's ending means.
            expires_after: ``{"anchor": "created_at", "seconds": 3600}``.
            params: Further fields of the form.

        Raises:
            InvalidRequestError: The file cannot be read.
        """
        upload = await as_upload(file, name=name, media_type=media_type)
        form = form_of({"purpose": purpose, "expires_after": expires_after, **params, "file": upload})
        return await self._call("files.create", form=form)

    upload = create  # the word that every other provider's files have

    async def list(self, *, purpose: str | None = None, **query: Any) -> NativeAnswer:
        """One page of files; `query` takes ``after``, ``limit`` and ``order``."""
        return await self._call("files.list", query={"purpose": purpose, **query})

    def iterate(self, *, purpose: str | None = None, **query: Any) -> AsyncIterator[dict[str, Any]]:
        """All files, page after page; ``limit`` is the size of a page."""
        return self._each("files.list", {"purpose": purpose, **query})

    async def get(self, file_id: str) -> NativeAnswer:
        """What the service knows of a file."""
        return await self._call("files.get", id=file_id)

    async def delete(self, file_id: str) -> NativeAnswer:
        """Delete a file."""
        return await self._call("files.delete", id=file_id)

    async def content(self, file_id: str) -> bytes:
        """All bytes of a file."""
        return (await self._call("files.content", id=file_id)).body

    def stream(self, file_id: str) -> AbstractAsyncContextManager[ByteStream]:
        """The bytes of a file as they come: ``async with``, then ``async for chunk in stream``."""
        return self._bytes("files.content", id=file_id)

    async def wait(self, file_id: str, *, poll: float = 1.0, timeout: float = 1_800.0) -> NativeAnswer:
        """A file once the service has processed it.

        Raises:
            APIError: The service cannot use it; the message says why.
            RequestTimeoutError: It took longer than `timeout` seconds.
        """
        return await until(
            lambda: self.get(file_id),
            f"file {file_id}",
            done={"processed"},
            failed={"error", "deleted"},
            poll=poll,
            timeout=timeout,
        )
