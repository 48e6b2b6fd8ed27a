"""Key leases: each strategy's order, fair ties, honest books."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async.policy.keyring import KeyRing, Seat

STRATEGIES = ("least-loaded", "round-robin", "least-recently-used", "weighted", "per-user")


def a_ring(count: int = 3, strategy: str = "least-loaded", **each: list[Any]) -> KeyRing[Seat]:
    """Seats a, b, c... with what is given for each."""
    ring: KeyRing[Seat] = KeyRing(strategy)
    for index in range(count):
        ring.add(Seat(chr(ord("a") + index), **{name: values[index] for name, values in each.items()}))
    return ring


def take(ring: KeyRing[Seat], *blocked: str, avoid: str = "", user: str = "") -> str:
    """Lend the next seat; its alias, empty for none."""
    by_alias = {seat.alias: seat for seat in ring.seats}
    seat = ring.choose({by_alias[alias] for alias in blocked}, by_alias.get(avoid), user)
    if seat is None:
        return ""
    ring.take(seat)
    return seat.alias


def give(ring: KeyRing[Seat], alias: str, *, used: bool = True) -> None:
    """Take a lease back."""
    ring.give(next(seat for seat in ring.seats if seat.alias == alias), used=used)


def loads(ring: KeyRing[Seat]) -> list[int]:
    """Leases out, seat by seat."""
    return [seat.load for seat in ring.seats]


def test_idle_seats_take_turns() -> None:
    """One call at a time goes round all keys."""
    for strategy in ("least-loaded", "round-robin", "least-recently-used"):
        ring, order = a_ring(strategy=strategy), ""
        for _ in range(7):
            order += take(ring)
            give(ring, order[-1])
        assert order == "abcabca", strategy


def test_the_least_loaded_seat_is_next() -> None:
    """A seat that got its leases back is taken before the busier ones."""
    ring = a_ring()
    assert "".join(take(ring) for _ in range(6)) == "abcabc"
    give(ring, "b")
    assert take(ring) == "b"
    assert loads(ring) == [2, 2, 2]


def test_least_loaded_counts_by_weight() -> None:
    """A seat of weight 3 holds three leases where one of weight 1 holds one."""
    ring = a_ring(2, weight=[3.0, 1.0])
    for _ in range(40):
        take(ring)
    assert loads(ring) == [30, 10]


def test_round_robin_does_not_care_for_loads() -> None:
    """The next in turn is taken, however busy it is."""
    ring = a_ring(strategy="round-robin")
    order = "".join(take(ring) for _ in range(3))
    give(ring, "a")
    order += "".join(take(ring) for _ in range(3))
    assert order == "abcabc"


def test_least_recently_used_serves_who_has_waited_longest() -> None:
    """One that was away is the next, and then in turn again."""
    ring = a_ring(strategy="least-recently-used")
    order = "".join(take(ring, "c") for _ in range(4)) + "".join(take(ring) for _ in range(3))
    assert order == "ababcab"


@pytest.mark.parametrize("weights", [[1.0, 1.0, 1.0], [5.0, 3.0, 2.0], [0.5, 0.25, 0.25], [90.0, 9.0, 1.0]])
def test_weighted_gives_each_its_share(weights: list[float]) -> None:
    """At any moment each has been taken as often as its share says, within one turn of each seat."""
    ring, taken = a_ring(strategy="weighted", weight=weights), Counter[str]()
    for number in range(1, 1_001):
        taken[take(ring)] += 1
        for seat, weight in zip("abc", weights, strict=True):
            assert abs(taken[seat] - number * weight / sum(weights)) <= 2


def test_weighted_does_not_make_up_for_a_long_absence() -> None:
    """A seat that was away for a thousand turns comes back with a handful, not with a thousand in a row."""
    ring = a_ring(2, strategy="weighted")
    for _ in range(1_000):
        assert take(ring, "b") == "a"
    back = "".join(take(ring) for _ in range(20))
    assert back[:4] == "bbbb"
    assert 9 <= back.count("b") <= 13


def test_a_lower_tier_serves_first_whatever_the_strategy() -> None:
    """The second tier is asked only while nobody of the first can serve."""
    for strategy in STRATEGIES:
        ring = a_ring(strategy=strategy, tier=[1, 0, 0])
        assert {take(ring, user="u") for _ in range(10)} <= {"b", "c"}, strategy
        assert take(ring, "b", "c", user="u") == "a", strategy


def test_a_user_keeps_its_key_while_that_can_serve() -> None:
    """One value of the tag, one key; when it is out the next of the user's own order serves, then it is back."""
    ring = a_ring(5, "per-user")
    first = take(ring, user="u-1")
    assert {take(ring, user="u-1") for _ in range(50)} == {first}
    second = take(ring, first, user="u-1")
    assert second != first
    assert {take(ring, first, user="u-1") for _ in range(50)} == {second}
    assert take(ring, user="u-1", avoid=first) == second
    assert take(ring, user="u-1") == first


