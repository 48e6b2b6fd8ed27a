"""The ways to embed ten thousand texts that are compared with each other: each gives every text its own vector."""

from __future__ import annotations

import json

import pytest

from benchmarks._run import child, server

pytestmark = pytest.mark.sockets


@pytest.mark.parametrize(
    ("way", "kind"),
    [
        ("awaits", "one"),
        ("awaits", "side"),
        *((way, "side") for way in ("unshared", "rarely", "apart", "bare", "static", "sdk")),
    ],
)
def test_each_way_brings_the_vectors_to_their_texts(way: str, kind: str) -> None:
    """The worker holds each vector against its text and fails otherwise."""
    with server(f"/{kind}", "benchmarks._batch_server") as url:
        job = {"way": way, "url": url, "cap": 2, "items": 60, "rounds": 1, "size": 25, "wave": 40}
        figures = child(["-m", "benchmarks._batch_worker", json.dumps(job)])
    assert figures["rate"] > 0
    assert figures["cpu"] > 0


def test_a_lone_call_is_measured_with_gathering_and_without() -> None:
    """In turn, so that both see the same minute of the machine."""
    with server("/one", "benchmarks._batch_server") as url:
        job = {"way": "lone", "url": url, "cap": 2, "items": 3, "rounds": 1}
        made = child(["-m", "benchmarks._batch_worker", json.dumps(job)])
    assert made["rate"] > 0
    assert abs(made["delay"]) < 1


def test_the_batchers_own_cost_is_told_apart_from_the_calls() -> None:
    """Through it a call costs more than past it."""
    cost = child(["-m", "benchmarks._batch_cost"])
    assert cost["through"] > cost["past"] > 0
