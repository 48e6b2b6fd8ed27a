"""Key leases at the edges: equals, full seats beside busier ones, seats that have left, and weights beyond measure."""

from __future__ import annotations

from collections import Counter

import pytest

from ipfs_accel_async.policy.keyring import KeyRing, Seat


def a_ring(strategy: str, *seats: Seat) -> KeyRing[Seat]:
    """With these seats."""
    ring: KeyRing[Seat] = KeyRing(strategy)
    for seat in seats:
        ring.add(seat)
    return ring


def take(ring: KeyRing[Seat], *blocked: Seat, avoid: Seat | None = None, user: str = "") -> str:
    """Lend the next seat; its alias, empty for none."""
    seat = ring.choose(blocked, avoid, user)
    if seat is None:
        return ""
    ring.take(seat)
    return seat.alias


def test_a_seat_shares_its_quota_with_nobody_unless_it_is_said() -> None:
    """Its own name is its group; it begins in service, with nothing lent and all room."""
    assert Seat("a").group == "a"
    seat = Seat("a", group="g", most=3)
    assert (seat.group, seat.load, seat.room, seat.out, seat.trial) == ("g", 0, 3, "", False)
    assert (seat.weight, seat.tier) == (1.0, 0)
    seat = Seat("b", weight=2.0, tier=1)
    assert (seat.weight, seat.tier) == (2.0, 1)


def test_a_lease_that_comes_back_was_used_unless_it_is_said() -> None:
    """Its turn is over; nobody is pinned unless somebody is named."""
    for strategy in ("round-robin", "per-user"):
        ring, order = a_ring(strategy, *map(Seat, "abc")), ""
        for _ in range(6):
            seat = ring.choose()
            assert seat is not None
            ring.take(seat)
            ring.give(seat)
            order += seat.alias
        assert order == "abcabc", strategy


def test_a_ring_is_least_loaded_unless_it_is_said() -> None:
    """The strategy can be read."""
    assert KeyRing().strategy == "least-loaded"
    with pytest.raises(KeyError):
        KeyRing("fair")


def test_round_robin_takes_no_notice_of_weights() -> None:
    """Each goes once a round."""
    ring = a_ring("round-robin", Seat("a", weight=9.0), Seat("b"), Seat("c", weight=0.1))
    assert "".join(take(ring) for _ in range(9)) == "abc" * 3


def test_no_weight_is_beyond_measure() -> None:
    """What is above a million counts as a million and a little: half of that goes half as often."""
    ring = a_ring("weighted", Seat("half", weight=float(1 << 19)), Seat("most", weight=1e30))
    assert Counter(take(ring) for _ in range(300)) == {"half": 100, "most": 200}


def test_of_equals_the_first_goes_also_when_others_are_blocked() -> None:
    """The order they were given in, whichever way they are looked at."""
    a, b, c = Seat("a"), Seat("b"), Seat("c")
    ring = a_ring("least-loaded", a, b, c)
    assert ring.choose([a]) is b
    assert ring.choose([b]) is a
    assert ring.choose(avoid=a) is b
    assert ring.choose(avoid=c) is a


def test_a_full_seat_hides_no_busier_one() -> None:
    """Also after the ring was rearranged: the one that has room is lent, though it has more calls."""
    a, b, c = Seat("a", most=1), Seat("b", most=9), Seat("c")
    ring = a_ring("least-loaded", a, b, c)
    ring.bench(c, "refused")
    assert [take(ring) for _ in range(4)] == ["a", "b", "b", "b"]
    ring.bench(c, "billing")
    assert take(ring) == "b"
    ring.give(a)
    assert take(ring) == "a"


def test_a_full_seat_is_not_taken_for_want_of_another() -> None:
    """The one to avoid is better than nobody only while it has room and is in service."""
    a, b = Seat("a", most=1), Seat("b")
    ring = a_ring("least-loaded", a, b)
    assert take(ring, b, avoid=a) == "a"
    assert take(ring, b, avoid=a) == ""
    ring.give(a)
    ring.bench(a, "refused")
    assert take(ring, b, avoid=a) == ""


def test_one_to_avoid_that_has_left_is_never_lent() -> None:
    """Whether it was in the ring once or never: all others are blocked, so nobody serves."""
    a, b, c = Seat("a"), Seat("b"), Seat("c")
    ring = a_ring("least-loaded", a, b, c)
    ring.remove(a)
    for gone in (a, Seat("other")):
        assert ring.choose([b, c], gone) is None
    assert ring.choose([b], a) is c


