"""Rate-limit headers: durations, counts and moments."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async.wire.ratelimits import DAY, RateLimits, parse_anthropic, parse_duration, parse_openai


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1s", 1),
        ("6m0s", 360),
        ("20ms", 0.02),
        ("1h2m3s", 3723),
        ("2m59.56s", 179.56),
        ("7.66s", 7.66),
        ("285ms", 0.285),
        ("1.5ms", 0.0015),
        ("24h0m0s", 86400),
        ("500us", 0.0005),
        ("500\u00b5s", 0.0005),
        ("500\u03bcs", 0.0005),
        ("7ns", 7e-9),
        ("1.s", 1),
        (".5s", 0.5),
        ("0s", 0),
        ("0", 0),
        ("12", 12),
        ("12.5", 12.5),
        (" 46s ", 46),
        ("37017s", 37017),
    ],
)
def test_durations(text, seconds):
    """Go's notation in all its units, and plain seconds."""
    assert parse_duration(text) == pytest.approx(seconds, rel=1e-12)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "s",
        "ms",
        ".",
        ".s",
        "-1s",
        "+1s",
        "1 s",
        "1s ago",
        "1d",
        "1S",
        "1e3s",
        "inf",
        "nan",
        "1_0s",
        "\u0665s",
        "1s1",
        "m5s",
        "9" * 40,
        "1s" * 10**6,
    ],
)
def test_what_is_no_duration_is_none(text):
    """Everything else is None, in no time."""
    assert parse_duration(text) is None


@given(st.integers(0, 10**6), st.integers(0, 59), st.integers(0, 59_999))
def test_written_durations_are_read(hours, minutes, milliseconds):
    """Hours, minutes and fractional seconds add up exactly."""
    text = f"{hours}h{minutes}m{milliseconds // 1000}.{milliseconds % 1000:03}s"
    exact = hours * 3600 + minutes * 60 + Fraction(milliseconds, 1000)
    assert parse_duration(text) == pytest.approx(float(exact), rel=1e-12)


@given(st.text(max_size=70) | st.text("0123456789.hmsnu\u00b5", max_size=20))
def test_any_text_is_a_duration_or_none(text):
    """The parser is total: None or finite seconds, not negative."""
    seconds = parse_duration(text)
    assert seconds is None or (seconds >= 0 and math.isfinite(seconds))


def test_openai_and_groq_headers():
    """Counts are integers, resets durations."""
    headers = {
        "x-ratelimit-limit-requests": "14400",
        "x-ratelimit-remaining-requests": "14370",
        "x-ratelimit-reset-requests": "2m59.56s",
        "x-ratelimit-limit-tokens": "18000",
        "x-ratelimit-remaining-tokens": "17997",
        "x-ratelimit-reset-tokens": "7.66s",
    }
    assert parse_openai(headers.get) == RateLimits(14400, 14370, pytest.approx(179.56), 18000, 17997, 7.66)


@pytest.mark.parametrize("parse", [parse_openai, parse_anthropic])
def test_no_headers_mean_none(parse):
    """A response that says nothing about limits gives None, not a value full of nothing."""
    assert parse({"date": "Thu, 21 Aug 2025 12:40:00 GMT", "content-type": "text/plain"}.get) is None


@pytest.mark.parametrize("bad", ["", "-1", "1.5", "many", "1_000", "\u0665", "9" * 16, "9" * 2**20, "1e3"])
def test_bad_values_are_left_out(bad):
    """A header that cannot be read is None beside those that can."""
    headers = {"x-ratelimit-limit-requests": bad, "x-ratelimit-reset-requests": "soon", "x-ratelimit-limit-tokens": "5"}
    assert parse_openai(headers.get) == RateLimits(limit_tokens=5)


ANTHROPIC = {
    "date": "Thu, 21 Aug 2025 12:40:00 GMT",
    "anthropic-ratelimit-requests-limit": "50",
    "anthropic-ratelimit-requests-remaining": "49",
    "anthropic-ratelimit-requests-reset": "2025-08-21T12:40:59Z",
    "anthropic-ratelimit-tokens-limit": "60000",
    "anthropic-ratelimit-tokens-remaining": "59000",
    "anthropic-ratelimit-tokens-reset": "2025-08-21T12:39:00Z",
    "anthropic-ratelimit-input-tokens-limit": "50000",
    "anthropic-ratelimit-input-tokens-remaining": "49000",
    "anthropic-ratelimit-input-tokens-reset": "2025-08-21T14:40:00.5+02:00",
    "anthropic-ratelimit-output-tokens-limit": "10000",
    "anthropic-ratelimit-output-tokens-remaining": "0",
    "anthropic-ratelimit-output-tokens-reset": "2025-02-31T00:00:00Z",
}


