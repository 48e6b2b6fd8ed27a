"""The layer that refuses what no wait would let pass."""

from __future__ import annotations

from typing import Any

import pytest

from ipfs_accel_async.call import Call
from ipfs_accel_async.errors import CostExceedsLimitError
from ipfs_accel_async.middleware.limits import Fits
from ipfs_accel_async.types import ChatRequest, Target

CALL = Call("chat", Target("openai", "m"), ChatRequest(()))


def test_a_call_that_fits_costs_no_step_of_its_own() -> None:
    """What the next layer gives is given on as it is: no coroutine is put around it."""
    given = object()

    def following(call: Any) -> Any:
        assert call is CALL
        return given

    assert Fits(lambda _: None)(CALL, following) is given


def test_a_call_that_does_not_fit_goes_no_further() -> None:
    """The error is the one that was found."""
    error = CostExceedsLimitError("too large")

    def following(_: Any) -> Any:
        raise AssertionError("it was sent on")

    with pytest.raises(CostExceedsLimitError) as caught:
        Fits(lambda _: error)(CALL, following)
    assert caught.value is error
