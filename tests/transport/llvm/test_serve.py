"""The protocol over HTTP: who may do what, and from where."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from ipfs_accel_async.errors import ConfigError
from ipfs_accel_async.transport.llvm import Engine
from ipfs_accel_async.transport.llvm import serve as serving
from ipfs_accel_async.transport.llvm.serve import Server, is_loopback
from tests.transport.llvm.conftest import needs_llvmlite
from tests.transport.llvm.kernels import SUM_OF_SQUARES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = [pytest.mark.sockets, needs_llvmlite]
TOKEN = "token-canary-0123456789"
EXECUTE = {"code": SUM_OF_SQUARES, "options": {"args": [3]}}
INFER = {"input": {"a": 1, "b": 2}}


@asynccontextmanager
async def client_of(server: Server, token: str | None = None, **headers: str) -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client of a server, with a token if any."""
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    async with httpx.AsyncClient(base_url=server.base_url, headers=headers, trust_env=False, timeout=60) as client:
        yield client


async def test_who_has_the_token_may_run_code(engine: Engine) -> None:
    """With it everything works."""
    async with Server(engine, port=0, token=TOKEN) as server, client_of(server, TOKEN) as client:
        assert (await client.post("/execute", json=EXECUTE)).json()["result"] == 14
        assert (await client.post("/models/add/optimize", json={"optimization_type": "speed"})).json()["level"] == "O3"


@pytest.mark.parametrize("given", [None, "wrong", TOKEN + "x", "\u00fc"])
async def test_who_has_not_may_use_the_models(engine: Engine, given: str | None) -> None:
    """On loopback models run without a token; code does not, and the refusal shows no token."""
    headers = {} if given is None else {"Authorization": f"Bearer {given}".encode()}
    async with Server(engine, port=0, token=TOKEN) as server, client_of(server) as client:
        for path in ("/execute", "/batch_execute", "/optimize", "/models/add/optimize", "/models/add/reload"):
            refused = await client.post(path, json=EXECUTE, headers=headers)
            assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
            assert TOKEN not in refused.text
        assert (await client.post("/models/add/infer", json=INFER)).json()["outputs"] == {"c": 3.0}
        assert (await client.get("/models")).status_code == 200


async def test_a_token_is_made_up_on_loopback(engine: Engine) -> None:
    """Long, different each time, and not in the repr."""
    one, two = Server(engine, port=0), Server(engine, port=0)
    assert one.token != two.token
    assert len(one.token) >= 32
    assert one.token not in repr(one)
    async with one, client_of(one, one.token) as client:
        assert (await client.post("/execute", json=EXECUTE)).status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.invalid"])
def test_other_machines_need_a_token(host: str) -> None:
    """A server that they could reach is not even made without one."""
    with pytest.raises(ConfigError, match="token"):
        Server(Engine(), host=host)


@pytest.mark.parametrize("token", ["", "two words", "sn\u00f6", "line\n"])
def test_tokens_that_cannot_be_sent(token: str) -> None:
    """They are refused, and not shown."""
    with pytest.raises(ConfigError, match="printable ASCII") as caught:
        Server(Engine(), token=token)
    assert not token or token not in str(caught.value)


async def test_beyond_loopback_everything_needs_the_token(engine: Engine) -> None:
    """But health, which balancers ask for."""
    async with Server(engine, host="0.0.0.0", port=0, token=TOKEN) as server:
        url = server.base_url.replace("0.0.0.0", "127.0.0.1")
        async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=60) as client:
            assert (await client.get("/health")).status_code == 200
            for path in ("/models", "/status", "/models/add/statistics"):
                assert (await client.get(path)).status_code == 401
            assert (await client.post("/models/add/infer", json=INFER)).status_code == 401
            bearer = {"Authorization": f"Bearer {TOKEN}"}
            assert (await client.post("/models/add/infer", json=INFER, headers=bearer)).status_code == 200


async def test_a_foreign_name_for_this_machine_is_refused(engine: Engine) -> None:
    """A web page that resolves its own name to loopback gets no answer from the models."""
    async with Server(engine, port=0, token=TOKEN) as server, client_of(server, Host="evil.example") as client:
        refused = await client.post("/models/add/infer", json=INFER)
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "host")
        bearer = {"Authorization": f"Bearer {TOKEN}"}
        assert (await client.post("/models/add/infer", json=INFER, headers=bearer)).status_code == 200


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost", "LocalHost"])
def test_what_loopback_is(host: str) -> None:
    """Addresses that only this machine reaches, and its one name."""
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "localhost.example", ""])
def test_what_loopback_is_not(host: str) -> None:
    """Others can reach those, or they are none."""
    assert not is_loopback(host)


async def test_errors_are_json_with_their_status(engine: Engine) -> None:
    """As the protocol tells them."""
    async with Server(engine, port=0, token=TOKEN) as server, client_of(server, TOKEN) as client:
        missing = await client.get("/models/no%2Fthing")
        assert (missing.status_code, missing.json()["error"]["code"]) == (404, "model_not_found")
        assert "no/thing" in missing.json()["error"]["message"]
        assert (await client.put("/models")).status_code == 405
        bad = await client.post("/models/add/infer", content=b"{")
        assert (bad.status_code, bad.headers["content-type"].split(";")[0]) == (400, "application/json")


async def test_a_server_that_cannot_start_a_worker_says_so() -> None:
    """500, in words; a closed engine is 503."""
    from tests.transport.llvm.kernels import add

    engine = Engine([add()], memory_limit=50 * 1024 * 1024)
    async with Server(engine, port=0) as server, client_of(server) as client:
        refused = await client.post("/models/add/infer", json=INFER)
        assert (refused.status_code, refused.json()["error"]["code"]) == (500, "no_worker")
        await engine.aclose()
        assert (await client.post("/models/add/infer", json=INFER)).status_code == 503


async def test_bodies_have_a_limit(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is larger is refused while it comes."""
    monkeypatch.setattr(serving, "MAX_BODY", 1000)
    async with Server(engine, port=0, token=TOKEN) as server, client_of(server, TOKEN) as client:
        assert (await client.post("/execute", content=bytes(2000))).status_code == 413


async def test_a_client_that_leaves_ends_its_call() -> None:
    """Its worker is free for the next one."""
    from tests.transport.llvm.kernels import temperamental

    engine = Engine([temperamental()], workers=1, time_limit=60.0)
    async with Server(engine, port=0) as server, client_of(server) as client:
        call = asyncio.create_task(client.post("/models/copy/infer", json={"input": 1}))
        while engine.statistics("copy")["compilations"] == 0:
            await asyncio.sleep(0)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert (await client.post("/models/copy/infer", json={"input": 6})).json()["outputs"] == {"y": 6}


async def test_a_port_that_is_taken_is_told() -> None:
    """As the OSError that it is; the engine is closed."""
    async with Server(Engine(), port=0) as first:
        port = int(first.base_url.rpartition(":")[2])
        with pytest.raises(OSError, match=str(port)):
            await Server(Engine(), port=port).__aenter__()


def test_ipv6_addresses_are_bracketed() -> None:
    """In the base URL."""
    server: Any = Server(Engine(), host="::1", port=1234)
    assert server.base_url == "http://[::1]:1234"
