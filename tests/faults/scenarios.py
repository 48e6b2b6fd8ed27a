"""Ties a test to the rows of the catalogue that it proves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.faults.catalogue import ROWS

if TYPE_CHECKING:
    from collections.abc import Callable


def scenario(*ids: str) -> Callable[[Any], Any]:
    """Mark a test as the proof, or one of the proofs, of some rows.

    Raises:
        KeyError: There is no such row.
    """
    unknown = [row for row in ids if row not in ROWS]
    if unknown or not ids:
        raise KeyError(f"no such row in the catalogue: {unknown}")
    return pytest.mark.scenario(*ids)
