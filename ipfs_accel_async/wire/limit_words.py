"""What the text of a 429 tells of the limit that ran out: some services say there what their headers leave out.

Sources: OpenAI and Groq API references, rate limit errors; Anthropic API reference, rate limits; Gemini API reference,
rate limits, with google.rpc.QuotaFailure; Azure OpenAI, quotas.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.wire.ratelimits import DAY, MINUTE, RateLimits, parse_duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_COUNT = r"([0-9]{1,3}(?:,[0-9]{3}){1,4}|[0-9]{1,15})"
_OPENAI = re.compile(rf"\((RPM|RPD|TPM|TPD)\): Limit:? {_COUNT}(?:, Used ~?{_COUNT})?")
_CLAUDE = re.compile(
    rf"rate limit .{{0,120}}?of {_COUNT} (input tokens|output tokens|tokens|requests) per (minute|day)"
)
_AGAIN = re.compile(r"(?:try again|retry) (?:in|after) ([0-9hmsnu.\u00b5]{1,24})", re.IGNORECASE)
_QUOTA_ID = re.compile(r"(Input|Output)?(Requests?|Tokens?)\w*?Per(Minute|Day)")


def parse_words(text: str) -> RateLimits | None:
    """The limit that an error's text names, or None.

    ``on tokens per min (TPM): Limit 10000, Used 8554, Requested 3082.`` or ``the rate limit ... of 50,000 input tokens
    per minute``.
    """
    if found := _OPENAI.search(text):
        name, limit, used = found.groups()
        left = None if used is None else max(_number(limit) - _number(used), 0)
        return _of("requests" if name[0] == "R" else "tokens", _number(limit), left, daily=name.endswith("D"))
    if found := _CLAUDE.search(text):
        limit, kind, window = found.groups()
        return _of(kind.replace(" ", "_"), _number(limit), None, daily=window == "day")
    return None


def parse_again(text: str) -> float | None:
    """Seconds after which an error's text says to try again: ``in 9.816s``, ``after 20 seconds``; None without."""
    found = _AGAIN.search(text)
    return None if found is None else parse_duration(found[1].rstrip(".")) or None


def parse_violations(violations: Iterable[Any]) -> tuple[RateLimits, ...]:
    """Limits in the violations of a ``google.rpc.QuotaFailure``.

    ``quotaId`` names what counts and over which window, ``quotaValue`` is the limit; nothing is left of it.
    """
    said = (_violated(violation) for violation in violations if isinstance(violation, dict))
    return tuple(limits for limits in said if limits is not None)


def _violated(violation: Mapping[str, Any]) -> RateLimits | None:
    found, value = _QUOTA_ID.search(str(violation.get("quotaId") or "")), str(violation.get("quotaValue") or "")
    if found is None or not re.fullmatch(r"[0-9]{1,15}", value):
        return None
    part, kind, window = found.groups()
    name = "requests" if kind.startswith("R") else f"{part.lower()}_tokens" if part else "tokens"
    return _of(name, int(value), 0, daily=window == "Day")


def _of(kind: str, limit: int, remaining: int | None, *, daily: bool) -> RateLimits | None:
    window = DAY if daily else MINUTE
    if kind == "requests":
        return RateLimits(limit_requests=limit, remaining_requests=remaining, requests_window=window)
    if kind == "tokens":
        return RateLimits(limit_tokens=limit, remaining_tokens=remaining, tokens_window=window)
    if daily:  # nobody counts the parts by the day
        return None
    if kind == "input_tokens":
        return RateLimits(limit_input_tokens=limit, remaining_input_tokens=remaining)
    return RateLimits(limit_output_tokens=limit, remaining_output_tokens=remaining)


def _number(text: str) -> int:
    return int(text.replace(",", ""))
