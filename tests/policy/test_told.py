"""What others have found out holds to their instant, not for as long as if it had been found out here."""

from __future__ import annotations

from ipfs_accel_async.policy.breaker import Breaker
from ipfs_accel_async.policy.health import KeyHealth
from ipfs_accel_async.policy.keyring import KeyRing, Seat


def test_a_breaker_that_is_opened_for_so_long_half_opens_then() -> None:
    """Whether it was closed or open before; the next time it opens by itself its own time counts."""
    breaker = Breaker(reset_timeout=30.0)
    breaker.force_open(100.0, 5.0)
    assert breaker.refused_for(100.0) == 5.0
    breaker.force_open(101.0, 6.0)
    assert breaker.refused_for(101.0) == 6.0
    assert breaker.state(107.0) == "half-open"
    breaker.force_open(108.0)
    assert breaker.refused_for(108.0) == 30.0


def test_a_key_that_is_quarantined_until_then_is_back_then() -> None:
    """Not after the five minutes of one that was refused here."""
    ring: KeyRing[Seat] = KeyRing()
    seat = Seat("a")
    ring.add(seat)
    health = KeyHealth(ring)
    health.quarantine(seat, 100.0, 130.0)
    assert (health.due, health.quarantines(110.0)) == (130.0, [("a", 20.0)])
    health.revive(130.0)
    assert not seat.out
