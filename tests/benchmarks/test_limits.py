"""The benchmark of rate limits: what it promises holds, in a shorter run."""

from __future__ import annotations

import pytest

from benchmarks.limits import CASES, LEAST_USE, MOST_REFUSED, run, virtual


@pytest.mark.parametrize("counting", ["sliding", "bucket"])
@pytest.mark.parametrize("name", ["few requests", "requests", "tokens"])
def test_nearly_all_of_a_limit_is_used_and_nearly_nothing_refused(name: str, counting: str) -> None:
    """In four minutes, by a service that counts strictly."""
    case = next(case for case in CASES if case.name == name)
    found = run(virtual(case, counting, 4))
    assert found["used"] >= LEAST_USE
    assert found["refused"] <= MOST_REFUSED
    assert found["failed"] == 0
