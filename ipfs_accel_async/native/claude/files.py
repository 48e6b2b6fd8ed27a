"""``client.claude.files``: files that messages refer to (Claude API reference, Files)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from ipfs_accel_async.native._handle import Native, given
from ipfs_accel_async.native.claude import parts
from ipfs_accel_async.native.claude._pages import items
from ipfs_accel_async.uploads import as_upload

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import AbstractAsyncContextManager

    from ipfs_accel_async.answers import NativeAnswer
    from ipfs_accel_async.providers.claude import Claude
    from ipfs_accel_async.stream import ByteStream
    from ipfs_accel_async.types import NativePart
    from ipfs_accel_async.uploads import File


class Files(Native):
    """Files to refer to in messages: ``{"type": "file", "file_id": ...}`` as the source of a document or an image.

    Under version 2023-06-01 they are a beta, whose header is sent with these calls; a chat that refers to one needs it
    too: ``options={"beta": "files-api-2025-04-14"}``. Under 2026-10-21 there is none.
    """

    __slots__ = ()

    @property
    def _beta(self) -> tuple[tuple[str, str], ...]:
        return cast("Claude", self._codec).files_headers()

    async def upload(
        self, file: File, *, name: str = "file", media_type: str = "", expires_in_seconds: int | None = None
    ) -> NativeAnswer:
        """Upload a file of up to 500 MB; ``answer["id"]`` is what messages refer to.

        Args:
            file: Bytes, a path, an open file, or a name and bytes.
            name: For bytes without one.
            media_type: Instead of the one that the name's ending means.
            expires_in_seconds: 3,600 to 7,776,000; kept until deleted if not given.

        Raises:
            InvalidRequestError: The file cannot be read.
        """
        form: list[Any] = [("file", await as_upload(file, name=name, media_type=media_type))]
        if expires_in_seconds is not None:
            form.append(("expires_in_seconds", str(expires_in_seconds)))
        return await self._call("files.upload", form=form, headers=self._beta)

    async def list(
        self,
        *,
        limit: int | None = None,
        page: str | None = None,
        after_id: str | None = None,
        before_id: str | None = None,
    ) -> NativeAnswer:
        """One page of files.

        Args:
            limit: Of 1 to 1000 a page; the service's default is 20.
            page: The ``next_page`` of the page before; version 2026-10-21.
            after_id: Go on after this file; version 2023-06-01.
            before_id: Go back before this one; version 2023-06-01.
        """
        query = given(limit=limit, page=page, after_id=after_id, before_id=before_id)
        return await self._call("files.list", query=query, headers=self._beta)

    def iterate(self, *, limit: int | None = None) -> AsyncIterator[Any]:
        """All files, page after page, whatever the version's way of paging; `limit` a page."""
        return items(self.list, limit)

    async def get(self, file_id: str) -> NativeAnswer:
        """What is known of a file: name, size, media type, whether it can be downloaded.

        Raises:
            NotFoundError: There is no such file.
        """
        return await self._call("files.get", id=file_id, headers=self._beta)

    async def download(self, file_id: str) -> bytes:
        """The bytes of a file. The service gives out what its own tools made, and refuses what was uploaded.

        Raises:
            NotFoundError: There is no such file.
            BadRequestError: It is none that can be downloaded.
        """
        return (await self._call("files.download", id=file_id, headers=self._beta)).body

    def stream_download(self, file_id: str) -> AbstractAsyncContextManager[ByteStream]:
        """As :meth:`download`, with the bytes as they come."""
        return self._bytes("files.download", id=file_id, headers=self._beta)

    async def delete(self, file_id: str) -> NativeAnswer:
        """Delete a file for good.

        Raises:
            NotFoundError: There is no such file.
        """
        return await self._call("files.delete", id=file_id, headers=self._beta)

    @staticmethod
    def part(file: NativeAnswer, *, title: str = "", citations: bool = False) -> NativePart:
        """An uploaded file as a part of a message: an image, or else a document.

        Args:
            file: What :meth:`upload` or :meth:`get` gave.
            title: Of a document, as citations name it.
            citations: Have the answer cite it: ``reply.verbatim.blocks`` has where.
        """
        return parts.uploaded(file, title=title, citations=citations)

    @staticmethod
    async def inline(
        file: File, *, name: str = "document.pdf", media_type: str = "", title: str = "", citations: bool = False
    ) -> NativePart:
        """A PDF or a text as a part that has it inside: nothing is uploaded.

        Args:
            file: Bytes, a path, an open file, or a name and bytes.
            name: For bytes without one; its ending tells what it is.
            media_type: Instead of the one that the name's ending means.
            title: As citations name it; the file's name if not given.
            citations: Have the answer cite it.

        Raises:
            InvalidRequestError: It is neither PDF nor text, or cannot be read.
        """
        upload = await as_upload(file, name=name, media_type=media_type)
        return parts.inline(upload, title=title, citations=citations)
