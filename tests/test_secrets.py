"""A key comes out nowhere: errors and their frames, logs, reports, reprs, dumps and copies of everything public."""

from __future__ import annotations

import copy
import dataclasses
import json
import logging
import pickle
from typing import TYPE_CHECKING, Any

import pytest

from ipfs_accel_async import Client, Keys, MockTransport, Secret, Target, registry
from ipfs_accel_async.call import Call
from ipfs_accel_async.config import settings
from ipfs_accel_async.types import NativeRequest
from tests.canary import CANARY, leaks, shows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ipfs_accel_async.wire.http import Request, Response

PROVIDERS = registry.names()
LOGGERS = (
    None,
    "asyncio",
    "httpx",
    "httpcore",
    "aiohttp.client",
    "aiohttp.internal",
    "aiohttp.access",
    "ipfs_accel_async",
)
JSON = {"content-type": "application/json"}
reply = MockTransport.reply


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Callable[[], str]:
    """Everything that every logger is told, at its most talkative."""
    for name in LOGGERS:
        caplog.set_level(logging.DEBUG, logger=name)
    return lambda: caplog.text + "".join(repr(vars(record)) for record in caplog.records)


def everything(value: object, seen: set[int] | None = None) -> Iterator[str]:
    """The reprs of a value and of all attributes and items below it, as a crash reporter would walk them."""
    seen = set() if seen is None else seen
    if id(value) in seen or isinstance(value, (type, logging.Logger)) or callable(value):
        return
    seen.add(id(value))
    if isinstance(value, Secret):
        yield repr(value)
        return
    yield repr(value)
    below = [getattr(value, name, None) for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ())]
    below += [*getattr(value, "__dict__", {}).values()]
    if isinstance(value, dict):
        below += [*value.keys(), *value.values()]
    if isinstance(value, (list, tuple, set, frozenset)):
        below += value
    for one in below:
        if type(one).__module__.startswith(("ipfs_accel_async", "builtins", "collections")):
            yield from everything(one, seen)


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("error", [ValueError, OSError, RuntimeError, KeyError])
async def test_an_error_of_a_transport_shows_no_key(
    provider: str, error: type[Exception], logged: Callable[[], str]
) -> None:
    """A transport that fails with the request in its hands gives nothing of it away."""

    def fail(request: Request) -> Response:
        raise error(request)

    options: dict[str, Any] = {"keys": {provider: CANARY}, "base_urls": {provider: registry.codec(provider).base_url}}
    async with Client(transport=MockTransport(fail), max_retries=0, **options) as ai:
        with pytest.raises(error) as caught:
            await ai.request(provider, "POST", "/x", json={})
    assert leaks(caught.value) == []
    assert not shows(logged())


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("given", ["keys", "settings", "environment", "list", "Keys"])
async def test_a_client_shows_no_key_wherever_it_came_from(
    provider: str, given: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its repr, its attributes down to the last and the requests that went out, printed, have none of it."""
    options: dict[str, Any] = {"base_urls": {provider: registry.codec(provider).base_url}}
    if given == "environment":
        codec = registry.codec(provider)
        for name in (codec.key_env[0], *codec.key_parts.get(codec.key_env[0], ())[:1]):
            monkeypatch.setenv(name, CANARY)
    elif given == "settings":
        options["providers"] = {provider: {"keys": [CANARY]}}
    else:
        options["keys"] = {provider: {"keys": CANARY, "list": [CANARY], "Keys": Keys(CANARY)}[given]}
    mock = MockTransport(lambda _: reply({}, headers=JSON))
    async with Client(transport=mock, **options) as ai:
        await ai.request(provider, "GET", "/x")
        assert any(CANARY.encode() in value for _, value in mock.requests[0].headers)
        assert not shows(repr(mock.requests) + str(mock.requests[0]))
        assert CANARY not in mock.requests[0].url
        mock.requests.clear()  # their headers are the one place of the key
        assert [text for text in everything(ai) if shows(text)] == []


def test_every_dump_of_settings_leaves_keys_and_headers_out() -> None:
    """repr, str, dict and JSON of pydantic, whole or copied."""
    made = settings({}, {"keys": [CANARY], "headers": {"X-Gateway-Token": CANARY}}, "openai")
    texts = [
        repr(made),
        str(made),
        f"{made}",
        repr(made.model_dump()),
        repr(made.model_dump(mode="json")),
        made.model_dump_json(),
        repr(dict(made.model_copy(deep=True).model_dump())),
        repr(list(made.__repr_args__())),
    ]
    assert [text for text in texts if shows(text)] == []
    assert made.keys is not None
    assert made.keys[0].reveal() == CANARY


def a_call() -> Call:
    """A call that holds a key, as inside the dispatcher."""
    payload = NativeRequest("POST", "/x", {"a": "b"}, query={})
    return Call("request", Target("openai", "m", "http://h"), payload, tags={}, key=Secret(CANARY))


@pytest.mark.parametrize(
    "show",
    [
        repr,
        str,
        dataclasses.asdict,
        dataclasses.astuple,
        copy.copy,
        copy.deepcopy,
        lambda call: dataclasses.replace(call, priority=2),
        lambda call: call.with_target(call.target),
        lambda call: {field.name: getattr(call, field.name) for field in dataclasses.fields(call)},
        lambda call: json.dumps(dataclasses.asdict(call), default=str),
    ],
)
def test_a_call_with_a_key_may_be_shown(show: Callable[[Call], object]) -> None:
    """Every dump of a call has the Secret's own repr in the key's place."""
    assert not shows(repr(show(a_call())))


def test_a_call_with_a_key_is_not_pickled() -> None:
    """It does not leave the process with its key."""
    with pytest.raises(TypeError) as caught:
        pickle.dumps(a_call())
    assert leaks(caught.value) == []


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_request_shows_its_key_only_in_its_headers(provider: str) -> None:
    """Not in its repr, URL or body; the codec that made it keeps nothing."""
    codec = registry.codec(provider)
    call = dataclasses.replace(a_call(), target=Target(provider, "m", codec.base_url))
    request = codec.build_request(call, Secret(CANARY))
    assert sum(CANARY.encode() in value for _, value in request.headers) == 1
    assert not shows(f"{request!r} {request} {request.url} {request.body!r}")
    assert [text for text in everything(codec) if shows(text)] == []


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_answers_carry_no_key(provider: str, logged: Callable[[], str]) -> None:
    """A call that works leaves the key neither in its answer nor in any log."""
    mock = MockTransport(lambda _: reply({"data": [], "models": []}, headers=JSON))
    addresses = {provider: registry.codec(provider).base_url}
    async with Client(transport=mock, keys={provider: CANARY}, base_urls=addresses) as ai:
        found = await ai.request(provider, "GET", "/x")
        assert not shows(repr(found) + repr(dataclasses.asdict(found)) + repr(ai.report()) + ai.report().to_json())
        assert not shows(repr(pickle.loads(pickle.dumps(found))))
    assert not shows(logged())


def test_the_canary_is_found_where_it_is() -> None:
    """The search itself works: it sees messages, causes, contexts and locals."""

    def fail() -> None:
        raise ValueError(CANARY)

    def hide() -> None:
        try:
            fail()
        except ValueError:
            raise RuntimeError("quiet") from None

    with pytest.raises(RuntimeError) as caught:
        hide()
    assert leaks(caught.value) == ["ValueError str", "ValueError repr", "ValueError args"]
    assert all(map(shows, [CANARY, f"x{CANARY}y", CANARY[:12], repr({"a": CANARY})]))
    assert list(everything({"a": [CANARY]}))[-1] == repr(CANARY)
