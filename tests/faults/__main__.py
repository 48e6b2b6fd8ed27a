"""``python -m tests.faults``: the catalogue, group by group."""

from __future__ import annotations

import sys

from tests.faults.scoreboard import main

sys.exit(main(sys.argv[1:]))
