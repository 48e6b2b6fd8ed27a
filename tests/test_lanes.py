"""Grants and lanes, one by one: what is given back to whom, and where there is room."""

from __future__ import annotations

from typing import Any

from ipfs_accel_async.call import Outcome
from ipfs_accel_async.caps import Cap
from ipfs_accel_async.keys import Secret
from ipfs_accel_async.lanes import Grant, Lane
from ipfs_accel_async.settings import Settings

OK = Outcome("ok")


class Lent:
    """A lease, of a key or of something else."""

    def __init__(self, key: Secret | None = None) -> None:
        self.key = key

    def settle(self, outcome: Outcome, now: float) -> None:
        """Nothing comes of it."""


def a_lane(*caps: int, limits: Any = None, **settings: Any) -> Lane:
    """A lane with some caps."""
    return Lane([Cap(cap) for cap in caps], (), Settings(**settings), limits)


def a_grant(*leases: Lent, back: Any = lambda *_: None) -> Grant:
    """A grant of some leases."""
    return Grant(back, a_lane(1), leases, 5.0, False)


async def test_the_key_is_that_of_the_first_gate_that_lends_one() -> None:
    """Gates without keys are passed over, keys of later gates too; without any there is none."""
    one, two = Secret("sk-1"), Secret("sk-2")
    assert a_grant().key is None
    assert a_grant(Lent(), Lent()).key is None
    assert a_grant(Lent(), Lent(one), Lent(two)).key is one


async def test_a_grant_is_given_back_once() -> None:
    """With its lane and its outcome; the second time nothing happens."""
    heard: list[Any] = []
    grant = a_grant(back=lambda *given: heard.append(given))
    lane = grant.lane
    assert (grant.attempt, grant.since, grant.high) == (None, 5.0, False)
    for _ in range(2):
        grant.release(OK)
        assert grant.lane is None
    assert heard == [(grant, lane, OK)]


async def test_there_is_room_while_every_cap_has_some() -> None:
    """One that is used up is enough to wait for."""
    lane = a_lane(2, 1)
    assert lane.room(high=False)
    lane.caps[1].take(False)
    assert not lane.room(high=False)
    assert not lane.room(high=True)


async def test_reserved_places_are_room_for_high_priority_alone() -> None:
    """As soon as the others hold all that is theirs."""
    lane = Lane([Cap(2, reserved=1)], (), Settings())
    assert lane.room(high=False)
    lane.caps[0].take(False)
    assert (lane.room(high=False), lane.room(high=True)) == (False, True)


async def test_places_are_those_of_the_least_cap_or_limit() -> None:
    """A limit that was found counts where it is lower."""

    class Found:
        limits = {"m": 3}  # noqa: RUF012 - a double
        places = 3

    assert a_lane(7, 5).places == 5
    assert a_lane(7, 5, limits=Found()).places == 3
    assert a_lane(2, limits=Found()).places == 2
    assert a_lane(2, limits=Found()).adaptive == {"m": 3}
    assert a_lane(2).adaptive == {}


async def test_the_queue_grows_with_the_places_up_to_its_size() -> None:
    """Rounded up; without a number for each place it is as long as is set."""
    assert a_lane(3, queue_size=50).queue_size == 50
    assert a_lane(3, queue_size=50, queue_per_place=1.5).queue_size == 5
    assert a_lane(3, queue_size=4, queue_per_place=1.5).queue_size == 4


async def test_a_lane_begins_with_nothing() -> None:
    """In flight, waiting or refused."""
    lane = a_lane(1)
    assert (lane.active, lane.peak_active, lane.peak_waiting, lane.rejections) == (0, 0, 0, 0)
    assert lane.spread is False
    assert lane.service.count == 0
