"""The benchmark of the semantic cache runs, and its figures are those that the tests hold."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from benchmarks._run import ROOT, environment

pytestmark = pytest.mark.sockets


def test_it_prints_hits_and_look_ups() -> None:
    """With the recorded vectors and a small index: the promises about hits hold, those about time are told."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.semantic", "--recorded", "--lookups", "5", "--sizes", "100"],
        capture_output=True,
        text=True,
        env=environment(),
        cwd=ROOT,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    line = json.loads(done.stdout.splitlines()[-1])
    told = line["promises"]
    for half in ("tuned", "held", "all"):
        assert told[f"{half} pairs: paraphrases hit, %"]["holds"]
        assert told[f"{half} pairs: false hits, %"]["holds"]
    for what in ("a look-up without a hit", "a hit in words asked before", "a hit in new words"):
        assert f"100 vectors: {what}, ms" in told
    assert line["figures"]["all"]["false"] == 0
