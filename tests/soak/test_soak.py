"""Fifty thousand simulated calls: nothing lost, nothing resolved twice, nothing left behind, and all of it repeatable.

The million is ``python -m tests.soak``.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.soak.__main__ import figures
from tests.soak.ledger import ENDINGS, Job, Ledger
from tests.soak.load import simulate

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def fifty_thousand():
    """One load, looked at by several tests."""
    return simulate(50_000, seed=20)


def test_the_ledger_is_exact_and_all_is_quiet(fifty_thousand):
    """Whatever failed, was cancelled or closed: each call ended once, as counted, and no permit, key or task is out."""
    ledger = fifty_thousand.ledger
    assert fifty_thousand.wrong == [], figures(fifty_thousand, 0.0)
    assert ledger.submitted == 50_000 == sum(ledger.endings[ending] for ending in ENDINGS)


def test_the_load_was_as_hard_as_it_says(fifty_thousand):
    """Three requests in ten met a fault, two jobs in ten were cancelled, caps moved, and every fault was played."""
    ledger = fifty_thousand.ledger
    assert 0.3 <= 1 - ledger.faults["none"] / ledger.requests <= 0.33
    assert 0.18 <= ledger.endings["cancelled"] / ledger.submitted <= 0.25
    assert fifty_thousand.moves > 100
    assert fifty_thousand.closes == 3
    assert len(ledger.faults) == 26
    assert min(ledger.endings[ending] for ending in ENDINGS) > 1_000
    assert {"CircuitOpenError", "QueueFullError", "ClientClosedError", "StreamIncompleteError"} <= set(ledger.errors)


def test_the_same_seed_gives_the_same_event_log():
    """Every request and every ending at the same instant, in the same order; another seed gives another log."""
    logs = [simulate(1_500, seed).ledger.digest for seed in (5, 5, 6)]
    assert logs[0] == logs[1] != logs[2]


def test_hash_seeds_change_nothing():
    """Whatever Python hashes strings with, the event log of a seed is the same."""
    told = set()
    for number in ("0", "1", "99"):
        done = subprocess.run(
            [sys.executable, "-m", "tests.soak", "--calls", "800", "--seed", "3"],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": number, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=True,
        )
        told |= {line for line in done.stdout.splitlines() if line.startswith("event log")}
    assert len(told) == 1


def test_the_books_find_what_is_wrong():
    """A request of a call that has ended, a call resolved twice and one that is never resolved are all violations."""
    ledger = Ledger()
    ledger.submitted = 2
    job = Job(1)
    ledger.ended(job, None, 0.0)
    ledger.request("gone", "none", 1.0)
    twice = Job(2)
    twice.settled = 1
    ledger.ended(twice, ValueError("odd"), 1.0)
    ledger.submitted += 1
    told = " ".join(ledger.balance())
    assert "belongs to no call" in told
    assert "resolved 1 times" in told
    assert "ValueError" in told
    assert "3 submitted" in told
