"""The recorded answers in ``fixtures``; the docstring of ``test_contract.py`` says what they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from ipfs_accel_async.call import Call
from ipfs_accel_async.types import Target
from ipfs_accel_async.wire.http import Headers, Response

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ipfs_accel_async.answers import Delta
    from ipfs_accel_async.providers._codec import Codec
    from ipfs_accel_async.types import Payload

FIXTURES = Path(__file__).parent / "fixtures"
REQUEST_ID = "0b8f6f2e-2c9a-4f0e-9a51-3c1d5a7e9b10"


def fixture(provider: str, name: str) -> dict[str, Any]:
    """A JSON fixture: status, headers, body."""
    value: dict[str, Any] = json.loads((FIXTURES / provider / f"{name}.json").read_text("utf-8"))
    return value


def recorded_stream(provider: str, name: str) -> bytes:
    """A recorded stream, as on the wire."""
    return (FIXTURES / provider / f"{name}.stream").read_bytes()


def headers_of(values: Mapping[str, str]) -> Headers:
    """Headers as the transport gives them."""
    return Headers(tuple((name.encode(), value.encode()) for name, value in values.items()))


def response(status: int, body: Any, headers: Mapping[str, str] | None = None) -> Response:
    """A response with a JSON body, or with the bytes given."""
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    return Response(status, headers_of({"content-type": "application/json", **(headers or {})}), raw)


def recorded_response(provider: str, name: str) -> Response:
    """The response of a JSON fixture."""
    value = fixture(provider, name)
    body = value["body"]
    if isinstance(body, str) and "json" not in value["headers"].get("content-type", "json"):
        body = body.encode("latin-1")  # bytes, one a character
    return response(value["status"], body, value["headers"])


def call_of(codec: Codec, payload: Payload, operation: str = "chat", *, model: str = "m", endpoint: str = "") -> Call:
    """A call to this codec's service, as the client makes it."""
    base = endpoint or codec.normalize_url(codec.base_url)
    return Call(operation, Target(codec.name, model, base), payload, request_id=REQUEST_ID)


def deltas_of(codec: Codec, call: Call, chunks: Iterable[bytes]) -> list[Delta]:
    """The deltas of a stream that comes in these chunks."""
    decoder = codec.decoder()
    deltas: list[Delta] = []
    for chunk in chunks:
        for frame in decoder.feed(chunk):
            deltas.extend(codec.parse_event(call, frame))
    return deltas
