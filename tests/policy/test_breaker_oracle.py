"""The breaker against a naive model that keeps every event and replays nothing but plain rules."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from ipfs_accel_async.policy.breaker import Breaker

THRESHOLD, TIMEOUT, PERMITS, PATIENCE = 3, 10.0, 2, 6.0
outcomes = st.sampled_from(["ok", "ignored", "throttled", "failed"])


class Model:
    """Periods as a list of `[state, began]`; each call remembers the period it began in."""

    def __init__(self) -> None:
        self.periods: list[tuple[str, float]] = [("closed", 0.0)]
        self.streak: list[str] = []  # outcomes in this period that count while closed
        self.restarted = 0.0
        self.epoch = 0  # bumped when calls under way are disowned
        self.probes: dict[int, float] = {}
        self.overdue: set[int] = set()
        self.open_ticks: list[tuple[float, float]] = []

    def look(self, now: float) -> str:
        if self.probes and now >= min(self.probes.values()) + PATIENCE:
            due = min(self.probes.values()) + PATIENCE
            self.overdue |= self.probes.keys()
            self.enter("open", due)
        if self.periods[-1][0] == "open" and now >= self.restarted + TIMEOUT:
            self.enter("half-open", self.restarted + TIMEOUT)
        return self.periods[-1][0]

    def enter(self, state: str, at: float) -> None:
        before, began = self.periods[-1]
        if before == "open":
            self.open_ticks.append((began, at))
        self.periods.append((state, at))
        self.disown()
        if state == "open":
            self.restarted = at
        if state == "closed":
            self.overdue = set()

    def disown(self) -> None:
        self.epoch += 1
        self.streak = []
        self.probes = {}

    def admit(self, number: int, now: float) -> bool:
        state = self.look(now)
        if state == "open" or (state == "half-open" and len(self.probes) == PERMITS):
            return False
        if state == "half-open":
            self.probes[number] = now
        return True

    def settle(self, number: int, epoch: int, outcome: str, now: float) -> None:
        self.look(now)
        if number in self.overdue:
            self.overdue.remove(number)
            if outcome in {"ok", "throttled"}:
                self.enter("closed", now)
            return
        if epoch != self.epoch:
            return
        if number in self.probes:
            del self.probes[number]
            if outcome != "ignored":
                self.enter("open" if outcome == "failed" else "closed", now)
            return
        self.streak.append(outcome)
        counted = [seen for seen in self.streak if seen in {"ok", "failed"}]
        if counted[-THRESHOLD:] == ["failed"] * THRESHOLD:
            self.enter("open", now)


class BreakerMachine(RuleBasedStateMachine):
    """Random calls, results, repeats, forces and time, on both."""

    permits = Bundle("permits")
    spent = Bundle("spent")

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.breaker = Breaker(
            failure_threshold=THRESHOLD, reset_timeout=TIMEOUT, half_open_permits=PERMITS, probe_timeout=PATIENCE
        )
        self.model = Model()
        self.number = 0

    @rule(step=st.sampled_from([0.25, 1.0, 4.75, 9.75, 10.0, 31.0]))
    def wait(self, step):
        self.now += step

    @rule(target=permits)
    def call(self):
        self.number += 1
        peeked = self.breaker.refused_for(self.now)
        permit = self.breaker.try_acquire(self.now)
        assert (permit is not None) == self.model.admit(self.number, self.now) == (peeked is None)
        assert peeked is None or peeked > 0
        return permit, self.number, self.model.epoch

    @rule(target=spent, call=consumes(permits), outcome=outcomes)
    def settle(self, call, outcome):
        permit, number, epoch = call
        if permit is not None:
            self.model.settle(number, epoch, outcome, self.now)
            self.breaker.record(permit, outcome, self.now)
        return permit

    @rule(permit=spent, outcome=outcomes)
    def settle_again(self, permit, outcome):
        if permit is not None:
            self.breaker.record(permit, outcome, self.now)

    @rule()
    def force_open(self):
        self.model.look(self.now)
        self.model.overdue = set()
        if self.model.look(self.now) == "open":
            self.model.restarted = self.now
        else:
            self.model.enter("open", self.now)
        self.breaker.force_open(self.now)

    @rule()
    def force_close(self):
        if self.model.look(self.now) == "closed":
            self.model.disown()
        else:
            self.model.enter("closed", self.now)
        self.breaker.force_close(self.now)

    @invariant()
    def same(self):
        expected = self.model.look(self.now)
        assert self.breaker.state(self.now) == expected
        assert list(self.breaker.changes) == self.model.periods[1:][-100:]
        assert self.breaker.opened == sum(state == "open" for state, _ in self.model.periods)
        ticks = self.model.open_ticks + ([(self.model.periods[-1][1], self.now)] if expected == "open" else [])
        assert self.breaker.open_seconds(self.now) == sum(end - begin for begin, end in ticks)


TestBreakerMachine = BreakerMachine.TestCase
TestBreakerMachine.settings = settings(max_examples=100, stateful_step_count=60, deadline=None)
