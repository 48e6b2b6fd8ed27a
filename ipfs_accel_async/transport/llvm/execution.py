"""Posted code: its entry found, its arguments made ready, and run once in a process of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.transport.llvm import arrays, refusals
from ipfs_accel_async.transport.llvm.model import SIZES
from ipfs_accel_async.transport.llvm.objects import checked_code, checked_level

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ipfs_accel_async.transport.llvm.objects import Object

OPTIONS = ("entry", "args", "optimization_level", "time_limit")
MAX_ZEROS = 1024**3


@dataclass(frozen=True, slots=True)
class Execution:
    """What became of posted code.

    Args:
        result: What its entry returned; None for void.
        arrays: Its array arguments as they are afterwards, in their order.
        output: What it wrote to standard output.
        errors: The lines that it wrote to standard error.
        execution_time: Seconds between its call and its return.
    """

    result: Any
    arrays: tuple[Any, ...]
    output: str
    errors: tuple[str, ...]
    execution_time: float


@dataclass(frozen=True, slots=True)
class Job:
    """Posted code with its options, checked."""

    code: str = field(repr=False)
    entry: str | None
    arguments: tuple[Any, ...]
    level: str
    seconds: float


def job(code: Any, options: Mapping[str, Any], *, time_limit: float) -> Job:
    """Check a code and its options.

    Args:
        code: LLVM IR.
        options: Of `OPTIONS`: ``entry`` (a function's name), ``args`` (numbers, lists or arrays, texts),
            ``optimization_level`` and ``time_limit`` (seconds, at most the engine's).
        time_limit: The engine's, in seconds.

    Raises:
        InvalidRequestError: One of them cannot be used.
    """
    if not isinstance(options, Mapping):
        raise refusals.invalid("bad_request", "options must be an object")
    if unknown := next((name for name in options if name not in OPTIONS), None):
        raise refusals.invalid("bad_request", f"unknown option {unknown!r}: there are {', '.join(OPTIONS)}")
    entry, given, seconds = options.get("entry"), options.get("args", ()), options.get("time_limit", time_limit)
    if entry is not None and not isinstance(entry, str):
        raise refusals.invalid("bad_request", "the option entry must be a function's name")
    if not isinstance(given, (list, tuple)):
        raise refusals.invalid("bad_request", "the option args must be a list: one value for each argument")
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 < seconds <= time_limit:
        raise refusals.invalid("bad_request", f"the option time_limit must be seconds above 0, at most {time_limit:g}")
    arguments = tuple(_argument(value, f"argument {at}") for at, value in enumerate(given))
    return Job(checked_code(code), entry, arguments, checked_level(options.get("optimization_level", "O2")), seconds)


def entry_of(made: Object, wanted: str | None) -> str:
    """The function to call: the one asked for, else ``main``, else the only one.

    Raises:
        InvalidRequestError: ``bad_entry``.
    """
    names = list(made.functions)
    if wanted is None:
        wanted = "main" if "main" in names or len(names) != 1 else names[0]
    if wanted not in names:
        defined = ", ".join(names) or "none"
        raise refusals.invalid("bad_entry", f"the code exports no function {wanted!r} (it exports: {defined})")
    return wanted


def message(work: Job) -> tuple[list[dict[str, Any]], list[bytes]]:
    """The arguments as a worker takes them, and the buffers behind them; the object is to come before those."""
    described: list[dict[str, Any]] = []
    buffers: list[bytes] = []
    for value in work.arguments:
        if isinstance(value, str):
            buffers.append(value.encode("utf-8", "surrogatepass") + b"\0")
            described.append({"text": len(buffers)})
        elif value is None or isinstance(value, (bool, int, float)):
            described.append({"value": value})
        else:
            buffers.append(value.tobytes())
            described.append({"array": len(buffers), "back": True})
    return described, buffers


def execution(work: Job, answer: Mapping[str, Any], returned: Sequence[bytes]) -> Execution:
    """What a worker answered, with the arrays in their types again."""
    given = [value for value in work.arguments if hasattr(value, "dtype")]
    back = tuple(
        arrays.from_bytes(data, value.dtype.name, value.shape) for value, data in zip(given, returned, strict=True)
    )
    lines = tuple(answer["errors"].splitlines())
    return Execution(answer["result"], back, answer["output"], lines, answer["seconds"])


def _argument(value: Any, where: str) -> Any:
    """A number, a text, None (a null pointer), or an array: a list of whole numbers is int64, any other float64."""
    import numpy as np

    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Mapping):
        if "data" in value and not isinstance(value["data"], str):
            return arrays.as_array(value["data"], _dtype(value, where), where)
        if "data" not in value:
            return _zeros(value, where)
        return arrays.from_binary(value, where)
    if isinstance(value, np.ndarray):
        if value.dtype.name not in SIZES:
            raise refusals.invalid("bad_dtype", f"{where} has the dtype {value.dtype}: use one of {', '.join(SIZES)}")
        return np.ascontiguousarray(value)
    if not isinstance(value, (list, tuple)):
        raise refusals.invalid("bad_request", f"{where} must be a number, a text, a list or an array")
    try:
        whole = np.asarray(value).dtype.kind in "iu"
    except (ValueError, OverflowError):
        raise refusals.invalid("bad_shape", f"{where} must be nested lists of equal lengths") from None
    return arrays.as_array(value, "int64" if whole else "float64", where)


def _zeros(value: Mapping[str, Any], where: str) -> Any:
    import numpy as np

    dtype, shape = _dtype(value, where), value.get("shape")
    if not isinstance(shape, (list, tuple)) or not all(type(length) is int and length >= 0 for length in shape):
        raise refusals.invalid("bad_shape", f"{where} needs data, or the shape of an array of zeros")
    size = SIZES[dtype]
    for length in shape:
        size *= length
    if size > MAX_ZEROS:
        raise refusals.invalid("bad_shape", f"{where} would have {size} bytes: {MAX_ZEROS} are the limit")
    return np.zeros(shape, dtype)


def _dtype(value: Mapping[str, Any], where: str) -> str:
    dtype = value.get("dtype")
    if not isinstance(dtype, str) or dtype not in SIZES:
        raise refusals.invalid("bad_dtype", f"{where} has the dtype {dtype!r}: use one of {', '.join(SIZES)}")
    return dtype
