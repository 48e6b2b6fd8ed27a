"""When faults strike: which request, in order of arrival, meets which fault."""

import random
from collections.abc import Iterator, Sequence
from typing import Protocol

from .faults import Fault, fault

FaultSpec = str | Fault


class Schedule(Protocol):
    """Decides, once per request and in order of arrival, what happens to it."""

    def draw(self) -> Fault | None:
        """Return the fault of the next request, None for a clean answer."""
        ...


class Script:
    """A list of steps for successive requests; when it is used up, all is clean.

    Args:
        steps: Faults, or None for a clean answer. ``"503*3"`` covers three requests, ``"flapping"`` all
            that are left.
    """

    def __init__(self, *steps: FaultSpec | None) -> None:
        self._steps = _unroll([None if step is None else fault(step) for step in steps])

    def draw(self) -> Fault | None:
        """Return the next step."""
        return next(self._steps, None)


class Every:
    """Every n-th request meets the fault, starting with the n-th."""

    def __init__(self, n: int, spec: FaultSpec) -> None:
        if n < 1:
            raise ValueError("Every(n, fault): n must be at least 1")
        self._n, self._fault, self._count = n, fault(spec), 0

    def draw(self) -> Fault | None:
        """Return the fault when the count is a multiple of n."""
        self._count += 1
        return None if self._count % self._n else self._fault


class Seeded:
    """A share of the requests meets one of the faults, the same ones for the same seed.

    Args:
        rate: Probability of a fault per request, 0 to 1.
        faults: What to choose from, each equally likely.
        seed: Fixes the choice.
    """

    def __init__(self, rate: float, faults: Sequence[FaultSpec], seed: int = 0) -> None:
        if not 0 <= rate <= 1 or not faults:
            raise ValueError("Seeded(rate, faults): rate must be 0 to 1 and faults not empty")
        self._rate, self._faults, self._rng = rate, [fault(spec) for spec in faults], random.Random(seed)

    def draw(self) -> Fault | None:
        """Throw the dice once, and once more when a fault is due."""
        return self._rng.choice(self._faults) if self._rng.random() < self._rate else None


class Flapping:
    """Down for some requests, up for some, and again: what opens and closes a circuit breaker.

    Args:
        down: Requests that fail in a row.
        up: Requests that succeed in a row.
        spec: How they fail.
    """

    def __init__(self, down: int = 5, up: int = 5, spec: FaultSpec = "503") -> None:
        if down < 1 or up < 1:
            raise ValueError("Flapping(down, up): both must be at least 1")
        self._down, self._period, self._fault, self._count = down, down + up, fault(spec), 0

    def draw(self) -> Fault | None:
        """Return the fault in the first part of each period."""
        position, self._count = self._count % self._period, self._count + 1
        return self._fault if position < self._down else None


def schedule(faults: FaultSpec | Schedule | Sequence[FaultSpec | None] | None) -> Schedule:
    """Make a schedule of what users write: nothing, one fault, a list of steps, or a schedule."""
    if faults is None:
        return Script()
    if isinstance(faults, (str, Fault)):
        return Script(faults)
    if isinstance(faults, Sequence):
        return Script(*faults)
    if callable(getattr(faults, "draw", None)):
        return faults
    raise ValueError(f"faults must be a name, a list of names or a schedule, not {type(faults).__name__}")


def _unroll(steps: Sequence[Fault | None]) -> Iterator[Fault | None]:
    for step in steps:
        if step is None:
            yield None
            continue
        for _ in range(step.times):
            yield step
        while step.flapping:
            for _ in range(step.times):
                yield None
            for _ in range(step.times):
                yield step
