"""What happened to a call: written by the layers as they go, read by :mod:`ipfs_accel_async.explain`.

The hot path only sets attributes here; whatever is derived from them is derived when somebody asks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ipfs_accel_async.errors import OutcomeKind
    from ipfs_accel_async.types import Target


class Attempt:
    """One time that a call was sent, or was refused before it could be. Instants are the loop's time, in seconds.

    Attributes:
        operation: ``chat``, or what was asked first to describe the call.
        target: Provider, model and endpoint.
        endpoint_why: Why that endpoint was chosen of several; empty where there is one.
        at: When it was granted or refused.
        queued: Seconds in the queue before that.
        held: Seconds of those in which it was next, and a rate limit, or keys that pause or are taken, held it.
        key: Alias of the key; None without one. The key itself is nowhere here.
        key_why: Why it was chosen.
        avoided: Alias of the key that was passed over, as an attempt with it had failed.
        breaker: ``closed``, or ``half-open`` where this was a probe; empty if the breakers were not asked.
        hedge: Whether it ran beside a slow one.
        sent: When the request was handed to the transport (a token source is asked within); None if it never was.
        head: When status and headers came.
        first: When a stream had its first token.
        received: When the body was complete, or the stream was handed over.
        ended: When its permits came back.
        status: HTTP status.
        bytes_out: Bytes of the request's body.
        bytes_in: Bytes of the answer's body, decoded.
        outcome: How the guards counted it; empty while it runs, ``refused`` if it was not sent.
        error: Class name of its error.
        delay: Seconds waited before the next attempt.
        verdict: Why no other attempt followed it.
    """

    __slots__ = (
        "at",
        "avoided",
        "breaker",
        "bytes_in",
        "bytes_out",
        "delay",
        "ended",
        "endpoint_why",
        "error",
        "first",
        "head",
        "hedge",
        "held",
        "key",
        "key_why",
        "operation",
        "outcome",
        "queued",
        "received",
        "sent",
        "status",
        "target",
        "verdict",
    )

    def __init__(self, operation: str, target: Target, at: float, queued: float) -> None:
        self.operation = operation
        self.target = target
        self.at = at
        self.queued = queued
        self.held = 0.0
        self.endpoint_why = ""
        self.key: str | None = None
        self.key_why = ""
        self.avoided: str | None = None
        self.breaker = ""
        self.hedge = False
        self.sent: float | None = None
        self.head: float | None = None
        self.first: float | None = None
        self.received: float | None = None
        self.ended: float | None = None
        self.status: int | None = None
        self.bytes_out = 0
        self.bytes_in = 0
        self.outcome: OutcomeKind | str = ""
        self.error = ""
        self.delay: float | None = None
        self.verdict = ""


class Trace:
    """The one mutable part of a call: where it is and what it has cost. Written by the layers, read at the end.

    Attributes:
        phase: queue, backoff, key, connect, tls, write, first byte, body or stream.
        attempts: How many times it was sent.
        queue_seconds: Waited in the queue, over all attempts.
        first_delta_at: When the first token came.
        submitted: When the call was made.
        ended: When it ended; of a stream, when it was closed.
        error: Class name of the error it ended with.
        tries: Its attempts, in order.
        current: The attempt that runs.
        key: Alias of the key lent last, `key_why` why it was; `breaker` is what the breakers said then.
        avoid: Alias of the key that the next attempt leaves alone if there is another.
        elsewhere: Whether another key can serve at once what the last one was refused.
        hedge: Whether this is the side of a call that runs beside a slow attempt.
        degraded: Whether a fallback answered instead of the target that was asked for.
        endpoint: URL lent last by a pool of several, `endpoint_why` why it was; `avoid_endpoint` is the name of one
            that has just failed.
        held: Seconds in which a rate limit held the attempt that waits; `held_since` is set while one does.
        input_tokens: As estimated, if a rate limit needed them.
        batch: Our id of the request that carried it with others, how many others there were, and when it was made.
        cache: ``hit``, ``miss`` or ``stored``; ``shared``: it was given the answer to an equal call under way;
            ``similar`` or ``shadow``: of the semantic cache.
    """

    __slots__ = (
        "attempts",
        "avoid",
        "avoid_endpoint",
        "batch",
        "breaker",
        "cache",
        "current",
        "degraded",
        "elsewhere",
        "ended",
        "endpoint",
        "endpoint_why",
        "error",
        "first_delta_at",
        "hedge",
        "held",
        "held_since",
        "input_tokens",
        "key",
        "key_why",
        "phase",
        "queue_seconds",
        "submitted",
        "tries",
    )

    def __init__(self) -> None:
        self.phase = "queue"
        self.attempts = 0
        self.queue_seconds = 0.0
        self.first_delta_at: float | None = None
        self.submitted: float | None = None
        self.ended: float | None = None
        self.error = ""
        self.tries: list[Attempt] = []
        self.current: Attempt | None = None
        self.key: str | None = None
        self.key_why = ""
        self.breaker = ""
        self.avoid: str | None = None
        self.elsewhere = False
        self.hedge = False
        self.degraded = False
        self.endpoint = self.endpoint_why = self.avoid_endpoint = ""
        self.held = 0.0
        self.held_since: float | None = None
        self.input_tokens: int | None = None
        self.batch: tuple[str, int, float] | None = None
        self.cache = ""

    def begin(self, operation: str, target: Target, at: float, queued: float) -> Attempt:
        """An attempt has its permits.

        Args:
            operation: What is called.
            target: Who is.
            at: Loop time of the grant.
            queued: Seconds it waited for it.
        """
        attempt = Attempt(operation, target, at, queued)
        attempt.key, attempt.key_why, attempt.breaker = self.key, self.key_why, self.breaker
        attempt.hedge = self.hedge
        attempt.held, self.held = self.held, 0.0
        if target.endpoint == self.endpoint:
            attempt.endpoint_why = self.endpoint_why
        if self.avoid is not None and self.avoid != self.key:
            attempt.avoided = self.avoid
        self.tries.append(attempt)
        self.current = attempt
        return attempt

    def refuse(self, operation: str, target: Target, at: float, queued: float, error: BaseException) -> None:
        """An attempt ended before it was sent: refused, cancelled, or out of time. Arguments as for :meth:`begin`."""
        attempt = Attempt(operation, target, at, queued)
        attempt.hedge = self.hedge
        self.let_go(at)
        attempt.held, self.held = self.held, 0.0
        attempt.ended = at
        attempt.outcome = "refused"
        attempt.error = type(error).__name__
        self.tries.append(attempt)
        self.current = attempt

    def let_go(self, now: float) -> None:
        """Nothing holds it back any more; harmless where nothing did."""
        if self.held_since is not None:
            self.held += now - self.held_since
            self.held_since = None

    def beside(self) -> Trace:
        """A trace for what runs beside or before the call itself: its own place, the same list of attempts."""
        other = Trace()
        other.tries = self.tries
        other.submitted = self.submitted
        return other

    def since(self, start: int, error: BaseException) -> Trace:
        """What happened from the attempt of that number on: the part of one target, and how it ended."""
        part = Trace()
        part.error = type(error).__name__
        part.tries = self.tries[start:]
        part.phase = self.phase
        part.attempts = sum(attempt.sent is not None for attempt in part.tries)
        part.queue_seconds = sum(attempt.queued for attempt in part.tries)
        part.submitted = part.tries[0].at - part.tries[0].queued if part.tries else self.submitted
        part.ended = part.tries[-1].ended if part.tries else self.ended
        return part
