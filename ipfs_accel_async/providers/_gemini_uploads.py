"""Resumable uploads of Gemini's files: what the headers say (Gemini API reference, files; X-Goog-Upload-* headers)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from ipfs_accel_async.answers import NativeAnswer
from ipfs_accel_async.errors import ResponseValidationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ipfs_accel_async.providers._codec import CallFacts
    from ipfs_accel_async.wire.http import Headers

STEPS = frozenset({"files.start", "files.send", "files.received"})


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadStep(NativeAnswer):
    """Where an upload stands.

    Args:
        state: ``active`` while bytes are missing, ``final`` when the file is there, ``cancelled``.
        session: What names the upload in all further steps; the first step tells it.
        received: Bytes that the service has, where it was asked.
        granularity: Chunks but the last are multiples of this many bytes.
    """

    state: str
    session: Mapping[str, str]
    received: int = 0
    granularity: int = 1


def step_of(call: CallFacts, answer: NativeAnswer, headers: Headers) -> UploadStep:
    """The step in an answer whose news are in its headers.

    Only the query of the upload's URL counts: all steps go to the configured base URL, as the key goes with them.

    Raises:
        ResponseValidationError: The headers lack the upload's URL or state, or have no number where one must be.
    """
    state = headers.get("x-goog-upload-status") or ""
    session = dict(parse_qsl(urlsplit(headers.get("x-goog-upload-url") or "").query))
    if call.operation == "files.start" and "upload_id" not in session:
        raise _wrong(call, "x-goog-upload-url names no upload")
    if call.operation != "files.start" and not state:
        raise _wrong(call, "x-goog-upload-status is missing")
    fields: dict[str, Any] = {name: getattr(answer, name) for name in NativeAnswer.__dataclass_fields__}
    return UploadStep(
        **fields,
        state=state,
        session=session,
        received=_number(call, headers, "x-goog-upload-size-received", 0),
        granularity=_number(call, headers, "x-goog-upload-chunk-granularity", 1),
    )


def _number(call: CallFacts, headers: Headers, name: str, default: int) -> int:
    text = headers.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdecimal()):
        raise _wrong(call, f"{name} is no number")
    return int(text)


def _wrong(call: CallFacts, fault: str) -> ResponseValidationError:
    message = f"the answer to {call.operation} cannot be used: {fault}"
    return ResponseValidationError(message, target=call.target, request_id=call.request_id)
