"""The circuit breaker: stop calling what keeps failing, and probe it with few calls before trusting it again."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from ipfs_accel_async.policy.permit import Outcome, Permit, State

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from ipfs_accel_async.policy.failures import FailureRate

SETTINGS = ("_threshold", "_reset_timeout", "_longest", "_rates", "_rate", "_slow", "_slow_after", "_probe_timeout")
PROBE_WAIT = 1.0  # seconds after which it is worth asking whether the probes have answered


class Breaker:
    """Counts failures, refuses while open, admits counted probes while half-open.

    - closed: every call passes. `failure_threshold` failures in a row open it, and so does a `rate` of failures that
      is too high; "ok" starts the count anew; "ignored" (cancelled, local errors) and "throttled" (429) count nothing.
    - open: no call passes until `reset_timeout` is over; then it is half-open, whoever looks. Each time a probe fails
      it stays open twice as long, up to `max_reset_timeout`, with jitter; closing starts over.
    - half-open: at most `half_open_permits` probes are out at a time. "ok" closes it, "failed" opens it again,
      "ignored" gives the permit back. "throttled" closes it too: the server answered, so it is alive. A probe that is
      out for `probe_timeout` has failed; if it is answered after all, that closes it.

    Args:
        failure_threshold: Consecutive failures that open it, at least 1.
        reset_timeout: Seconds it stays open, the first time.
        max_reset_timeout: Most seconds it stays open, however often probes fail; default: `reset_timeout`.
        rate: The share of failures that opens it; None for none.
        slow: The share of slow first tokens that opens it; None for none.
        slow_after: Seconds from which a first token is slow.
        probe_timeout: Seconds after which a probe that is still out has failed.
        rng: For the jitter of longer waits; without it they have none.
        half_open_permits: Probes at a time, at least 1.
        history: How many changes `changes` remembers.
        on_change: Called with the new state and its time after each change, as the last step, so it may
            call the breaker or raise: what it raises reaches the caller and the breaker stays consistent.

    Attributes:
        changes: The latest `(state, at)` pairs, oldest first.
        opened: How often it opened.

    Raises:
        ValueError: A setting is out of its range.
    """

    def __init__(
        self,
        *,
        failure_threshold: int = 5,
        reset_timeout: float = 30.0,
        max_reset_timeout: float | None = None,
        rate: FailureRate | None = None,
        slow: FailureRate | None = None,
        slow_after: float = float("inf"),
        probe_timeout: float = float("inf"),
        rng: random.Random | None = None,
        half_open_permits: int = 1,
        history: int = 100,
        on_change: Callable[[str, float], None] | None = None,
    ) -> None:
        if failure_threshold < 1 or half_open_permits < 1 or history < 1:
            raise ValueError("failure_threshold, half_open_permits and history must be at least 1")
        if not 0 <= reset_timeout < float("inf"):
            raise ValueError("reset_timeout must be finite seconds, not negative")
        if not probe_timeout > 0 or not slow_after > 0:
            raise ValueError("probe_timeout and slow_after must be above 0")
        if max_reset_timeout is not None and not reset_timeout <= max_reset_timeout < float("inf"):
            raise ValueError("max_reset_timeout must be finite seconds, not below reset_timeout")
        self.changes: deque[tuple[State, float]] = deque(maxlen=history)
        self.opened = 0
        self.on_change = on_change
        self._threshold = failure_threshold
        self._reset_timeout = reset_timeout
        self._longest = reset_timeout if max_reset_timeout is None else max_reset_timeout
        self._rates = [one for one in (rate, slow) if one is not None]
        self._rate = rate
        self._slow = slow
        self._slow_after = slow_after
        self._probe_timeout = probe_timeout
        self._probes: dict[int, float] = {}
        self._overdue: set[int] = set()
        self._rng = rng
        self._reopened = 0
        self._half_open_permits = half_open_permits
        self._state: State = "closed"
        self._failures = 0
        self._generation = 0
        self._serial = 0
        self._out: set[int] = set()
        self._opened_at = self._half_open_at = self._open_seconds = 0.0

    def adopt(self, other: Breaker) -> None:
        """Go on with the settings of another one; what is known stays, but shares are counted anew."""
        for name in SETTINGS:
            setattr(self, name, getattr(other, name))

    def state(self, now: float) -> State:
        """The state at `now`."""
        self._expire(now)
        return self._state

    @property
    def pristine(self) -> bool:
        """Whether it knows nothing worth keeping: closed, no failures, no call under way."""
        return self._state == "closed" and not self._failures and not self._out

    def refused_for(self, now: float) -> float | None:
        """None when a call may pass, else the seconds until it is worth asking again; takes nothing."""
        self._expire(now)
        if self._state == "open":
            return self._half_open_at - now
        if self._state == "half-open" and len(self._out) >= self._half_open_permits:
            return PROBE_WAIT
        return None

    def try_acquire(self, now: float) -> Permit | None:
        """A permit for one call, or None while open or while every probe is out."""
        probe = False
        if self._state != "closed":
            self._expire(now)
            probe = self._state == "half-open"
            if not probe or len(self._out) >= self._half_open_permits:
                return None
        self._serial = serial = self._serial + 1
        self._out.add(serial)
        if probe:
            self._probes[serial] = now
        return Permit(self._generation, probe, serial)

    def acquire(self, now: float) -> Permit:
        """A permit, where `refused_for` has just said that there is one.

        Raises:
            RuntimeError: There is none.
        """
        permit = self.try_acquire(now)
        if permit is None:
            raise RuntimeError("the breaker has no permit to give: ask refused_for first")
        return permit

    def record(self, permit: Permit, outcome: Outcome, now: float) -> None:
        """Count the result of a call, once; results of an earlier generation are dropped."""
        if self._state != "closed":
            self._expire(now)
        if permit.serial in self._overdue:
            self._overdue.discard(permit.serial)
            if outcome in {"ok", "throttled"}:
                self._close(now)
        if permit.generation != self._generation or permit.serial not in self._out:
            return
        self._out.discard(permit.serial)
        self._probes.pop(permit.serial, None)
        counted = outcome in {"ok", "failed"} and not permit.probe
        too_many = counted and self._rate is not None and self._rate.add(outcome == "failed", now)
        if outcome == "failed":
            self._failures += 1
            self._reopened += permit.probe
            if permit.probe or too_many or self._failures >= self._threshold:
                self._open(now)
        elif permit.probe:
            if outcome != "ignored":
                self._close(now)
        elif outcome == "ok":
            self._failures = 0

    def begun(self, permit: Permit, seconds: float, now: float) -> None:
        """A stream has its first token, `seconds` after it was sent: enough to judge a probe by; its end may be far."""
        slow = seconds > self._slow_after
        if permit.probe:
            self.record(permit, "failed" if slow else "ok", now)
        elif self._slow is not None and permit.generation == self._generation and self._slow.add(slow, now):
            self._open(now)

    def open_seconds(self, now: float) -> float:
        """Seconds spent open in all, up to `now`; half-open time does not count."""
        if self._state != "open":
            return self._open_seconds
        return self._open_seconds + min(now, self._half_open_at) - self._opened_at

    def force_open(self, now: float, seconds: float | None = None) -> None:
        """Open it as if the threshold had been reached, for `seconds` if given; when open already, it starts again."""
        self._expire(now)
        self._overdue.clear()
        if self._state == "open":
            self._half_open_at = now + (self._reset_timeout if seconds is None else seconds)
        else:
            self._open(now, seconds)

    def force_close(self, now: float) -> None:
        """Close it and forget the failures; calls that are under way no longer count."""
        self._expire(now)
        if self._state != "closed":
            self._close(now)
        else:
            self._new_generation()

    def _expire(self, now: float) -> None:
        # Dated when it was due, so the record does not depend on who looked when.
        if self._state == "half-open" and self._probes:
            due = min(self._probes.values()) + self._probe_timeout
            if now >= due:
                self._overdue.update(self._probes)
                self._reopened += 1
                self._open(due)
        if self._state == "open" and now >= self._half_open_at:
            self._open_seconds += self._half_open_at - self._opened_at
            self._change("half-open", self._half_open_at)

    def _open(self, now: float, seconds: float | None = None) -> None:
        self.opened += 1
        self._opened_at = now
        self._half_open_at = now + (self._wait() if seconds is None else seconds)
        self._change("open", now)

    def _wait(self) -> float:
        """Seconds to stay open: the first time as set, then doubled, half of it drawn, never below the first."""
        if not self._reopened:
            return self._reset_timeout
        whole = min(self._reset_timeout * 2.0 ** min(self._reopened, 60), self._longest)
        return whole if self._rng is None else max(self._reset_timeout, self._rng.uniform(whole / 2, whole))

    def _close(self, now: float) -> None:
        self._reopened = 0
        self._overdue.clear()
        if self._state == "open":
            self._open_seconds += now - self._opened_at
        self._change("closed", now)

    def _new_generation(self) -> None:
        self._generation += 1
        self._failures = 0
        self._out.clear()
        self._probes.clear()
        for rate in self._rates:
            rate.clear()

    def _change(self, state: State, at: float) -> None:
        self._new_generation()
        self._state = state
        self.changes.append((state, at))
        if self.on_change is not None:
            self.on_change(state, at)
