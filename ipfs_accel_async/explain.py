"""A trace made readable: what happened to a call, as plain values and as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipfs_accel_async.errors import AllTargetsFailedError, InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ipfs_accel_async.trace import Attempt, Trace


class Explanation(dict[str, Any]):
    """What happened to a call: a dictionary of plain values; ``str()`` of it is for people.

    Keys: ``request_id``, ``outcome`` (``ok``, an error's class name, or ``open`` for a stream that is not closed yet),
    ``phase``, ``total_ms``, ``queue_ms``, ``limit_ms`` (of that, for a rate limit), ``backoff_ms``, ``network_ms``,
    ``overhead_ms``, ``first_byte_ms``, ``first_token_ms``, ``cache`` (as of
    :class:`~ipfs_accel_async.trace.Trace`), ``batch`` (the request that it shared, with how many others),
    ``bytes_out``, ``bytes_in`` (of the whole request), ``attempts`` and, of an AllTargetsFailedError, ``causes``.
    What is not known is None.
    """

    def __str__(self) -> str:
        return "\n".join(_lines(self))


_CACHE = {
    "hit": "answered from the cache",
    "shared": "given the answer to an equal call that was under way",
    "stored": "not in the cache; kept in it now",
    "similar": "answered from the semantic cache: the same question was asked in other words",
    "shadow": "the semantic cache had an answer; asked live all the same, to compare them",
}


def explain(thing: Any) -> Explanation:
    """What happened to the call behind an answer, an error or a stream.

    Args:
        thing: What a call gave or raised.

    Raises:
        InvalidRequestError: It comes from no call.
    """
    trace: Trace | None = getattr(thing, "trace", None)
    if trace is None:
        message = f"explain takes an answer, an error or a stream of a call, not {type(thing).__name__}"
        raise InvalidRequestError(message)
    made = _explained(trace, getattr(thing, "request_id", None) or "")
    if isinstance(thing, AllTargetsFailedError):
        made["causes"] = [
            {**_explained(cause.trace, cause.request_id or ""), "target": str(cause.target)}
            for cause in thing.causes
            if cause.trace is not None
        ]
    return made


def _explained(trace: Trace, request_id: str) -> Explanation:
    begun, tries = trace.submitted, trace.tries
    handed = trace.first_delta_at if trace.first_delta_at is not None else trace.ended
    waits = [(attempt.at - attempt.queued, attempt.at) for attempt in tries]
    held = [(attempt.at - attempt.held, attempt.at) for attempt in tries]
    if trace.batch is not None and begun is not None:
        waits.append((begun, trace.batch[2]))
    pauses = [
        (attempt.ended, attempt.ended + attempt.delay)
        for attempt in tries
        if attempt.ended is not None and attempt.delay is not None
    ]
    network = [
        (attempt.sent, end)
        for attempt in tries
        if attempt.sent is not None and (end := _first(attempt.received, attempt.ended, handed)) is not None
    ]
    overhead = None
    if begun is not None and handed is not None:
        overhead = handed - begun - _union([*waits, *pauses, *network], begun, handed)
    heads = [attempt.head for attempt in tries if attempt.head is not None]
    return Explanation(
        request_id=request_id,
        outcome=trace.error or ("open" if trace.ended is None else "ok"),
        phase=trace.phase,
        total_ms=_span(begun, trace.ended),
        queue_ms=_union(waits, None, None) * 1_000,
        limit_ms=_union(held, None, None) * 1_000,
        backoff_ms=_union(pauses, None, trace.ended) * 1_000,
        network_ms=_union(network, None, handed) * 1_000,
        overhead_ms=None if overhead is None else max(overhead, 0.0) * 1_000,
        first_byte_ms=_span(begun, heads[-1] if heads else None),
        first_token_ms=_span(begun, trace.first_delta_at),
        cache=trace.cache or None,
        batch=None if trace.batch is None else {"request_id": trace.batch[0], "others": trace.batch[1]},
        bytes_out=sum(attempt.bytes_out for attempt in tries),
        bytes_in=sum(attempt.bytes_in for attempt in tries),
        attempts=[_attempt(attempt, own=attempt.target == tries[0].target) for attempt in tries],
    )


def _attempt(attempt: Attempt, *, own: bool) -> dict[str, Any]:
    chosen = None
    if attempt.key is not None:
        chosen = attempt.key_why
        if attempt.avoided is not None:
            chosen = f"{chosen}, without {attempt.avoided}, which had just failed"
    return {
        "operation": attempt.operation,
        "target": str(attempt.target),
        "target_why": "asked for" if own else "a fallback, as the targets before it failed",
        "endpoint": attempt.target.endpoint,
        "endpoint_why": attempt.endpoint_why or None,
        "key": attempt.key,
        "key_why": chosen,
        "hedge": attempt.hedge,
        "breaker": attempt.breaker or None,
        "queue_ms": attempt.queued * 1_000,
        "limit_ms": attempt.held * 1_000,
        "status": attempt.status,
        "outcome": attempt.outcome or "under way",
        "error": attempt.error or None,
        "first_byte_ms": _span(attempt.sent, attempt.head),
        "network_ms": _span(attempt.sent, _first(attempt.received, attempt.ended)),
        "bytes_out": attempt.bytes_out,
        "bytes_in": attempt.bytes_in,
        "verdict": attempt.verdict or None,
        "delay_ms": None if attempt.delay is None else attempt.delay * 1_000,
    }


def _first(*instants: float | None) -> float | None:
    return next((instant for instant in instants if instant is not None), None)


def _span(start: float | None, end: float | None) -> float | None:
    return None if start is None or end is None else (end - start) * 1_000


def _union(spans: Iterable[tuple[float, float]], start: float | None, end: float | None) -> float:
    """Seconds in at least one of the spans, within the bounds: what runs side by side counts once."""
    total, reached = 0.0, float("-inf") if start is None else start
    for begun, done in sorted(spans):
        done = done if end is None else min(done, end)
        if done > reached:
            total += done - max(begun, reached)
            reached = done
    return total


def _lines(made: dict[str, Any]) -> Iterable[str]:
    parts = [
        f"{made[f'{name}_ms']:.1f} ms {word}"
        for name, word in (
            ("total", "in all"),
            ("queue", "in the queue"),
            ("backoff", "between attempts"),
            ("network", "on the network"),
            ("overhead", "in this package"),
        )
        if made[f"{name}_ms"] is not None
    ]
    yield f"{made['request_id'] or 'call'}: {made['outcome']}; {', '.join(parts)}"
    if made["cache"] in _CACHE:
        yield f"  {_CACHE[made['cache']]}"
    if made["batch"]:
        yield f"  in one request with {made['batch']['others']} others: {made['batch']['request_id']}"
    for number, attempt in enumerate(made["attempts"], 1):
        yield f"  {number}. {_line(attempt)}"
    if made["outcome"] not in {"ok", "open"}:
        yield f"  ended in the phase {made['phase']!r}"
    for cause in made.get("causes", ()):
        yield f"  {cause['target']}: {cause['outcome']} after {len(cause['attempts'])} attempts"


def _line(attempt: dict[str, Any]) -> str:
    said = [f"{attempt['target']} at {attempt['endpoint']}"]
    if attempt["endpoint_why"]:
        said[0] += f" ({attempt['endpoint_why']})"
    if attempt["operation"] != "chat":
        said[0] = f"{attempt['operation']} of {said[0]}"
    if attempt["hedge"]:
        said.append("beside the slow one")
    if attempt["key"] is not None:
        said.append(f"with {attempt['key']} ({attempt['key_why']})")
    if attempt["breaker"] == "half-open":
        said.append("as the breaker's probe")
    if attempt["queue_ms"]:
        limit = f", {attempt['limit_ms']:.1f} of them for a rate limit" if attempt["limit_ms"] else ""
        said.append(f"{attempt['queue_ms']:.1f} ms in the queue{limit}")
    status = "" if attempt["status"] is None else f"{attempt['status']} "
    ended = f"{status}{attempt['error'] or attempt['outcome']}"
    if attempt["first_byte_ms"] is not None:
        ended += f", first byte after {attempt['first_byte_ms']:.1f} ms"
    said.append(ended)
    if attempt["verdict"]:
        said.append(
            attempt["verdict"] + (f" after {attempt['delay_ms']:.0f} ms" if attempt["delay_ms"] is not None else "")
        )
    return "; ".join(said)
