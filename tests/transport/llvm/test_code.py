"""Posted code: executed and optimised by LLVM itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ipfs_accel_async.errors import AccelError, BadRequestError, InvalidRequestError
from ipfs_accel_async.transport.llvm import Engine, Execution
from tests.transport.llvm.conftest import needs_llvmlite
from tests.transport.llvm.kernels import (
    DOUBLED_IN_PLACE,
    HELLO,
    NULL_DEREFERENCE,
    SUM_OF_SQUARES,
)

pytestmark = [pytest.mark.sockets, needs_llvmlite]
LEVELS = ["O0", "O1", "O2", "O3", "Os"]


async def test_levels_differ_and_agree(engine: Engine) -> None:
    """O0 keeps the memory accesses that O3 removes, and every level computes the same."""
    made = {level: await engine.optimize_code(SUM_OF_SQUARES, level) for level in LEVELS}
    assert "alloca" in made["O0"].code
    assert all("alloca" not in made[level].code for level in LEVELS[1:])
    assert "optsize" in made["Os"].code
    assert made["O0"].assembly != made["O3"].assembly
    results = [
        (await engine.execute_code(SUM_OF_SQUARES, {"args": [1000], "optimization_level": level})).result
        for level in LEVELS
    ]
    assert results == [333_833_500] * len(LEVELS)


async def test_passes_are_those_that_ran(engine: Engine) -> None:
    """LLVM's own account: scalar replacement runs at O2 and not at O0; analyses and totals are no passes."""
    none, many = [await engine.optimize_code(SUM_OF_SQUARES, level) for level in ("O0", "O2")]
    assert "SROAPass" in many.passes
    assert "SROAPass" not in none.passes
    assert len(many.passes) > len(none.passes)
    assert len(set(many.passes)) == len(many.passes)
    assert not {"Total", "DominatorTreeAnalysis"} & set(many.passes)


async def test_optimised_code_runs(engine: Engine) -> None:
    """What comes out is IR that goes in again; the assembly is of the function."""
    made = await engine.optimize_code(SUM_OF_SQUARES, 3)
    assert (await engine.execute_code(made.code, {"args": [10]})).result == 385
    assert "sum_of_squares:" in made.assembly
    assert made.level == "O3"
    assert made.seconds > 0


async def test_output_is_captured(engine: Engine) -> None:
    """What printf writes is the output, buffered or not; what goes to standard error is lines of errors."""
    done = await engine.execute_code(HELLO, {"args": ["wörld"]})
    assert done.result == len("hello wörld\n".encode())
    assert (done.output, done.errors) == ("hello wörld\n", ("oops",))
    assert 0 < done.execution_time < 20


@pytest.mark.parametrize("given", [[1.0, 2.5], np.array([1.0, 2.5]), {"dtype": "float64", "data": [1.0, 2.5]}])
async def test_arrays_come_back_as_the_code_left_them(engine: Engine, given: Any) -> None:
    """Lists and numpy arrays are passed by address; the caller's own array is untouched."""
    done = await engine.execute_code(DOUBLED_IN_PLACE, {"args": [given, 2]})
    assert done.result is None
    assert [array.tolist() for array in done.arrays] == [[2.0, 5.0]]
    if isinstance(given, np.ndarray):
        assert given.tolist() == [1.0, 2.5]


async def test_zeros_need_no_data(engine: Engine) -> None:
    """An array of zeros is stated by its type and shape."""
    done = await engine.execute_code(DOUBLED_IN_PLACE, {"args": [{"dtype": "float64", "shape": [2, 2]}, 4]})
    assert done.arrays[0].tolist() == [[0.0, 0.0], [0.0, 0.0]]


async def test_the_entry_is_main_or_the_only_one_or_named(engine: Engine) -> None:
    """Where it is not clear, the error names what is there."""
    two = "define i32 @one() {\n ret i32 1\n}\ndefine i32 @two() {\n ret i32 2\n}"
    with pytest.raises(InvalidRequestError, match="it exports: one, two") as caught:
        await engine.execute_code(two)
    assert caught.value.code == "bad_entry"
    assert (await engine.execute_code(two, {"entry": "two"})).result == 2


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("define i32 @f( {", "expected type"),
        ("define i32 @f() {\n ret i64 1\n}", "doesn't match function result type 'i32'"),
        ('target triple = "pdp11-dec-none"\ndefine i32 @f() {\n ret i32 1\n}', "made for pdp11"),
    ],
)
async def test_bad_code_is_told_in_llvms_words(engine: Engine, code: str, told: str) -> None:
    """One line, typed, whether it is to be run or only optimised."""
    for work in (engine.execute_code(code), engine.optimize_code(code)):
        with pytest.raises(BadRequestError) as caught:
            await work
        assert caught.value.code == "bad_ir"
        assert told in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("args", "told"),
    [
        ([], "takes 1 arguments, not 0"),
        (["ten"], "argument 0 must be a whole number"),
        ([1.5], "argument 0 must be a whole number"),
        ([2**70], "does not fit into i64"),
        ([[1, 2]], "argument 0 must be a whole number"),
    ],
)
async def test_arguments_that_the_function_does_not_take(engine: Engine, args: list[Any], told: str) -> None:
    """They are checked against the function's own signature."""
    with pytest.raises(BadRequestError, match=told) as caught:
        await engine.execute_code(SUM_OF_SQUARES, {"args": args})
    assert caught.value.code == "bad_arguments"


async def test_types_that_cannot_be_passed(engine: Engine) -> None:
    """A vector argument has no C type: the error says which do."""
    with pytest.raises(BadRequestError, match=r"<4 x float>.*double"):
        await engine.execute_code("define void @f(<4 x float> %v) {\n ret void\n}", {"args": [1]})


async def test_functions_that_are_nowhere(engine: Engine) -> None:
    """The error names them."""
    code = "declare void @no_such_thing()\ndefine void @f() {\n call void @no_such_thing()\n ret void\n}"
    with pytest.raises(BadRequestError, match="no_such_thing") as caught:
        await engine.execute_code(code)
    assert caught.value.code == "unresolved"


@pytest.mark.parametrize(
    "options",
    [
        {"argz": []},
        {"args": "1"},
        {"args": [object()]},
        {"args": [{"dtype": "complex64", "shape": [1]}]},
        {"args": [{"dtype": "int8"}]},
        {"args": [{"dtype": "int8", "shape": [10**12]}]},
        {"args": [["a", 1]]},
        {"entry": 1},
        {"time_limit": 0},
        {"time_limit": 1e9},
        {"optimization_level": "O9"},
        {"optimization_level": True},
    ],
)
async def test_options_that_cannot_be_used(engine: Engine, options: Any) -> None:
    """They are refused before any worker is asked."""
    with pytest.raises(InvalidRequestError):
        await engine.execute_code(SUM_OF_SQUARES, options)


@pytest.mark.parametrize("code", ["", "  ", None, 7, "\ud800"])
async def test_what_is_no_code(engine: Engine, code: Any) -> None:
    """Nothing, no text, and text that cannot be written."""
    with pytest.raises(InvalidRequestError):
        await engine.execute_code(code)


async def test_of_many_codes_one_that_fails_fails_alone(engine: Engine) -> None:
    """Results keep their places."""
    codes = [(SUM_OF_SQUARES, {"args": [n]}) for n in (1, 2)] + [(NULL_DEREFERENCE, {}), ("nonsense", {})]
    done = await engine.batch_execute(codes)
    assert [one.result for one in done if isinstance(one, Execution)] == [1, 5]
    assert [one.code for one in done if isinstance(one, AccelError)] == ["worker_crashed", "bad_ir"]
