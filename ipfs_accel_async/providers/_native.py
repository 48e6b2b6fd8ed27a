"""Operations that only one service has: their rows are data, so all codecs build and read them alike."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from ipfs_accel_async.answers import NO_USAGE, Event, NativeAnswer
from ipfs_accel_async.counts import counted
from ipfs_accel_async.errors import InvalidRequestError, ResponseValidationError
from ipfs_accel_async.providers._json import dumps, loads, loads_or_none
from ipfs_accel_async.providers._operation import Content, Operation
from ipfs_accel_async.wire import multipart
from ipfs_accel_async.wire.http import Headers, Response

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ipfs_accel_async.providers._codec import Codec
    from ipfs_accel_async.providers._operation import CallFacts
    from ipfs_accel_async.types import NativeRequest
    from ipfs_accel_async.wire.frames import Frame

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_HEADER_VALUE = re.compile(r"[\x20-\x7e\xa0-\xff]*")
END = Event("", None, end=True)


def row(codec: Codec, call: CallFacts, payload: NativeRequest) -> Operation:
    """The row of a call.

    Raises:
        InvalidRequestError: The provider has no such operation.
    """
    if call.operation == "request":
        return Operation(payload.method, payload.path)
    found = codec.native.get(call.operation)
    if found is None:
        raise no_operation(codec, call)
    return found


def path(call: CallFacts, of: Operation, payload: NativeRequest) -> str:
    """The path with its arguments in their places, quoted so that none can reach another path.

    Raises:
        InvalidRequestError: An argument is missing, empty or a dot segment.
    """
    if "{" not in of.path:
        return of.path
    values = {"model": call.target.model, **payload.args}
    pieces = []
    for piece in of.path.split("{"):
        name, brace, rest = piece.partition("}")
        if not brace:
            pieces.append(piece)
            continue
        value = str(values.get(name, ""))
        if value.strip() in {"", ".", ".."}:
            raise InvalidRequestError(f"{name} must be given, not {value!r}", target=call.target)
        try:
            pieces += [quote(value, safe=""), rest]
        except UnicodeEncodeError:
            raise InvalidRequestError(f"{name} has half a surrogate pair in it", target=call.target) from None
    return "".join(pieces)


def query(payload: NativeRequest) -> str:
    """The query with its question mark, quoted; nothing if there is none.

    Raises:
        InvalidRequestError: A value is no text that can be written.
    """
    if not payload.query:
        return ""
    try:
        return f"?{urlencode(payload.query, doseq=True)}"
    except UnicodeEncodeError:
        raise InvalidRequestError("a query parameter has half a surrogate pair in it") from None


def headers(payload: NativeRequest) -> tuple[tuple[bytes, bytes], ...]:
    """The call's own headers.

    Raises:
        InvalidRequestError: One has a character that no header may carry.
    """
    for name, value in payload.headers:
        if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
            raise InvalidRequestError(f"the header {name[:40]!r} has a character that no header may carry")
    return tuple((name.encode("ascii"), value.encode("latin-1")) for name, value in payload.headers)


def content(payload: NativeRequest) -> Content | None:
    """The body: a form, bytes, JSON, or none.

    Raises:
        InvalidRequestError: It cannot be written, or its type is none.
    """
    if not _HEADER_VALUE.fullmatch(payload.content_type):
        raise InvalidRequestError("the content type has a character that no header may carry")
    if payload.form:
        body, media_type = multipart.encode(payload.form)
        return Content(body, media_type)
    if payload.content or payload.content_type:
        return Content(payload.content, payload.content_type or "application/octet-stream")
    return None if payload.json is None else Content(dumps(payload.json))


def answer(codec: Codec, call: CallFacts, response: Response) -> NativeAnswer:
    """The answer in a 2xx response.

    Raises:
        DecodeError: The body is not the JSON that it should be.
        ResponseValidationError: A field that the operation promises is missing.
    """
    of = codec.native.get(call.operation)
    kind = response.headers.get("content-type") or ""
    data = None
    if of is None or of.answer in {"text", "none"}:
        data = loads_or_none(response.body) if "json" in (kind or "json") else None
    elif of.answer == "json":
        data = loads(call, response.body)
        for name in of.fields:
            if not isinstance(data, dict) or name not in data:
                message = f"the answer to {call.operation} lacks the field {name!r}"
                raise ResponseValidationError(message, target=call.target, request_id=call.request_id)
    method = of.method if of is not None else getattr(call.payload, "method", "")
    meta = codec.meta(call, response.headers)
    if method == "POST" and not meta.get("usage", NO_USAGE).total_tokens:  # some tell it in their headers
        meta["usage"] = counted(data)  # what is looked up by a GET was counted when it was made
    return NativeAnswer(
        **meta,
        raw=data,
        status=response.status,
        body=response.body,
        media_type=kind.partition(";")[0].strip(),
    )


def event_of(codec: Codec, call: CallFacts, frame: Frame) -> Iterable[Event]:
    """The event in one frame; ``[DONE]`` and what the codec says is last are end marks.

    Raises:
        DecodeError: The frame is no JSON.
        APIError: It carries an error.
    """
    if frame.data.startswith(b"[DONE]"):
        return (END,)
    data: Any = loads(call, frame.data)
    name = frame.event or (data.get("type") if isinstance(data, dict) else "")
    if name == "error" or (isinstance(data, dict) and data.get("error")):
        raise _error_of(codec, call, frame)
    event = Event(name if isinstance(name, str) else "", data)
    return (event._replace(end=True),) if codec.is_last(call, event) else (event,)


def _error_of(codec: Codec, call: CallFacts, frame: Frame) -> Exception:
    return codec.parse_error(call, Response(200, Headers(), frame.data))


def no_operation(codec: Codec, call: CallFacts) -> InvalidRequestError:
    """The error for an operation that the provider lacks; it names those it has."""
    message = f"{codec.name} has no operation {call.operation!r} (it has: {', '.join(codec.operations)})"
    return InvalidRequestError(message, target=call.target)
