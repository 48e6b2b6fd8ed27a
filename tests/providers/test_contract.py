"""What every codec must hold. A new provider is found by itself: a module in ``providers`` and a folder of fixtures.

Fixtures of a provider, in ``tests/providers/fixtures/<name>/``::

    chat.json, chat.stream      one chat answer, unary and streamed: the same id, model, text, reasoning, finish, usage
    tools.json, tools.stream    the same for an answer that calls tools
    error_401.json              a refused key; ``{key}`` in its body stands for the key that was sent
    error_429.json              too fast; its headers (or body) say how long to wait
    embed.json                  the answer to EmbedRequest(("alpha", "beta")), in the encoding that the codec asks for
    models.json                 the list of models

Each JSON file is ``{"status": 200, "headers": {"lower-case-name": "value"}, "body": ...}``; each ``.stream`` is the raw
body as it is on the wire, end mark included, and is answered under the headers of the ``.json`` beside it. Calls go to
the model ``m``. A file is demanded when the codec has the operation (chat, embed, models) or the capability (tools).
"""

from __future__ import annotations

import copy
import json
import pkgutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from ipfs_accel_async import providers, registry
from ipfs_accel_async.answers import Embeddings, ModelList, Reply
from ipfs_accel_async.errors import (
    AccelError,
    AuthenticationError,
    PermissionDeniedError,
    RateLimitError,
    ResponseValidationError,
)
from ipfs_accel_async.fold import fold
from ipfs_accel_async.keys import Secret
from ipfs_accel_async.types import ChatRequest, EmbedRequest, Message, NativeRequest, Tool
from tests.providers.recorded import (
    FIXTURES,
    call_of,
    deltas_of,
    fixture,
    headers_of,
    recorded_response,
    recorded_stream,
    response,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ipfs_accel_async.answers import Delta
    from ipfs_accel_async.call import Call

KEY = "sk-SENTINEL-0123456789abcdef-tail"
NAMES = sorted(module.name for module in pkgutil.iter_modules(providers.__path__) if not module.name.startswith("_"))
CODECS = {name: registry.codec(name) for name in NAMES}
CHAT = ChatRequest((Message("user", "Hello"),))
TOOLS = ChatRequest((Message("user", "Weather?"),), (Tool("weather", "Weather of a city."), Tool("clock")))
EMBED = EmbedRequest(("alpha", "beta"))
EXHAUSTIVE = 8 * 1024


def having(operation: str) -> list[str]:
    """Providers with an operation."""
    return [name for name, codec in CODECS.items() if operation in codec.operations]


def recordings(name: str) -> list[str]:
    """The chat recordings that a codec must have."""
    codec = CODECS[name]
    if "chat" not in codec.operations:
        return []
    return ["chat", "tools"] if "tools" in codec.capabilities else ["chat"]


CHATS = [(name, kind) for name in CODECS for kind in recordings(name)]
STREAMS = [(name, kind) for name, kind in CHATS if "stream" in CODECS[name].capabilities]
PAYLOADS = {"chat": CHAT, "embed": EMBED, "models": NativeRequest()}


def recorded_call(name: str, kind: str, *, stream: bool = False) -> Call:
    """The call that a recording answers."""
    payload = {"tools": TOOLS, "embed": EMBED, "models": NativeRequest()}.get(kind, CHAT)
    if stream:
        payload = replace(payload, stream=True)
    operation = kind if kind in ("embed", "models") else "chat"
    return replace(call_of(CODECS[name], payload, operation), key=Secret(KEY))


def streamed(name: str, kind: str, chunks: list[bytes]) -> list[Delta]:
    """The deltas of a recorded stream that comes in these chunks."""
    return deltas_of(CODECS[name], recorded_call(name, kind, stream=True), chunks)


@pytest.mark.parametrize("name", CODECS)
def test_every_codec_has_its_fixtures(name: str) -> None:
    """A codec without the recordings that its operations demand fails here, by file name."""
    codec = CODECS[name]
    wanted = {"error_401.json", "error_429.json"}
    wanted |= {f"{kind}.json" for kind in recordings(name)}
    wanted |= {f"{kind}.stream" for provider, kind in STREAMS if provider == name}
    wanted |= {f"{kind}.json" for kind in ("embed", "models") if kind in codec.operations}
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
    if request.body:
        assert orjson.dumps(orjson.loads(request.body)) == request.body
    assert any(KEY.encode() in value for _, value in request.headers)
    assert KEY not in repr(request) + repr(codec) + repr(vars(codec)) + repr(call) + request.url
    assert KEY.encode() not in request.body
    assert request.url.startswith(call.target.endpoint)


@pytest.mark.parametrize("name", having("chat"))
def test_unknown_parameters_pass_through_untouched(name: str) -> None:
    """What the service learns tomorrow can be sent today, whatever its shape."""
    extra = {"x_new_knob": {"depth": [1, 2.5, None, "Ä"]}}
    request = CODECS[name].build_request(call_of(CODECS[name], replace(CHAT, params=extra)), None)
    assert extra.items() <= json.loads(request.body).items()


@pytest.mark.parametrize(("name", "kind"), CHATS)
def test_a_recorded_answer_is_read(name: str, kind: str) -> None:
    """The unary recording gives text or tool calls, a finish reason of ours, counts, and the whole JSON as raw."""
    reply = CODECS[name].parse_response(recorded_call(name, kind), recorded_response(name, kind))
    assert isinstance(reply, Reply)
    assert reply.text if kind == "chat" else reply.tool_calls
    assert reply.finish_reason == ("stop" if kind == "chat" else "tool_calls")
    assert all(isinstance(json.loads(asked.arguments), dict) and asked.name for asked in reply.tool_calls)
    assert reply.usage.input_tokens > 0
    assert reply.usage.output_tokens > 0
    assert reply.usage.total_tokens == reply.usage.input_tokens + reply.usage.output_tokens
    assert reply.model
    assert reply.raw == fixture(name, kind)["body"]


@pytest.mark.parametrize(("name", "kind"), STREAMS)
def test_a_stream_folds_to_the_unary_reply(name: str, kind: str) -> None:
    """The law: ``fold(deltas) == reply``, and exactly the last delta is the end mark."""
    codec = CODECS[name]
    recorded = recorded_response(name, kind)
    deltas = streamed(name, kind, [recorded_stream(name, kind)])
    call = recorded_call(name, kind, stream=True)
    empty = codec.empty_reply(call, headers_of(fixture(name, kind)["headers"]))
    assert fold(deltas, empty) == codec.parse_response(recorded_call(name, kind), recorded)
    assert [delta.end for delta in deltas] == [False] * (len(deltas) - 1) + [True]


def splits(whole: bytes) -> Iterator[int]:
    """Every place to split it at, or every seventh of a long one."""
    return iter(range(1, len(whole), 1 if len(whole) <= EXHAUSTIVE else 7))


@pytest.mark.parametrize(("name", "kind"), STREAMS)
def test_every_split_gives_the_same_deltas(name: str, kind: str) -> None:
    """Where the network cuts the bytes changes nothing: in two anywhere, or one by one."""
    whole = recorded_stream(name, kind)
    expected = streamed(name, kind, [whole])
    assert streamed(name, kind, [whole[at : at + 1] for at in range(len(whole))]) == expected
    for at in splits(whole):
        assert streamed(name, kind, [whole[:at], whole[at:]]) == expected, f"split at byte {at}"


@pytest.mark.parametrize(("name", "kind"), STREAMS)
def test_a_truncated_stream_never_ends_well(name: str, kind: str) -> None:
    """A stream cut at any byte gives an end mark only when that came whole and all of the reply before it."""
    codec = CODECS[name]
    call = recorded_call(name, kind, stream=True)
    whole = recorded_stream(name, kind)
    empty = Reply(target=call.target)
    reply = fold(streamed(name, kind, [whole]), empty)
    for at in range(len(whole)):
        decoder = codec.decoder()
        deltas: list[Delta] = []
        try:
            for frame in [*decoder.feed(whole[:at]), *decoder.close()]:
                deltas.extend(codec.parse_event(call, frame))
        except AccelError:
            continue  # said aloud, which is all that is asked
        if any(delta.end for delta in deltas):
            assert not whole[at:].strip(), f"an end mark {len(whole) - at} bytes before the end"
            assert fold(deltas, empty) == reply


@pytest.mark.parametrize("name", CODECS)
def test_a_refused_key_is_typed_and_not_shown(name: str) -> None:
    """401 is an AuthenticationError that is not retried, and the key does not leave in it even if the service echoes it."""
    value = fixture(name, "error_401")
    body = json.dumps(value["body"]).replace("{key}", KEY).encode()
    error = CODECS[name].parse_error(
        recorded_call(name, next(iter(CODECS[name].operations))), response(value["status"], body, value["headers"])
    )
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
        recorded_call(name, next(iter(CODECS[name].operations))),
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
    call = recorded_call(name, next(iter(CODECS[name].operations)))
    error = CODECS[name].parse_error(call, response(502, body))
    assert error.status == 502
    assert error.retryable
    assert error.message


def with_unknown(value: Any) -> Any:
    """The same JSON with a new field in every object."""
    if isinstance(value, dict):
        return {**{key: with_unknown(item) for key, item in value.items()}, "x_new_field": {"a": 1}}
    return [with_unknown(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", having("chat"))
def test_unknown_fields_are_kept(name: str) -> None:
    """New fields change nothing that is read today and are there in `raw`."""
    value = fixture(name, "chat")
    body = with_unknown(value["body"])
    codec, call = CODECS[name], recorded_call(name, "chat")
    reply = codec.parse_response(call, response(200, body, value["headers"]))
    assert reply == codec.parse_response(call, recorded_response(name, "chat"))
    assert reply.raw == body


def replaced(value: Any, old: Any, new: Any) -> Any:
    """The same JSON with one string in the place of another."""
    if isinstance(value, dict):
        return {key: replaced(item, old, new) for key, item in value.items()}
    if isinstance(value, list):
        return [replaced(item, old, new) for item in value]
    return new if value == old else value


@pytest.mark.parametrize("name", having("chat"))
def test_an_unknown_finish_reason_is_kept(name: str) -> None:
    """A word that the service learns tomorrow reaches the caller as it is."""
    value = fixture(name, "chat")
    codec, call = CODECS[name], recorded_call(name, "chat")
    told = next(word for word in ("stop", "end_turn", "STOP", "eos_token") if f'"{word}"' in json.dumps(value["body"]))
    reply = codec.parse_response(call, response(200, replaced(value["body"], told, "x_new_word")))
    assert isinstance(reply, Reply)
    assert reply.finish_reason == "x_new_word"


@pytest.mark.parametrize(("name", "kind"), [(n, k) for k in PAYLOADS for n in having(k)])
@pytest.mark.parametrize("body", [{}, [], None, 7, "text"])
def test_an_answer_without_its_fields_is_refused(name: str, kind: str, body: Any) -> None:
    """JSON of another shape is a ResponseValidationError in one line, not an empty answer and not a crash."""
    with pytest.raises(ResponseValidationError) as caught:
        CODECS[name].parse_response(recorded_call(name, kind), response(200, body))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", having("chat"))
def test_a_lost_or_changed_field_never_crashes_the_parser(name: str) -> None:
    """Whatever single field is lost or of another type: a reply, or a typed error."""
    codec, call = CODECS[name], recorded_call(name, "tools" if "tools" in recordings(name) else "chat")
    body = fixture(name, recordings(name)[-1])["body"]
    for path in paths(body):
        for change in (None, 7, "text", [], {}, [7], "lost"):
            changed = copy.deepcopy(body)
            holder = changed
            for step in path[:-1]:
                holder = holder[step]
            if change == "lost":
                del holder[path[-1]]
            else:
                holder[path[-1]] = change
            try:
                codec.parse_response(call, response(200, changed))
            except AccelError as error:
                assert "\n" not in str(error)


def paths(value: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value inside a JSON value."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inside:
        yield (*before, key)
        yield from paths(item, (*before, key))


@pytest.mark.parametrize(("name", "kind"), STREAMS)
def test_a_malformed_frame_is_a_typed_error(name: str, kind: str) -> None:
    """A byte lost or changed in a frame, or a frame of another shape: deltas or a typed error, never a crash."""
    codec = CODECS[name]
    call = recorded_call(name, kind, stream=True)
    decoder = codec.decoder()
    for frame in decoder.feed(recorded_stream(name, kind)):
        for data in (frame.data[:-1], b"{}", b"[]", b"7", b"null", b'{"type":7}', frame.data.replace(b":{", b":[")):
            try:
                fold(codec.parse_event(call, replace(frame, data=data)), Reply(target=call.target))
            except AccelError as error:
                assert "\n" not in str(error)


@pytest.mark.parametrize("name", having("embed"))
def test_embeddings_are_one_float32_array(name: str) -> None:
    """Two texts give two rows of float32, with counts."""
    answer = CODECS[name].parse_response(recorded_call(name, "embed"), recorded_response(name, "embed"))
    assert isinstance(answer, Embeddings)
    assert answer.vectors.shape[0] == 2
    assert answer.vectors.ndim == 2
    assert answer.vectors.dtype == "float32"
    assert answer.vectors.any()


@pytest.mark.parametrize("name", having("embed"))
@pytest.mark.parametrize("texts", [("alpha",), ("alpha", "beta", "gamma")])
def test_embeddings_of_another_count_are_refused(name: str, texts: tuple[str, ...]) -> None:
    """As many vectors as texts, or an error: never a shifted row."""
    with pytest.raises(ResponseValidationError):
        CODECS[name].parse_response(
            call_of(CODECS[name], EmbedRequest(texts), "embed"), recorded_response(name, "embed")
        )


@pytest.mark.parametrize("name", having("models"))
def test_models_have_ids(name: str) -> None:
    """The list has the service's models, each with what it says of it."""
    answer = CODECS[name].parse_response(recorded_call(name, "models"), recorded_response(name, "models"))
    assert isinstance(answer, ModelList)
    assert answer.models
    assert all(model.id and model.raw for model in answer.models)
