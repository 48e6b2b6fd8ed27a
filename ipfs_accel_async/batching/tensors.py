"""Tensors: the rows of several inferences as one, or several inferences side by side in one request."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.batching.forms import Form, params_key, whole
from ipfs_accel_async.errors import BadRequestError, ResponseValidationError
from ipfs_accel_async.providers._llvm_arrays import binary, decode, encode, is_binary
from ipfs_accel_async.results import Tensors
from ipfs_accel_async.types import NativeRequest

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from ipfs_accel_async.answers import Answer, NativeAnswer
    from ipfs_accel_async.batching.forms import Share
    from ipfs_accel_async.batching.members import Member
    from ipfs_accel_async.payloads import InferRequest


class Rows(Form):
    """Rows of tensors, stacked along their first axis (KServe v2: a first dimension of -1 takes any number)."""

    def key(self, payload: InferRequest) -> Hashable | None:
        """Names, types and shapes but for the rows; outputs, version and parameters. Texts stay apart."""
        params = params_key(payload.params)
        rows = {array.shape[0] if array.ndim else 0 for array in payload.inputs.values()}
        numbers = all(array.dtype.kind in "biuf" for array in payload.inputs.values())
        if params is None or not numbers or len(rows) != 1 or rows == {0}:
            return None
        shapes = tuple((name, array.dtype.str, array.shape[1:]) for name, array in sorted(payload.inputs.items()))
        return (shapes, payload.outputs, payload.version, params)

    def items(self, payload: InferRequest) -> Sequence[Any]:
        """The rows, by number."""
        return range(next(iter(payload.inputs.values())).shape[0])

    def weigh(self, payload: InferRequest) -> tuple[int, int, int]:
        """Rows and bytes; a row counts for one token."""
        rows = len(self.items(payload))
        return rows, rows, sum(array.nbytes for array in payload.inputs.values())

    def weights(self, payload: InferRequest) -> Sequence[tuple[int, int]]:
        """All rows are alike."""
        rows, _, size = self.weigh(payload)
        return [(1, size // rows)] * rows

    def merged(self, payloads: Sequence[InferRequest]) -> InferRequest:
        """All rows, one below the other."""
        import numpy as np  # loads on first use: most programs send no tensors

        inputs = {name: np.concatenate([one.inputs[name] for one in payloads]) for name in payloads[0].inputs}
        return replace(payloads[0], inputs=inputs)

    def cut(self, payload: InferRequest, start: int, stop: int) -> InferRequest:
        """Some of the rows."""
        return replace(payload, inputs={name: array[start:stop] for name, array in payload.inputs.items()})

    def shares(self, answer: Tensors, members: Sequence[Member]) -> Sequence[Share]:
        """Each member's rows of every output.

        Raises:
            ValueError: An output has other than one row for each that was sent.
        """
        wanted = sum(member.items for member in members)
        for name, array in answer.outputs.items():
            if not array.ndim or array.shape[0] != wanted:
                raise ValueError(f"the output {name!r} has the shape {list(array.shape)} for {wanted} rows")
        made: list[Share] = []
        at = 0
        for member in members:
            rows = slice(at, at + member.items)
            own = {name: array[rows].copy() for name, array in answer.outputs.items()}
            made.append({"outputs": own, "version": answer.version})
            at += member.items
        return made

    def joined(self, payload: InferRequest, answers: Sequence[Tensors]) -> Answer:
        """The rows of all parts."""
        import numpy as np

        outputs = {name: np.concatenate([one.outputs[name] for one in answers]) for name in answers[0].outputs}
        return whole(answers, outputs=outputs)  # type: ignore[no-any-return]


class Inferences(Form):
    """Whole inferences in one request, each with its own result (the protocol of ``ipfs-accel llvm-serve``)."""

    operation = "batch_infer"

    def key(self, payload: InferRequest) -> Hashable | None:
        """The parameters. What the server refuses by itself stays apart: a version, arrays that are no numbers."""
        plain = all(array.dtype.kind in "biuf" and array.dtype.itemsize <= 8 for array in payload.inputs.values())
        return params_key(payload.params) if plain and not payload.version else None

    def items(self, payload: InferRequest) -> Sequence[Any]:
        """The call is one item."""
        return (payload,)

    def weigh(self, payload: InferRequest) -> tuple[int, int, int]:
        """One item, and its bytes as numbers in JSON."""
        return 1, 1, sum(8 * array.size for array in payload.inputs.values())

    def merged(self, payloads: Sequence[InferRequest]) -> NativeRequest:
        """The inputs of each; arrays that came with a type keep it, in the binary form."""
        inputs = [{name: _written(one, name) for name in one.inputs} for one in payloads]
        return NativeRequest(json={"inputs": inputs, "parameters": dict(payloads[0].params)})

    def shares(self, answer: NativeAnswer, members: Sequence[Member]) -> Sequence[Share]:
        """Each its outputs, or its error: the server tells them one by one."""
        results = answer["results"]
        if len(results) != len(members):
            raise ValueError(f"it has {len(results)} results for {len(members)}")
        types = answer.get("dtypes") or {}
        return [_result(one, types, member, answer) for one, member in zip(results, members, strict=True)]


def _written(payload: InferRequest, name: str) -> Any:
    array = payload.inputs[name]
    return encode(array, f"inputs[{name!r}]") if name in payload.untyped else binary(array)


def _result(told: Any, types: Any, member: Member, answer: NativeAnswer) -> Share:
    if isinstance(told, dict) and "error" in told:
        said = told["error"] if isinstance(told["error"], dict) else {"message": str(told["error"])}
        message = str(said.get("message") or "the item failed")
        return BadRequestError(message, target=answer.target, code=said.get("code"))
    named = told if isinstance(told, dict) and not is_binary(told) else {"outputs": told}
    try:
        wanted = member.payload.outputs or tuple(named)
        outputs = {name: decode(named[name], types.get(name)) for name in wanted}
    except (KeyError, TypeError, ValueError) as error:
        return ResponseValidationError(f"the result is malformed: {error}", target=answer.target)
    return {"kind": Tensors, "model": answer.target.model, "outputs": outputs, "raw": told}
