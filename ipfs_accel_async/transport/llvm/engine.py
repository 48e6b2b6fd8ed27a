"""The engine: models and posted code, compiled and run in worker processes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Self

from ipfs_accel_async.errors import AccelError, ConfigError
from ipfs_accel_async.transport.llvm import batch, execution, refusals
from ipfs_accel_async.transport.llvm.measures import Measures
from ipfs_accel_async.transport.llvm.objects import Objects, checked_code, checked_level, optimise
from ipfs_accel_async.transport.llvm.pool import Pool
from ipfs_accel_async.transport.llvm.serving import Serving
from ipfs_accel_async.types import NOTHING

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping, Sequence

    from ipfs_accel_async.transport.llvm.batch import Arrays
    from ipfs_accel_async.transport.llvm.execution import Execution
    from ipfs_accel_async.transport.llvm.model import Model
    from ipfs_accel_async.transport.llvm.objects import Object, Optimized

OPTIMIZATIONS: Mapping[str, str] = {"speed": "O3", "memory": "Os", "balanced": "O2"}
"""The kinds of :meth:`Engine.optimize_model`, and the level of each."""


class Engine:
    """Runs LLVM IR; an async context manager. Workers start with the first call.

    Running IR is running native code with this user's rights: load and post only what you would run as a program.

    Args:
        models: Models in memory; they hide those of the directory of the same name.
        directory: Directory of models.
        workers: Processes at once.
        time_limit: Seconds for a call, and for a compilation.
        memory_limit: Cap on a worker's address space in bytes; 0 is none. LLVM itself needs some 400 MB of it.
        level: Optimisation level that models begin with.

    Raises:
        ConfigError: A setting is out of range, or a model is malformed.
    """

    def __init__(
        self,
        models: Iterable[Model] = (),
        *,
        directory: str | os.PathLike[str] | None = None,
        workers: int = 2,
        time_limit: float = 10.0,
        memory_limit: int = 2 * 1024**3,
        level: str = "O2",
    ) -> None:
        if not 1 <= workers <= 256 or not 0 < time_limit <= 86_400 or memory_limit < 0:
            raise ConfigError("workers must be 1 to 256, time_limit up to a day, and memory_limit 0 or more bytes")
        self._time_limit = time_limit
        self._pool = Pool(workers, memory_limit)
        self._objects = Objects(self._pool)
        self._serving = Serving(
            models, directory, self._pool, self._objects, level=checked_level(level), time_limit=time_limit
        )
        self._executions = Measures()

    @property
    def models(self) -> list[Model]:
        """The models."""
        return [served.model for served in self._serving.served.values()]

    def model(self, name: str) -> Model:
        """One model.

        Raises:
            NotFoundError: ``model_not_found``.
        """
        return self._serving.get(name).model

    async def infer(self, name: str, inputs: Any, parameters: Mapping[str, Any] = NOTHING) -> Arrays:
        """Run a model over one row or a batch.

        Args:
            name: The model's.
            inputs: Arrays (or nested lists) by name; or the value itself for a model with one input. With one axis
                more than the model's shapes they are a batch, and so are the outputs.
            parameters: Numbers by name.

        Raises:
            NotFoundError: ``model_not_found``.
            InvalidRequestError: An input or parameter is not what the model takes.
            BadRequestError: Its code does not compile, or its entry is not typed as its manifest says.
            ServerError: ``time_limit`` or ``worker_crashed``.
        """
        served = self._serving.get(name)
        gathered = batch.gather(served.model, inputs)
        outputs = await self._serving.run(served, gathered, batch.scalars(served.model, parameters))
        return batch.split(outputs, [gathered])[0]

    async def batch_infer(
        self, name: str, inputs: Sequence[Any], parameters: Mapping[str, Any] = NOTHING
    ) -> list[Arrays | AccelError]:
        """Run a model once over the inputs of many calls; what is wrong with one of them is its result.

        Args:
            name: The model's.
            inputs: As many as there are calls, each as :meth:`infer` takes it.
            parameters: Numbers by name, for all.

        Raises:
            AccelError: As :meth:`infer`, for what concerns them all.
        """
        served = self._serving.get(name)
        values = batch.scalars(served.model, parameters)
        results: list[batch.Batch | AccelError] = []
        for value in inputs:
            try:
                results.append(batch.gather(served.model, value))
            except AccelError as error:
                results.append(error)
        good = [result for result in results if isinstance(result, batch.Batch)]
        outputs = await self._serving.run(served, batch.join(good), values) if good else {}
        parts = iter(batch.split(outputs, good))
        return [result if isinstance(result, AccelError) else next(parts) for result in results]

    async def optimize_model(self, name: str, optimization_type: str = "balanced") -> Object:
        """Compile a model at the level of a kind, and serve it so from now on.

        Args:
            name: The model's.
            optimization_type: One of `OPTIMIZATIONS`.
        """
        if optimization_type not in OPTIMIZATIONS:
            known = ", ".join(OPTIMIZATIONS)
            raise refusals.invalid("bad_request", f"optimization_type {optimization_type!r} is unknown: use {known}")
        return await self._serving.optimize(name, OPTIMIZATIONS[optimization_type])

    async def reload_model(self, name: str) -> Model:
        """Read a model again and compile it anew; if that fails, the old one stays. A new one is loaded."""
        return (await self._serving.reload(name)).model

    async def execute_code(self, code: str, options: Mapping[str, Any] = NOTHING) -> Execution:
        """Compile code and call one of its functions, in a process that ends with it.

        Args:
            code: LLVM IR.
            options: ``entry``, ``args``, ``optimization_level``, ``time_limit``: see :func:`execution.job`.

        Raises:
            InvalidRequestError: An option cannot be used.
            BadRequestError: ``bad_ir``, ``bad_arguments``, ``unresolved``, ``memory_limit``.
            ServerError: ``time_limit`` or ``worker_crashed``.
        """
        work = execution.job(code, options, time_limit=self._time_limit)
        try:
            made, fresh = await self._objects.get(work.code, work.level, seconds=self._time_limit)
            self._executions.compiled(made.seconds if fresh else None)
            entry = execution.entry_of(made, work.entry)
            described, buffers = execution.message(work)
            async with self._pool.lease(once=True) as worker:
                answer, returned = await made.call(worker, entry, described, buffers, seconds=work.seconds)
        except AccelError:
            self._executions.failed()
            raise
        self._executions.ran(answer["seconds"], 1)
        return execution.execution(work, answer, returned)

    async def batch_execute(self, codes: Sequence[tuple[str, Mapping[str, Any]]]) -> list[Execution | AccelError]:
        """Execute many codes, as many at once as there are workers; one that fails fails alone.

        Args:
            codes: Each with its options.

        Returns:
            In their order; the error in the place of one that failed.
        """

        async def one(code: str, options: Mapping[str, Any]) -> Execution | AccelError:
            try:
                return await self.execute_code(code, options)
            except AccelError as error:
                return error

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(code, options)) for code, options in codes]
        return [task.result() for task in tasks]

    async def optimize_code(self, code: str, level: str | int = "O2") -> Optimized:
        """Optimise code without running it.

        Args:
            code: LLVM IR.
            level: ``O0``, ``O1``, ``O2``, ``O3`` or ``Os``.

        Raises:
            InvalidRequestError: The level is unknown.
            BadRequestError: ``bad_ir``.
            ServerError: ``time_limit`` or ``worker_crashed``.
        """
        return await optimise(self._pool, checked_code(code), checked_level(level), seconds=self._time_limit)

    def statistics(self, name: str) -> dict[str, Any]:
        """What was measured of a model."""
        served = self._serving.get(name)
        return {"model": name, "level": served.level, **served.measures.snapshot()}

    async def status(self) -> dict[str, Any]:
        """The engine as a whole; starts a worker if none ever was, so that an answer means that it works."""
        pool, served = self._pool, self._serving.served.values()
        if not pool.facts:
            async with pool.lease():
                pass
        return {
            "status": "ok",
            **pool.facts,
            "models": len(served),
            "workers": {"size": pool.size, "running": pool.running, "started": pool.started},
            "inferences": sum(one.measures.count for one in served),
            "failures": sum(one.measures.failures for one in served),
            "executions": self._executions.snapshot(),
        }

    async def aclose(self) -> None:
        """End every worker and wait until they are gone; calls that run fail. Idempotent."""
        await self._pool.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.aclose()
