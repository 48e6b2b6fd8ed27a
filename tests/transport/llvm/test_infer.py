"""Models run in real workers: numbers as numpy's, batches, levels, statistics."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest

from ipfs_accel_async.errors import (
    AccelError,
    BadRequestError,
    ClientClosedError,
    ConfigError,
    InvalidRequestError,
    NotFoundError,
)
from ipfs_accel_async.transport.llvm import Engine, Model, Tensor
from tests.transport.llvm.conftest import needs_llvmlite
from tests.transport.llvm.kernels import ADD, WEIGHTS, add, linear

pytestmark = [pytest.mark.sockets, needs_llvmlite]


def softmax(x: Any, temperature: float = 1.0) -> Any:
    """What the linear model computes, by numpy."""
    e = np.exp(np.asarray(x) @ np.asarray(WEIGHTS) / temperature)
    return e / e.sum(axis=-1, keepdims=True)


async def test_numbers_are_numpys(engine: Engine) -> None:
    """A batch of a thousand rows through a linear layer with softmax gives what numpy gives."""
    x = np.random.default_rng(7).normal(size=(1000, 3))
    y = (await engine.infer("linear", {"x": x}, {"temperature": 0.5}))["y"]
    assert y.shape == (1000, 2)
    np.testing.assert_allclose(y, softmax(x, 0.5), rtol=1e-12)


async def test_addition_is_exact(engine: Engine) -> None:
    """float32 vectors added give numpy's bits."""
    a, b = (np.random.default_rng(seed).normal(size=4097).astype(np.float32) for seed in (1, 2))
    c = (await engine.infer("add", {"a": a, "b": b}))["c"]
    assert c.dtype == np.float32
    assert (c == a + b).all()


async def test_one_row_gives_one_row(engine: Engine) -> None:
    """Without a batch axis in, there is none out; the only input need not be named."""
    one = (await engine.infer("linear", [1.0, 0.0, -1.0]))["y"]
    assert one.shape == (2,)
    np.testing.assert_allclose(one, softmax([1.0, 0.0, -1.0]), rtol=1e-12)
    scalar = (await engine.infer("add", {"a": 1.5, "b": 2}))["c"]
    assert (scalar.shape, float(scalar)) == ((), 3.5)


async def test_no_rows_give_no_rows(engine: Engine) -> None:
    """An empty batch runs over nothing."""
    assert (await engine.infer("add", {"a": [], "b": []}))["c"].shape == (0,)


async def test_a_batch_of_calls_runs_once_and_a_bad_one_fails_alone(engine: Engine) -> None:
    """Calls are joined into one run, each gets its own rows back, and what is wrong with one is its result."""
    results = await engine.batch_infer("linear", [[1, 2, 3], {"z": 1}, [[0, 0, 0], [1, 1, 1]], [1, 2]])
    assert isinstance(results[0], dict)
    assert isinstance(results[2], dict)
    np.testing.assert_allclose(results[0]["y"], softmax([1, 2, 3]), rtol=1e-12)
    np.testing.assert_allclose(results[2]["y"], softmax([[0, 0, 0], [1, 1, 1]]), rtol=1e-12)
    codes = [result.code for result in results if isinstance(result, AccelError)]
    assert codes == ["bad_request", "bad_shape"]
    statistics = engine.statistics("linear")
    assert (statistics["count"], statistics["rows"]) == (1, 3)


async def test_a_hundred_calls_at_once_over_two_workers(engine: Engine) -> None:
    """Each of a hundred concurrent calls gets its own answer; two processes did it, one compilation served both."""
    answers = await asyncio.gather(*(engine.infer("add", {"a": n, "b": 2 * n}) for n in range(100)))
    assert [float(answer["c"]) for answer in answers] == [3.0 * n for n in range(100)]
    assert (await engine.status())["workers"]["started"] == 2
    statistics = engine.statistics("add")
    assert (statistics["count"], statistics["compilations"], statistics["cache_hits"]) == (100, 1, 99)


