"""A key comes out nowhere of the wider surface: handles, handlers, native calls, files, streams, explanations."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import warnings
from collections.abc import Callable
from typing import Any

import pytest

from ipfs_accel_async import AccelError, Client, MockTransport, Secret, registry
from ipfs_accel_async.providers._operation import SAFE_METHODS
from ipfs_accel_async.types import NativeRequest
from tests.canary import CANARY, leaks, shows
from tests.providers.codecs import CODECS
from tests.providers.test_contract_native import names_in
from tests.test_secrets import JSON, LOGGERS, everything, reply

PROVIDERS = registry.names()
CHUNK = b'data: {"id":"1","model":"m","choices":[{"index":0,"delta":{"content":"x"}}]}\n\n'
SSE = {"content-type": "text/event-stream"}


@pytest.fixture(autouse=True)
def nothing_told(caplog: pytest.LogCaptureFixture) -> Any:
    """No logger at its most talkative, and no warning, has the key."""
    for name in LOGGERS:
        caplog.set_level(logging.DEBUG, logger=name)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        yield
    assert not shows(repr([str(one.message) for one in told]))
    assert not shows(caplog.text + "".join(repr(vars(record)) for record in caplog.records))


def client(provider: str, answer: Callable[[Any], Any]) -> Client:
    """A client whose key is the canary."""
    addresses = {provider: registry.codec(provider).base_url or "http://h.test"}
    return Client(transport=MockTransport(answer), keys={provider: CANARY}, base_urls=addresses, max_retries=1)


def sinks(ai: Client) -> str:
    """Whatever a client tells of itself."""
    return f"{ai!r} {ai.report()!r} {ai.report().to_json()} {ai.statistics()!r} {json.dumps(ai.statistics())}"


@pytest.mark.parametrize("status", [200, 401, 500])
@pytest.mark.parametrize("provider", [name for name in PROVIDERS if CODECS[name].native])
async def test_native_calls_pass_no_key_on(provider: str, status: int) -> None:
    """Every row of every provider, answered well or with an error that echoes the key."""
    echo = {"error": {"message": f"bad key {CANARY}", "code": CANARY}} if status >= 400 else {}
    async with client(provider, lambda _: reply(echo, status=status, headers=JSON)) as ai:
        for operation, row in CODECS[provider].native.items():
            args = dict.fromkeys(names_in(row.path), "id")
            model = args.pop("model", "m")
            payload = NativeRequest(json=None if row.method in SAFE_METHODS else {"a": 1}, args=args)
            found: Any
            try:
                found = await ai._engine.native(provider, operation, payload, model=model)
            except AccelError as error:
                found = error
            else:
                assert not shows(repr(pickle.loads(pickle.dumps(found))))
            if isinstance(found, AccelError):
                assert leaks(found, frames=False) == []
                assert not shows(repr(vars(pickle.loads(pickle.dumps(found)))))
            assert not shows(repr(found) + str(ai.explain(found)) + repr(ai.explain(found)))
        assert not shows(sinks(ai))


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_handles_and_handlers_show_and_keep_no_key(provider: str) -> None:
    """Their reprs, and everything below their attributes; they are no way to take a key to another process."""
    async with client(provider, lambda _: reply({}, headers=JSON)) as ai:
        found: list[Any] = [ai.native(provider)] if _has_handle(provider) else []
        if set(CODECS[provider].operations) - {"models"}:
            found.append(ai.handler(provider, "m"))
        for one in found:
            assert not shows(repr(one))
            assert [text for text in everything(one) if shows(text)] == []
            with pytest.raises((TypeError, AttributeError, pickle.PicklingError)) as caught:
                pickle.dumps(one)
            assert leaks(caught.value) == []
        with pytest.raises((TypeError, AttributeError, pickle.PicklingError)) as caught:
            pickle.dumps(ai)
        assert leaks(caught.value) == []
        assert not shows(repr(copy.copy(ai)))


def _has_handle(provider: str) -> bool:
    try:
        registry.handle(CODECS[provider])
    except AccelError:
        return False
    return True


async def test_streams_show_no_key() -> None:
    """While it is read, after it broke, and what is said of it."""
    body = CHUNK + b'data: {"error": {"message": "%s"}}\n\n' % CANARY.encode()
    async with client("openai", lambda _: reply(body=body, headers=SSE)) as ai:
        with pytest.raises(AccelError) as caught:
            async with ai.stream("openai:m", "hi", tags={"team": "a"}) as stream:
                await anext(stream)
                assert [text for text in everything(stream) if shows(text)] == []
                assert not shows(sinks(ai) + repr(stream.partial) + str(ai.explain(stream)))
                await stream.collect()
        assert leaks(caught.value, frames=False) == []
        assert not shows(sinks(ai))


async def test_a_key_in_the_wrong_place_is_not_repeated() -> None:
    """As a model, a path, a file, a header or an address: what is refused is refused without its words, but for names.

    A model name and a file name are the caller's own words, and errors say which it was; these have no business with
    keys. An address, an option and a header may have one by mistake.
    """
    for wrong in (
        {"base_urls": {"openai": f"http://{CANARY}@h"}},
        {"base_urls": {"openai": f"http://h/?key={CANARY}"}},
        {"providers": {"openai": {"headers": {"X-Own": f"{CANARY}\n"}}}},
        {"providers": {"openai": {"headers": {"Authorization": CANARY}}}},
        {"providers": {"openai": {"max_retries": CANARY}}},
        {"keys": {"openai": f"{CANARY}\n{CANARY}"}},
        {"keys": {"openai": CANARY.encode()}},
        {"keys": {"openai": {CANARY: CANARY}}},
        {"timeout": CANARY},
    ):
        options: dict[str, Any] = wrong
        with pytest.raises(AccelError) as caught:
            Client(**options)
            pytest.fail(f"taken: {options}")
        assert not shows(f"{caught.value!s}{caught.value!r}{vars(caught.value)}"), wrong
    async with client("openai", lambda _: reply({}, headers=JSON)) as ai:
        for call in (
            ai.request("openai", "GET", f"/x?key={CANARY}"),
            ai.openai.with_options(base_url=f"http://u:{CANARY}@h").files.list(),
        ):
            with pytest.raises(AccelError) as caught:
                await call
            assert not shows(f"{caught.value!s}{caught.value!r}{vars(caught.value)}"), str(caught.value)


async def test_a_service_of_ones_own_name_shows_no_key() -> None:
    """The same codec under another name and address, its key from the settings."""
    lab = {"wire": "openai_compatible", "base_url": "http://lab.test/v1", "keys": [CANARY]}
    mock = MockTransport(lambda _: reply({"error": {"message": CANARY}}, status=401, headers=JSON))
    async with Client(transport=mock, providers={"lab": lab}) as ai:
        with pytest.raises(AccelError) as caught:
            await ai.chat("lab:m", "hi")
        assert leaks(caught.value, frames=False) == []
        assert not shows(sinks(ai))
        mock.requests.clear()
        assert [text for text in everything(ai) if shows(text)] == []


@pytest.mark.parametrize("key", [CANARY, Secret(CANARY)])
def test_the_local_engines_header_has_no_key(key: Any) -> None:
    """Its settings travel in a header of the request: a key is not among them."""
    codec = registry.codec("llvm")
    from tests.providers.recorded import call_of

    request = codec.build_request(call_of(codec, NativeRequest("GET", "/x"), "request"), Secret(key))
    settings = [bytes(value) for name, value in request.headers if name.lower() == b"x-local-engine"]
    assert not [value for value in settings if CANARY.encode() in value]
