"""What every codec must hold. A new provider is found by itself: a module in ``providers`` and a folder of fixtures.

Fixtures of a provider, in ``tests/providers/fixtures/<name>/``::

    chat.json, chat.stream      one chat answer, unary and streamed: the same id, model, text, reasoning, finish, usage
    tools.json, tools.stream    the same for an answer that calls tools
    error_401.json              a refused key; ``{key}`` in its body stands for the key that was sent
    error_429.json              too fast; its headers (or body) say how long to wait
    <operation>.json            for each other operation, the answer to its payload in ``codecs.PAYLOADS``
    complete.stream             as chat.stream, where the provider completes texts and streams

Each JSON file is ``{"status": 200, "headers": {"lower-case-name": "value"}, "body": ...}``; each ``.stream`` is the raw
body as it is on the wire, end mark included, and is answered under the headers of the ``.json`` beside it. Calls go to
the model ``m``. A file is demanded when the codec has the operation or the capability (tools). An answer that is no
JSON has its content type in the headers and one character a byte as its body.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import orjson
import pytest

from ipfs_accel_async.errors import (
    AuthenticationError,
    PermissionDeniedError,
    RateLimitError,
)
from ipfs_accel_async.keys import Secret
from tests.providers.codecs import CHAT, CODECS, KEY, PAYLOADS, STREAMS, any_call, having, recorded_call, recordings
from tests.providers.recorded import (
    FIXTURES,
    call_of,
    fixture,
    response,
)


@pytest.mark.parametrize("name", CODECS)
def test_every_codec_has_its_fixtures(name: str) -> None:
    """A codec without the recordings that its operations demand fails here, by file name."""
    codec = CODECS[name]
    wanted = {"error_401.json", "error_429.json"}
    wanted |= {f"{kind}.json" for kind in recordings(name)}
    wanted |= {f"{kind}.stream" for provider, kind in STREAMS if provider == name}
    wanted |= {f"{kind}.json" for kind in codec.operations}
    there = {path.name for path in (FIXTURES / name).iterdir()} if (FIXTURES / name).is_dir() else set()
    assert wanted <= there, f"{name} lacks {sorted(wanted - there)}"


def test_every_folder_of_fixtures_has_its_codec() -> None:
    """Recordings that no codec is held to are an error, not dead weight."""
    assert {path.name for path in FIXTURES.iterdir() if path.is_dir()} <= set(CODECS)


@pytest.mark.parametrize("name", CODECS)
def test_a_codec_says_what_the_registry_and_the_look_up_need(name: str) -> None:
    """Its name is its module's, its base URL is whole already, and what it needs a key for names a variable."""
    codec = CODECS[name]
    assert codec.name == name
    assert codec.base_url.startswith(("http://", "https://"))
    assert codec.normalize_url(codec.base_url) == codec.base_url
    assert codec.key_env or not codec.key_required
    assert type(codec.configured(headers=[("x-team", "blue")])) is type(codec)


@pytest.mark.parametrize(("name", "operation"), [(n, o) for o in PAYLOADS for n in having(o)])
def test_a_request_is_stable_and_carries_the_key_in_headers_only(name: str, operation: str) -> None:
    """The same call gives the same bytes, its JSON survives a round trip, and the key is in no repr, URL or body."""
    codec = CODECS[name]
    call = recorded_call(name, operation)
    request = codec.build_request(call, Secret(KEY))
    assert request == codec.build_request(call, Secret(KEY))
    if request.body and (b"content-type", b"application/json") in request.headers:
        assert orjson.dumps(orjson.loads(request.body)) == request.body
    assert any(KEY.encode() in value for _, value in request.headers)
    assert KEY not in repr(request) + repr(codec) + repr(vars(codec)) + repr(call) + request.url
    assert KEY.encode() not in request.body
    endpoint = call.target.endpoint
    base = endpoint.removesuffix(codec.default_path) if codec.operations[operation].root else endpoint
    assert request.url.startswith(base)


@pytest.mark.parametrize("name", having("chat"))
def test_unknown_parameters_pass_through_untouched(name: str) -> None:
    """What the service learns tomorrow can be sent today, whatever its shape."""
    extra = {"x_new_knob": {"depth": [1, 2.5, None, "Ä"]}}
    request = CODECS[name].build_request(call_of(CODECS[name], replace(CHAT, params=extra)), None)
    assert extra.items() <= json.loads(request.body).items()


PARAMETERED = [(n, o) for o, payload in PAYLOADS.items() if hasattr(payload, "params") for n in having(o)]


@pytest.mark.parametrize(("name", "operation"), PARAMETERED)
def test_every_operation_passes_unknown_parameters(name: str, operation: str) -> None:
    """Not chats alone: what a body is made of, JSON or a form, has them."""
    call = recorded_call(name, operation)
    payload: Any = call.payload
    params = {**payload.params, "x_new_knob": "deep-7"}
    request = CODECS[name].build_request(replace(call, payload=replace(payload, params=params)), None)
    assert b"x_new_knob" in request.body
    assert b"deep-7" in request.body


@pytest.mark.parametrize("name", CODECS)
def test_a_refused_key_is_typed_and_not_shown(name: str) -> None:
    """401 is an AuthenticationError, not retried, and the key is not in it even if the service echoes it."""
    value = fixture(name, "error_401")
    body = json.dumps(value["body"]).replace("{key}", KEY).encode()
    error = CODECS[name].parse_error(any_call(name), response(value["status"], body, value["headers"]))
    assert isinstance(error, (AuthenticationError, PermissionDeniedError))
    assert not error.retryable
    assert error.message
    assert error.target is not None
    assert KEY not in repr(error) + str(error) + repr(vars(error))


@pytest.mark.parametrize("name", CODECS)
def test_too_fast_says_how_long_to_wait(name: str) -> None:
    """429 is a RateLimitError that is retried and carries the wait."""
    value = fixture(name, "error_429")
    error = CODECS[name].parse_error(
        any_call(name),
        response(value["status"], value["body"], value["headers"]),
    )
    assert isinstance(error, RateLimitError)
    assert error.retryable
    assert error.retry_after is not None
    assert error.retry_after > 0


@pytest.mark.parametrize("name", CODECS)
@pytest.mark.parametrize("body", [b"", b"<html>Bad Gateway</html>", b"null", b"[]", b'"no"', b'{"error":null}', b"{}"])
def test_an_error_in_any_shape_is_typed(name: str, body: bytes) -> None:
    """A proxy's page or an empty body becomes a typed error with a message, never a crash of the parser."""
    call = any_call(name)
    error = CODECS[name].parse_error(call, response(502, body))
    assert error.status == 502
    assert error.retryable
    assert error.message
