"""One row of a codec's table: an operation as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from ipfs_accel_async.keys import Secret
    from ipfs_accel_async.types import Payload, Target

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})


class CallFacts(Protocol):
    """The part of a call that a codec may read."""

    @property
    def operation(self) -> str:
        """Name in the codec's table."""

    @property
    def target(self) -> Target:
        """Model and base URL."""

    @property
    def payload(self) -> Payload:
        """What to send."""

    @property
    def request_id(self) -> str:
        """Our id of the call."""

    @property
    def attempts(self) -> int:
        """How many times it has been sent."""

    @property
    def key(self) -> Secret | None:
        """The key lent to this attempt."""


BatchForm = Literal["texts", "inputs", "pairs", "prompts", "tensors", "inferences", "keys"]


@dataclass(frozen=True, slots=True)
class Batchable:
    """How one request carries the items of many callers.

    Args:
        form: What its items are: ``texts`` or ``inputs`` of one answer each, ``pairs`` with one query, ``prompts``,
            rows of ``tensors``, whole ``inferences``, ``keys`` of objects.
        items: Most items in a request.
        tokens: Most tokens in it, all items together; 0 for no bound.
        bytes: Most bytes in it, likewise.
        firm: Whether `items` is the service's own bound, which no setting raises; else it is a server's default.
        told_by: Native operation whose answer tells the bounds of this server.
        fields: Where it tells them: of items, of tokens.
    """

    form: BatchForm
    items: int
    tokens: int = 0
    bytes: int = 0
    firm: bool = False
    told_by: str = ""
    fields: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class Operation:
    """One row of a codec's table.

    Args:
        method: HTTP method.
        path: Below the base URL; ``{model}`` and the names of other arguments in braces are replaced, quoted.
        idempotent: Whether sending it twice is harmless but for its price. None: as its method says.
        batchable: How one request can carry the items of many callers; None: it cannot.
        answer: What a good answer's body is: JSON, bytes, text, or nothing that counts.
        fields: Fields without which a JSON answer of a native operation is refused.
        root: The path is below the base URL without the codec's `default_path`.
        headers: Sent with this operation only.
        open_ended: Its event stream has no end mark: the end of the body is its end.
        note: What users of it should know; stands in the documentation.
    """

    method: str
    path: str
    idempotent: bool | None = None
    batchable: Batchable | None = None
    answer: Literal["json", "bytes", "text", "none"] = "json"
    fields: tuple[str, ...] = ()
    root: bool = False
    headers: tuple[tuple[bytes, bytes], ...] = ()
    open_ended: bool = False
    note: str = ""

    @property
    def repeatable(self) -> bool:
        """Whether a failed call may be sent again."""
        return self.method in SAFE_METHODS if self.idempotent is None else self.idempotent


@dataclass(frozen=True, slots=True)
class Content:
    """A request's body, with what must be said of it in headers."""

    body: bytes
    media_type: str = "application/json"
    headers: tuple[tuple[bytes, bytes], ...] = ()
