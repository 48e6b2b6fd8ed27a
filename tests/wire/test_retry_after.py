"""Retry-After in each of its forms, and none of its imitations."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ipfs_accel_async.wire.retry_after import parse_http_date, parse_retry_after, parse_should_retry

DATE = "Sun, 06 Nov 1994 08:49:37 GMT"


def retry_after(value: str | None = None, **others: str) -> float | None:
    """Parse a Retry-After header among others, given with underscores."""
    headers = {name.replace("_", "-"): text for name, text in others.items()}
    if value is not None:
        headers["retry-after"] = value
    return parse_retry_after(headers.get)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("1", 1),
        ("1.5", 1.5),
        ("120", 120),
        ("121", 121),
        (" 5 ", 5),
        ("\t7", 7),
        ("007", 7),
        ("0.001", 0.001),
        ("999999999", 999999999),
    ],
)
def test_seconds(value, seconds):
    """Plain decimal seconds, spaces around them allowed."""
    assert retry_after(value) == seconds


@pytest.mark.parametrize(
    "value",
    [
        *[
            "0",
            "0.0",
            "00",
            "+5",
            "-1",
            "-0",
            "",
            " ",
            "abc",
            "1_000",
            "1,000",
            "\u0665",
            "\uff15",
            "0x10",
            "1e3",
            "inf",
            "nan",
        ],
        *[
            "Infinity",
            "1.",
            ".5",
            "1.2345",
            "5 s",
            "5s",
            "1 2",
            "5\n",
            "9" * 10,
            "9" * 40,
            "9" * 2**20,
            " " * 2**20 + "5",
            "5\x00",
        ],
        "Wed, 31 Feb 2027 10:00:00 GMT",
        "Fri, 01 Jan 100000 00:00:00 GMT",
        "Sun, 06 Nov 1994 09:49:37 -2400",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 0000 09:49:37 GMT",
        "Sun, 06 Nov \u0661\u0669\u0669\u0664 09:49:37 GMT",
        "1994-11-06T09:49:37Z",
    ],
)
def test_what_is_no_delay_is_ignored(value):
    """Zero, signs, exponents, other scripts, impossible dates: our own backoff applies, nothing raises."""
    assert retry_after(value, date=DATE) is None


def test_no_header_means_none():
    """Without the headers there is no wish."""
    assert retry_after() is None


@pytest.mark.parametrize(
    "value",
    [
        "Sun, 06 Nov 1994 08:50:07 GMT",
        "Sunday, 06-Nov-94 08:50:07 GMT",
        "Sun Nov  6 08:50:07 1994",
        " Sun, 06 Nov 1994 08:50:07 GMT ",
    ],
)
def test_dates_are_read_against_the_responses_own_date(value):
    """All three date forms, whatever this machine's clock says."""
    assert retry_after(value, date=DATE) == 30


def test_dates_without_a_usable_response_date_are_ignored():
    """No clock but the server's own can say how far its date is."""
    later = "Sun, 06 Nov 1994 08:50:07 GMT"
    assert retry_after(later) is None
    assert retry_after(later, date="yesterday") is None


@pytest.mark.parametrize("value", [DATE, "Sun, 06 Nov 1994 08:49:36 GMT", "Thu, 01 Jan 1970 00:00:00 GMT"])
def test_dates_that_have_passed_are_ignored(value):
    """A moment that is not in the future asks for nothing."""
    assert retry_after(value, date=DATE) is None


def test_a_skewed_server_clock_changes_nothing():
    """When the server's clock is years off, both its dates are, and the difference holds."""
    assert retry_after("Fri, 01 Jan 2077 00:01:00 GMT", date="Fri, 01 Jan 2077 00:00:00 GMT") == 60


@pytest.mark.parametrize(
    ("milliseconds", "seconds"),
    [("1500", 1.5), ("20", 0.02), ("0.5", 0.0005), ("0", None), ("garbage", 9), ("-5", 9), ("1e3", 9), ("", 9)],
)
def test_milliseconds_win_when_valid(milliseconds, seconds):
    """retry-after-ms is the finer word; when it is no number, retry-after holds."""
    assert retry_after("9", retry_after_ms=milliseconds) == seconds


@given(st.text(max_size=80), st.none() | st.text(max_size=80), st.none() | st.text(max_size=40))
@example("9" * 9, "9" * 9, DATE)
def test_any_text_gives_none_or_a_positive_number(value, milliseconds, date):
    """The parser is total: None or finite seconds above zero, never an exception."""
    headers = {"retry-after": value, "retry-after-ms": milliseconds, "date": date}
    seconds = parse_retry_after(headers.get)
    assert seconds is None or (seconds > 0 and math.isfinite(seconds))


LAST = int(datetime(2069, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp())
moments = st.integers(0, LAST).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


@given(moments)
def test_dates_equal_the_standard_librarys(moment):
    """Every second from 1970 to 2069 is read right in all three forms."""
    for text in (
        format_datetime(moment, usegmt=True),
        f"{moment:%A, %d-%b-%y %H:%M:%S GMT}",
        f"{moment:%a %b} {moment.day:2} {moment:%H:%M:%S %Y}",
    ):
        assert parse_http_date(text) == moment.timestamp()


@given(moments, st.integers(1, 10**6))
def test_a_delay_is_the_difference_of_the_two_dates(moment, seconds):
    """Retry-After minus Date, to the second."""
    later = format_datetime(moment + timedelta(seconds=seconds), usegmt=True)
    assert retry_after(later, date=format_datetime(moment, usegmt=True)) == seconds


@pytest.mark.parametrize(
    ("value", "verdict"),
    [
        ("true", True),
        ("false", False),
        (" False ", False),
        ("TRUE", True),
        ("1", None),
        ("yes", None),
        ("", None),
        (None, None),
        ("x" * 2**20, None),
    ],
)
def test_should_retry(value, verdict):
    """Only true and false are verdicts."""
    assert parse_should_retry({"x-should-retry": value}.get) is verdict
