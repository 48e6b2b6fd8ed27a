"""Runs the tests of the catalogue and says, group by group, which of its rows they prove."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import pytest

from tests.faults.catalogue import GROUPS, ROWS
from tests.faults.elsewhere import ELSEWHERE
from tests.faults.gaps import OPEN, PARTLY

if TYPE_CHECKING:
    from collections.abc import Sequence


class Scoreboard:
    """A pytest plugin: which rows each test carries, and how it ended.

    Attributes:
        tests: Tests that ran, by row.
        failed: Tests that did not pass, by row.
    """

    def __init__(self) -> None:
        self.tests: dict[str, set[str]] = defaultdict(set)
        self.failed: dict[str, set[str]] = defaultdict(set)
        self._rows: dict[str, tuple[str, ...]] = {}

    def pytest_collection_modifyitems(self, items: Sequence[pytest.Item]) -> None:
        """Note the rows of every test."""
        for item in items:
            marked = [row for mark in item.iter_markers("scenario") for row in mark.args]
            rows = (*marked, *ELSEWHERE.get(item.nodeid.partition("[")[0], ()))
            self._rows[item.nodeid] = rows
            for row in rows:
                self.tests[row].add(item.nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note how it ended; what was skipped proves nothing."""
        if report.outcome != "passed":
            for row in self._rows.get(report.nodeid, ()):
                self.failed[row].add(report.nodeid)

    @property
    def proven(self) -> list[str]:
        """Rows that have tests, all of which passed."""
        return [row for row in ROWS if self.tests[row] and not self.failed[row]]

    def lines(self) -> list[str]:
        """The table, and below it what is open."""
        made = [f"{'group':<42}{'rows':>6}{'proven':>8}{'in part':>9}{'tests':>8}"]
        for group, title in GROUPS.items():
            rows = [row for row in ROWS if row[0] == group]
            tests = set().union(*(self.tests[row] for row in rows))
            count = sum(row in self.proven for row in rows)
            partly = sum(row in PARTLY for row in rows)
            made.append(f"{group}  {title:<39}{len(rows):>6}{count:>8}{partly:>9}{len(tests):>8}")
        every = set().union(*self.tests.values())
        made.append(f"{'all':<42}{len(ROWS):>6}{len(self.proven):>8}{len(PARTLY):>9}{len(every):>8}")
        made += ["", "open:"]
        made += [f"  {row}  {ROWS[row]}: {OPEN.get(row, 'no test')}" for row in ROWS if not self.tests[row]]
        made += ["", "proven in part, and what is missing:"]
        made += [f"  {row}  {ROWS[row]}: {why}" for row, why in PARTLY.items()]
        for row in ROWS:
            made += [f"FAILED {row}: {test}" for test in sorted(self.failed[row])]
        return made


def main(arguments: Sequence[str] = ()) -> int:
    """Run and print; 1 when a test failed."""
    board = Scoreboard()
    quiet = ["-q", "--no-header", "--no-summary", "-p", "no:cacheprovider", *arguments]
    ended = pytest.main(["tests/faults", *ELSEWHERE, *quiet], plugins=[board])
    print("\n".join(board.lines()))  # noqa: T201 - it is what the command is for
    return int(ended != 0)
