"""Orders of replicas that are equal, of two at random, and of a home that is just full."""

from __future__ import annotations

import random
from collections import Counter

from ipfs_accel_async.policy.balance import SLACK, Balancer, cost, load
from ipfs_accel_async.policy.replica import Replica


def named(*names: str, **given: list[float]) -> list[Replica]:
    """Replicas of these names, with attributes for each."""
    replicas = [Replica(name) for name in names]
    for attribute, values in given.items():
        for one, value in zip(replicas, values, strict=True):
            setattr(one, attribute, value)
    return replicas


def order(strategy: str, replicas: list[Replica], **how: str) -> str:
    """Their names in order."""
    balancer = Balancer(strategy, random.Random(1))  # type: ignore[arg-type]
    return "".join(one.name for one in balancer.order(replicas, 0.0, **how))


def test_a_load_is_by_weight_and_a_cost_by_latency_and_the_call_itself() -> None:
    """What one more call would wait; of one that was never asked nothing is known, and its load decides."""
    one = Replica("a", weight=4.0)
    assert (load(one), cost(one)) == (0.0, (0.0, 0.0))
    one.in_flight = 2
    assert (load(one), cost(one)) == (0.5, (0.0, 0.5))
    one.latency.add(8.0, 0.0)
    assert cost(one) == (8.0 * 3 / 4.0, 0.5)


def test_equally_fast_or_cheap_ones_go_by_load_and_then_by_turn() -> None:
    """Whoever has fewer calls, and of those the one unused for longest."""
    for strategy in ("latency", "cheapest", "least-loaded", "prefix"):
        assert order(strategy, named("a", "b", "c", in_flight=[2, 1, 1], taken_at=[1, 3, 2])) == "cba"
        assert order(strategy, named("a", "b", "c", in_flight=[2, 1, 1], taken_at=[1, 2, 3])) == "bca"


def test_the_price_and_the_latency_go_before_the_load() -> None:
    """An idle one that is dearer or slower comes after a busy one."""
    assert order("cheapest", named("a", "b", price=[2, 1], in_flight=[0, 9])) == "ba"
    replicas = named("a", "b", in_flight=[0, 9])
    for one, seconds in zip(replicas, (0.2, 0.1), strict=True):
        one.latency.add(seconds, 0.0)
    assert order("latency", replicas) == "ba"
    assert order("least-loaded", replicas) == "ab"


def test_each_choice_has_the_next_number() -> None:
    """And is one more call in flight; weights count in turn for all."""
    replicas = named("a", "b", weight=[3.0, 1.0])
    balancer = Balancer("weighted", random.Random(1))
    balancer.took(replicas[0], replicas)
    balancer.took(replicas[1], replicas)
    assert [(one.taken_at, one.in_flight, one.current) for one in replicas] == [(1, 1, 2.0), (2, 1, -2.0)]
    balancer = Balancer("least-loaded", random.Random(1))
    balancer.took(replicas[0], replicas)
    assert [(one.taken_at, one.in_flight, one.current) for one in replicas] == [(1, 2, 2.0), (2, 1, -2.0)]


def test_the_other_of_two_at_random_comes_second_and_the_rest_by_cost() -> None:
    """All pairs come, the better of each in front; everybody is in the order once."""
    replicas = named("a", "b", "c", "d")
    for one, seconds in zip(replicas, (1.0, 2.0, 3.0, 4.0), strict=True):
        one.latency.add(seconds, 0.0)
    balancer = Balancer("p2c", random.Random(1))
    seen = Counter("".join(one.name for one in balancer.order(replicas, 0.0)) for _ in range(600))
    assert set(seen) == {"abcd", "acbd", "adbc", "bcad", "bdac", "cdab"}
    assert min(seen.values()) > 60


def test_a_home_may_have_just_so_much_more_than_its_share() -> None:
    """Its part of all calls and this one, by weight, and a quarter; a call more and it is passed over."""
    replicas = named("a", "b", weight=[1.0, 3.0], in_flight=[0.0, 15.0])
    assert SLACK * (15 + 1) / 4 * 3 == 15.0
    assert order("prefix", replicas, home="b") == "ba"
    replicas[1].in_flight = 16
    assert order("prefix", replicas, home="b") == "ab"
    assert order("least-loaded", named("a", "b", in_flight=[0, 1]), home="b") == "ab"


def test_home_goes_first_and_the_others_stay_in_their_order() -> None:
    """Once each."""
    replicas = named("a", "b", "c", "d", in_flight=[5, 4, 5, 3])
    assert order("prefix", replicas, home="c") == "cdba"
    assert order("prefix", replicas) == "dbac"
    assert order("prefix", replicas, home="c", avoid="c") == "dbac"
