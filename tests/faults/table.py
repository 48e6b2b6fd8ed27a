"""``python -m tests.faults.table``: writes the count of rows into docs/reliability.md, where it is checked."""

from __future__ import annotations

from pathlib import Path

from tests.faults.catalogue import GROUPS, ROWS
from tests.faults.gaps import OPEN, PARTLY

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
BEGIN, END = "<!-- counted: catalogue -->\n", "<!-- end -->"


def lines() -> list[str]:
    """The table, group by group."""
    made = ["| Group | Rows | Proven | of these in part |", "| --- | --- | --- | --- |"]
    for group, title in (*GROUPS.items(), ("", "all")):
        rows = [row for row in ROWS if row.startswith(group)]
        proven, partly = sum(row not in OPEN for row in rows), sum(row in PARTLY for row in rows)
        made.append(f"| {', '.join(filter(None, (group, title)))} | {len(rows)} | {proven} | {partly} |")
    return made


def written(page: str) -> str:
    """A page with the table in its place."""
    before, _, rest = page.partition(BEGIN)
    return before + BEGIN + "\n".join([*lines(), ""]) + END + rest.partition(END)[2]


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text("utf-8")), "utf-8")
