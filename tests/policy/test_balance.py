"""The balancer: which of several endpoints comes first."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async.policy.balance import SLACK, Balancer
from ipfs_accel_async.policy.replica import Replica

STRATEGIES = ["p2c", "weighted", "least-loaded", "latency", "cheapest", "prefix"]


def three(*weights: float) -> list[Replica]:
    """Replicas a, b, c with these weights."""
    return [Replica(name, weight) for name, weight in zip("abc", weights or (1, 1, 1), strict=False)]


def picks(balancer: Balancer, replicas: list[Replica], count: int, *, keep: bool = False) -> Counter[str]:
    """Who is chosen in `count` calls, each ended before the next one unless kept."""
    seen: Counter[str] = Counter()
    for _ in range(count):
        first = balancer.order(replicas, 0.0)[0]
        balancer.took(first, replicas)
        first.in_flight -= not keep
        seen[first.name] += 1
    return seen


def test_weights_are_kept_exactly_and_evenly() -> None:
    """In a round of the sum of the weights each has its weight, and the heavy one does not go in a row."""
    replicas = three(5, 1, 1)
    balancer = Balancer("weighted", random.Random(1))
    names = ""
    for _ in range(14):
        first = balancer.order(replicas, 0.0)[0]
        balancer.took(first, replicas)
        names += first.name
    assert names == "aabacaa" * 2


def test_the_least_loaded_by_weight_goes_first() -> None:
    """Calls that stay spread by weight."""
    replicas = three(2, 1, 1)
    assert picks(Balancer("least-loaded", random.Random(1)), replicas, 40, keep=True) == {"a": 20, "b": 10, "c": 10}


def test_equals_take_turns() -> None:
    """Among equally loaded ones the one unused for longest goes."""
    assert picks(Balancer("least-loaded", random.Random(1)), three(), 30) == {"a": 10, "b": 10, "c": 10}


def test_the_fastest_goes_first_and_the_unknown_before_it() -> None:
    """By latency; one that was never asked is tried."""
    replicas = three()
    replicas[0].latency.add(0.2, 0.0)
    replicas[1].latency.add(0.1, 0.0)
    order = Balancer("latency", random.Random(1)).order(replicas, 0.0)
    assert [one.name for one in order] == ["c", "b", "a"]


def test_the_cheapest_goes_first() -> None:
    """By price, then by load."""
    replicas = [Replica("a", price=3), Replica("b", price=1), Replica("c", price=1)]
    replicas[1].in_flight = 1
    assert [one.name for one in Balancer("cheapest", random.Random(1)).order(replicas, 0.0)] == ["c", "b", "a"]


def test_of_two_at_random_the_cheaper_one_goes() -> None:
    """A slow replica is chosen by no pair that has another one; with its one pair partner it loses."""
    replicas = three()
    for one, seconds in zip(replicas, (0.1, 0.1, 5.0), strict=True):
        one.latency.add(seconds, 0.0)
    seen = picks(Balancer("p2c", random.Random(1)), replicas, 300)
    assert seen["c"] == 0
    assert min(seen["a"], seen["b"]) > 90


def test_a_busy_fast_one_loses_to_an_idle_one() -> None:
    """Latency counts times the calls before one's own."""
    replicas = three()[:2]
    replicas[0].latency.add(0.1, 0.0)
    replicas[1].latency.add(0.2, 0.0)
    balancer = Balancer("p2c", random.Random(1))
    assert balancer.order(replicas, 0.0)[0].name == "a"
    replicas[0].in_flight = 2
    assert balancer.order(replicas, 0.0)[0].name == "b"


def test_a_known_prefix_goes_home_unless_home_is_full() -> None:
    """The one that has it cached is asked until it has clearly more than its share."""
    replicas = three()
    balancer = Balancer("prefix", random.Random(1))
    assert balancer.order(replicas, 0.0, home="b")[0].name == "b"
    replicas[1].in_flight = 10
    assert balancer.order(replicas, 0.0, home="b")[0].name != "b"
    replicas[0].in_flight = replicas[2].in_flight = 9
    assert replicas[1].in_flight <= SLACK * (28 + 1) / 3
    assert balancer.order(replicas, 0.0, home="b")[0].name == "b"
    assert balancer.order(replicas, 0.0, home="gone")[0].name in "ac"


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_what_failed_or_is_ejected_comes_last(strategy: str) -> None:
    """The one to avoid comes after the others, an ejected one after it, until its time is over."""
    replicas = three()
    replicas[0].ejected_until = 10.0
    balancer = Balancer(strategy, random.Random(1))  # type: ignore[arg-type]
    assert [one.name for one in balancer.order(replicas, 9.9, avoid="b", home="a")] == ["c", "b", "a"]
    assert balancer.order(replicas, 10.0, avoid="b", home="b")[-1].name == "b"


@given(
    strategy=st.sampled_from(STRATEGIES),
    loads=st.lists(st.tuples(st.integers(0, 5), st.floats(0.1, 9), st.booleans()), min_size=1, max_size=6),
    seed=st.integers(0, 99),
)
def test_every_replica_is_in_the_order_once(strategy: str, loads: list[tuple[int, float, bool]], seed: int) -> None:
    """Whatever the state, an order is a permutation, with the ejected ones at its end."""
    replicas = []
    for number, (in_flight, weight, ejected) in enumerate(loads):
        one = Replica(str(number), weight)
        one.in_flight = in_flight
        one.ejected_until = 5.0 if ejected else 0.0
        replicas.append(one)
    order = Balancer(strategy, random.Random(seed)).order(replicas, 1.0, home="0")  # type: ignore[arg-type]
    assert sorted(one.name for one in order) == sorted(one.name for one in replicas)
    out = [one.ejected_until > 1.0 for one in order]
    assert out == sorted(out)


def test_a_weight_is_above_zero() -> None:
    """A replica that could never be chosen is refused."""
    with pytest.raises(ValueError, match="weight"):
        Replica("a", 0)
