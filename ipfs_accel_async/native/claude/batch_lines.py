"""What goes into a batch and what comes out: requests by an id of the caller's own (Claude API reference, Batches)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from ipfs_accel_async.errors import APIError, InvalidRequestError, ResponseValidationError
from ipfs_accel_async.providers._claude_content import reply_of
from ipfs_accel_async.providers._claude_events import error_of

if TYPE_CHECKING:
    from ipfs_accel_async.answers import Reply
    from ipfs_accel_async.providers._codec import CallFacts

Requests: TypeAlias = Mapping[str, Mapping[str, Any]] | Iterable[Mapping[str, Any]]
"""Parameters of messages by custom id, or the service's own ``{"custom_id": ..., "params": {...}}``."""

MOST = 100_000
_NEEDED = ("model", "max_tokens", "messages")
_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchResult:
    """What became of one request of a batch.

    Args:
        custom_id: The caller's own id of it.
        kind: ``succeeded``, ``errored``, ``canceled`` or ``expired``.
        reply: The answer, where it succeeded.
        error: Why there is none; it is not raised, as the others of the batch are not concerned.
        raw: The line's JSON.
    """

    custom_id: str
    kind: str
    reply: Reply | None = None
    error: APIError | None = None
    raw: Any = field(default=None, repr=False, compare=False)

    @property
    def ok(self) -> bool:
        """Whether there is an answer."""
        return self.reply is not None


def request_list(requests: Requests) -> list[dict[str, Any]]:
    """The requests of a batch as the wire has them.

    Raises:
        InvalidRequestError: There are none or too many, two have one id, or one is no message.
    """
    if isinstance(requests, Mapping):
        requests = [{"custom_id": custom_id, "params": params} for custom_id, params in requests.items()]
    made: list[dict[str, Any]] = []
    seen: set[str] = set()
    for place, request in enumerate(requests):
        if not isinstance(request, Mapping) or not {"custom_id", "params"} <= request.keys():
            raise InvalidRequestError(f'requests[{place}] must be {{"custom_id": ..., "params": {{...}}}}')
        custom_id = request["custom_id"]
        if not isinstance(custom_id, str) or not _ID.fullmatch(custom_id):
            raise InvalidRequestError(
                f"requests[{place}]: a custom_id is 1 to 64 of A-Z a-z 0-9 _ -, not {custom_id!r:.80}"
            )
        if custom_id in seen:
            raise InvalidRequestError(f"requests[{place}]: another has the custom_id {custom_id!r}")
        seen.add(custom_id)
        _check(custom_id, request["params"])
        made.append(dict(request))
    if not 1 <= len(made) <= MOST:
        raise InvalidRequestError(f"a batch takes 1 to {MOST} requests, not {len(made)}")
    return made


def _check(custom_id: str, params: Any) -> None:
    if not isinstance(params, Mapping):
        raise InvalidRequestError(f"request {custom_id!r}: params must be a mapping, not {type(params).__name__}")
    for name in _NEEDED:
        if params.get(name) is None:
            raise InvalidRequestError(f"request {custom_id!r} lacks {name}: batches.params(...) makes all of them")
    if params.get("stream"):
        raise InvalidRequestError(f"request {custom_id!r}: a batch does not stream")


def result_of(call: CallFacts, line: Any) -> BatchResult:
    """The result in one line.

    Raises:
        ResponseValidationError: It has no custom id or no result.
    """
    try:
        custom_id, result = line["custom_id"], line["result"]
        kind = result["type"]
        reply, error = None, None
        if kind == "succeeded":
            reply = reply_of(result["message"], {"target": call.target, "request_id": call.request_id})
        elif kind == "errored":
            error = error_of(call, result["error"])
        else:
            error = APIError(f"the request was {kind} before it was tried", target=call.target, code=str(kind))
    except (KeyError, TypeError, AttributeError, ValueError) as fault:
        message = f"a line of the batch's results lacks a field or has one of the wrong type: {fault}"
        raise ResponseValidationError(message, target=call.target, request_id=call.request_id) from fault
    return BatchResult(custom_id=custom_id, kind=kind, reply=reply, error=error, raw=line)
