"""Compiled objects: each (code, level) is compiled once, for all workers, and kept."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.errors import BadRequestError
from ipfs_accel_async.transport.llvm import refusals
from ipfs_accel_async.transport.llvm.model import digest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ipfs_accel_async.transport.llvm.pool import Pool
    from ipfs_accel_async.transport.llvm.process import WorkerProcess

LEVELS = ("O0", "O1", "O2", "O3", "Os")
MAX_KEPT = 256
MAX_CODE = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Object:
    """Object code.

    Args:
        key: Of the code and the level.
        data: An object file of this machine.
        functions: By name, what each returns and then takes, as LLVM names the types.
        missing: Functions that it declares and that are nowhere.
        seconds: How long it took to compile.
    """

    key: str
    data: bytes = field(repr=False)
    functions: Mapping[str, Sequence[str]]
    missing: Sequence[str]
    seconds: float

    async def call(
        self,
        worker: WorkerProcess,
        entry: str,
        arguments: Sequence[Mapping[str, Any]],
        buffers: Sequence[bytes | memoryview],
        *,
        seconds: float,
    ) -> tuple[dict[str, Any], list[bytes]]:
        """Call one of its functions in a worker.

        Args:
            worker: Which; it is given the object unless it has it.
            entry: Name of the function.
            arguments: As a worker takes them, with buffers counted from 1.
            buffers: Arrays and texts.
            seconds: Time limit.

        Raises:
            BadRequestError: ``bad_arguments``, ``unresolved``, ``memory_limit``.
            ServerError: ``time_limit``, ``worker_crashed``.
        """
        linked = f"{self.key}:{entry}" in worker.objects
        head = {"op": "run", "key": self.key, "entry": entry, "linked": linked, "arguments": list(arguments)}
        head["signature"] = list(self.functions[entry])
        try:
            answer = await worker.ask(head, [b"" if linked else self.data, *buffers], seconds=seconds)
        except BadRequestError as error:
            if error.code != "unresolved" or not self.missing:
                raise
            raise refusals.refused("unresolved", f"the code calls what is nowhere: {', '.join(self.missing)}") from None
        worker.objects.add(f"{self.key}:{entry}")
        return answer


@dataclass(frozen=True, slots=True)
class Optimized:
    """What LLVM made of a text of IR.

    Args:
        code: Optimised IR.
        passes: Passes that ran, the one that took longest first.
        assembly: For this machine's processor.
        level: One of `LEVELS`.
        triple: The kind of machine.
        cpu: The processor.
        seconds: How long it took.
    """

    code: str = field(repr=False)
    passes: tuple[str, ...]
    assembly: str = field(repr=False)
    level: str
    triple: str
    cpu: str
    seconds: float


class Objects:
    """The cache, filled by single flight: who comes while a compilation runs waits for that one.

    Args:
        pool: Its workers compile.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._kept: OrderedDict[str, Object] = OrderedDict()
        self._flights: dict[str, asyncio.Lock] = {}

    async def get(self, code: str, level: str, *, seconds: float) -> tuple[Object, bool]:
        """The object of a code at a level, and whether it had to be compiled now.

        Args:
            code: LLVM IR.
            level: One of `LEVELS`.
            seconds: Time limit of a compilation.

        Raises:
            BadRequestError: ``bad_ir``.
            ServerError: ``time_limit``, ``worker_crashed``.
        """
        key = f"{digest(code)}:{level}"
        if (kept := self._keep(key)) is not None:
            return kept, False
        lock = self._flights.setdefault(key, asyncio.Lock())
        try:
            async with lock:
                if (kept := self._keep(key)) is not None:
                    return kept, False
                made = await self._compile(key, code, level, seconds)
                self._kept[key] = made
                while len(self._kept) > MAX_KEPT:
                    self._kept.popitem(last=False)
                return made, True
        finally:
            if not lock.locked():
                self._flights.pop(key, None)

    def drop(self, code: str) -> None:
        """Forget a code at every level."""
        for level in LEVELS:
            self._kept.pop(f"{digest(code)}:{level}", None)

    def _keep(self, key: str) -> Object | None:
        kept = self._kept.get(key)
        if kept is not None:
            self._kept.move_to_end(key)
        return kept

    async def _compile(self, key: str, code: str, level: str, seconds: float) -> Object:
        async with self._pool.lease() as worker:
            head, (data,) = await worker.ask({"op": "compile", "level": level}, [code.encode()], seconds=seconds)
        return Object(key, data, head["functions"], head["missing"], head["seconds"])


async def optimise(pool: Pool, code: str, level: str, *, seconds: float) -> Optimized:
    """Optimise a text of IR, without running it.

    Raises:
        BadRequestError: ``bad_ir``.
        ServerError: ``time_limit``, ``worker_crashed``.
    """
    async with pool.lease() as worker:
        facts, texts = await worker.ask({"op": "optimise", "level": level}, [code.encode()], seconds=seconds)
    text, assembly = (data.decode() for data in texts)
    return Optimized(text, tuple(facts["passes"]), assembly, level, facts["triple"], facts["cpu"], facts["seconds"])


def checked_code(code: Any) -> str:
    """A text of IR as it can be sent.

    Raises:
        InvalidRequestError: ``bad_request``.
    """
    if not isinstance(code, str) or not code.strip():
        raise refusals.invalid("bad_request", "the code must be LLVM IR, as text")
    if len(code) > MAX_CODE:
        raise refusals.invalid("bad_request", f"the code has {len(code)} characters: {MAX_CODE} are the limit")
    try:
        code.encode()
    except UnicodeEncodeError:
        raise refusals.invalid("bad_request", "the code holds a lone surrogate, which no text file can") from None
    return code


def checked_level(level: Any) -> str:
    """An optimisation level: ``O2``, ``-O2``, ``o2``, ``2`` are one.

    Raises:
        InvalidRequestError: ``bad_level``.
    """
    text = f"O{level}" if type(level) is int else level
    if isinstance(text, str):
        name = "O" + text.removeprefix("-").lower().removeprefix("o")
        if name in LEVELS:
            return name
    raise refusals.invalid("bad_level", f"the optimization level {level!r} is unknown: use one of {', '.join(LEVELS)}")
