"""Every error this package raises, and the one place that judges them.

::

    AccelError
    ├── ConfigError                    settings, keys, URLs, names: wrong before any call
    │   └── ForkedClientError          a client that a parent process has used
    ├── InvalidRequestError            arguments of a call that cannot be sent
    ├── CallError                      the call was (or was being) sent
    │   ├── TransportError             no complete answer came back
    │   │   ├── ConnectError           nothing reached the server
    │   │   ├── TLSError               certificate or handshake
    │   │   ├── RequestTimeoutError    `phase` says where the time went
    │   │   └── InterruptedCallError   the connection broke after the request was sent
    │   ├── ProtocolError              an answer came that cannot be right
    │   │   ├── DecodeError            not the JSON, encoding or frame it should be
    │   │   ├── ResponseValidationError  a required field is missing or of the wrong type
    │   │   ├── ResponseTooLargeError  beyond the cap on decoded bytes
    │   │   ├── UnexpectedRedirectError  redirects are never followed
    │   │   └── StreamIncompleteError  the stream ended early; `partial` holds what came
    │   └── APIError                   the server answered with an error
    │       ├── BadRequestError        400, 409, 413, 415, 422
    │       │   ├── ContextTooLongError
    │       │   └── ContentFilteredError
    │       ├── AuthenticationError    401
    │       ├── PermissionDeniedError  403
    │       ├── NotFoundError          404, 410
    │       ├── RateLimitError         429, retried
    │       ├── QuotaExhaustedError    402 and billing 429s, not retried
    │       ├── OverloadedError        503, 529, 498
    │       └── ServerError            every other 5xx, 408, 424, 425
    ├── RejectedError                  never sent
    │   ├── CostExceedsLimitError      one call alone passes a rate limit; an InvalidRequestError too
    │   ├── AllKeysExhaustedError      no key can serve; `reasons` says why, by alias
    │   ├── CircuitOpenError
    │   ├── QueueFullError             load shed
    │   ├── DeadlineExceededError      the time was up in the queue or in backoff
    │   ├── ClientClosedError
    │   └── DispatcherError            a gate failed: a bug, not the service
    ├── RoundsExceededError            a model still calls functions; `messages` has the conversation
    └── AllTargetsFailedError          `causes`: one error a target
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipfs_accel_async.error_base import AccelError as AccelError  # the tree is read, and imported, here
from ipfs_accel_async.error_base import OutcomeKind as OutcomeKind

if TYPE_CHECKING:
    from ipfs_accel_async.answers import Reply
    from ipfs_accel_async.types import Message
    from ipfs_accel_async.wire.ratelimits import RateLimits


class ConfigError(AccelError, ValueError):
    """A setting, key, URL or name is wrong; nothing was sent."""


class ForkedClientError(ConfigError):
    """The client was used before a fork: its connections are the parent's. Make one in each process."""


class InvalidRequestError(AccelError, ValueError):
    """The call's arguments cannot be sent; nothing was."""


class CallError(AccelError):
    """The call was sent, or was being sent."""

    outcome: OutcomeKind = "failed"


class TransportError(CallError):
    """No complete answer came back."""

    retryable = True


NO_SUCH_NAME = "dns"


class ConnectError(TransportError):
    """No connection: the name does not resolve (then `code` is ``dns``), or nobody listens. Nothing was sent."""


class TLSError(TransportError):
    """The certificate or the handshake failed; trying again does not help."""

    retryable = False
    outcome: OutcomeKind = "ignored"  # the address or its certificate is set up wrongly: waiting mends neither


class RequestTimeoutError(TransportError, TimeoutError):
    """The call was sent and its time ran out; `phase` says where."""


class InterruptedCallError(TransportError):
    """The connection broke after the request was sent."""


class ProtocolError(CallError):
    """An answer came that cannot be right."""


class DecodeError(ProtocolError):
    """Not the JSON, encoding or frame it should be. Worth one more try: proxies do this in passing.

    Attributes:
        offset: Byte of the answer at which it is no JSON any more; None for other faults.
    """

    retryable = True
    offset: int | None = None


