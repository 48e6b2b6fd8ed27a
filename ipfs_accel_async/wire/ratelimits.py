"""What a response tells about the limits it counted against."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from ipfs_accel_async.wire.retry_after import LONGEST, seconds_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MINUTE, DAY = 60.0, 86_400.0
_COUNT = re.compile(r"[0-9]{1,15}")
_SECONDS = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?")
_PART = r"([0-9]{1,9}(?:\.[0-9]{0,9})?|\.[0-9]{1,9})(ns|us|\u00b5s|\u03bcs|ms|s|m|h)"
_PARTS = re.compile(_PART)
_DURATION = re.compile(rf"(?:{_PART})+")
_UNITS = {"ns": 1e-9, "us": 1e-6, "\u00b5s": 1e-6, "\u03bcs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_RFC3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})"
)


@dataclass(frozen=True, slots=True)
class RateLimits:
    """Limits, what remains of them, and the seconds until they are whole again; None where nothing is said.

    Some services count input and output tokens apart; the plain token fields then tell the stricter. The windows are
    the seconds that the plain fields count over: a minute, and a day where the service counts by days.
    """

    limit_requests: int | None = None
    remaining_requests: int | None = None
    reset_requests: float | None = None
    limit_tokens: int | None = None
    remaining_tokens: int | None = None
    reset_tokens: float | None = None
    limit_input_tokens: int | None = None
    remaining_input_tokens: int | None = None
    reset_input_tokens: float | None = None
    limit_output_tokens: int | None = None
    remaining_output_tokens: int | None = None
    reset_output_tokens: float | None = None
    requests_window: float = MINUTE
    tokens_window: float = MINUTE

    def readings(self) -> Iterator[tuple[str, int | None, int | None, float | None]]:
        """Of each limit that is spoken of: its name, such as ``rpm``, its size, what is left, and its reset."""
        daily = self.requests_window > MINUTE
        rows = [("rpd" if daily else "rpm", self.limit_requests, self.remaining_requests, self.reset_requests)]
        if self.limit_input_tokens is None and self.limit_output_tokens is None:
            daily = self.tokens_window > MINUTE
            rows.append(("tpd" if daily else "tpm", self.limit_tokens, self.remaining_tokens, self.reset_tokens))
        else:  # the plain fields tell the tighter of the two once more
            rows += [
                ("input_tpm", self.limit_input_tokens, self.remaining_input_tokens, self.reset_input_tokens),
                ("output_tpm", self.limit_output_tokens, self.remaining_output_tokens, self.reset_output_tokens),
            ]
        return (row for row in rows if row[1] is not None or row[2] is not None)

    @property
    def wait(self) -> float | None:
        """Seconds until all that has run out is there again; None when nothing has, or nobody says when."""
        resets = (reset for _, _, remaining, reset in self.readings() if remaining == 0 and reset)
        return max(resets, default=None)


_NOTHING = RateLimits()


def parse_duration(text: str) -> float | None:
    """Seconds in a Go duration (``6m0s``, ``20ms``, ``1h2m3s``) or a plain number of seconds, else None."""
    if len(text) > LONGEST:
        return None
    text = text.strip(" \t")
    if _SECONDS.fullmatch(text):
        return float(text)
    if not _DURATION.fullmatch(text):
        return None
    return sum(float(amount) * _UNITS[unit] for amount, unit in _PARTS.findall(text))


def parse_openai(get: Callable[[str], str | None], requests_window: float = MINUTE) -> RateLimits | None:
    """The ``x-ratelimit-*`` headers of OpenAI and Groq, or None without them.

    Where a project has a limit of tokens too, the one of which less is left counts.
    Source: OpenAI API reference, rate limits in headers; Groq API reference, rate limits.

    Args:
        get: Looks a header up by its lower-case name.
        requests_window: Seconds that requests are counted over: Groq's request headers are of the day.
    """

    def of(scope: str) -> tuple[int | None, int | None, float | None]:
        reset = get(f"x-ratelimit-reset-{scope}")
        return (
            _count(get(f"x-ratelimit-limit-{scope}")),
            _count(get(f"x-ratelimit-remaining-{scope}")),
            None if reset is None else parse_duration(reset),
        )

    tokens, project = of("tokens"), of("project-tokens")
    if project[1] is not None and (tokens[1] is None or project[1] < tokens[1]):
        tokens = project  # what is left of the organisation's is of no use then
    limits = RateLimits(*of("requests"), *tokens)
    if limits == _NOTHING:
        return None
    return limits if requests_window == MINUTE else replace(limits, requests_window=requests_window)


def parse_anthropic(get: Callable[[str], str | None]) -> RateLimits | None:
    """The ``anthropic-ratelimit-*`` headers, or None without them.

    Resets are moments there; they become seconds by the response's own ``date`` header, 0.0 when past.
    Source: Anthropic API reference, rate limits, response headers.

    Args:
        get: Looks a header up by its lower-case name.
    """

    def of(scope: str) -> tuple[int | None, int | None, float | None]:
        name = f"anthropic-ratelimit-{scope}-"
        return _count(get(name + "limit")), _count(get(name + "remaining")), _reset(get(name + "reset"), get)

    limits = RateLimits(*of("requests"), *of("tokens"), *of("input-tokens"), *of("output-tokens"))
    return None if limits == _NOTHING else limits


def _reset(text: str | None, get: Callable[[str], str | None]) -> float | None:
    moment = None if text is None else _parse_rfc3339(text)
    seconds = seconds_until(moment, get)
    return None if seconds is None else max(seconds, 0.0)


def _parse_rfc3339(text: str) -> float | None:
    if len(text) > LONGEST or not _RFC3339.fullmatch(text := text.strip(" \t")):
        return None
    try:
        return datetime.fromisoformat(text.upper()).timestamp()
    except (ValueError, OverflowError):  # such as 31 February, or year 1 east of Greenwich
        return None


def _count(text: str | None) -> int | None:
    if text is None or len(text) > LONGEST or not _COUNT.fullmatch(text := text.strip(" \t")):
        return None
    return int(text)
