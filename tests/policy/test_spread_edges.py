"""Spread at the edge of its setting."""

from __future__ import annotations

import pytest

from ipfs_accel_async.policy.spread import Spread


def test_with_one_model_each_failure_is_the_endpoints() -> None:
    """The least there is."""
    assert Spread(1).judge("a", "failed", unreachable=False) == "failed"


def test_the_refusal_has_the_range() -> None:
    """In one line."""
    with pytest.raises(ValueError, match=r"^models must be at least 1$"):
        Spread(0)
