"""What only the LLVM model server has: batches, statistics, its compiler, and code to run."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.errors import InvalidRequestError
from ipfs_accel_async.inputs import some, text
from ipfs_accel_async.native._handle import Native, given
from ipfs_accel_async.native.llvm_values import (
    BatchInference,
    Execution,
    argument_json,
    execution,
    failure,
    input_json,
    result,
)
from ipfs_accel_async.types import NOTHING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ipfs_accel_async.answers import NativeAnswer
    from ipfs_accel_async.errors import BadRequestError


class LLVMHandle(Native):
    """What only LLVM has, as ``client.llvm``; ``client.infer`` and ``client.models`` are for all services."""

    __slots__ = ()

    async def info(self, model: str) -> NativeAnswer:
        """What a model is: its inputs, outputs and parameters, the level that it is compiled at."""
        return await self._call("info", model=text("model", model))

    async def run(self, model: str, data: Any, **parameters: Any) -> NativeAnswer:
        """Send a model any JSON, a text say, for servers whose models take more than arrays: ``answer["outputs"]``.

        `data` goes out as it is; ``client.infer`` is for arrays, with their names and types.
        """
        return await self._call("run", model=text("model", model), json={"input": data, "parameters": parameters})

    async def batch_infer(
        self,
        model: str,
        inputs: Iterable[Mapping[str, Any]],
        parameters: Mapping[str, Any] = NOTHING,
    ) -> BatchInference:
        """Run a model over the inputs of many calls in one request; one that is wrong fails alone.

        `inputs` are mappings of names to arrays, `parameters` hold for all of them.
        """
        if isinstance(inputs, Mapping):
            raise InvalidRequestError("inputs is a list of mappings, one for each call: for one use client.infer")
        body = {"inputs": [input_json(one) for one in inputs], "parameters": dict(parameters)}
        loop = asyncio.get_running_loop()
        started = loop.time()
        answer = await self._call("batch_infer", model=text("model", model), json=body)
        seconds, dtypes = loop.time() - started, answer.get("dtypes")
        return BatchInference(tuple(result(one, dtypes, answer) for one in answer["results"]), seconds)

    async def statistics(self, model: str) -> NativeAnswer:
        """What the server measured of a model: `count`, `mean_seconds`, `p95_seconds`, `compile_seconds` and more."""
        return await self._call("statistics", model=text("model", model))

    async def optimize(self, model: str, optimization_type: str = "balanced", **params: Any) -> NativeAnswer:
        """Have a model compiled anew for ``"speed"``, for ``"memory"`` or ``"balanced"``, and served so from now on."""
        body = {"optimization_type": text("optimization_type", optimization_type), **params}
        return await self._call("optimize", model=text("model", model), json=body)

    async def reload(self, model: str) -> NativeAnswer:
        """Have a model read again, or one that is new to its directory loaded."""
        return await self._call("reload", model=text("model", model), json={})

    async def status(self) -> NativeAnswer:
        """The server as a whole: its LLVM, its workers, what it has done."""
        return await self._call("status")

    async def health(self) -> NativeAnswer:
        """Whether the server answers; needs no key."""
        return await self._call("health")

    async def execute(
        self,
        code: str,
        args: Sequence[Any] = (),
        *,
        entry: str | None = None,
        optimization_level: str | int | None = None,
        time_limit: float | None = None,
        **options: Any,
    ) -> Execution:
        """Have LLVM IR compiled and one of its functions called. This is native code on the server's machine.

        `args` are numbers, texts (passed as C strings) and arrays or lists (passed by address, and back in `arrays`);
        `entry` is the function, by default ``main`` or the only one; `time_limit` is in seconds. Code that crashes or
        runs too long is a `ServerError` whose `code` is ``worker_crashed`` or ``time_limit``.
        """
        chosen = _options(args, entry, optimization_level, time_limit, options)
        answer = await self._call("execute", json={"code": text("code", code), "options": chosen})
        return execution(answer.raw, answer)

    async def batch_execute(
        self,
        codes: Iterable[str | Mapping[str, Any]],
        *,
        optimization_level: str | int | None = None,
        time_limit: float | None = None,
        **options: Any,
    ) -> tuple[Execution | BadRequestError, ...]:
        """Have many codes executed; one that fails fails alone, its error is in its place.

        Each of `codes` is a text, or ``{"code": text, "options": {"args": [...], ...}}``; the arguments here hold for
        all that do not set their own.
        """
        if isinstance(codes, (str, Mapping)):
            raise InvalidRequestError("codes is a list: for one code use execute")
        batch = [_code(one, at) for at, one in enumerate(some("codes", tuple(codes)))]
        chosen = _options((), None, optimization_level, time_limit, options)
        answer = await self._call("batch_execute", json={"code_batch": batch, "options": chosen})
        return tuple(
            execution(one, answer) if error is None else failure(error, answer)
            for one, error in zip(answer["results"], _padded(answer), strict=False)
        )

    async def optimize_code(self, code: str, optimization_level: str | int = "O2", **options: Any) -> NativeAnswer:
        """Have LLVM IR optimised, and not run: `optimized_code`, `optimization_passes` (that ran) and `assembly`.

        `optimization_level` is ``O0``, ``O1``, ``O2``, ``O3`` or ``Os``.
        """
        level = f"O{optimization_level}" if type(optimization_level) is int else optimization_level
        body = {"code": text("code", code), "optimization_level": level, "options": options}
        return await self._call("optimize_code", json=body)


def _options(
    args: Sequence[Any],
    entry: str | None,
    level: str | int | None,
    time_limit: float | None,
    options: Mapping[str, Any],
) -> dict[str, Any]:
    if isinstance(args, (str, bytes, Mapping)) or not isinstance(args, Iterable):
        raise InvalidRequestError(f"args is a list of arguments, not {type(args).__name__}")
    made = [argument_json(value, at) for at, value in enumerate(args)]
    named = given(args=made or None, entry=entry, optimization_level=level, time_limit=time_limit)
    return {**named, **options}


def _code(one: Any, at: int) -> Any:
    """An item of a batch; arrays in its arguments are written as the protocol has them."""
    if not isinstance(one, Mapping):
        return text(f"codes[{at}]", one)
    options = dict(one.get("options") or {})
    if "args" in options:
        options |= _options(options.pop("args"), None, None, None, NOTHING)
    return {**one, "code": text(f"codes[{at}]['code']", one.get("code")), "options": options}


def _padded(answer: NativeAnswer) -> list[Any]:
    """One error or None for each result; a server may tell none at all."""
    errors = list(answer["errors"] or ())
    return errors + [None] * (len(answer["results"]) - len(errors))


handle = LLVMHandle
