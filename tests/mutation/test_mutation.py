"""What the mutation score is made of."""

from __future__ import annotations

import pytest

from tests.mutation.command import scores, table
from tests.mutation.equivalent import EQUIVALENT, reason
from tests.mutation.mutants import Mutant
from tests.mutation.parts import PACKAGE, chosen, files, judges

EQUIVALENTS = [(file, *row) for file, rows in EQUIVALENT.items() for row in rows]


@pytest.mark.parametrize("file", files())
def test_what_is_mutated_has_tests_of_its_own(file: str) -> None:
    """Named like it, or listed: a file without any would have no mutant killed."""
    assert judges(file)


@pytest.mark.parametrize(("file", "was", "became", "why"), EQUIVALENTS)
def test_an_equivalent_mutant_is_of_a_line_that_is_there(file: str, was: str, became: str, why: str) -> None:
    """A line that has changed is judged anew; each exception has a reason."""
    assert " ".join(was.split()) in " ".join((PACKAGE / file).read_text("utf-8").split())
    assert was != became
    assert reason(Mutant(file, False, was, became)) == why != ""


def test_files_are_chosen_by_path_or_folder() -> None:
    """With or without the end; all of them if none is named, and an error if a name fits none."""
    assert chosen(["policy/backoff"]) == chosen(["policy/backoff.py"]) == ["policy/backoff.py"]
    assert set(chosen(["policy"])) < set(chosen([])) == set(files())
    assert "dispatcher.py" in chosen(["policy", "dispatcher"])
    with pytest.raises(ValueError, match="'policy/back' is none of"):
        chosen(["policy/back"])


def test_the_score_leaves_out_what_changes_nothing() -> None:
    """Killed over all but the equivalent ones; what survives is kept, to be shown."""
    file, was, became, _ = EQUIVALENTS[0]
    survivor = Mutant(file, False, "a < b", "a <= b")
    capitals = Mutant(file, False, 'float("inf")', 'float("INF")')
    made = scores([*[Mutant(file, True)] * 3, Mutant(file, False, was, became), capitals, survivor])
    assert made[file].survivors == [survivor]
    assert (made[file].mutants, made[file].killed, made[file].equivalent) == (6, 3, 2)
    assert made[file].share == 0.75
    assert table(made).splitlines()[-1].split() == ["all", "6", "3", "2", "1", "75.0%"]
