"""The dispatcher against a naive model that sorts a list at every step (invariants 1 to 5 and 17)."""

from __future__ import annotations

import random

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.properties.dispatching import MODELS, PLENTY, DispatcherMachine

TestDispatcherMachine = DispatcherMachine.TestCase
TestDispatcherMachine.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)

STEPS = 60


@given(st.integers(0, 2**32))
@example(135)  # shares move a ticket to the front of a group that is held
@example(244)  # the last common place goes, and with it who held the reserved one back
@settings(max_examples=80)
def test_crowded_histories(seed: int) -> None:
    """Many more calls than places, of three tenants, two models and all priorities: each starts when it must."""
    rng = random.Random(seed)
    both = DispatcherMachine()
    both.build(
        caps=[rng.randint(1, 3) for _ in range(2)],
        reserved=rng.choice([0, 0, 1, 2]),
        total=rng.choice([2, 4, PLENTY, PLENTY]),
        size=rng.choice([3, 6, 12]),
        policy=rng.choice(["reject", "drop-lowest", "wait"]),
        order=rng.choice(["arrival", "deadline"]),
    )
    try:
        for _ in range(STEPS):
            step(both, rng)
            check(both)
        both.run_out()
        check(both)
    finally:
        both.loop.close()


def step(both: DispatcherMachine, rng: random.Random) -> None:
    """One event, most often a call that comes."""
    chance, lane = rng.random(), int(rng.random() < 0.3)
    living = both.model.of("active") + both.model.of("waiting")
    if chance < 0.5 or not living:
        tenant, large, bad = rng.choice(["", "a", "a", "b"]), rng.random() < 0.3, rng.random() < 0.04
        later = rng.choice([0.0, 2.0, 7.0])
        both.submit(lane, rng.randrange(3), rng.choice(MODELS), tenant, large, bad, later)
    elif chance < 0.7 and both.model.of("active"):
        both.finish(rng.randrange(99), rng.random() < 0.5)
    elif chance < 0.78:
        both.cancel(rng.randrange(99), rng.random() < 0.5)
    elif chance < 0.84:
        both.time_passes(rng.choice([0.5, 2.0, 5.0, 60.0]))
    elif chance < 0.89:
        both.change_a_cap(lane, rng.randint(0, 3))
    elif chance < 0.95:
        both.hold_a_model(lane, rng.choice(MODELS), rng.choice([0.0, 2.0, 2.0, 40.0]))
    elif chance < 0.995:
        both.narrow_a_gate(lane, rng.random() < 0.5)
    else:
        both.close()


def check(both: DispatcherMachine) -> None:
    """The invariants of the machine."""
    both.the_same_calls_started_in_the_same_order()
    both.every_call_is_running_ended_or_waiting()
    both.slots_and_leases_are_conserved()
