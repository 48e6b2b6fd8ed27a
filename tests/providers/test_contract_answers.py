"""What every codec must hold of unary answers; ``test_contract.py`` says of which."""

from __future__ import annotations

import copy
import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from ipfs_accel_async.answers import Embeddings, ModelList, Reply
from ipfs_accel_async.errors import (
    AccelError,
    DecodeError,
    ResponseValidationError,
)
from ipfs_accel_async.types import EmbedRequest
from tests.providers.codecs import CHATS, CODECS, PAYLOADS, UNCOUNTED, having, recorded_call, recordings
from tests.providers.recorded import (
    call_of,
    fixture,
    recorded_response,
    response,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.mark.parametrize(("name", "kind"), CHATS)
def test_a_recorded_answer_is_read(name: str, kind: str) -> None:
    """The unary recording gives text or tool calls, a finish reason of ours, counts, and the whole JSON as raw."""
    reply = CODECS[name].parse_response(recorded_call(name, kind), recorded_response(name, kind))
    assert isinstance(reply, Reply)
    assert reply.text if kind == "chat" else reply.tool_calls
    assert reply.finish_reason == ("stop" if kind == "chat" else "tool_calls")
    assert all(isinstance(json.loads(asked.arguments), dict) and asked.name for asked in reply.tool_calls)
    assert (reply.usage.input_tokens > 0) == (name not in UNCOUNTED)
    assert (reply.usage.output_tokens > 0) == (name not in UNCOUNTED)
    assert reply.usage.total_tokens == reply.usage.input_tokens + reply.usage.output_tokens
    assert reply.model
    assert reply.raw == fixture(name, kind)["body"]


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
    if CODECS[name].operations[kind].answer != "json":
        body = b"{" if kind != "speech" else b""  # bytes of any kind may be audio, but none at all
    with pytest.raises((ResponseValidationError, DecodeError)) as caught:
        CODECS[name].parse_response(recorded_call(name, kind), response(200, body))
    assert "\n" not in str(caught.value)


def with_numbers(value: Any, number: Any) -> Any:
    """The same JSON with every fraction replaced."""
    if isinstance(value, dict):
        return {key: with_numbers(item, number) for key, item in value.items()}
    if isinstance(value, list):
        return [with_numbers(item, number) for item in value]
    return number if isinstance(value, float) else value


ARRAYS = [
    (name, kind)
    for kind in ("embed", "similarity", "infer")
    for name in having(kind)
    if with_numbers(fixture(name, kind)["body"], None) != fixture(name, kind)["body"]  # the others send base64
]


@pytest.mark.parametrize(("name", "kind"), ARRAYS)
@pytest.mark.parametrize("number", [1e39, None])
def test_a_number_that_is_none_is_refused(name: str, kind: str, number: float | None) -> None:
    """Vectors and tensors hold finite numbers: a null, or one beyond float32, is no quiet NaN or infinity."""
    value = fixture(name, kind)
    body = with_numbers(value["body"], number)
    with pytest.raises(ResponseValidationError):
        CODECS[name].parse_response(recorded_call(name, kind), response(200, body, value["headers"]))


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
            with suppress(AccelError):
                codec.parse_response(call, response(200, changed))


def paths(value: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value inside a JSON value."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inside:
        yield (*before, key)
        yield from paths(item, (*before, key))


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
