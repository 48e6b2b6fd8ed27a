"""What is held against keys, at the very instant it ends, and after it was looked at before."""

from __future__ import annotations

import pytest

from ipfs_accel_async.policy.health import NEVER, QUARANTINE, KeyHealth
from ipfs_accel_async.policy.keyring import KeyRing, Seat


def a_health(*groups: str) -> tuple[KeyHealth[Seat], list[Seat]]:
    """Seats a, b, c... of these groups."""
    ring: KeyRing[Seat] = KeyRing()
    health = KeyHealth(ring)
    for index, group in enumerate(groups):
        join(health, Seat(chr(ord("a") + index), group=group))
    return health, ring.seats


def join(health: KeyHealth[Seat], seat: Seat) -> None:
    """Another seat."""
    health._ring.add(seat)
    health.admit(seat)


def out(health: KeyHealth[Seat], now: float = 0.0, model: str = "m") -> str:
    """Names of those that cannot serve the model."""
    return "".join(sorted(seat.alias for seat in health.blocked(model, now)))


def test_what_was_looked_at_is_looked_at_again_after_each_change() -> None:
    """A park, a denial, a newcomer, a release."""
    health, (a, b, c) = a_health("one", "two", "three")
    health.park("one", "m", 10.0)
    assert out(health) == "a"
    health.park("two", "m", 20.0)
    assert out(health) == "ab"
    health.deny(c, "m")
    assert out(health) == "abc"
    join(health, Seat("d", group="one"))
    assert out(health) == "abcd"
    health.release(c)
    assert out(health) == "abd"
    health.quarantine(b, 0.0)
    assert out(health) == "ad"  # out of service for all models anyway
    health.forget(b)
    assert out(health) == "abd"
    health.unpaid("one")
    assert (a.out, out(health)) == ("billing", "b")


def test_each_group_comes_back_at_its_own_instant() -> None:
    """The first one while the second still waits, though all were looked at together before."""
    health, _ = a_health("one", "two")
    health.park("one", "m", 10.0)
    health.park("two", "m", 20.0)
    assert [out(health, now) for now in (0.0, 9.9, 10.0, 19.9, 20.0)] == ["ab", "ab", "b", "b", ""]


def test_a_denial_lasts() -> None:
    """However often it is asked for."""
    health, (a, _) = a_health("one", "two")
    health.deny(a, "m")
    assert [out(health, now) for now in (0.0, 1.0, 1e9)] == ["a"] * 3


def test_all_denied_keys_serve_again_also_beside_one_that_is_out_of_service() -> None:
    """Only those in service are asked whether anybody else is left; a park of one of them goes on."""
    health, (a, b, c) = a_health("one", "two", "three")
    health.deny(a, "m")
    health.deny(b, "m")
    assert out(health) == "ab"
    health.quarantine(c, 0.0)
    assert out(health) == ""
    health.park("two", "m", 5.0)
    assert out(health) == "b"


def test_a_park_ends_as_early_as_it_is_said() -> None:
    """A part of the first second of the clock as well."""
    health, (a, b) = a_health("one", "two")
    health.park("one", "m", 0.5)
    assert (health.opens_at(a, "m"), health.parks(a, 0.0), health.parks(b, 0.0)) == (0.5, {"m": 0.5}, {})
    assert health.parks(a, 0.5) == {}
    assert health.reason(a, "m", 0.5) == ""
    assert health.reason(b, "m", 0.25) == ""


def test_when_a_seat_opens_is_known_of_parks_alone() -> None:
    """What else is held against it ends by a release; of who is denied and parked the park is what ends."""
    health, (a, b) = a_health("one", "two")
    assert health.opens_at(a, "m") == NEVER
    health.park("two", "m", 9.0)
    assert (health.opens_at(a, "m"), health.opens_at(b, "m"), health.opens_at(b, "n")) == (NEVER, 9.0, NEVER)
    health.deny(b, "m")
    assert health.opens_at(b, "m") == 9.0
    health.quarantine(b, 0.0)
    assert health.opens_at(b, "m") == NEVER


