"""The model-server protocol over values: what each path takes and answers."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async.transport.llvm import Engine, answer
from tests.transport.llvm.conftest import needs_llvmlite
from tests.transport.llvm.kernels import ADD, FOR_EVER, NULL_DEREFERENCE, SUM_OF_SQUARES, add, linear

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.sockets, needs_llvmlite]


async def ask(engine: Engine, method: str, path: str, body: Any = None, *, trusted: bool = True) -> tuple[int, Any]:
    """One request; the answer as it is after JSON."""
    data = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
    status, value = await answer(engine, method, path, data, trusted=trusted)
    return status, orjson.loads(orjson.dumps(value))


async def test_models_are_listed_and_described(engine: Engine) -> None:
    """With their tensors, their level and the digest of their code."""
    status, listed = await ask(engine, "GET", "/models")
    assert (status, [model["id"] for model in listed["models"]]) == (200, ["add", "copy", "linear"])
    status, one = await ask(engine, "GET", "/models/linear")
    assert status == 200
    assert one["inputs"] == [{"name": "x", "dtype": "float64", "shape": [3]}]
    assert (one["level"], one["digest"]) == ("O2", linear().digest)
    assert "ir" not in one


async def test_infer_and_batch_infer(engine: Engine) -> None:
    """Outputs by name; of a batch, results in the order of the inputs, an error in the place of a bad one."""
    body = {"input": {"a": [1, 2], "b": [3, 4]}, "parameters": {}}
    assert await ask(engine, "POST", "/models/add/infer", body) == (
        200,
        {"outputs": {"c": [4.0, 6.0]}, "dtypes": {"c": "float32"}},
    )
    status, told = await ask(engine, "POST", "/models/add/batch_infer", {"inputs": [{"a": 1, "b": 1}, {}]})
    assert status == 200
    assert told["results"][0] == {"c": 2.0}
    assert told["results"][1]["error"]["code"] == "bad_request"
    assert (await ask(engine, "GET", "/models/add/statistics"))[1]["count"] == 2


async def test_types_of_inputs_are_checked_where_they_are_stated(engine: Engine) -> None:
    """Lists of numbers have none; with ``dtypes`` a double is not rounded to the model's float."""
    body = {"input": {"a": 0.1, "b": 0.2}}
    assert (await ask(engine, "POST", "/models/add/infer", body))[0] == 200
    stated = {**body, "dtypes": {"a": "float32", "b": "float16"}}
    assert (await ask(engine, "POST", "/models/add/infer", stated))[0] == 200
    status, told = await ask(engine, "POST", "/models/add/infer", {**body, "dtypes": {"a": "float64"}})
    assert (status, told["error"]["code"]) == (400, "bad_dtype")
    assert told["error"]["message"] == "input 'a' must be float32, not float64"
    assert (await ask(engine, "POST", "/models/add/infer", {**body, "dtypes": {"a": "text"}}))[0] == 400


async def test_code_is_executed(engine: Engine) -> None:
    """Result, output, errors, time."""
    status, done = await ask(engine, "POST", "/execute", {"code": SUM_OF_SQUARES, "options": {"args": [4]}})
    assert status == 200
    assert done.pop("execution_time") > 0
    assert done == {"result": 30, "arrays": [], "dtypes": [], "output": "", "errors": []}


async def test_many_codes_are_executed(engine: Engine) -> None:
    """Shared options hold for all, an item's own come first; errors have places of their own."""
    batch = [SUM_OF_SQUARES, {"code": SUM_OF_SQUARES, "options": {"args": [2]}}, "nonsense"]
    status, done = await ask(engine, "POST", "/batch_execute", {"code_batch": batch, "options": {"args": [1]}})
    assert status == 200
    assert [one and one["result"] for one in done["results"]] == [1, 5, None]
    assert [error and error["code"] for error in done["errors"]] == [None, None, "bad_ir"]
    assert [seconds is None for seconds in done["execution_times"]] == [False, False, True]


async def test_code_is_optimised(engine: Engine) -> None:
    """Optimised code, the passes that ran, the assembly."""
    status, made = await ask(engine, "POST", "/optimize", {"code": SUM_OF_SQUARES, "optimization_level": "O3"})
    assert (status, made["errors"], made["optimization_level"]) == (200, [], "O3")
    assert "alloca" not in made["optimized_code"]
    assert "SROAPass" in made["optimization_passes"]
    assert "sum_of_squares" in made["assembly"]


async def test_models_are_optimised(engine: Engine) -> None:
    """The level is the model's from now on."""
    status, told = await ask(engine, "POST", "/models/add/optimize", {"optimization_type": "memory"})
    assert (status, told["level"]) == (200, "Os")
    assert (await ask(engine, "GET", "/models/add"))[1]["level"] == "Os"


