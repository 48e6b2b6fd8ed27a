"""What the vendors' headers tell of a limit, and how they write it."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Gauge:
    """One limit as the headers tell it; `reset` is in seconds until it is full again."""

    limit: int
    remaining: int
    reset: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a request passes. `wait` is in seconds (0 when it passes), `short` names what ran out.

    `input` and `output` are there where they count apart.
    """

    wait: float
    short: str
    requests: Gauge
    tokens: Gauge
    day: Gauge
    input: Gauge | None = None
    output: Gauge | None = None

    @property
    def shortest(self) -> Gauge:
        """The limit that ran out."""
        return getattr(self, self.short, None) or self.requests


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
