"""The models that an engine serves: read, compiled, checked against their manifests, run, measured."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.errors import AccelError, ConfigError
from ipfs_accel_async.transport.llvm import arrays, refusals
from ipfs_accel_async.transport.llvm.directory import load_directory, load_model
from ipfs_accel_async.transport.llvm.measures import Measures
from ipfs_accel_async.transport.llvm.model import NAME

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Sequence

    from ipfs_accel_async.transport.llvm.batch import Arrays, Batch
    from ipfs_accel_async.transport.llvm.model import Model
    from ipfs_accel_async.transport.llvm.objects import Object, Objects
    from ipfs_accel_async.transport.llvm.pool import Pool


@dataclass(slots=True)
class Served:
    """A model, the level that it is compiled at, and what was measured of it."""

    model: Model
    level: str
    measures: Measures = field(default_factory=Measures)


class Serving:
    """Models by name.

    Args:
        models: Models in memory; they hide those of the directory.
        directory: Directory of models, or None.
        pool: Its workers run them.
        objects: Compiles them.
        level: Optimisation level that they begin with.
        time_limit: Seconds of a call, and of a compilation.

    Raises:
        ConfigError: A model of the directory is malformed.
    """

    def __init__(
        self,
        models: Iterable[Model],
        directory: str | os.PathLike[str] | None,
        pool: Pool,
        objects: Objects,
        *,
        level: str,
        time_limit: float,
    ) -> None:
        found = {} if directory is None else load_directory(directory)
        found.update({model.name: model for model in models})
        self.served = {name: Served(found[name], level) for name in sorted(found)}
        self._directory = directory
        self._pool, self._objects = pool, objects
        self._level, self._time_limit = level, time_limit

    def get(self, name: str) -> Served:
        """One model.

        Raises:
            NotFoundError: ``model_not_found``.
        """
        served = self.served.get(name)
        if served is None:
            raise refusals.unknown_model(name, self.served)
        return served

    async def run(self, served: Served, rows: Batch, values: Sequence[float]) -> Arrays:
        """Run a model over rows; the outputs are rows too.

        Args:
            served: The model.
            rows: Its inputs, checked.
            values: Its parameters, checked, in its order.
        """
        model = served.model
        arguments: list[dict[str, Any]] = [{"array": at} for at in range(1, len(rows.inputs) + 1)]
        arguments += [{"zeros": tensor.row_bytes * rows.rows, "back": True} for tensor in model.outputs]
        arguments += [{"value": value} for value in (rows.rows, *values)]
        buffers = [arrays.raw(array) for array in rows.inputs]
        try:
            made = await self._compiled(served, served.level)
            async with self._pool.lease() as worker:
                answer, returned = await made.call(worker, model.entry, arguments, buffers, seconds=self._time_limit)
        except AccelError:
            served.measures.failed()
            raise
        served.measures.ran(answer["seconds"], rows.rows)
        return {
            tensor.name: arrays.from_bytes(data, tensor.dtype, (rows.rows, *tensor.shape))
            for tensor, data in zip(model.outputs, returned, strict=True)
        }

    async def optimize(self, name: str, level: str) -> Object:
        """Compile a model at a level, and serve it so from now on."""
        served = self.get(name)
        made = await self._compiled(served, level)
        served.level = level
        return made

    async def reload(self, name: str) -> Served:
        """Read a model again and compile it anew; until that is done, and if it fails, the old one is served.

        A model that has come to the directory since is loaded.
        """
        before = self.served.get(name)
        model = self._read(name, before.model if before is not None else None)
        after = Served(model, before.level, before.measures) if before else Served(model, self._level)
        self._objects.drop(model.ir)
        await self._compiled(after, after.level)
        self.served[name] = after
        return after

    def _read(self, name: str, model: Model | None) -> Model:
        if self._directory is not None and NAME.fullmatch(name):
            try:
                return load_model(self._directory, name)
            except FileNotFoundError:
                pass  # it is one of those in memory, or none
            except ConfigError as error:
                raise refusals.invalid("bad_model", error.message) from None
        if model is None:
            raise refusals.unknown_model(name, self.served)
        return model

    async def _compiled(self, served: Served, level: str) -> Object:
        model = served.model
        made, fresh = await self._objects.get(model.ir, level, seconds=self._time_limit)
        served.measures.compiled(made.seconds if fresh else None)
        if (found := made.functions.get(model.entry)) != model.signature:
            have = (
                f"it is {_signature(found)}" if found else f"the code exports {', '.join(made.functions) or 'nothing'}"
            )
            message = f"the entry {model.entry!r} of model {model.name!r} must be {_signature(model.signature)}; {have}"
            raise refusals.refused("bad_entry", message)
        return made


def _signature(types: Sequence[str]) -> str:
    return f"{types[0]} ({', '.join(types[1:])})"
