"""What every error of this package carries, and how it is shown, redacted and sent between processes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from ipfs_accel_async.trace import Trace
    from ipfs_accel_async.types import Target

OutcomeKind = Literal["ok", "ignored", "throttled", "failed"]
REDACTED = "\N{HORIZONTAL ELLIPSIS}"  # no key has it, so what is left cannot make up the key again


class AccelError(Exception):
    """Base of every error this package raises.

    Attributes:
        provider: Provider name, where one is known.
        target: The ``provider:model`` that was called.
        status: HTTP status of the answer.
        code: The service's own error code or type.
        request_id: Our id of the call, sent as ``X-Request-ID``.
        provider_request_id: The service's own id of the request.
        attempts: How many times the call was sent.
        retryable: Whether the same call may succeed if sent again.
        retry_after: Seconds the service asked to wait.
        phase: Where the time went: queue, backoff, key, connect, tls, write, first byte, body, stream, idle or total.
        retry_suppressed: Why it was not retried though it might have helped: ``budget``.
        trace: What happened to the call; `client.explain` reads it.
    """

    __module__ = "ipfs_accel_async.errors"  # where the tree is, and where tracebacks should point

    retryable: bool = False
    outcome: OutcomeKind = "ignored"
    """How guards (breaker, limits) count it: only ``failed`` blames the endpoint."""

    def __init__(
        self,
        message: str,
        *,
        provider: str | None = None,
        target: Target | None = None,
        status: int | None = None,
        code: str | None = None,
        request_id: str | None = None,
        provider_request_id: str | None = None,
        attempts: int = 0,
        retryable: bool | None = None,
        retry_after: float | None = None,
        phase: str | None = None,
    ) -> None:
        if not message.isprintable():  # a service's words may hold line breaks or a terminal's control sequences
            message = " ".join("".join(char if char.isprintable() else " " for char in message).split())
        super().__init__(message)
        self.message = message
        self.provider = provider if provider is not None or target is None else target.provider
        self.target = target
        self.status = status
        self.code = code
        self.request_id = request_id
        self.provider_request_id = provider_request_id
        self.attempts = attempts
        self.retry_after = retry_after
        self.phase = phase
        self.retry_suppressed: str | None = None
        self.trace: Trace | None = None
        if retryable is not None:
            self.retryable = retryable

    def __str__(self) -> str:
        where = f"{self.target or self.provider}: " if self.target or self.provider else ""
        return f"{where}{self.message}"

    def redact(self, secret: str) -> None:
        """Cut a key out of everything that a service said, as some echo it in their errors."""
        if not secret:  # a token that could not be fetched
            return
        self.message = self.message.replace(secret, REDACTED)
        self.args = (self.message,)
        if self.code is not None:
            self.code = self.code.replace(secret, REDACTED)
        if self.provider_request_id is not None:
            self.provider_request_id = self.provider_request_id.replace(secret, REDACTED)

    def __reduce__(self) -> tuple[Any, ...]:
        # keyword-only constructors do not pickle by themselves; workers send errors between processes
        return _rebuild, (type(self), dict(self.__dict__))


def _rebuild(kind: type[AccelError], state: dict[str, Any]) -> AccelError:
    error = kind.__new__(kind)
    Exception.__init__(error, state.get("message", ""))
    error.__dict__.update(state)
    return error
