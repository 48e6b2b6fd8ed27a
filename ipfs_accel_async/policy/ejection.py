"""Outliers among equal endpoints: left alone for a while, but never all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ipfs_accel_async.policy.replica import Replica


class Ejection:
    """Ejects the endpoint that fails clearly more often than the others together.

    A breaker looks at one endpoint alone and opens when it is down; this compares, and so finds the one replica of
    many that fails a fifth of its calls. An ejected endpoint is asked only when no other can take the call, and at
    most half of them are ejected at a time: the last one never is.

    Source: the idea of Envoy's success-rate outlier detection; the comparison is with the others' share, not with a
    deviation, as there are few endpoints here.

    Args:
        calls: Fewest calls in the window that say anything of an endpoint.
        margin: By how much its share of failures must be above that of the others.
        seconds: Of the first ejection; each one in a row is longer by as much.
        longest: Seconds of the longest.

    Raises:
        ValueError: A setting is out of its range.
    """

    __slots__ = ("_calls", "_longest", "_margin", "_seconds")

    def __init__(self, *, calls: int = 10, margin: float = 0.2, seconds: float = 30.0, longest: float = 300.0) -> None:
        if calls < 1 or not 0 < margin < 1 or not 0 < seconds <= longest:
            raise ValueError("an ejection needs calls from 1, a margin between 0 and 1, and seconds up to the longest")
        self._calls = calls
        self._margin = margin
        self._seconds = seconds
        self._longest = longest

    def judge(self, replica: Replica, replicas: Sequence[Replica], now: float) -> bool:
        """Look at `replica` after one of its calls failed; whether it is ejected now."""
        if replica.ejected_until > now:
            return False
        calls, failures = replica.tally.counts(now)
        if calls < self._calls:
            return False
        others = [other.tally.counts(now) for other in replicas if other is not replica]
        asked = sum(count for count, _ in others)
        out = sum(other.ejected_until > now for other in replicas)
        if not asked or (out + 1) * 2 > len(replicas):
            return False
        if failures / calls < sum(failed for _, failed in others) / asked + self._margin:
            return False
        replica.ejections += 1
        replica.ejected_until = now + min(self._seconds * replica.ejections, self._longest)
        replica.tally.forget()
        return True

    def recovered(self, replica: Replica, now: float) -> None:
        """Note a good answer: after a whole window of them since its return, its past is forgotten."""
        if replica.ejections and replica.ejected_until <= now:
            calls, failures = replica.tally.counts(now)
            if calls >= self._calls and not failures:
                replica.ejections = 0