@pytest.mark.parametrize(
    ("inputs", "code", "told"),
    [
        ({"a": 1.0}, "bad_request", "input 'b' is missing: the model takes a, b"),
        ({"a": 1.0, "b": 1.0, "d": 1.0}, "bad_request", "input 'd' is unknown"),
        ([1.0], "bad_request", "the input must be an object with a, b"),
        ({"a": [[1.0]], "b": [1.0]}, "bad_shape", "input 'a' must have the shape (), or (n,) as a batch, not (1, 1)"),
        ({"a": [1.0, 2.0], "b": [1.0]}, "bad_shape", "as many rows"),
        ({"a": [1.0], "b": 1.0}, "bad_shape", "as many rows"),
        ({"a": [[1.0], [1.0, 2.0]], "b": 1.0}, "bad_shape", "nested lists of equal lengths"),
        ({"a": "one", "b": 1.0}, "bad_dtype", "numbers that float32 can hold"),
        ({"a": None, "b": 1.0}, "bad_dtype", "numbers that float32 can hold"),
        ({"a": True, "b": 1.0}, "bad_dtype", "numbers that float32 can hold"),
        ({"a": 1e300, "b": 1.0}, "bad_dtype", "a number that float32 cannot hold"),
        ({"a": np.ones(3), "b": np.ones(3)}, "bad_dtype", "input 'a' must be float32, not float64"),
    ],
)
async def test_inputs_that_do_not_fit(engine: Engine, inputs: Any, code: str, told: str) -> None:
    """What is wrong is told with what was expected, before any worker is started."""
    with pytest.raises(InvalidRequestError) as caught:
        await engine.infer("add", inputs)
    assert caught.value.code == code
    assert told in str(caught.value)
    assert engine.statistics("add")["compilations"] == 0


@pytest.mark.parametrize("given", [{"temprature": 1.0}, {"temperature": "hot"}, {"temperature": [1.0]}, [1.0]])
async def test_parameters_that_do_not_fit(engine: Engine, given: Any) -> None:
    """An unknown parameter, one of another type, and no object at all are refused."""
    with pytest.raises(InvalidRequestError):
        await engine.infer("linear", [1, 2, 3], given)


async def test_unknown_models_are_not_found(engine: Engine) -> None:
    """The error names those that are there."""
    with pytest.raises(NotFoundError, match="loaded: add, copy, linear") as caught:
        await engine.infer("nothing", 1.0)
    assert caught.value.status == 404


async def test_an_entry_that_is_not_typed_as_stated_is_never_run() -> None:
    """The manifest is checked against the code: a wrong one would make the code read wild addresses."""
    wrong = Model("add", ADD, "add", (Tensor("a", "float32"),), (Tensor("c", "float32"),))
    async with Engine([wrong]) as engine:
        with pytest.raises(BadRequestError, match=r"must be void \(ptr, ptr, i64\); it is void \(ptr, ptr, ptr, i64\)"):
            await engine.infer("add", 1.0)
        assert engine.statistics("add")["failures"] == 1


async def test_levels_change_the_code_and_not_the_numbers(engine: Engine) -> None:
    """A model compiled for speed, for memory and in balance computes the same."""
    x = np.random.default_rng(3).normal(size=(64, 3))
    sizes, answers = set(), []
    for kind, level in (("speed", "O3"), ("memory", "Os"), ("balanced", "O2")):
        sizes.add(len((await engine.optimize_model("linear", kind)).data))
        assert engine.statistics("linear")["level"] == level
        answers.append((await engine.infer("linear", x))["y"])
    assert len(sizes) > 1
    assert all((answer == answers[0]).all() for answer in answers)
    with pytest.raises(InvalidRequestError, match="speed, memory, balanced"):
        await engine.optimize_model("linear", "best")


async def test_statistics_are_measured(engine: Engine) -> None:
    """Counts are exact, and times add up."""
    assert engine.statistics("add")["mean_seconds"] is None
    for _ in range(3):
        await engine.infer("add", {"a": [1.0, 2.0], "b": [3.0, 4.0]})
    found = engine.statistics("add")
    assert (found["count"], found["rows"], found["failures"], found["compilations"]) == (3, 6, 0, 1)
    assert 0 < found["p50_seconds"] <= found["p95_seconds"] <= found["total_seconds"]
    assert found["mean_seconds"] == pytest.approx(found["total_seconds"] / 3)
    assert found["compile_seconds"] > 0


async def test_a_closed_engine_refuses() -> None:
    """After aclose, which may be called twice, no process is started any more."""
    engine = Engine([add()])
    await engine.infer("add", {"a": 1, "b": 1})
    await engine.aclose()
    await engine.aclose()
    with pytest.raises(ClientClosedError):
        await engine.infer("add", {"a": 1, "b": 1})


@pytest.mark.parametrize("options", [{"workers": 0}, {"time_limit": 0}, {"memory_limit": -1}])
def test_settings_out_of_range(options: dict[str, Any]) -> None:
    """Settings are checked when the engine is made."""
    with pytest.raises(ConfigError):
        Engine([linear()], **options)


async def test_a_worker_that_cannot_start_says_so() -> None:
    """A memory limit below what LLVM itself needs is told as such."""
    async with Engine([add()], memory_limit=50 * 1024 * 1024) as engine:
        with pytest.raises(ConfigError, match="memory_limit"):
            await engine.infer("add", {"a": 1, "b": 1})
