"""A small load over real sockets; the whole one is ``python -m tests.soak.sockets``."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.soak import sockets
from tests.soak.ledger import ENDINGS

pytestmark = pytest.mark.sockets


async def test_a_load_with_faults_leaves_exact_books_and_nothing_behind() -> None:
    """Fifteen hundred requests, a fault in ten: each job ends once, as counted; no file, task or permit is left."""
    result = await sockets.simulate(1_500, seed=5)
    ledger, faults = result.ledger, result.server["faults"]
    assert result.wrong == [], sockets.figures(result, 0.0)
    assert ledger.requests >= 1_500
    assert ledger.submitted == sum(ledger.endings[ending] for ending in ENDINGS)
    assert result.seen > 1_000
    assert 0.07 < 1 - faults["none"] / sum(faults.values()) < 0.13
    assert len(faults) > 30


async def test_after_many_cancelled_calls_two_hundred_of_two_hundred_succeed() -> None:
    """A thousand calls cancelled anywhere between their first step and their answer: the client is as good as new."""
    result = await sockets.simulate(1_000, seed=6, cancels=True)
    assert result.wrong == [], sockets.figures(result, 0.0)
    assert result.ledger.endings["cancelled"] >= 1_000
    assert result.after == (200, 200)
    assert result.ledger.requests > 300  # how many of these arrived depends on the machine


async def test_a_leak_would_be_found() -> None:
    """A file left open, a request that the books do not know and a wrong answer are violations."""
    result = sockets.Result(sockets.Ledger())
    result.ledger.request("nobody", "sent", 0.0)
    assert "belongs to no call" in result.ledger.balance()[0]
    before = sockets.open_files()
    with Path(__file__).open("rb"):
        assert sockets.open_files() == before + 1
