"""Rate limits of a twin: token buckets on the loop's clock, and what the vendors' headers say of them."""

import math
from dataclasses import dataclass, replace

MINUTE, DAY = 60.0, 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """What one key may use.

    Args:
        requests_per_minute: Requests a minute; None is no limit.
        tokens_per_minute: Prompt and answer tokens a minute; None is no limit.
        requests_per_day: Requests a day, which is what Groq's request headers tell; None is no limit.
    """

    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    requests_per_day: int | None = None

    def __post_init__(self) -> None:
        for limit in (self.requests_per_minute, self.tokens_per_minute, self.requests_per_day):
            if limit is not None and limit < 1:
                raise ValueError("rate limits must be at least 1, or None for no limit")


@dataclass(frozen=True, slots=True)
class Gauge:
    """One limit as the headers tell it; `reset` is in seconds until it is full again."""

    limit: int
    remaining: int
    reset: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a request passes. `wait` is in seconds (0 when it passes), `short` names what ran out."""

    wait: float
    short: str
    requests: Gauge
    tokens: Gauge
    day: Gauge


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

    def gauge(self) -> Gauge:
        """Return the level as the headers tell it."""
        reset = (self.capacity - self.level) * self.window / self.capacity
        return Gauge(self.capacity, max(0, math.floor(self.level)), max(0.0, reset))


class Meter:
    """The buckets of one key at one twin."""

    def __init__(self, limit: RateLimit, now: float) -> None:
        sizes = {
            "requests": (limit.requests_per_minute, MINUTE),
            "tokens": (limit.tokens_per_minute, MINUTE),
            "day": (limit.requests_per_day, DAY),
        }
        self._buckets = {name: Bucket(capacity, window, now) for name, (capacity, window) in sizes.items() if capacity}

    def take(self, tokens: int, now: float) -> Verdict:
        """Spend one request and its tokens, all or nothing."""
        amounts = {"requests": 1, "tokens": tokens, "day": 1}
        wait, short = 0.0, ""
        for name, bucket in self._buckets.items():
            missing = bucket.wait(amounts[name], now)
            if missing > wait:
                wait, short = missing, name
        if not wait:
            for name, bucket in self._buckets.items():
                bucket.level = max(0.0, bucket.level - amounts[name])
        return self._verdict(wait, short)

    def peek(self, now: float) -> Verdict:
        """Return the levels without spending."""
        for bucket in self._buckets.values():
            bucket.wait(0, now)
        return self._verdict(0.0, "")

    def _verdict(self, wait: float, short: str) -> Verdict:
        gauges = {name: bucket.gauge() for name, bucket in self._buckets.items()}
        requests, tokens = gauges.get("requests", _FREE.requests), gauges.get("tokens", _FREE.tokens)
        return Verdict(wait, short, requests, tokens, gauges.get("day", _FREE.day))


def unlimited() -> Verdict:
    """Return the verdict of a twin without limits."""
    return _FREE


def used_up(verdict: Verdict, wait: float) -> Verdict:
    """Return the verdict as a 429 tells it: nothing is left until `wait` seconds from now."""
    requests, tokens = (Gauge(gauge.limit, 0, wait) for gauge in (verdict.requests, verdict.tokens))
    return replace(verdict, wait=wait, requests=requests, tokens=tokens)


def go_duration(seconds: float) -> str:
    """Write seconds as OpenAI's and Groq's reset headers do: ``20ms``, ``7.66s``, ``2m59.56s``, ``1h2m3s``."""
    if seconds < 1:
        return f"{math.ceil(seconds * 1000)}ms" if seconds > 0 else "0s"
    minutes, rest = divmod(round(seconds, 3), 60)
    hours, minutes = divmod(int(minutes), 60)
    tail = f"{rest:.3f}".rstrip("0").rstrip(".") + "s"
    if hours:
        return f"{hours}h{minutes}m{tail}"
    return f"{minutes}m{tail}" if minutes else tail