def test_anthropic_headers():
    """Resets are moments, read against the response's date; past ones are 0, impossible ones None."""
    assert parse_anthropic(ANTHROPIC.get) == RateLimits(50, 49, 59, 60000, 59000, 0, 50000, 49000, 0.5, 10000, 0, None)


def test_anthropic_resets_need_the_responses_date():
    """Without a Date header the counts stand and the resets are unknown."""
    limits = parse_anthropic({name: value for name, value in ANTHROPIC.items() if name != "date"}.get)
    assert limits == RateLimits(50, 49, None, 60000, 59000, None, 50000, 49000, None, 10000, 0, None)


@pytest.mark.parametrize(
    "moment",
    [
        "",
        "soon",
        "2025-08-21",
        "2025-W34-4T12:00:00Z",
        "2025-08-21T12:40:59",
        "20250821T124059Z",
        "2025-08-21T12:40:60Z",
        "0001-01-01T00:00:00+23:59",
        "0000-01-01T00:00:00Z",
        "2025-08-21T12:40:59+99:99",
        "9" * 2**20,
    ],
)
def test_moments_that_are_not_rfc_3339_are_ignored(moment):
    """Other notations, missing zones and impossible times leave the reset out, or at 0 when long past."""
    limits = parse_anthropic({**ANTHROPIC, "anthropic-ratelimit-requests-reset": moment}.get)
    assert limits.reset_requests in {None, 0.0}
    assert limits.limit_requests == 50


def test_groqs_requests_are_of_the_day():
    """The same headers, counted over another window."""
    headers = {"x-ratelimit-limit-requests": "14400", "x-ratelimit-limit-tokens": "18000"}
    limits = parse_openai(headers.get, DAY)
    assert [(name, limit) for name, limit, _, _ in limits.readings()] == [("rpd", 14400), ("tpm", 18000)]
    assert parse_openai({}.get, DAY) is None


def test_readings_name_each_limit_that_is_spoken_of():
    """By the names of the settings; the sum of tokens is left out where its parts are told."""
    limits = parse_anthropic(ANTHROPIC.get)
    assert list(limits.readings()) == [
        ("rpm", 50, 49, 59.0),
        ("input_tpm", 50000, 49000, 0.5),
        ("output_tpm", 10000, 0, None),
    ]
    assert list(RateLimits(limit_tokens=5, tokens_window=DAY).readings()) == [("tpd", 5, None, None)]
    assert list(RateLimits(remaining_requests=5).readings()) == [("rpm", None, 5, None)]
    assert list(RateLimits().readings()) == []


def test_the_wait_is_for_all_that_ran_out():
    """The longest reset of what has nothing left; none where nothing has run out, or nobody says when."""
    assert RateLimits(5, 0, 3.0, 900, 0, 7.5).wait == 7.5
    assert RateLimits(5, 0, 3.0, 900, 1, 7.5).wait == 3.0
    assert RateLimits(5, 1, 3.0).wait is None
    assert RateLimits(5, 0, None).wait is None
    assert RateLimits(5, 0, 0.0).wait is None


@pytest.mark.parametrize(
    ("own", "project", "counts"),
    [
        ("900", "50", (100, 50, 3.0)),
        ("50", "900", (1000, 50, 6.0)),
        ("50", "50", (1000, 50, 6.0)),
        (None, "900", (100, 900, 3.0)),
        ("900", None, (1000, 900, 6.0)),
        ("900", "many", (1000, 900, 6.0)),
    ],
)
def test_of_organisation_and_project_the_one_with_less_left_counts(own, project, counts):
    """All three of its numbers; one that says nothing of what is left has none."""
    told = {
        "x-ratelimit-limit-tokens": "1000",
        "x-ratelimit-remaining-tokens": own,
        "x-ratelimit-reset-tokens": "6s",
        "x-ratelimit-limit-project-tokens": "100",
        "x-ratelimit-remaining-project-tokens": project,
        "x-ratelimit-reset-project-tokens": "3s",
    }
    limits = parse_openai(told.get)
    assert (limits.limit_tokens, limits.remaining_tokens, limits.reset_tokens) == counts
    assert limits.limit_requests is None
