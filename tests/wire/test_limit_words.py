"""What the text of a 429 tells of the limit that ran out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async.wire.limit_words import parse_again, parse_violations, parse_words
from ipfs_accel_async.wire.ratelimits import DAY, MINUTE, RateLimits

OPENAI = (
    "Rate limit reached for {} in organization org-a on {}: Limit {}, Used {}, Requested {}. Please try again in {}."
)


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        (
            OPENAI.format("m", "tokens per min (TPM)", 10_000, 8_554, 3_082, "9.816s"),
            RateLimits(limit_tokens=10_000, remaining_tokens=1_446),
        ),
        (
            OPENAI.format("m", "requests per min (RPM)", 3, 3, 1, "20s"),
            RateLimits(limit_requests=3, remaining_requests=0),
        ),
        (
            OPENAI.format("`m`", "tokens per day (TPD)", 100_000, 97_050, 3_619, "9m38.016s"),
            RateLimits(limit_tokens=100_000, remaining_tokens=2_950, tokens_window=DAY),
        ),
        (
            OPENAI.format("m", "requests per day (RPD)", "14,400", "15,000", 1, "6s"),
            RateLimits(limit_requests=14_400, remaining_requests=0, requests_window=DAY),
        ),
        (
            "Request too large for m in organization o on tokens per min (TPM): Limit 30000, Requested 36055.",
            RateLimits(limit_tokens=30_000),
        ),
        (
            "This would exceed the rate limit for your organization (a-b) of 1,000,000 input tokens per minute.",
            RateLimits(limit_input_tokens=1_000_000),
        ),
        (
            "would exceed your organization's rate limit of 8,000 output tokens per minute",
            RateLimits(limit_output_tokens=8_000),
        ),
        ("would exceed the rate limit for you of 50 requests per minute", RateLimits(limit_requests=50)),
        (
            "would exceed the rate limit for you of 90,000 tokens per day",
            RateLimits(limit_tokens=90_000, tokens_window=DAY),
        ),
        ("would exceed the rate limit for you of 9 input tokens per day", None),
        ("Too many requests", None),
        ("", None),
    ],
)
def test_the_limit_in_an_errors_words(text: str, limits: RateLimits | None) -> None:
    """Which one it is, its size, what is left of it, and over which window it counts."""
    assert parse_words(text) == limits


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("Please try again in 9.816s. Visit the site", 9.816),
        ("Please try again in 644ms.", 0.644),
        ("Please try again in 9m38.016s. Need more?", 578.016),
        ("Please retry in 36.429760048s.", 36.429760048),
        ("Please retry after 86400 seconds. Please go here", 86_400),
        ("please TRY AGAIN IN 1h2m3s", 3_723),
        ("Please try again later.", None),
        ("try again in some minutes", None),
        ("try again in 0s", None),
        ("", None),
    ],
)
def test_when_an_errors_words_say_to_come_back(text: str, seconds: float | None) -> None:
    """Go durations and seconds; nothing where it says nothing that can be waited for."""
    assert parse_again(text) == seconds


@given(st.text(max_size=200) | st.text("LimtUsedPM():,. 0123456789ryagain", max_size=200))
def test_any_text_is_read_or_left(text: str) -> None:
    """The parsers are total."""
    parse_words(text)
    assert (parse_again(text) or 1.0) > 0


@pytest.mark.parametrize(
    ("name", "value", "limits"),
    [
        (
            "GenerateRequestsPerMinutePerProjectPerModel-FreeTier",
            "15",
            RateLimits(limit_requests=15, remaining_requests=0),
        ),
        (
            "GenerateRequestsPerDayPerProjectPerModel-FreeTier",
            "20",
            RateLimits(limit_requests=20, remaining_requests=0, requests_window=DAY),
        ),
        (
            "GenerateContentInputTokensPerModelPerMinute-FreeTier",
            "250000",
            RateLimits(limit_input_tokens=250_000, remaining_input_tokens=0),
        ),
        ("SomeTokensPerDay", "9", RateLimits(limit_tokens=9, remaining_tokens=0, tokens_window=DAY)),
        ("SomeOutputTokensPerMinute", "9", RateLimits(limit_output_tokens=9, remaining_output_tokens=0)),
        ("GenerateContentInputTokensPerModelPerDay", "9", None),
        ("GenerateRequestsPerMinute", "", None),
        ("GenerateRequestsPerMinute", "many", None),
        ("SomethingElse", "5", None),
    ],
)
def test_the_limit_in_a_violated_quota(name: str, value: str, limits: RateLimits | None) -> None:
    """What counts and over which window stands in the quota's id, its size beside it."""
    assert parse_violations([{"quotaId": name, "quotaValue": value}]) == (() if limits is None else (limits,))


def test_several_violations_and_other_things() -> None:
    """Each is one; what is no violation is none."""
    found = parse_violations(
        [None, "x", {}, *({"quotaId": f"RequestsPer{w}", "quotaValue": 5} for w in ("Minute", "Day"))]
    )
    assert [limits.requests_window for limits in found] == [MINUTE, DAY]