def test_a_refusal_may_say_until_when() -> None:
    """Then it holds, and the next one in a row is longer by itself."""
    health, (a, b) = a_health("one", "two")
    health.quarantine(a, 0.0, until=40.0)
    health.quarantine(b, 10.0)
    assert health.due == 40.0
    assert health.quarantines(10.0) == [("a", 30.0), ("b", QUARANTINE)]
    assert health.quarantines(40.0) == [("b", QUARANTINE - 30.0)]
    health.revive(40.0)
    assert (a.out, b.out, health.due) == ("", "refused", 10.0 + QUARANTINE)
    health.quarantine(a, 50.0)
    assert health.quarantines(50.0)[0] == ("a", 2 * QUARANTINE)


def test_a_good_answer_of_a_key_that_was_never_refused_is_nothing_new() -> None:
    """Neither is a release or another secret of one, whatever is held against others."""
    health, (a, b) = a_health("one", "two")
    health.park("two", "m", 9.0)
    health.deny(b, "m")
    for forgiven in (health.recovered, health.release, health.forget):
        forgiven(a)
        assert (a.out, a.trial, out(health)) == ("", False, "b")


def test_a_trial_ends_with_a_release_or_another_secret() -> None:
    """As with a good answer."""
    for forgiven in ("release", "forget", "recovered"):
        health, (a, _) = a_health("one", "two")
        health.quarantine(a, 0.0)
        health.revive(QUARANTINE)
        assert a.trial
        getattr(health, forgiven)(a)
        assert not a.trial
        health.quarantine(a, QUARANTINE)
        assert health.due == 2 * QUARANTINE


def test_the_bill_is_another_matter_than_the_secret() -> None:
    """Another secret does not pay it; a release of one key of the group leaves the refusal of another alone."""
    health, (a, b, c) = a_health("one", "one", "two")
    health.unpaid("one")
    health.forget(a)
    assert a.out == "billing"
    health.release(b)
    health.quarantine(a, 0.0)
    health.quarantine(c, 0.0)
    health.release(b)
    assert (a.out, b.out, c.out) == ("refused", "", "refused")
    join(health, late := Seat("d", group="one"))
    assert late.out == ""


def test_a_release_pays_no_other_groups_bill() -> None:
    """And begins with nothing to wait for."""
    health, (a, b) = a_health("one", "two")
    assert health.due == NEVER
    health.unpaid("two")
    health.release(a)
    assert (a.out, b.out) == ("", "billing")


def test_a_key_that_has_left_can_be_forgotten() -> None:
    """Its denials go with it; nobody else's do."""
    health, (a, b, _) = a_health("one", "two", "three")
    for seat in (a, b):
        health.deny(seat, "m")
    health._ring.remove(a)
    health.forget(a)
    assert (health.denials(a), health.denials(b)) == ([], ["m"])


def test_the_oldest_models_are_forgotten_first() -> None:
    """A model that is known already takes no other's place."""
    health, (a, b) = a_health("one", "two")
    for number in range(1_000):
        health.park("one", str(number), 9.0)
        health.deny(a, str(number))
    health.park("two", "999", 9.0)
    health.deny(b, "999")
    assert health.opens_at(a, "0") == 9.0
    assert health.denials(a)[0] == "0"
    health.park("two", "new", 9.0)
    health.deny(b, "new")
    for kept in (list(health.parked), list(health.denied)):
        assert (kept[0], kept[-1]) == ("1", "new")


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("quarantine", "the service refused it (401); it is tried again in 290 s"),
        ("unpaid", "its bill is not paid (402, or a 429 that says so): release it when it is"),
        ("park", "its quota is used up (429), for 40.0 s more"),
        ("deny", "it may not use this model (403)"),
    ],
)
def test_a_reason_is_of_that_key_and_model(what: str, words: str) -> None:
    """One line, with the status that said so; of another model nothing is said unless the key is out for all."""
    health, (a, b) = a_health("one", "two")
    given = {"quarantine": (a, 0.0), "unpaid": ("one",), "park": ("one", "m", 50.0), "deny": (a, "m")}[what]
    getattr(health, what)(*given)
    assert health.reason(a, "m", 10.0) == words
    assert health.reason(a, "n", 10.0) == (words if a.out else "")
    assert health.reason(b, "m", 10.0) == ""
