"""When a server wants to be asked again (RFC 9110, sections 5.6.7 and 10.2.3; OpenAI's ``retry-after-ms``)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST = 64  # characters; no honest value comes near

_NUMBER = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,3})?")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_CLOCK = r"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})"
_MONTH = rf"(?P<month>{'|'.join(_MONTHS)})"
_DAY = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_LONG_DAY = r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day"
_IMF_FIXDATE = re.compile(rf"{_DAY}, (?P<day>[0-9]{{2}}) {_MONTH} (?P<year>[0-9]{{4}}) {_CLOCK} GMT")
_RFC850 = re.compile(rf"{_LONG_DAY}, (?P<day>[0-9]{{2}})-{_MONTH}-(?P<year>[0-9]{{2}}) {_CLOCK} GMT")
_ASCTIME = re.compile(rf"{_DAY} {_MONTH} (?P<day>[0-9 ][0-9]) {_CLOCK} (?P<year>[0-9]{{4}})")


def parse_retry_after(get: Callable[[str], str | None]) -> float | None:
    """Seconds the server asks to wait; None when it asks for nothing that makes sense. Never raises.

    ``retry-after-ms`` wins over ``retry-after`` when it is a number. A date is read against the response's own
    ``date`` header, as the two come from one clock; without that header it is ignored.

    Args:
        get: Looks a header up by its lower-case name.
    """
    milliseconds = _number(get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000 or None
    text = get("retry-after")
    seconds = _number(text)
    if seconds is None and text is not None:
        seconds = seconds_until(parse_http_date(text), get)
    return seconds if seconds is not None and seconds > 0 else None


def parse_should_retry(get: Callable[[str], str | None]) -> bool | None:
    """The server's own verdict, ``x-should-retry: true`` or ``false``; None when it gives none."""
    text = get("x-should-retry")
    return None if text is None else {"true": True, "false": False}.get(text[:LONGEST].strip().lower())


def parse_http_date(text: str) -> float | None:
    """Seconds since the epoch of an HTTP date in any of its three forms; None when it is none.

    Args:
        text: IMF-fixdate, RFC 850 date (two-digit years are 1970 to 2069) or asctime date, always GMT.
    """
    if len(text) > LONGEST:
        return None
    text = text.strip(" \t")
    for form in (_IMF_FIXDATE, _RFC850, _ASCTIME):
        if found := form.fullmatch(text):
            year = int(found["year"])
            if form is _RFC850:
                year += 1900 if year >= 70 else 2000
            day, hour, minute, second = (int(found[part]) for part in ("day", "hour", "minute", "second"))
            try:
                moment = datetime(year, _MONTHS.index(found["month"]) + 1, day, hour, minute, second, tzinfo=UTC)
            except ValueError:  # such as 31 February
                return None
            return moment.timestamp()
    return None


def seconds_until(moment: float | None, get: Callable[[str], str | None]) -> float | None:
    """Seconds from the response's ``date`` header to a moment since the epoch; None without either."""
    if moment is None:
        return None
    stamp = get("date")
    sent = None if stamp is None else parse_http_date(stamp)
    return None if sent is None else moment - sent


def _number(text: str | None) -> float | None:
    if text is None or len(text) > LONGEST:
        return None
    text = text.strip(" \t")
    # fullmatch before float: float() alone takes 1_000, inf, nan and digits of other scripts
    return float(text) if _NUMBER.fullmatch(text) else None
