"""The command: a table of the score by file, and what survived."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.mutation.equivalent import reason
from tests.mutation.mutants import run
from tests.mutation.parts import chosen

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tests.mutation.mutants import Mutant

GATE = 0.9


@dataclass(slots=True)
class Score:
    """What became of the mutants of a file."""

    killed: int = 0
    equivalent: int = 0
    survivors: list[Mutant] = field(default_factory=list)

    @property
    def mutants(self) -> int:
        """All of them."""
        return self.killed + self.equivalent + len(self.survivors)

    @property
    def share(self) -> float:
        """The killed among those that change what the code does."""
        return self.killed / max(1, self.killed + len(self.survivors))

    def count(self, mutant: Mutant) -> None:
        """Add a mutant."""
        if mutant.killed:
            self.killed += 1
        elif reason(mutant):
            self.equivalent += 1
        else:
            self.survivors.append(mutant)


def scores(mutants: Iterable[Mutant]) -> dict[str, Score]:
    """The score of each file."""
    made: dict[str, Score] = defaultdict(Score)
    for mutant in mutants:
        made[mutant.file].count(mutant)
    return dict(sorted(made.items()))


def table(made: dict[str, Score]) -> str:
    """The scores, for reading."""
    rows = [f"{'file':<32} mutants  killed  equivalent  survived   score"]
    total = Score()
    for file, score in made.items():
        rows.append(_row(file, score))
        total.killed += score.killed
        total.equivalent += score.equivalent
        total.survivors += score.survivors
    return "\n".join([*rows, _row("all", total)])


def _row(name: str, score: Score) -> str:
    counts = f"{score.mutants:>7} {score.killed:>7} {score.equivalent:>11} {len(score.survivors):>9}"
    return f"{name:<32} {counts} {score.share:>7.1%}"


def main(arguments: Sequence[str]) -> int:
    """Judge the tests of files; 1 if a file is below the gate.

    Args:
        arguments: Of the command line.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("files", nargs="*", help="paths below the package, like policy/backoff or policy; all if none")
    parser.add_argument("-j", "--processes", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args(arguments)
    made: dict[str, Score] = {}
    for file in chosen(options.files):
        with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
            made |= scores(run(file, Path(folder), processes=options.processes))
        for mutant in made[file].survivors:
            sys.stdout.write(f"{file}\n- {mutant.was}\n+ {mutant.became}\n\n")
            sys.stdout.flush()
    sys.stdout.write(table(made) + "\n")
    return int(any(score.share < GATE for score in made.values()))