def test_users_are_spread_by_weight_and_few_move() -> None:
    """Each key has its share of the users; without one key only its own users move, and to all others."""
    ring = a_ring(5, "per-user", weight=[1.0, 1.0, 1.0, 1.0, 4.0])
    users = [f"user-{number}" for number in range(4_000)]
    before = {user: take(ring, user=user) for user in users}
    counts = Counter(before.values())
    assert all(400 < counts[seat] < 600 for seat in "abcd")
    assert 1_850 < counts["e"] < 2_150
    ring.remove(ring.seats[0])
    after = {user: take(ring, user=user) for user in users}
    moved = [user for user in users if before[user] != after[user]]
    assert {before[user] for user in moved} == {"a"}
    assert {after[user] for user in moved} == {"b", "c", "d", "e"}


def test_the_users_that_are_remembered_are_bounded() -> None:
    """A tag with endless values takes no endless memory."""
    ring = a_ring(2, "per-user")
    for number in range(10_100):
        take(ring, user=str(number))
    assert len(ring._users) == 10_000


def test_a_call_without_a_user_goes_to_the_least_loaded() -> None:
    """Pinning needs somebody to pin."""
    ring = a_ring(3, "per-user")
    assert "".join(take(ring) for _ in range(6)) == "abcabc"


def test_a_full_seat_is_passed_over() -> None:
    """`most` leases are out at most; one that comes back may go again."""
    ring = a_ring(2, most=[1, 2])
    assert "".join(take(ring) for _ in range(3)) == "abb"
    assert take(ring) == ""
    give(ring, "a")
    assert take(ring) == "a"


def test_a_lone_seat_with_a_cap_is_full_too() -> None:
    """One key is no exception."""
    ring = a_ring(1, most=[2])
    assert [take(ring) for _ in range(3)] == ["a", "a", ""]


def test_a_single_seat_just_counts() -> None:
    """With one key every lease is of that key, unless it is blocked or out of service."""
    ring = a_ring(1)
    assert [take(ring) for _ in range(3)] == ["a", "a", "a"]
    assert take(ring, avoid="a") == "a"
    assert take(ring, "a") == ""
    ring.bench(ring.seats[0], "refused")
    assert take(ring) == ""
    ring.bench(ring.seats[0], "")
    assert take(ring) == "a"
    assert loads(ring) == [5]


def test_a_seat_on_trial_has_one_lease_at_a_time() -> None:
    """Until the trial ends, however much room there is."""
    ring = a_ring(2)
    ring.try_out(ring.seats[0], True)
    assert "".join(take(ring) for _ in range(3)) == "abb"
    ring.try_out(ring.seats[0], False)
    assert take(ring) == "a"


