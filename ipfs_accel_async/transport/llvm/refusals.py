"""The engine's errors: which of the package's classes, which status, which code, which words."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from ipfs_accel_async.errors import BadRequestError, InvalidRequestError, NotFoundError, ServerError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ipfs_accel_async.errors import AccelError


def invalid(code: str, message: str) -> InvalidRequestError:
    """What was given cannot be run, and was not: ``bad_request``, ``bad_shape``, ``bad_dtype``, ``bad_level``."""
    return InvalidRequestError(message, status=400, code=code)


def refused(code: str, message: str) -> AccelError:
    """What a worker refused: ``bad_ir``, ``bad_arguments``, ``unresolved``, ``memory_limit``."""
    return BadRequestError(message, status=400, code=code)


def unknown_model(name: str, known: Iterable[str]) -> NotFoundError:
    """``model_not_found``."""
    loaded = ", ".join(sorted(known)) or "none"
    return NotFoundError(f"there is no model {name!r} (loaded: {loaded})", status=404, code="model_not_found")


def time_limit(seconds: float) -> ServerError:
    """``time_limit``: the same code takes as long again, so it is not worth a retry."""
    message = f"the code ran longer than its time limit of {seconds:g} s and was ended"
    return ServerError(message, status=504, code="time_limit", retryable=False)


def crashed(status: int | None) -> ServerError:
    """``worker_crashed``.

    Args:
        status: Exit status of the process; the negative number of the signal that ended it; None when unknown.
    """
    if status is None:
        how = "the code broke its process"
    elif status < 0:
        how = f"the code crashed its process with {_name(-status)}"
    else:
        how = f"the code ended its process with exit status {status}"
    return ServerError(f"{how}; other calls are not affected", status=500, code="worker_crashed", retryable=False)


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
