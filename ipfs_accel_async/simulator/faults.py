"""Faults by name: what can go wrong with one answer, as values.

A fault is written as its name and a few arguments, in any order:

- ``=N``  the fault's amount in seconds: the pause of ``delay`` and ``slow-first-token``, the
  ``Retry-After`` of a status (``429=2.5``);
- ``@N``  strike after N bytes of the body (``cut@120``); without it, halfway through the body, except
  ``error-in-200``, which strikes before the first byte;
- ``*N``  strike N requests in a row (``503*3``); for ``flapping``, N down and N up.
"""

import re
from dataclasses import dataclass, replace
from typing import Literal, get_args

Kind = Literal["status", "delay", "slow-first-token", "cut", "reset", "stall", "malformed", "error-in-200", "truncate"]
RetryAfterForm = Literal["seconds", "date", "ms", "garbage"]


@dataclass(frozen=True, slots=True)
class Fault:
    """One way for an answer to go wrong.

    Args:
        name: The name it was asked by; the log of requests shows it.
        kind: What happens: an error status, a pause before the answer (``delay``) or between headers and
            body (``slow-first-token``), the connection closed inside the body (``cut``) or aborted before
            it (``reset``), silence inside the body until the client leaves (``stall``), one broken JSON
            frame (``malformed``), an error under status 200 (``error-in-200``), or a body that ends
            early but cleanly (``truncate``).
        status: The HTTP status, for kind ``status``.
        retry_after: Seconds to announce in the retry header; None sends no such header.
        retry_after_form: How it is announced: whole seconds, an HTTP date, ``retry-after-ms`` or a
            word no client can read.
        quota: The 429 means an exhausted quota, which no retry can cure.
        delay: Seconds of pause, for the kinds that pause.
        at_byte: Offset in the body at which the fault strikes; None means its default (see the module).
        times: For how many requests in a row it strikes.
        flapping: It strikes ``times`` requests, spares as many, and starts again, for ever.
        message: Error text instead of the vendor's own.
    """

    name: str
    kind: Kind
    status: int = 0
    retry_after: float | None = None
    retry_after_form: RetryAfterForm = "seconds"
    quota: bool = False
    delay: float = 0.0
    at_byte: int | None = None
    times: int = 1
    flapping: bool = False
    message: str | None = None

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise ValueError(f"fault {self.name!r}: kind must be one of {', '.join(get_args(Kind))}")
        if self.kind == "status" and not 400 <= self.status <= 599:
            raise ValueError(f"fault {self.name!r}: a status fault needs a status from 400 to 599")
        if self.times < 1 or self.delay < 0 or (self.at_byte or 0) < 0 or (self.retry_after or 0) < 0:
            raise ValueError(f"fault {self.name!r}: times must be at least 1, the other numbers not negative")


def _status(status: int, name: str = "", **more: object) -> Fault:
    return replace(Fault(name or str(status), "status", status), **more)  # type: ignore[arg-type]


PRESETS: dict[str, Fault] = {
    fault.name: fault
    for fault in (
        _status(400),
        _status(401),
        _status(403),
        _status(404),
        _status(408),
        _status(413),
        _status(422),
        _status(429, retry_after=1.0),
        _status(429, "429-date", retry_after=1.0, retry_after_form="date"),
        _status(429, "429-ms", retry_after=0.25, retry_after_form="ms"),
        _status(429, "429-garbage", retry_after=1.0, retry_after_form="garbage"),
        _status(429, "429-quota", quota=True),
        _status(498),
        _status(500),
        _status(502),
        _status(503),
        _status(503, "503-burst", times=3),
        _status(503, "flapping", times=5, flapping=True),
        _status(504),
        _status(529),
        Fault("delay", "delay", delay=1.0),
        Fault("slow-first-token", "slow-first-token", delay=1.0),
        Fault("cut", "cut"),
        Fault("reset", "reset"),
        Fault("stall", "stall"),
        Fault("malformed", "malformed"),
        Fault("error-in-200", "error-in-200", at_byte=0),
        Fault("truncate", "truncate"),
    )
}

_SPEC = re.compile(r"([a-z0-9-]+)((?:[=@*][0-9.]+)*)")
_PAUSES: frozenset[Kind] = frozenset({"delay", "slow-first-token"})
_IN_BODY: frozenset[Kind] = frozenset({"cut", "stall", "malformed", "error-in-200", "truncate"})


def fault(spec: str | Fault) -> Fault:
    """Read a fault as written (``"cut@120"``); a `Fault` passes through.

    Raises:
        ValueError: The name is unknown, or the argument does not fit the fault.
    """
    if isinstance(spec, Fault):
        return spec
    match = _SPEC.fullmatch(spec.strip())
    found = PRESETS.get(match[1]) if match else None
    if match is None or found is None:
        raise ValueError(f"unknown fault {spec!r}; use one of {', '.join(sorted(PRESETS))}")
    for sign, number in re.findall(r"([=@*])([0-9.]+)", match[2]):
        found = _argued(found, spec, sign, number)
    return found


def _argued(found: Fault, spec: str, sign: str, number: str) -> Fault:
    try:
        if sign == "*":
            return replace(found, times=int(number))
        if sign == "@" and found.kind in _IN_BODY:
            return replace(found, at_byte=int(number))
        if sign == "=" and found.kind in _PAUSES:
            return replace(found, delay=float(number))
        if sign == "=" and found.kind == "status":
            return replace(found, retry_after=float(number))
    except ValueError:
        pass
    raise ValueError(f"fault {spec!r}: {sign}{number} does not fit {found.name!r}")
