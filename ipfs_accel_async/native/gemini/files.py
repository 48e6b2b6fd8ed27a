"""Gemini's files (Gemini API reference, files)."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.errors import APIError
from ipfs_accel_async.native._handle import given
from ipfs_accel_async.native.gemini._requests import Part, plain_name
from ipfs_accel_async.native.gemini._sending import CHUNK, send_all
from ipfs_accel_async.native.gemini._waiting import until
from ipfs_accel_async.types import NativePart
from ipfs_accel_async.uploads import as_upload

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from contextlib import AbstractAsyncContextManager

    from ipfs_accel_async.answers import NativeAnswer
    from ipfs_accel_async.stream import ByteStream
    from ipfs_accel_async.uploads import File


class Files(Part):
    """Files that prompts refer to; the service keeps them for two days. The Developer API alone has them."""

    __slots__ = ()

    async def upload(
        self,
        file: File,
        *,
        name: str | None = None,
        display_name: str | None = None,
        media_type: str = "",
        chunk_size: int = CHUNK,
        **params: Any,
    ) -> NativeAnswer:
        """Upload a file in chunks; the answer is the file, ``answer["uri"]`` its address for prompts.

        A chunk that is cut off is not lost: the service is asked how far it came, and the rest follows. `name` is the
        file's own (``files/...``), instead of one that the service makes; `chunk_size` is bytes, a multiple of 262,144.

        Raises:
            InvalidRequestError: The file cannot be read, or `chunk_size` is none that the service takes.
        """
        upload = await as_upload(file, name=display_name or "file", media_type=media_type)
        own = f"files/{plain_name('files', name)}" if name else None
        meta = given(name=own, displayName=display_name, mimeType=upload.media_type, sizeBytes=str(len(upload.data)))
        return await send_all(self, upload, {**meta, **params}, chunk_size)

    async def start(self, size: int, media_type: str, **meta: Any) -> NativeAnswer:
        """Begin an upload of `size` bytes; ``answer.session`` is for the further steps. :meth:`upload` takes all."""
        headers = {
            "x-goog-upload-protocol": "resumable",
            "x-goog-upload-command": "start",
            "x-goog-upload-header-content-length": str(size),
            "x-goog-upload-header-content-type": media_type,
        }
        return await self._call("files.start", json={"file": meta}, headers=headers.items())

    async def send(
        self, session: Mapping[str, str], data: bytes, *, offset: int = 0, finalize: bool = False
    ) -> NativeAnswer:
        """Send the bytes from `offset` on, and with `finalize` end the upload: ``answer.state`` is then ``final``."""
        headers = {
            "x-goog-upload-command": "upload, finalize" if finalize else "upload",
            "x-goog-upload-offset": str(offset),
        }
        kind = "application/octet-stream"
        query = dict(session)
        return await self._call("files.send", query=query, content=data, content_type=kind, headers=headers.items())

    async def received(self, session: Mapping[str, str]) -> NativeAnswer:
        """How far an upload has come: ``answer.received`` bytes, ``answer.state``."""
        headers = {"x-goog-upload-command": "query"}
        return await self._call("files.received", query=dict(session), headers=headers.items())

    async def get(self, name: str) -> NativeAnswer:
        """What the service says of a file: state, size, address, when it expires."""
        return await self._call("files.get", file=plain_name("files", name))

    async def list(self, *, page_size: int | None = None, page_token: str | None = None) -> NativeAnswer:
        """One page of the files; ``answer.get("nextPageToken")`` is for the next."""
        return await self._call("files.list", query={"pageSize": page_size, "pageToken": page_token})

    def iterate(self, *, page_size: int | None = None) -> AsyncIterator[dict[str, Any]]:
        """All files, page by page."""
        return self._pages("files.list", "files", page_size)

    async def delete(self, name: str) -> NativeAnswer:
        """Delete a file."""
        return await self._call("files.delete", file=plain_name("files", name))

    async def download(self, name: str) -> NativeAnswer:
        """The bytes of a file that the service made, such as a batch's answers; uploaded ones it does not give out."""
        return await self._call("files.download", file=plain_name("files", name))

    def stream_download(self, name: str) -> AbstractAsyncContextManager[ByteStream]:
        """The same, read as it comes."""
        return self._bytes("files.download", file=plain_name("files", name))

    async def wait(self, name: str, *, poll: float = 1.0, timeout: float = 600.0) -> NativeAnswer:
        """Wait until a file can be used: videos are processed first.

        Raises:
            APIError: Processing failed; the message has the service's reason.
            RequestTimeoutError: It took longer than `timeout` seconds.
        """

        def ready(file: NativeAnswer) -> bool:
            if file.get("state") == "FAILED":
                reason = (file.get("error") or {}).get("message") or "the service does not say why"
                raise APIError(f"{name} cannot be used: {reason}", target=file.target, request_id=file.request_id)
            return file.get("state") in {"ACTIVE", None}

        return await until(lambda: self.get(name), ready, f"the file {name}", poll=poll, timeout=timeout)

    @staticmethod
    def part(file: NativeAnswer) -> NativePart:
        """A part of a message that refers to a file: ``user("What is it?", ai.gemini.files.part(file))``."""
        return NativePart({"fileData": {"mimeType": file["mimeType"], "fileUri": file["uri"]}})

    @staticmethod
    async def inline(file: File, *, media_type: str = "") -> NativePart:
        """A part of a message that holds a file itself: audio, video, PDF; up to some 20 MB in all."""
        upload = await as_upload(file, media_type=media_type)
        data = b64encode(upload.data).decode("ascii")
        return NativePart({"inlineData": {"mimeType": upload.media_type, "data": data}})
