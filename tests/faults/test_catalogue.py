"""The catalogue itself: every row is proven by a test or listed as open, and no row is both."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.faults.catalogue import GROUPS, ROWS
from tests.faults.elsewhere import ELSEWHERE
from tests.faults.gaps import OPEN, PARTLY
from tests.faults.scenarios import scenario
from tests.faults.table import written

ROOT = Path(__file__).parents[2]


def marked() -> set[str]:
    """The rows that tests of this folder carry, read from their source."""
    found: set[str] = set()
    for path in Path(__file__).parent.glob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "scenario":
                found |= {argument.value for argument in node.args if isinstance(argument, ast.Constant)}
    return found


def test_every_row_is_proven_or_open() -> None:
    """What no test carries is in the list of gaps with its reason, and nothing else is."""
    proven = marked() | {row for rows in ELSEWHERE.values() for row in rows}
    assert proven <= ROWS.keys()
    assert set(OPEN) == ROWS.keys() - proven
    assert set(PARTLY) <= proven


def test_the_catalogue_has_its_rows() -> None:
    """Each of a known group, in order and without a hole, but for those about a gateway (G11 to G17)."""
    assert all(re.fullmatch(r"[A-Z]\d\d", row) and row[0] in GROUPS for row in ROWS)
    for group in GROUPS:
        numbers = [int(row[1:]) for row in ROWS if row[0] == group]
        there = [*range(1, 11), 18, 19] if group == "G" else [*range(1, len(numbers) + 1)]
        assert numbers == there, group


@pytest.mark.parametrize("test", ELSEWHERE)
def test_what_is_proven_elsewhere_is_there(test: str) -> None:
    """The named file has a test of that name."""
    path, _, name = test.partition("::")
    assert re.search(rf"^(async )?def {name}\(", (ROOT / path).read_text("utf-8"), re.MULTILINE)


def test_a_row_that_is_not_there_cannot_be_claimed() -> None:
    """A slip in a row's id fails when the test is collected."""
    unknown = "Y99"
    with pytest.raises(KeyError, match=unknown):
        scenario(unknown)


PAGE = (ROOT / "docs" / "reliability.md").read_text("utf-8")


def test_the_page_has_the_numbers() -> None:
    """The table of the page is what the catalogue and its gaps come to; `python -m tests.faults.table` writes it."""
    assert written(PAGE) == PAGE


@pytest.mark.parametrize("test", re.findall(r"`(tests/\S+::test_\w+)`", PAGE))
def test_what_the_page_names_is_there(test: str) -> None:
    """Each test that a finding is answered with exists."""
    path, _, name = test.partition("::")
    assert re.search(rf"^(async )?def {name}\(", (ROOT / path).read_text("utf-8"), re.MULTILINE)
