"""What is held against keys: by key, by quota group, by model, and for how long."""

from __future__ import annotations

import pytest

from ipfs_accel_async.policy.health import LONGEST_QUARANTINE, NEVER, QUARANTINE, KeyHealth
from ipfs_accel_async.policy.keyring import KeyRing, Seat


def a_health(*groups: str) -> tuple[KeyHealth[Seat], list[Seat]]:
    """Seats a, b, c... of these groups."""
    ring: KeyRing[Seat] = KeyRing()
    health = KeyHealth(ring)
    for index, group in enumerate(groups):
        seat = Seat(chr(ord("a") + index), group=group)
        ring.add(seat)
        health.admit(seat)
    return health, ring.seats


def aliases(seats: set[Seat]) -> str:
    """Their names in order."""
    return "".join(sorted(seat.alias for seat in seats))


def test_a_park_is_of_one_group_and_one_model() -> None:
    """Both keys of the group, that model alone, until that instant."""
    health, _ = a_health("one", "one", "two")
    assert aliases(health.blocked("m", 0.0)) == ""
    health.park("one", "m", 10.0)
    assert aliases(health.blocked("m", 0.0)) == "ab"
    assert aliases(health.blocked("n", 0.0)) == ""
    assert aliases(health.blocked("m", 9.9)) == "ab"
    assert aliases(health.blocked("m", 10.0)) == ""
    assert health.parked == {}


def test_a_shorter_park_does_not_shorten_a_longer_one() -> None:
    """The service may say different things to two calls: the later instant holds."""
    health, seats = a_health("one", "two")
    health.park("one", "m", 60.0)
    health.park("one", "m", 5.0)
    assert health.opens_at(seats[0], "m") == 60.0
    assert health.parks(seats[0], 20.0) == {"m": 40.0}
    assert health.parks(seats[1], 20.0) == {}


def test_a_denial_is_of_one_key_and_one_model() -> None:
    """Not of its group, and not for ever where nobody else is left."""
    health, seats = a_health("one", "one")
    health.deny(seats[0], "m")
    assert aliases(health.blocked("m", 0.0)) == "a"
    assert aliases(health.blocked("n", 0.0)) == ""
    assert (health.denials(seats[0]), health.denials(seats[1])) == (["m"], [])
    assert health.opens_at(seats[0], "m") == NEVER
    health.deny(seats[1], "m")
    assert aliases(health.blocked("m", 0.0)) == ""  # the service's own words are the better answer


def test_a_quarantine_ends_with_a_trial() -> None:
    """Out for five minutes, then one call at a time, until it is accepted."""
    health, (seat, other) = a_health("one", "two")
    health.quarantine(seat, 100.0)
    assert (seat.out, other.out, health.due) == ("refused", "", 100.0 + QUARANTINE)
    health.revive(100.0 + QUARANTINE - 1)
    assert seat.out == "refused"
    health.revive(health.due)
    assert (seat.out, seat.trial, health.due) == ("", True, NEVER)
    health.recovered(seat)
    assert not seat.trial
    health.quarantine(seat, 1_000.0)
    assert health.due == 1_000.0 + QUARANTINE  # what was forgiven does not count


def test_a_quarantine_doubles_each_time_in_a_row() -> None:
    """Up to an hour."""
    health, (seat, _) = a_health("one", "two")
    now, spans = 0.0, []
    for _ in range(6):
        health.quarantine(seat, now)
        spans.append(health.due - now)
        now = health.due
        health.revive(now)
    assert spans == [300.0, 600.0, 1_200.0, 2_400.0, LONGEST_QUARANTINE, LONGEST_QUARANTINE]


def test_refusals_of_the_calls_under_way_count_once() -> None:
    """Ten calls had the key when it was revoked: it is tried again as soon as if there had been one."""
    health, (seat, _) = a_health("one", "two")
    for second in range(10):
        health.quarantine(seat, float(second))
    assert health.due == QUARANTINE


def test_a_bill_stops_the_group_until_it_is_released() -> None:
    """Also a key that joins the group later, and one that is refused meanwhile; time does not help."""
    health, seats = a_health("one", "one", "two")
    health.unpaid("one")
    health.quarantine(seats[0], 0.0)
    late = Seat("d", group="one")
    health._ring.add(late)
    health.admit(late)
    health.revive(1e9)
    assert [seat.out for seat in (*seats[:3], late)] == ["billing", "billing", "", "billing"]
    health.release(seats[1])
    assert [seat.out for seat in (*seats[:3], late)] == ["refused", "", "", ""]  # its refusal is another matter
    health.release(seats[0])
    assert seats[0].out == ""


def test_a_release_forgets_everything() -> None:
    """Park, denial and refusal."""
    health, (seat, _) = a_health("one", "two")
    health.quarantine(seat, 0.0)
    health.park("one", "m", 50.0)
    health.deny(seat, "m")
    health.release(seat)
    assert (seat.out, seat.trial, health.due, health.denials(seat)) == ("", False, NEVER, [])
    assert aliases(health.blocked("m", 0.0)) == ""


def test_another_secret_keeps_its_groups_quota() -> None:
    """The refusal and the denials were of the old one; the park is of the group."""
    health, (seat, _) = a_health("one", "two")
    health.quarantine(seat, 0.0)
    health.park("one", "m", 50.0)
    health.deny(seat, "m")
    health.forget(seat)
    assert (seat.out, health.denials(seat), health.due) == ("", [], NEVER)
    assert aliases(health.blocked("m", 0.0)) == "a"


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("quarantine", r"refused it \(401\); it is tried again in 290 s"),
        ("unpaid", r"bill is not paid \(402"),
        ("park", r"quota is used up \(429\), for 40\.0 s more"),
        ("deny", r"may not use this model \(403\)"),
    ],
)
def test_every_reason_has_words(what: str, words: str) -> None:
    """What happened, and for how long."""
    import re

    health, (seat, other) = a_health("one", "two")
    {
        "quarantine": lambda: health.quarantine(seat, 0.0),
        "unpaid": lambda: health.unpaid("one"),
        "park": lambda: health.park("one", "m", 50.0),
        "deny": lambda: health.deny(seat, "m"),
    }[what]()
    assert re.search(words, health.reason(seat, "m", 10.0))
    assert health.reason(other, "m", 10.0) == ""


def test_models_that_nobody_has_take_no_endless_memory() -> None:
    """Callers may send any name."""
    health, (seat, _) = a_health("one", "two")
    for number in range(1_500):
        health.park("one", str(number), 1e9)
        health.deny(seat, str(number))
        health.blocked(str(number), 0.0)
    assert len(health.parked) == len(health.denied) == 1_000
