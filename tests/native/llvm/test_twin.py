"""The client against the twin: no LLVM is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from ipfs_accel_async import AuthenticationError, BadRequestError, Client, NotFoundError
from ipfs_accel_async.simulator import simulate
from ipfs_accel_async.simulator.answers import MISSING_MODEL
from ipfs_accel_async.simulator.llvm import weights

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.sockets
SQUARE = """
define i64 @square(i64 %x) {
  %unused = add i64 %x, 7   ; nobody reads it
  %y = mul i64 %x, %x
  ret i64 %y
}
"""


@pytest.fixture
async def ai() -> AsyncIterator[Client]:
    """A client of the twin."""
    async with simulate("llvm") as sim, Client(base_urls=sim.base_urls, keys={"llvm": "token-0123456789"}) as client:
        yield client


async def test_inference_is_a_linear_model(ai: Client) -> None:
    """The same numbers as numpy's, for a row and for a batch."""
    x = np.arange(8, dtype=np.float32).reshape(2, 4)
    one = await ai.infer("llvm:linear", {"x": x[0]}, scale=2.0)
    assert np.array_equal(one["y"], x[0] @ weights("linear", 0) * 2)
    many = await ai.infer("llvm:linear", {"x": x}, priority="HIGH")
    assert (many["y"].shape, many["y"].dtype) == ((2, 2), np.float32)
    batch = await ai.llvm.batch_infer("linear", [{"x": x[0]}, {"x": [1.0]}])
    assert not isinstance(batch.results[0], BadRequestError)
    assert np.array_equal(batch.results[0]["y"], many["y"][0])
    assert isinstance(batch.results[1], BadRequestError)
    assert (await ai.llvm.statistics("linear"))["count"] == 3


async def test_any_json_may_be_sent(ai: Client) -> None:
    """As it is; the service says what its model takes."""
    x = [1.0, 2.0, 3.0, 4.0]
    answer = await ai.llvm.run("linear", {"x": x}, scale=2.0)
    assert np.allclose(answer["outputs"]["y"], np.array(x) @ weights("linear", 0) * 2)
    with pytest.raises(BadRequestError):
        await ai.llvm.run("linear", "a text")


@pytest.mark.parametrize(
    ("inputs", "code"),
    [({"x": [1.0]}, "bad_shape"), ({"z": [1.0]}, "bad_request"), ({"x": np.ones(4)}, "bad_dtype")],
)
async def test_wrong_inputs_are_typed(ai: Client, inputs: Any, code: str) -> None:
    """With what was expected, and sent once."""
    with pytest.raises(BadRequestError, match="x") as caught:
        await ai.infer("llvm:linear", inputs)
    assert (caught.value.code, caught.value.attempts) == (code, 1)


async def test_models_are_told(ai: Client) -> None:
    """Listed, described, optimised, reloaded."""
    assert [model.id for model in (await ai.models("llvm")).models] == ["linear", "m"]
    assert (await ai.llvm.info("linear"))["inputs"] == [{"name": "x", "dtype": "float32", "shape": [4]}]
    assert (await ai.llvm.optimize("linear", "memory"))["level"] == "Os"
    assert (await ai.llvm.info("linear"))["level"] == "Os"
    assert (await ai.llvm.reload("linear"))["reloaded"] is True
    assert (await ai.llvm.status())["status"] == (await ai.llvm.health())["status"] == "ok"
    with pytest.raises(NotFoundError):
        await ai.llvm.info(MISSING_MODEL)


async def test_code_is_run_and_optimised(ai: Client) -> None:
    """Straight-line arithmetic is understood; more is refused as bad code."""
    assert (await ai.llvm.execute(SQUARE, [12])).result == 144
    assert (await ai.llvm.execute(SQUARE, [2**32])).result == 0
    made = await ai.llvm.optimize_code(SQUARE)
    assert "unused" not in made["optimized_code"]
    assert made["optimization_passes"] == ["DCEPass"]
    assert "square:" in made["assembly"]
    assert (await ai.llvm.execute(made["optimized_code"], [3])).result == 9
    assert (await ai.llvm.optimize_code(SQUARE, "O0"))["optimized_code"] == SQUARE
    first, second = await ai.llvm.batch_execute([{"code": SQUARE, "options": {"args": [5]}}, "nonsense"])
    assert not isinstance(first, BadRequestError)
    assert first.result == 25
    assert isinstance(second, BadRequestError)
    assert second.code == "bad_ir"


@pytest.mark.parametrize(
    ("code", "args"),
    [("define void @f() {\n br label %x\n}", []), (SQUARE, []), (SQUARE, ["a"]), (SQUARE, [0.5]), ("nonsense", [])],
)
async def test_code_that_is_refused(ai: Client, code: str, args: list[Any]) -> None:
    """Typed, and sent once."""
    with pytest.raises(BadRequestError) as caught:
        await ai.llvm.execute(code, args)
    assert caught.value.attempts == 1


async def test_a_key_is_checked_where_there_are_keys() -> None:
    """Health is open."""
    async with (
        simulate("llvm", keys="token-right-0123456") as sim,
        Client(base_urls=sim.base_urls, keys={"llvm": "token-wrong-0123456"}) as ai,
    ):
        assert (await ai.llvm.health())["status"] == "ok"
        with pytest.raises(AuthenticationError):
            await ai.llvm.execute(SQUARE, [1])


async def test_faults_are_retried() -> None:
    """An inference comes through a server that is away for a moment."""
    async with (
        simulate("llvm", faults=["503", "429=0.01"]) as sim,
        Client(base_urls=sim.base_urls, initial_retry_delay=0.01) as ai,
    ):
        made = await ai.infer("llvm:linear", {"x": [0.0, 0.0, 0.0, 1.0]})
        assert made.attempts == 3
