"""Rate limits of a twin: counted on the loop's clock, and what the vendors' headers say of them."""

import math
from dataclasses import dataclass, replace
from typing import Literal

from .gauge import Gauge, Verdict, go_duration
from .windows import FixedWindow, SlidingLog

__all__ = ["Bucket", "Gauge", "Meter", "RateLimit", "Verdict", "go_duration", "unlimited", "used_up"]

MINUTE, DAY = 60.0, 86_400.0
Counting = Literal["bucket", "sliding", "fixed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """What one key may use.

    Args:
        requests_per_minute: Requests a minute; None is no limit.
        tokens_per_minute: Prompt and answer tokens a minute; None is no limit.
        requests_per_day: Requests a day, which is what Groq's request headers tell; None is no limit.
        input_tokens_per_minute: Prompt tokens a minute, where the vendor counts them apart; None is no limit.
        output_tokens_per_minute: Answer tokens a minute, likewise.
        counting: ``bucket`` refills evenly, as the vendors' do; ``sliding`` counts any minute exactly, ``fixed`` each
            minute from the first request on.
    """

    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    requests_per_day: int | None = None
    input_tokens_per_minute: int | None = None
    output_tokens_per_minute: int | None = None
    counting: Counting = "bucket"

    def __post_init__(self) -> None:
        for limit in self.sizes.values():
            if limit[0] is not None and limit[0] < 1:
                raise ValueError("rate limits must be at least 1, or None for no limit")
        if self.counting not in _COUNTERS:
            raise ValueError(f"counting is one of {', '.join(_COUNTERS)}")

    @property
    def sizes(self) -> dict[str, tuple[int | None, float]]:
        """Each limit with its window in seconds."""
        return {
            "requests": (self.requests_per_minute, MINUTE),
            "tokens": (self.tokens_per_minute, MINUTE),
            "day": (self.requests_per_day, DAY),
            "input": (self.input_tokens_per_minute, MINUTE),
            "output": (self.output_tokens_per_minute, MINUTE),
        }


# Told when nothing is limited: generous, and never changing.
_FREE = Verdict(0.0, "", Gauge(10_000, 9_999, 0.006), Gauge(2_000_000, 1_999_000, 0.03), Gauge(14_400, 14_399, 6.0))


class Bucket:
    """A bucket of `capacity` that refills evenly over `window` seconds and starts full."""

    __slots__ = ("at", "capacity", "level", "window")

    def __init__(self, capacity: int, window: float, now: float) -> None:
        self.capacity, self.window, self.level, self.at = capacity, window, float(capacity), now

    def wait(self, amount: float, now: float) -> float:
        """Return the seconds until `amount` is there; more than the whole bucket waits for a full one."""
        self.level = min(self.capacity, self.level + (now - self.at) * self.capacity / self.window)
        self.at = now
        missing = min(amount, self.capacity) - self.level
        # A thousandth of a unit is rounding of the clock, not a debt.
        return missing * self.window / self.capacity if missing > 0.001 else 0.0

    def spend(self, amount: float) -> None:
        """Take what has passed."""
        self.level = max(0.0, self.level - amount)

    def gauge(self) -> Gauge:
        """Return the level as the headers tell it."""
        reset = (self.capacity - self.level) * self.window / self.capacity
        return Gauge(self.capacity, max(0, math.floor(self.level)), max(0.0, reset))


_COUNTERS: dict[str, type[Bucket | SlidingLog | FixedWindow]] = {
    "bucket": Bucket,
    "sliding": SlidingLog,
    "fixed": FixedWindow,
}


class Meter:
    """The counters of one key at one twin."""

    def __init__(self, limit: RateLimit, now: float) -> None:
        kind = _COUNTERS[limit.counting]
        self._counters = {name: kind(size, window, now) for name, (size, window) in limit.sizes.items() if size}

    def take(self, tokens: int, now: float, output: int = 0) -> Verdict:
        """Spend one request and its tokens, `output` of which the answer has, all or nothing."""
        amounts = {"requests": 1, "tokens": tokens, "day": 1, "input": tokens - output, "output": output}
        wait, short = 0.0, ""
        for name, counter in self._counters.items():
            missing = counter.wait(amounts[name], now)
            if missing > wait:
                wait, short = missing, name
        if not wait:
            for name, counter in self._counters.items():
                counter.spend(amounts[name])
        return self._verdict(wait, short)

    def peek(self, now: float) -> Verdict:
        """Return the levels without spending."""
        for counter in self._counters.values():
            counter.wait(0, now)
        return self._verdict(0.0, "")

    def _verdict(self, wait: float, short: str) -> Verdict:
        gauges = {name: counter.gauge() for name, counter in self._counters.items()}
        requests, tokens = gauges.get("requests", _FREE.requests), gauges.get("tokens", _FREE.tokens)
        day = gauges.get("day", _FREE.day)
        return Verdict(wait, short, requests, tokens, day, gauges.get("input"), gauges.get("output"))


def unlimited() -> Verdict:
    """Return the verdict of a twin without limits."""
    return _FREE


def used_up(verdict: Verdict, wait: float) -> Verdict:
    """Return the verdict as a 429 tells it: nothing is left until `wait` seconds from now."""
    requests, tokens = (Gauge(gauge.limit, 0, wait) for gauge in (verdict.requests, verdict.tokens))
    return replace(verdict, wait=wait, requests=requests, tokens=tokens)
