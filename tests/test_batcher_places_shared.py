"""A place that equal calls share: its priority, who came too late for it, and whose error is whose."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from ipfs_accel_async.batching.members import Member, own_error, waiters
from ipfs_accel_async.errors import ServerError
from ipfs_accel_async.trace import Trace
from tests.doubles import a_call


def a_member(**more: Any) -> Member:
    """One of some equal calls."""
    call = a_call(**more)
    return Member(call, call.payload, (1, 1, 1), asyncio.get_running_loop().create_future(), whole=True, same="same")


async def test_a_place_has_the_best_priority_of_all_in_it() -> None:
    """Who is in less of a hurry changes nothing."""
    place = a_member(priority=1)
    for priority, best in ((2, 1), (0, 0), (1, 0)):
        assert place.take(a_member(priority=priority))
        assert place.priority == best


@pytest.mark.parametrize(("timeout", "late"), [(9.0, False), (10.0, False), (11.0, True)])
async def test_who_has_more_time_than_the_request_that_has_gone_is_late_for_it(timeout: float, late: bool) -> None:
    """As that may give up before its own deadline."""
    place, other = a_member(timeout=10.0), a_member(timeout=timeout)
    place.batch = SimpleNamespace(priority=1, deadline=place.call.deadline)  # type: ignore[assignment]
    assert place.take(other)
    assert other.late is late


async def test_all_who_wait_are_told() -> None:
    """In places of one and of several, but for those who have left."""
    alone, place, other, gone = (a_member() for _ in range(4))
    place.take(other)
    place.take(gone)
    assert place.lose(gone)
    assert list(waiters([alone, place])) == [alone, place, other]


async def test_an_error_of_ones_own_says_what_caused_it_alone() -> None:
    """Not what happened to be handled when it was raised; its trace is still to come."""
    error = ServerError("down", request_id="theirs")
    error.__cause__ = OSError("broken pipe")
    error.trace = Trace()
    own = own_error(error, a_call(name="mine"))
    assert isinstance(own, ServerError)
    assert own is not error
    assert (own.request_id, own.trace, own.__suppress_context__) == ("mine", None, True)
    assert own.__cause__ is error.__cause__
