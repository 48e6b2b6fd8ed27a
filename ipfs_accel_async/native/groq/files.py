"""``client.groq.files``: the requests and results of batches (Groq API reference, files)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipfs_accel_async.native.openai._lists import Listed
from ipfs_accel_async.uploads import as_upload

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import AbstractAsyncContextManager

    from ipfs_accel_async.answers import NativeAnswer
    from ipfs_accel_async.stream import ByteStream
    from ipfs_accel_async.uploads import File


class Files(Listed):
    """Files of lines of JSON."""

    __slots__ = ()

    async def create(self, file: File, purpose: str = "batch", *, name: str = "batch.jsonl") -> NativeAnswer:
        """Upload a file of up to 100 MB; ``answer["id"]`` is its id.

        Args:
            file: Bytes, a path, an open file, or a name and bytes.
            purpose: What the service takes it for: ``batch`` is all there is.
            name: For bytes without one.

        Raises:
            InvalidRequestError: The file cannot be read.
        """
        upload = await as_upload(file, name=name)
        return await self._call("files.create", form=[("purpose", purpose), ("file", upload)])

    upload = create  # the word that every other provider's files have

    async def list(self, **query: Any) -> NativeAnswer:
        """The files; `query` is whatever the service takes."""
        return await self._call("files.list", query=query)

    def iterate(self, **query: Any) -> AsyncIterator[dict[str, Any]]:
        """All files, one after the other."""
        return self._each("files.list", query)

    async def get(self, file_id: str) -> NativeAnswer:
        """What the service knows of a file.

        Raises:
            NotFoundError: There is no such file.
        """
        return await self._call("files.get", id=file_id)

    async def delete(self, file_id: str) -> NativeAnswer:
        """Delete a file."""
        return await self._call("files.delete", id=file_id)

    async def content(self, file_id: str) -> bytes:
        """All bytes of a file."""
        return (await self._call("files.content", id=file_id)).body

    def stream(self, file_id: str) -> AbstractAsyncContextManager[ByteStream]:
        """The bytes of a file as they come."""
        return self._bytes("files.content", id=file_id)
