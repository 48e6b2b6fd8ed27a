"""How a batch stands, and what became of its requests: the same for all vendors."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from ipfs_accel_async.answers import Reply
    from ipfs_accel_async.errors import AccelError

State = Literal["running", "ended", "failed", "expired", "cancelled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchStatus:
    """How a batch stands.

    Args:
        state: ``running`` until it is one of the others. ``ended``: each request was tried, and some may have failed.
            ``expired`` and ``cancelled``: there are results of what was done before. ``failed``: there are none.
        total: Its requests, as far as the service has counted them.
        succeeded: Those answered.
        failed: Those that failed, expired or were cancelled.
        raw: The service's own object.
    """

    state: State
    total: int = 0
    succeeded: int = 0
    failed: int = 0
    raw: Any = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobResult:
    """What became of one request.

    Args:
        custom_id: The caller's own id of it.
        reply: The answer, where there is one.
        error: Why there is none; it is not raised, as the others of the batch are not concerned. Its `code` is
            ``missing`` where the service's results do not have the request.
    """

    custom_id: str
    reply: Reply | None = None
    error: AccelError | None = None

    @property
    def ok(self) -> bool:
        """Whether there is an answer."""
        return self.reply is not None
