"""The benchmark of the grant runs, and says whether its promise is kept."""

from __future__ import annotations

import pytest

from benchmarks import grant


@pytest.mark.parametrize(("gate", "code"), [(1e9, 0), (0.0, 1)])
def test_it_measures_every_case_and_keeps_to_its_gate(
    gate: float, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A table with a row for each number and kind of keys; 1 when the gate is passed."""
    argv = ["grant", "--rounds", "2", "--calls", "60", "--gate", str(gate)]
    monkeypatch.setattr("sys.argv", argv)
    monkeypatch.setattr(grant, "pin", lambda core: None)
    assert grant.main() == code
    shown = capsys.readouterr().out
    assert all(f"| {case} " in shown for case in grant.CASES)
