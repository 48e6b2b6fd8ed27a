"""The two files of a batch: requests in, results out, one JSON object a line (OpenAI API reference, batch)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.answers import Reply
from ipfs_accel_async.call import Call
from ipfs_accel_async.errors import AccelError, APIError, DecodeError, InvalidRequestError, ResponseValidationError
from ipfs_accel_async.providers._json import dumps, loads_or_none
from ipfs_accel_async.types import ChatRequest, Target
from ipfs_accel_async.wire.http import Headers, Response

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TypeAlias

    from ipfs_accel_async.providers._codec import Codec

    Requests: TypeAlias = Mapping[str, Mapping[str, Any]] | Iterable[tuple[str, Mapping[str, Any]]]

MOST = 50_000
_CHATS = "/chat/completions"


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchResult:
    """What became of one request of a batch.

    Args:
        custom_id: The caller's own id of it.
        status: HTTP status; 0 when it was never tried.
        body: The answer's JSON.
        reply: The answer as :class:`Reply`, where the batch was of chats.
        error: Why there is no answer; it is not raised, as the others of the batch are not concerned.
    """

    custom_id: str
    status: int = 0
    body: Any = field(default=None, repr=False)
    reply: Reply | None = None
    error: AccelError | None = None

    @property
    def ok(self) -> bool:
        """Whether there is an answer."""
        return self.error is None


def request_lines(requests: Requests, endpoint: str, *, model: str = "") -> bytes:
    """The input file of a batch.

    Args:
        requests: Bodies by custom id: a mapping, or pairs.
        endpoint: What they are for, such as ``/v1/chat/completions``.
        model: For the bodies that name none.

    Raises:
        InvalidRequestError: There are none or too many, two have one id, or one is no body of a request.
    """
    pairs = requests.items() if isinstance(requests, Mapping) else requests
    lines: list[bytes] = []
    seen: set[str] = set()
    for custom_id, body in pairs:
        where = f"request {custom_id!r}"
        if not isinstance(custom_id, str) or not custom_id:
            raise InvalidRequestError(f"{where}: its id must be a string")
        if custom_id in seen:
            raise InvalidRequestError(f"{where}: another has the same id")
        if not isinstance(body, Mapping):
            raise InvalidRequestError(f"{where}: its body must be a mapping, not {type(body).__name__}")
        whole = {"model": model, **body} if model else dict(body)
        if not whole.get("model"):
            raise InvalidRequestError(f"{where}: it names no model: put it into the body or pass model=")
        if whole.get("stream"):
            raise InvalidRequestError(f"{where}: a batch does not stream")
        seen.add(custom_id)
        lines.append(dumps({"custom_id": custom_id, "method": "POST", "url": endpoint, "body": whole}))
    if not lines:
        raise InvalidRequestError("a batch needs at least one request")
    if len(lines) > MOST:
        raise InvalidRequestError(f"a batch takes at most {MOST} requests, not {len(lines)}: make several")
    return b"\n".join(lines) + b"\n"


def results_of(codec: Codec, target: Target, data: bytes, endpoint: str) -> Iterator[BatchResult]:
    """The results in an output or error file, in its own order, which is not that of the requests.

    Args:
        codec: Reads answers and errors.
        target: Whose batch it was.
        data: The file.
        endpoint: What the batch was for.

    Raises:
        DecodeError: A line is no JSON object with a ``custom_id``.
    """
    for number, line in enumerate(data.split(b"\n"), 1):
        if line.strip():
            found = loads_or_none(line)
            if not isinstance(found, dict) or not isinstance(found.get("custom_id"), str):
                raise DecodeError(f"line {number} of the batch's results is no result", target=target)
            yield _result(codec, target, found, endpoint)


def _result(codec: Codec, target: Target, found: Mapping[str, Any], endpoint: str) -> BatchResult:
    custom_id = found["custom_id"]
    response = found.get("response")
    call = Call("chat", target, ChatRequest(()), request_id=custom_id)
    if not isinstance(response, dict):
        return BatchResult(custom_id=custom_id, error=_untried(target, found.get("error"), custom_id))
    status, body = response.get("status_code"), response.get("body")
    if not isinstance(status, int):
        error: AccelError = ResponseValidationError("response.status_code is missing", target=target)
        return BatchResult(custom_id=custom_id, body=body, error=error)
    answer = Response(status, Headers(), dumps(body))
    if status >= 400:
        return BatchResult(custom_id=custom_id, status=status, body=body, error=codec.parse_error(call, answer))
    reply = None
    if endpoint.endswith(_CHATS):
        try:
            parsed = codec.parse_response(call, answer)
        except AccelError as wrong:
            return BatchResult(custom_id=custom_id, status=status, body=body, error=wrong)
        reply = parsed if isinstance(parsed, Reply) else None
    return BatchResult(custom_id=custom_id, status=status, body=body, reply=reply)


def _untried(target: Target, error: Any, custom_id: str) -> APIError:
    said = error if isinstance(error, dict) else {}
    message = str(said.get("message") or "it was not tried")
    return APIError(message, target=target, code=str(said.get("code") or "") or None, request_id=custom_id)
