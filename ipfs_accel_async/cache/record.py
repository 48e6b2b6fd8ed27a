"""What is kept of a whole answer: its kind, its own fields, and of a stream its deltas, as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from ipfs_accel_async.answers import Reply
from ipfs_accel_async.cache.fields import MisshapenError, text
from ipfs_accel_async.cache.replies import read_deltas, write_deltas
from ipfs_accel_async.cache.values import read, write
from ipfs_accel_async.stream import Stream
from ipfs_accel_async.types import Verbatim

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ipfs_accel_async.answers import Answer, Delta
    from ipfs_accel_async.call import Call
    from ipfs_accel_async.core import Result

_STREAM = "Stream"


class Replayed:
    """The source of a stream whose deltas have all come before."""

    async def read(self) -> Sequence[Delta]:
        """Nothing follows."""
        return ()

    async def aclose(self) -> None:
        """There is nothing to free."""


def record(answer: Answer, deltas: Sequence[Delta] = ()) -> bytes | None:
    """An answer as JSON; None where it cannot be written.

    Args:
        answer: Whole.
        deltas: It came in these: it is given back as a stream.
    """
    head = {"model": answer.model, "provider_request_id": answer.provider_request_id or ""}
    try:
        if deltas:
            verbatim = answer.verbatim if isinstance(answer, Reply) else None
            wire = "" if verbatim is None else verbatim.wire
            return orjson.dumps({"kind": _STREAM, **head, "wire": wire, "deltas": write_deltas(deltas)})
        own = write(answer)
        return None if own is None else orjson.dumps({"kind": type(answer).__name__, **head, "own": own})
    except (KeyError, orjson.JSONEncodeError):  # a kind that is never kept; half a surrogate pair
        return None


def restored(data: bytes, call: Call) -> Result | None:
    """The answer to `call` that :func:`record` wrote, with an id of its own and without token counts.

    Returns:
        None if it is anything else: cut, foreign, or of another version.
    """
    try:
        kept: Any = orjson.loads(data)
        head: dict[str, Any] = {
            "target": call.target,
            "model": text(kept, "model"),
            "request_id": call.request_id,
            "provider_request_id": text(kept, "provider_request_id") or None,
            "attempts": 0,
        }
        kind = text(kept, "kind")
        if (kind == _STREAM) != (call.payload.stream is True):
            raise MisshapenError(kind)
        if kind != _STREAM:
            return read(kind, kept["own"], head)
        wire = text(kept, "wire")
        empty = Reply(**head, verbatim=Verbatim(wire) if wire else None, trace=call.trace)
        return Stream(Replayed(), empty, read_deltas(kept["deltas"]), call.trace)
    except (LookupError, TypeError, ValueError, AttributeError):
        return None
