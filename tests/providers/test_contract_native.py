"""What the native rows of every codec must hold: they are data, so one test reads them all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from ipfs_accel_async import Client, registry
from ipfs_accel_async.errors import ConfigError, DecodeError, InvalidRequestError, ResponseValidationError
from ipfs_accel_async.keys import Secret
from ipfs_accel_async.providers._codec import Codec
from ipfs_accel_async.providers.openai import OpenAI
from ipfs_accel_async.simulator.mount import TWINS
from ipfs_accel_async.types import NativeRequest
from tests.providers.codecs import CODECS, KEY, PAYLOADS
from tests.providers.recorded import call_of, response

if TYPE_CHECKING:
    from collections.abc import Iterator

HTTP = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}
ROWS = [(name, row) for name, codec in CODECS.items() for row in codec.native]
SENT = [(name, row) for name, row in ROWS if CODECS[name].native[row].method in HTTP]


def names_in(path: str) -> Iterator[str]:
    """The names in braces in a path."""
    for piece in path.split("{")[1:]:
        yield piece.partition("}")[0]


def a_call(name: str, row: str, value: str = "a b/../c?d") -> Any:
    """A call of a row, with something unpleasant for every argument."""
    args = dict.fromkeys(names_in(CODECS[name].native[row].path), value)
    return call_of(CODECS[name], NativeRequest(json={"a": 1}, args=args), row)


@pytest.mark.parametrize(("name", "row"), SENT)
def test_a_row_builds_a_request_that_stays_below_its_path(name: str, row: str) -> None:
    """Whatever an argument holds, it is quoted; the key is in the headers and nowhere else."""
    codec, of = CODECS[name], CODECS[name].native[row]
    request = codec.build_request(a_call(name, row), Secret(KEY))
    assert request.method == of.method
    assert request.url.count("?") == 0 or "?" in of.path
    assert "/../" not in request.url
    assert KEY not in request.url + repr(request)
    assert KEY.encode() not in request.body


@pytest.mark.parametrize(("name", "row"), [(n, r) for n, r in SENT if "{" in CODECS[n].native[r].path])
@pytest.mark.parametrize("value", ["", "..", " "])
def test_an_argument_that_would_change_the_path_is_refused(name: str, row: str, value: str) -> None:
    """An empty argument or a dot segment would be another path: nothing is sent."""
    call = a_call(name, row, value)
    if list(names_in(CODECS[name].native[row].path)) == ["model"] and value:
        return  # models come checked
    with pytest.raises(InvalidRequestError):
        CODECS[name].build_request(call, None)


@pytest.mark.parametrize(("name", "row"), [(n, r) for n, r in ROWS if CODECS[n].native[r].fields])
@pytest.mark.parametrize("body", [{}, [], None, 7, b"<html>"])
def test_an_answer_without_its_fields_is_refused(name: str, row: str, body: Any) -> None:
    """The fields that a row promises are there, or the answer is an error."""
    with pytest.raises((ResponseValidationError, DecodeError)):
        CODECS[name].parse_response(a_call(name, row), response(200, body))


@pytest.mark.parametrize(("name", "row"), ROWS)
async def test_every_row_is_a_method_of_the_handle(name: str, row: str) -> None:
    """``files.create`` is ``client.<provider>.files.create``, and its docstring says what it does."""
    ai = Client(keys={name: "k"} if CODECS[name].key_env else {}, base_urls={name: "http://127.0.0.1:1"})
    method: Any = ai.native(name)
    for step in row.split("."):
        method = getattr(method, step)
    assert callable(method)
    assert method.__doc__


class Kin(OpenAI):
    """A service of a known wire, with no handle of its own."""

    name = "kin"
    native: ClassVar = {}


class Lone(Codec):
    """A service of a wire of its own, with no handle."""

    name = "lone"


def test_a_provider_without_a_handle_has_its_wires_or_says_so() -> None:
    """The handle of the wire, or an error that names what to use instead."""
    assert registry.handle(Kin()) is registry.handle(CODECS["openai"])
    with pytest.raises(ConfigError, match=r"client\.request"):
        registry.handle(Lone())


@pytest.mark.parametrize(("name", "row"), [(n, r) for n, r in SENT if n in TWINS])
def test_the_twin_serves_every_row(name: str, row: str) -> None:
    """What can be called can be tried on loopback."""
    codec, of = CODECS[name], CODECS[name].native[row]
    twin = TWINS[name](0, lambda: 0.0, None)
    base = "" if of.root else twin.base_path
    path = base + of.path.partition("?")[0]
    for arg in names_in(of.path):
        path = path.replace(f"{{{arg}}}", "m")
    assert (of.method, path) in twin.routes or twin.match(of.method, path), f"{codec.name}: {of.method} {path}"


@pytest.mark.parametrize(("name", "operation"), [(n, o) for n in TWINS if n in CODECS for o in CODECS[n].operations])
def test_the_twin_serves_every_unified_operation(name: str, operation: str) -> None:
    """The same for the client's own operations."""
    codec, row = CODECS[name], CODECS[name].operations[operation]
    if row.method not in HTTP:
        return
    twin = TWINS[name](0, lambda: 0.0, None)
    path = codec.path(call_of(codec, PAYLOADS[operation], operation), row).partition("?")[0]
    whole = path if row.root else twin.base_path + path
    assert (row.method, whole) in twin.routes or twin.match(row.method, whole), f"{name}: {row.method} {whole}"
