"""``python -m tests.mutation [PART ...]``: which deliberate mistakes the tests find, file by file."""

from __future__ import annotations

import sys

from tests.mutation.command import main

sys.exit(main(sys.argv[1:]))
