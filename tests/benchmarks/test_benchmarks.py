"""Each benchmark runs, with tiny counts: figures are not judged here, only that there are some."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from benchmarks._run import ROOT, Promise, environment

pytestmark = pytest.mark.sockets


def run(*command: str, code: int = 0) -> tuple[dict[str, Any], str]:
    """Run a benchmark; its JSON line, and what it said on standard error."""
    done = subprocess.run(
        [sys.executable, "-m", *command],
        capture_output=True,
        text=True,
        env=environment(),
        cwd=ROOT,
        check=False,
        timeout=60,
    )
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout.splitlines()[-1]), done.stderr


def test_overhead_compares_clients_at_each_number_in_flight() -> None:
    """Overhead gives CPU, wall and server time for each client, and the ratio that is promised."""
    counts = ("--flight", "1", "100", "--rounds", "1", "--calls", "4", "--seconds", "5")
    line, _ = run("benchmarks.overhead", *counts, "--clients", "ours", "aiohttp")

    for flight in ("1", "100"):
        assert set(line["figures"][flight]) == {"ours", "aiohttp"}
        for row in line["figures"][flight].values():
            assert all(row[figure] > 0 for figure in ("cpu", "wall", "server"))
    assert list(line["promises"]) == ["ours/aiohttp"]


@pytest.mark.parametrize(
    ("options", "shape"), [(("--flight", "2"), "burst, 2 at once"), (("--paced",), "paced, 10 at once")]
)
def test_streams_give_microseconds_an_event(options: tuple[str, ...], shape: str) -> None:
    """Streams are measured in one burst or paced, by the event."""
    line, _ = run("benchmarks.streams", "--rounds", "1", "--calls", "2", "--clients", "ours", *options)

    assert line["figures"][shape]["ours"] > 0


def test_embeddings_are_measured_in_both_encodings() -> None:
    """Embeddings come out as one array from base64 and from JSON numbers."""
    line, _ = run("benchmarks.embeddings", "--rounds", "1", "--calls", "1", "--clients", "ours")

    assert set(line["figures"]["ours"]) == {"base64", "float"}


def test_embeddings_are_held_against_the_decoding_alone() -> None:
    """What a call may cost is promised as a multiple of decoding the same body, in both encodings."""
    line, _ = run("benchmarks.embeddings", "--rounds", "1", "--calls", "1", "--clients", "ours", "decode")

    assert list(line["promises"]) == ["ours/decode, base64", "ours/decode, float"]
    assert all(promise["at most"] == 1.3 for promise in line["promises"].values())


def test_importing_loads_nothing_heavy() -> None:
    """Importing the package loads none of the heavy libraries; one that is not installed is skipped with a word."""
    line, said = run(
        "benchmarks.imports", "--gate", "--rounds", "1", "--libraries", "ipfs_accel_async", "no_such_library"
    )

    assert line["figures"]["ipfs_accel_async"]["heavy"] == []
    assert "no_such_library: skipped, not installed" in said


def test_function_calls_pass_the_gate() -> None:
    """A chat call runs no more Python functions than the gate allows."""
    line, _ = run("benchmarks.calls", "--calls", "10", "--gate", "1400", "--clients", "ours")

    assert line["promises"]["function calls a request"]["holds"] is True


def test_function_calls_above_the_gate_fail() -> None:
    """The gate ends the process with code 1 when it is passed."""
    line, _ = run("benchmarks.calls", "--calls", "2", "--gate", "10", "--clients", "ours", code=1)

    assert line["promises"]["function calls a request"]["holds"] is False


@pytest.mark.parametrize(
    ("promise", "holds"),
    [
        (Promise("ours/peer", 2.5, 2.5), True),
        (Promise("ours/peer", 2.6, 2.5), False),
        (Promise("peer/ours", 4.0, 4, least=True), True),
        (Promise("peer/ours", 3.9, 4, least=True), False),
    ],
)
def test_a_promise_knows_whether_it_is_kept(promise: Promise, holds: bool) -> None:
    """A bound is an upper one unless it is said to be the least."""
    assert promise.holds is holds
    assert ("BROKEN" in str(promise)) is not holds