def test_the_one_to_avoid_is_taken_when_there_is_no_other() -> None:
    """It has just failed, which is better than nobody."""
    ring = a_ring(2)
    assert take(ring, avoid="a") == "b"
    assert take(ring, "b", avoid="a") == "a"
    assert take(ring, "a", "b", avoid="a") == ""


def test_nobody_serves_an_empty_ring() -> None:
    """All keys may be removed."""
    assert KeyRing().choose() is None
    assert KeyRing("per-user").choose(user="u") is None


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_one_that_is_removed_is_lent_no_more(strategy: str) -> None:
    """Its leases come back to it alone, and the others go on; one that is added later serves too."""
    ring = a_ring(4, strategy)
    gone = ring.seats[1]
    for _ in range(4):
        take(ring)
    ring.remove(gone)
    assert "b" not in {take(ring, user=str(number)) for number in range(20)}
    if gone.load:
        ring.give(gone)
    ring.add(Seat("z"))
    assert "z" in {take(ring, user=str(number)) for number in range(60)}
    assert [seat.index for seat in ring.seats] == [0, 1, 2, 3]


def test_giving_back_what_is_not_out_is_an_error() -> None:
    """A lease returned twice would corrupt the books silently, so it raises."""
    ring = a_ring(2)
    give(ring, take(ring))
    with pytest.raises(RuntimeError, match="key 'a' has no lease"):
        give(ring, "a")


@pytest.mark.parametrize("strategy", ["round-robin", "weighted"])
def test_a_turn_that_was_not_used_is_given_back(strategy: str) -> None:
    """Of 10,000 leases a fifth is handed back unused, at any time: the others are spread evenly, within one."""
    rng, ring = random.Random(7), a_ring(7, strategy)
    out: list[str] = []
    used = Counter(dict.fromkeys("abcdefg", 0))
    for _ in range(10_000):
        alias = take(ring)
        if rng.random() < 0.2:
            give(ring, alias, used=False)
            continue
        used[alias] += 1
        out.append(alias)
        while len(out) > 20:
            give(ring, out.pop(rng.randrange(len(out))))
        assert max(used.values()) - min(used.values()) <= 1
    assert sum(loads(ring)) == len(out)


@given(st.sampled_from(STRATEGIES), st.integers(1, 6), st.lists(st.integers(-1, 100), max_size=120), st.data())
def test_books_are_honest(strategy: str, size: int, steps: list[int], data: st.DataObject) -> None:
    """Whatever is taken, given back, benched or blocked: loads are the leases out, and nobody out of service serves."""
    ring, out = a_ring(size, strategy, most=[data.draw(st.sampled_from([1, 3, 10**9])) for _ in range(size)]), []
    for step in steps:
        seat = ring.seats[step % size]
        if step > 80:
            ring.bench(seat, "" if seat.out else "refused")
        elif step >= 0 and out:
            give(ring, out.pop(step % len(out)), used=bool(step % 2))
        else:
            able = {each.alias for each in ring.seats if not each.out and each.load < each.most}
            taken = take(ring, user="u")
            assert taken in able if able else not taken
            out += [taken] if taken else []
        assert loads(ring) == [out.count(each.alias) for each in ring.seats]


@given(st.integers(1, 6), st.lists(st.integers(-1, 100), max_size=200))
def test_least_loaded_equals_a_naive_ledger(size: int, steps: list[int]) -> None:
    """Each take is the least loaded, then the longest unused, then the first."""
    ring, out, history = a_ring(size), [], []
    names = [seat.alias for seat in ring.seats]
    for step in steps:
        if step >= 0 and out:
            give(ring, out.pop(step % len(out)))
            continue
        lightest = min(out.count(name) for name in names)
        last = {name: len(history) - history[::-1].index(name) if name in history else 0 for name in names}
        expected = min((name for name in names if out.count(name) == lightest), key=last.__getitem__)
        assert take(ring) == expected
        out.append(expected)
        history.append(expected)
