"""What the LLVM handle gives back, where JSON would lose an array's type, and how it writes what is passed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.errors import BadRequestError, InvalidRequestError, ResponseValidationError
from ipfs_accel_async.inputs import infer_request
from ipfs_accel_async.providers._llvm_arrays import binary, decode, encode, is_binary
from ipfs_accel_async.types import NOTHING

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ipfs_accel_async.answers import NativeAnswer


@dataclass(frozen=True, slots=True, eq=False)
class Execution:
    """What became of code that was run.

    Args:
        result: What its entry returned; None for void.
        arrays: Its array arguments as they are afterwards, in their order.
        output: What it wrote to standard output.
        errors: Lines that it wrote to standard error.
        execution_time: Seconds between call and return; None where the server does not say.
        raw: The JSON of it.
    """

    result: Any
    arrays: tuple[NDArray[Any], ...]
    output: str
    errors: tuple[str, ...]
    execution_time: float | None
    raw: Any = field(repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class BatchInference:
    """Results of a batch, in the order of its inputs.

    Args:
        results: Outputs by name; the error in the place of an input that failed.
        seconds: From the call to the answer.
    """

    results: tuple[Mapping[str, NDArray[Any]] | BadRequestError, ...]
    seconds: float

    @property
    def items_per_second(self) -> float:
        """Throughput as the caller saw it."""
        return len(self.results) / self.seconds if self.seconds else float("inf")


def input_json(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """One call's inputs as the protocol has them.

    Raises:
        InvalidRequestError: They are no mapping of names to arrays of numbers.
    """
    made = infer_request(inputs, (), "", NOTHING)
    return {name: encode(array, f"inputs[{name!r}]") for name, array in made.inputs.items()}


def argument_json(value: Any, at: int) -> Any:
    """An argument of a function as the protocol has it.

    Raises:
        InvalidRequestError: It is none.
    """
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple)):
        return list(value)
    if isinstance(value, Mapping):
        return dict(value)
    if hasattr(value, "dtype") and hasattr(value, "tobytes"):
        if value.dtype.kind not in "biuf" or value.dtype.itemsize > 8:
            raise InvalidRequestError(f"args[{at}] must be an array of numbers of at most 64 bits, not {value.dtype}")
        return binary(value) if value.ndim else value.item()
    raise InvalidRequestError(f"args[{at}] must be a number, a text, a list or an array, not {type(value).__name__}")


def execution(body: Any, answer: NativeAnswer) -> Execution:
    """One execution of an answer.

    Raises:
        ResponseValidationError: It has not the shape of one.
    """
    try:
        arrays = body.get("arrays") or []
        types = body.get("dtypes") or [None] * len(arrays)
        errors = body.get("errors") or ()
        result = body["result"]
        return Execution(
            decode(result).item() if is_binary(result) else result,
            tuple(decode(array, dtype) for array, dtype in zip(arrays, types, strict=True)),
            str(body.get("output") or ""),
            (errors,) if isinstance(errors, str) else tuple(errors),
            body.get("execution_time"),
            body,
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        message = f"an execution in the answer is malformed: {error}"
        raise ResponseValidationError(message, target=answer.target, request_id=answer.request_id) from error


def result(body: Any, dtypes: Any, answer: NativeAnswer) -> Mapping[str, NDArray[Any]] | BadRequestError:
    """One result of a batch, or its error.

    Raises:
        ResponseValidationError: It has not the shape of either.
    """
    try:
        if isinstance(body, dict) and "error" in body:
            return failure(body["error"], answer)
        named = body if isinstance(body, dict) and not is_binary(body) else {"outputs": body}
        return {name: decode(value, (dtypes or {}).get(name)) for name, value in named.items()}
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        message = f"a result in the answer is malformed: {error}"
        raise ResponseValidationError(message, target=answer.target, request_id=answer.request_id) from error


def failure(told: Any, answer: NativeAnswer) -> BadRequestError:
    """The error of one item of a batch."""
    known = told if isinstance(told, Mapping) else {"message": str(told)}
    return BadRequestError(
        str(known.get("message") or "the item failed"),
        target=answer.target,
        code=known.get("code"),
        request_id=answer.request_id,
    )