async def test_reloading_reads_the_directory_again(tmp_path: Path) -> None:
    """New code and new models are served from then on; what does not compile changes nothing."""

    def save(name: str, code: str) -> None:
        (tmp_path / f"{name}.json").write_text(json.dumps({**add().manifest(), "name": name}))
        (tmp_path / f"{name}.ll").write_text(code)

    save("add", ADD)
    async with Engine(directory=tmp_path) as engine:
        inputs = {"input": {"a": 5, "b": 3}}
        assert (await ask(engine, "POST", "/models/add/infer", inputs))[1]["outputs"] == {"c": 8.0}
        save("add", ADD.replace("fadd", "fsub"))
        assert (await ask(engine, "POST", "/models/add/infer", inputs))[1]["outputs"] == {"c": 8.0}
        assert (await ask(engine, "POST", "/models/add/reload"))[0] == 200
        assert (await ask(engine, "POST", "/models/add/infer", inputs))[1]["outputs"] == {"c": 2.0}
        save("add", "nonsense")
        assert (await ask(engine, "POST", "/models/add/reload"))[1]["error"]["code"] == "bad_ir"
        assert (await ask(engine, "POST", "/models/add/infer", inputs))[1]["outputs"] == {"c": 2.0}
        (tmp_path / "add.json").write_text("{")
        assert (await ask(engine, "POST", "/models/add/reload"))[1]["error"]["code"] == "bad_model"
        save("product", ADD.replace("fadd", "fmul"))
        assert (await ask(engine, "POST", "/models/product/infer", inputs))[0] == 404
        assert (await ask(engine, "POST", "/models/product/reload"))[0] == 200
        assert (await ask(engine, "POST", "/models/product/infer", inputs))[1]["outputs"] == {"c": 15.0}
        assert (await ask(engine, "POST", "/models/none/reload"))[0] == 404
        assert (await ask(engine, "POST", "/models/..%2Fadd/reload"))[0] == 404


async def test_status_means_that_it_works(engine: Engine) -> None:
    """A worker has been started to say which LLVM it has; health asks none."""
    assert await ask(engine, "GET", "/health") == (200, {"status": "ok", "models": 3})
    status, told = await ask(engine, "GET", "/status")
    assert (status, told["status"], told["workers"]["started"]) == (200, "ok", 1)
    assert told["llvm"].count(".") == 2


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/models/nothing", None, 404, "model_not_found"),
        ("POST", "/models/nothing/infer", {}, 404, "model_not_found"),
        ("POST", "/models/nothing/batch_infer", {}, 404, "model_not_found"),
        ("GET", "/models/nothing/statistics", None, 404, "model_not_found"),
        ("POST", "/models/nothing/optimize", {}, 404, "model_not_found"),
        ("GET", "/nowhere", None, 404, "not_found"),
        ("GET", "/models/add/teapot", None, 404, "not_found"),
        ("GET", "/execute", None, 405, "method_not_allowed"),
        ("POST", "/models/add/infer", b"{", 400, "bad_request"),
        ("POST", "/models/add/infer", [], 400, "bad_request"),
        ("POST", "/models/add/infer", {}, 400, "bad_request"),
        ("POST", "/models/add/infer", {"input": {"a": [[1]], "b": 1}}, 400, "bad_shape"),
        ("POST", "/models/add/infer", {"input": {"a": "x", "b": 1}}, 400, "bad_dtype"),
        ("POST", "/models/add/batch_infer", {"inputs": {}}, 400, "bad_request"),
        ("POST", "/models/add/optimize", {"optimization_type": ["speed"]}, 400, "bad_request"),
        ("POST", "/execute", {}, 400, "bad_request"),
        ("POST", "/execute", {"code": "nonsense"}, 400, "bad_ir"),
        ("POST", "/execute", {"code": SUM_OF_SQUARES, "options": []}, 400, "bad_arguments"),
        ("POST", "/execute", {"code": SUM_OF_SQUARES, "options": "x"}, 400, "bad_request"),
        ("POST", "/execute", {"code": NULL_DEREFERENCE}, 500, "worker_crashed"),
        ("POST", "/execute", {"code": FOR_EVER, "options": {"time_limit": 0.1}}, 504, "time_limit"),
        ("POST", "/batch_execute", {"code_batch": ["x"], "options": [1]}, 400, "bad_request"),
        ("POST", "/optimize", {"code": ADD, "optimization_level": "O7"}, 400, "bad_level"),
    ],
)
async def test_errors(engine: Engine, method: str, path: str, body: Any, status: int, code: str) -> None:
    """Each has its status and its code."""
    told = await ask(engine, method, path, body)
    assert (told[0], told[1]["error"]["code"]) == (status, code)
    assert told[1]["error"]["message"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", "dtype", "shape", "data", "c"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(path=st.sampled_from(["/models/add/infer", "/models/linear/batch_infer"]), inputs=JSON, more=JSON, dtypes=JSON)
def test_whatever_the_body_holds_the_answer_is_typed(path: str, inputs: Any, more: Any, dtypes: Any) -> None:
    """Any JSON is refused with 400 and a code, or is an input: nothing else comes of it."""
    body = {"input": inputs, "inputs": inputs, "parameters": more, "dtypes": dtypes}

    async def once() -> tuple[int, Any]:
        engine = Engine([add(), linear()])
        engine._serving.run = nothing  # type: ignore[method-assign]
        return await ask(engine, "POST", path, body)

    async def nothing(served: Any, rows: Any, values: Any) -> Any:
        assert all(array.dtype.name == t.dtype for array, t in zip(rows.inputs, served.model.inputs, strict=True))
        return {}

    status, told = asyncio.run(once())
    assert status == 200 or (status, bool(told["error"]["code"])) == (400, True)


@pytest.mark.parametrize(
    "path", ["/execute", "/batch_execute", "/optimize", "/models/add/optimize", "/models/add/reload"]
)
async def test_code_needs_trust(engine: Engine, path: str) -> None:
    """Who is not trusted can use the models as they are, and nothing more."""
    status, told = await ask(engine, "POST", path, {"code": SUM_OF_SQUARES}, trusted=False)
    assert (status, told["error"]["code"]) == (401, "token")
    body = {"input": {"a": 1, "b": 1}}
    assert (await ask(engine, "POST", "/models/add/infer", body, trusted=False))[0] == 200
