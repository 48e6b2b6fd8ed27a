"""``local://`` URLs: the LLVM engine in this process, as a transport."""

from __future__ import annotations

import importlib.util
import json
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from ipfs_accel_async.errors import ClientClosedError, ConfigError
from ipfs_accel_async.transport.llvm import Engine
from ipfs_accel_async.transport.local import SETTINGS_HEADER, LocalTransport
from ipfs_accel_async.wire.http import Request
from tests.transport.llvm.kernels import ADD, SUM_OF_SQUARES, add

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.sockets,
    pytest.mark.skipif(importlib.util.find_spec("llvmlite") is None, reason="llvmlite is not installed"),
]


def a_request(path: str, body: Any = None, url: str = "local://llvm", **settings: Any) -> Request:
    """A request as the codec makes it."""
    headers = ((SETTINGS_HEADER.encode(), orjson.dumps(settings)),) if settings else ()
    return Request("GET" if body is None else "POST", url + path, headers, b"" if body is None else orjson.dumps(body))


async def ask(transport: LocalTransport, request: Request) -> tuple[int, Any]:
    """The status and the parsed body."""
    incoming = await transport.send(request)
    body = await incoming.read()
    assert await incoming.read() == b""
    assert incoming.headers.get("content-type") == "application/json"
    await incoming.aclose()
    return incoming.status, orjson.loads(body)


async def test_code_runs_without_a_server() -> None:
    """This process may run what it likes: no token is asked for."""
    transport = LocalTransport()
    try:
        body = {"code": SUM_OF_SQUARES, "options": {"args": [3]}}
        status, done = await ask(transport, a_request("/execute", body))
        assert (status, done["result"]) == (200, 14)
        assert (await ask(transport, a_request("/models/none")))[0] == 404
    finally:
        await transport.aclose()


async def test_settings_make_engines(tmp_path: Path) -> None:
    """The models' directory and the limits come with the request; the same ones share an engine."""
    (tmp_path / "add.json").write_text(json.dumps(add().manifest()))
    (tmp_path / "add.ll").write_text(ADD)
    settings = {"models_dir": str(tmp_path), "workers": "1", "time_limit": "20"}
    transport = LocalTransport()
    try:
        for n in range(2):
            body = {"input": {"a": n, "b": 1}}
            status, made = await ask(transport, a_request("/models/add/infer", body, **settings))
            assert (status, made["outputs"]) == (200, {"c": n + 1.0})
        assert (await ask(transport, a_request("/status", **settings)))[1]["workers"]["size"] == 1
        assert (await ask(transport, a_request("/models")))[1] == {"models": []}
    finally:
        await transport.aclose()
    await transport.aclose()
    with pytest.raises(ClientClosedError):
        await transport.send(a_request("/models"))


async def test_an_engine_that_is_given_is_used_and_left_open() -> None:
    """Models in memory are served that way."""
    async with Engine([add()]) as engine:
        transport = LocalTransport(engine)
        assert (await ask(transport, a_request("/models/add")))[0] == 200
        await transport.aclose()
        assert float((await engine.infer("add", {"a": 1, "b": 1}))["c"]) == 2.0


@pytest.mark.parametrize(
    ("url", "settings", "told"),
    [
        ("local://other", {}, "no local engine 'other'"),
        ("local://llvm", {"models": "x"}, "no setting 'models'"),
        ("local://llvm", {"workers": "two"}, "workers .* must be a number"),
        ("local://llvm", {"workers": "0"}, "workers must be 1 to 256"),
        ("local://llvm", {"models_dir": "/does/not/exist"}, "is not there"),
    ],
)
async def test_what_cannot_be_made_is_told(url: str, settings: dict[str, Any], told: str) -> None:
    """As a ConfigError."""
    transport = LocalTransport()
    with pytest.raises(ConfigError, match=told):
        await transport.send(a_request("/models", url=url, **settings))
    await transport.aclose()
