"""A file's bytes on their way, chunk by chunk, resumed where they were cut off."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from ipfs_accel_async.errors import (
    InvalidRequestError,
    OverloadedError,
    ProtocolError,
    ResponseValidationError,
    ServerError,
    TransportError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ipfs_accel_async.answers import NativeAnswer
    from ipfs_accel_async.native.gemini.files import Files
    from ipfs_accel_async.providers._gemini_uploads import UploadStep
    from ipfs_accel_async.wire.multipart import Upload

GRANULARITY = 256 * 1024
CHUNK = 8 * 1024 * 1024
TRIES = 4
"""Failures in a row, without a byte of progress between them."""
FIRST_PAUSE = 1.0
_PASSING = (TransportError, ServerError, OverloadedError)


async def send_all(files: Files, upload: Upload, meta: Mapping[str, Any], chunk_size: int) -> NativeAnswer:
    """Send a whole file.

    Args:
        files: The handle to send with.
        upload: The file.
        meta: What the service is to know of it.
        chunk_size: Bytes of a chunk.

    Raises:
        InvalidRequestError: `chunk_size` is no multiple of what the service counts in.
        TransportError, APIError: The last failure, after several without progress.
        ProtocolError: The service gave the upload up, or has everything and does not say that the file is there.
    """
    if isinstance(chunk_size, bool) or not isinstance(chunk_size, int) or chunk_size < 1 or chunk_size % GRANULARITY:
        raise InvalidRequestError(f"chunk_size must be a multiple of {GRANULARITY} bytes, not {chunk_size!r}")
    begun = cast("UploadStep", await files.start(len(upload.data), upload.media_type, **meta))
    size = -(-chunk_size // begun.granularity) * begun.granularity  # in what this service counts in
    offset, failures = 0, 0
    while True:
        chunk = upload.data[offset : offset + size]
        last = offset + len(chunk) >= len(upload.data)
        try:
            step = cast("UploadStep", await files.send(begun.session, chunk, offset=offset, finalize=last))
            offset, failures = offset + len(chunk), 0
        except _PASSING:
            failures += 1
            if failures == TRIES:
                raise
            await asyncio.sleep(FIRST_PAUSE * 2 ** (failures - 1))
            step = cast("UploadStep", await files.received(begun.session))
            failures = 0 if step.received > offset else failures
            offset, last = step.received, False
        if step.state == "final":
            return await _file_of(files, step, meta)
        if last or step.state != "active" or offset > len(upload.data):
            message = f"the upload is {step.state or 'of no state'} at byte {offset} of {len(upload.data)}: begin again"
            raise ProtocolError(message, target=step.target, request_id=step.request_id)


async def _file_of(files: Files, step: UploadStep, meta: Mapping[str, Any]) -> NativeAnswer:
    """The file that an upload became; where its end was told to nobody, the file is asked for by its name."""
    file = step.get("file")
    if isinstance(file, dict) and "name" in file:
        return replace(step, raw=file)
    if meta.get("name"):
        return await files.get(meta["name"])
    message = "the upload is complete, but its answer was lost: find the file in files.list()"
    raise ResponseValidationError(message, target=step.target, request_id=step.request_id)
