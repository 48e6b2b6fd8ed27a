"""The client against the real engine: behind the server, and in this process by ``local://llvm``."""

from __future__ import annotations

import asyncio
import importlib.util
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from ipfs_accel_async import AuthenticationError, BadRequestError, Client, ConfigError, NotFoundError, ServerError
from ipfs_accel_async.transport.llvm import Engine
from ipfs_accel_async.transport.llvm.serve import Server
from ipfs_accel_async.transport.local import LocalTransport
from tests.transport.llvm.kernels import (
    DOUBLED_IN_PLACE,
    FOR_EVER,
    HELLO,
    NULL_DEREFERENCE,
    SUM_OF_SQUARES,
    add,
    linear,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = [
    pytest.mark.sockets,
    pytest.mark.skipif(importlib.util.find_spec("llvmlite") is None, reason="llvmlite is not installed"),
]


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A directory of two models."""
    for model in (add(), linear()):
        (tmp_path / f"{model.name}.json").write_text(json.dumps(model.manifest()))
        (tmp_path / f"{model.name}.ll").write_text(model.ir)
    return tmp_path


@pytest.fixture(params=["served", "local"])
async def ai(request: pytest.FixtureRequest, models: Path) -> AsyncIterator[Client]:
    """The same client over HTTP, and over an engine of its own."""
    if request.param == "local":
        providers: Any = {"llvm": {"options": {"models_dir": str(models), "time_limit": "20"}}}
        async with Client(base_urls={"llvm": "local://llvm"}, providers=providers) as client:
            yield client
        return
    engine = Engine(directory=models, time_limit=20.0)
    async with (
        Server(engine, port=0) as server,
        Client(base_urls={"llvm": server.base_url}, keys={"llvm": server.token}) as client,
    ):
        yield client


async def test_a_model_is_run(ai: Client) -> None:
    """Concurrent calls of different priorities, each with its own numbers."""
    calls = [ai.infer("llvm:add", {"a": n, "b": [1] and n}, priority=n % 3) for n in range(20)]
    assert [float(made["c"]) for made in await asyncio.gather(*calls)] == [2.0 * n for n in range(20)]
    x = np.random.default_rng(5).normal(size=(50, 3))
    made = await ai.infer("llvm:linear", {"x": x}, temperature=2.0)
    assert made["y"].shape == (50, 2)
    np.testing.assert_allclose(made["y"].sum(axis=1), 1.0)
    assert (await ai.llvm.statistics("add"))["count"] == 20


async def test_not_a_number_comes_and_goes(ai: Client) -> None:
    """Infinities too."""
    a = np.array([np.nan, np.inf, 1.0], np.float32)
    made = await ai.infer("llvm:add", {"a": a, "b": np.ones(3, np.float32)})
    assert np.array_equal(made["c"], a + 1, equal_nan=True)


async def test_models_are_described_and_optimised(ai: Client) -> None:
    """The whole of the protocol but inference."""
    assert [model.id for model in (await ai.models("llvm")).models] == ["add", "linear"]
    assert (await ai.llvm.info("linear"))["parameters"][0]["name"] == "temperature"
    assert (await ai.llvm.optimize("linear", "speed"))["level"] == "O3"
    assert (await ai.llvm.reload("linear"))["reloaded"] is True
    assert (await ai.llvm.status())["llvm"]
    batch = await ai.llvm.batch_infer("add", [{"a": 1, "b": 2}, {"a": 1}])
    assert [isinstance(result, BadRequestError) for result in batch.results] == [False, True]


async def test_code_is_executed(ai: Client) -> None:
    """Results, arrays and output come back."""
    assert (await ai.llvm.execute(SUM_OF_SQUARES, [4])).result == 30
    doubled = await ai.llvm.execute(DOUBLED_IN_PLACE, [np.array([[1.0, 2.0]]), 2])
    assert doubled.arrays[0].tolist() == [[2.0, 4.0]]
    assert (await ai.llvm.execute(HELLO, ["you"])).output == "hello you\n"
    done = await ai.llvm.batch_execute([{"code": SUM_OF_SQUARES, "options": {"args": [2]}}, NULL_DEREFERENCE])
    assert not isinstance(done[0], BadRequestError)
    assert done[0].result == 5
    assert isinstance(done[1], BadRequestError)
    assert done[1].code == "worker_crashed"


async def test_code_is_optimised(ai: Client) -> None:
    """By LLVM's passes."""
    made = await ai.llvm.optimize_code(SUM_OF_SQUARES, "O3")
    assert "alloca" not in made["optimized_code"]
    assert "SROAPass" in made["optimization_passes"]
    assert "sum_of_squares" in made["assembly"]


async def test_failures_are_typed_and_sent_once(ai: Client) -> None:
    """A crash, an endless loop, bad code, a model that is not there, a wrong shape and a wrong type."""
    with pytest.raises(ServerError) as crash:
        await ai.llvm.execute(NULL_DEREFERENCE)
    with pytest.raises(ServerError) as late:
        await ai.llvm.execute(FOR_EVER, time_limit=0.2)
    with pytest.raises(BadRequestError) as bad:
        await ai.llvm.execute("nonsense")
    with pytest.raises(NotFoundError) as missing:
        await ai.infer("llvm:nothing", {"x": [1]})
    with pytest.raises(BadRequestError) as shape:
        await ai.infer("llvm:linear", {"x": [1.0, 2.0]})
    with pytest.raises(BadRequestError) as dtype:
        await ai.infer("llvm:add", {"a": np.ones(2), "b": np.ones(2)})
    caught = [error.value for error in (crash, late, bad, missing, shape, dtype)]
    codes = ["worker_crashed", "time_limit", "bad_ir", "model_not_found", "bad_shape", "bad_dtype"]
    assert [error.code for error in caught] == codes
    assert [error.attempts for error in caught] == [1] * 6
    assert (await ai.llvm.execute(SUM_OF_SQUARES, [1])).result == 1


async def test_without_the_token_code_is_not_run(models: Path) -> None:
    """Models are."""
    async with Server(Engine(directory=models), port=0) as server, Client(base_urls={"llvm": server.base_url}) as ai:
        assert float((await ai.infer("llvm:add", {"a": 1, "b": 1}))["c"]) == 2.0
        with pytest.raises(AuthenticationError):
            await ai.llvm.execute(SUM_OF_SQUARES, [1])


async def test_an_engine_of_ones_own() -> None:
    """Models in memory, through a transport that is given."""
    async with (
        Engine([add()]) as engine,
        Client(transport=LocalTransport(engine), base_urls={"llvm": "local://llvm"}) as ai,
    ):
        assert float((await ai.infer("llvm:add", {"a": 2, "b": 3}))["c"]) == 5.0


async def test_the_environment_selects_the_engine(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the variables alone."""
    monkeypatch.setenv("LLVM_API_URL", "local://llvm")
    monkeypatch.setenv("LLVM_MODELS_DIR", str(models))
    monkeypatch.setenv("LLVM_WORKERS", "1")
    async with Client() as ai:
        assert (await ai.llvm.status())["workers"]["size"] == 1
        made = await ai.handler("llvm", "add")({"a": 1, "b": 2})
        assert float(made["c"]) == 3.0


async def test_a_directory_that_is_not_there_is_a_config_error() -> None:
    """Not retried, and not a failure of a service."""
    providers: Any = {"llvm": {"options": {"models_dir": "/does/not/exist"}}}
    async with Client(base_urls={"llvm": "local://llvm"}, providers=providers) as ai:
        with pytest.raises(ConfigError, match="is not there"):
            await ai.models("llvm")