class ResponseValidationError(ProtocolError):
    """A required field of the answer is missing or of the wrong type; the message has its path."""


class ResponseTooLargeError(ProtocolError):
    """The answer passes the cap on decoded bytes."""


class UnexpectedRedirectError(ProtocolError):
    """The server answered with a redirect: those are never followed, as keys would leave with them."""

    outcome: OutcomeKind = "ignored"  # the base URL is wrong, not the endpoint behind it


class StreamIncompleteError(ProtocolError):
    """The stream ended before its end mark.

    Attributes:
        partial: The reply as far as it came; None when nothing did.
    """

    partial: Reply | None = None
    retryable = True  # only while nothing was handed to the caller: the exchange sees to that


class APIError(CallError):
    """The server answered with an error; `rate_limits` is what it said of its limits, in its body and its headers."""

    rate_limits: tuple[RateLimits, ...] = ()


class BadRequestError(APIError):
    """The server cannot accept this request (400, 409, 413, 415, 422); the same again fails again."""

    outcome: OutcomeKind = "ok"  # the server is alive: it answered


class ContextTooLongError(BadRequestError):
    """The prompt does not fit the model's context."""


class ContentFilteredError(BadRequestError):
    """The service's content policy refused the request."""


class AuthenticationError(APIError):
    """401: the key is missing, wrong or revoked."""

    outcome: OutcomeKind = "ok"


class PermissionDeniedError(APIError):
    """403: the key may not use this model or operation."""

    outcome: OutcomeKind = "ok"


class NotFoundError(APIError):
    """404 or 410: no such model or object."""

    outcome: OutcomeKind = "ok"


class RateLimitError(APIError):
    """429: too fast; `retry_after` says how long to wait where the service does."""

    retryable = True
    outcome: OutcomeKind = "throttled"


class QuotaExhaustedError(APIError):
    """402 or a billing 429: waiting does not help, paying does."""

    outcome: OutcomeKind = "throttled"


class OverloadedError(APIError):
    """503, 529, 498, or a 429 that says so: the service has no capacity right now."""

    retryable = True


class ServerError(APIError):
    """A fault of the service: 5xx, 408, 424, 425."""

    retryable = True


class RejectedError(AccelError):
    """The call was refused here and never sent."""


class CostExceedsLimitError(RejectedError, InvalidRequestError):
    """The call alone costs more than a rate limit allows in its window; `code` is ``exceeds_tpm`` and the like."""


class AllKeysExhaustedError(RejectedError):
    """No key of the provider can serve the call in time; `retry_after` says from when one may, where that is known.

    Attributes:
        reasons: Why not, by alias.
    """

    reasons: dict[str, str] = {}  # noqa: RUF012 - each error has its own


class CircuitOpenError(RejectedError):
    """The target keeps failing; `retry_after` says when it is tried again."""


class QueueFullError(RejectedError):
    """The queue is full: the call was refused, or displaced by one of higher priority."""


class DeadlineExceededError(RejectedError, TimeoutError):
    """The deadline passed in the queue, or would pass there or in backoff (then `__cause__` is the last error)."""


class ClientClosedError(RejectedError):
    """The client is closed."""


class DispatcherError(RejectedError):
    """A gate of the dispatcher failed: a fault of this package or of what was hung into it."""


class RoundsExceededError(AccelError):
    """A model still called functions after as many rounds as it was allowed.

    Attributes:
        messages: The conversation so far, the functions' answers included.
    """

    messages: tuple[Message, ...] = ()


class AllTargetsFailedError(AccelError):
    """The model and each of its fallbacks failed.

    Attributes:
        causes: One error a target, in the order they were tried.
    """

    causes: tuple[AccelError, ...] = ()
    outcome: OutcomeKind = "failed"


def outcome_of(error: BaseException | None) -> OutcomeKind:
    """How guards count this end of a call.

    ``ok``: the endpoint is alive. ``throttled``: alive, asks for less. ``failed``: its fault. ``ignored``: says nothing
    about it (cancellation, our own refusals, local errors).
    """
    if error is None:
        return "ok"
    return error.outcome if isinstance(error, AccelError) else "ignored"