def test_a_lease_that_comes_back_after_its_seat_left_changes_nobody_elses_rank() -> None:
    """The busy ones stay busy."""
    a, b, c = Seat("a"), Seat("b"), Seat("c")
    ring = a_ring("least-loaded", a, b, c)
    assert [take(ring) for _ in range(3)] == ["a", "b", "c"]
    ring.remove(a)
    assert take(ring) == "b"
    assert take(ring) == "c"
    ring.give(a)
    ring.give(b)
    assert (a.load, b.load, c.load) == (0, 1, 2)
    assert take(ring) == "b"


def test_who_comes_back_into_service_has_nothing_to_catch_up_on() -> None:
    """Out of service for a hundred turns, then in turn like the other; who was only passed over catches up on four."""
    a, b = Seat("a"), Seat("b")
    ring = a_ring("weighted", a, b)
    ring.bench(b, "refused")
    assert {take(ring) for _ in range(100)} == {"a"}
    ring.bench(b, "")
    assert "".join(take(ring) for _ in range(6)).count("b") == 3
    assert {take(ring, b) for _ in range(100)} == {"a"}
    ring.bench(b, "")  # it was in service
    assert "".join(take(ring) for _ in range(4)) == "bbbb"


def test_a_seat_that_had_more_than_its_turns_keeps_that_in_mind_while_it_is_out() -> None:
    """Coming back does not make up for it."""
    a, b = Seat("a", weight=0.1), Seat("b")
    ring = a_ring("weighted", a, b)
    assert take(ring) == "a"
    ring.bench(a, "refused")
    ring.bench(a, "")
    assert "".join(take(ring) for _ in range(9)) == "b" * 9


def test_a_newcomer_has_missed_nothing() -> None:
    """After a hundred turns of another it goes every second time."""
    ring = a_ring("weighted", Seat("a"))
    ring.add(Seat("b"))
    for _ in range(100):
        take(ring)
    ring.add(Seat("c"))
    assert sorted(Counter(take(ring) for _ in range(30)).values()) == [10, 10, 10]


def test_a_trial_is_of_one_lease_however_many_there_may_be_else() -> None:
    """With a cap of its own or without; afterwards there is as much room as before."""
    for most in (float("inf"), 5):
        seat = Seat("a", most=most)
        ring = a_ring("least-loaded", seat)
        ring.try_out(seat, True)
        assert (seat.trial, [take(ring), take(ring)]) == (True, ["a", ""])
        ring.try_out(seat, False)
        assert (seat.trial, seat.room, take(ring)) == (False, most, "a")


def test_a_users_key_is_found_anew_when_keys_change() -> None:
    """One that comes may be the user's first, one that goes is lent to nobody."""
    seats = [Seat(name) for name in "abcde"]
    ring = a_ring("per-user", *seats[:4])
    before = {str(user): take(ring, user=str(user)) for user in range(100)}
    ring.add(seats[4])
    after = {user: take(ring, user=user) for user in before}
    assert {after[user] for user in before if after[user] != before[user]} == {"e"}
    ring.remove(seats[4])
    assert {user: take(ring, user=user) for user in before} == before


def test_a_users_avoided_key_serves_when_all_others_are_out() -> None:
    """Blocked, benched or full; and not when it is so itself."""
    a, b, c = Seat("a", most=2), Seat("b"), Seat("c", most=1)
    ring = a_ring("per-user", a, b, c)
    ring.bench(b, "refused")
    for user in map(str, range(20)):
        taken = ring.choose([c], a, user)
        assert taken is a
        assert ring.choose([a, c], a, user) is None
    assert take(ring, a, user="u") == "c"
    assert take(ring, a, user="u") == ""


def test_any_text_is_a_user() -> None:
    """Half of a surrogate pair too, as broken JSON may have it."""
    ring = a_ring("per-user", Seat("a"), Seat("b"))
    assert take(ring, user="\ud800") == take(ring, user="\ud800") != ""


def test_a_lease_that_is_returned_twice_is_named() -> None:
    """In one line, with the key's alias."""
    with pytest.raises(RuntimeError) as caught:
        a_ring("least-loaded", seat := Seat("a")).give(seat)
    assert str(caught.value) == "key 'a' has no lease to give back"
