"""What comes back: usage, deltas and answers. Frozen, slotted values; a test holds `fold(deltas) == reply`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from ipfs_accel_async.deltas import NO_USAGE, Block, Delta, ToolCallDelta, Usage
from ipfs_accel_async.quick import quick
from ipfs_accel_async.types import Message, Part, Target, Text, Thinking, ToolCall, Verbatim

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy import float32
    from numpy.typing import NDArray

    from ipfs_accel_async.trace import Trace
    from ipfs_accel_async.wire.ratelimits import RateLimits

__all__ = [
    "NO_USAGE",
    "Answer",
    "Block",
    "Delta",
    "Embeddings",
    "Event",
    "ModelInfo",
    "ModelList",
    "NativeAnswer",
    "Reply",
    "ToolCallDelta",
    "Usage",
]

Parsed = TypeVar("Parsed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What every answer carries.

    Args:
        target: Who answered.
        model: The model's name as the service returned it.
        usage: Token counts; zeros where the service gives none.
        request_id: Our id of the call.
        provider_request_id: The service's own id, if it sent one.
        attempts: How many times the call was sent.
        limits: Reads `rate_limits` from the answer's headers: most callers never ask, and dates take time to parse.
        raw: The parsed JSON of the answer, whole.
        trace: What happened to the call; `client.explain` reads it.
    """

    target: Target
    model: str = ""
    usage: Usage = NO_USAGE
    request_id: str = ""
    provider_request_id: str | None = None
    attempts: int = 1
    limits: Callable[[], RateLimits | None] | None = field(default=None, compare=False, repr=False)
    raw: Any = field(default=None, compare=False, repr=False)
    trace: Trace | None = field(default=None, compare=False, repr=False)

    @property
    def degraded(self) -> bool:
        """Whether a fallback answered; `target` says which."""
        return self.trace is not None and self.trace.degraded

    @property
    def cached(self) -> bool:
        """Whether it took no request of its own: it comes from a cache, or is that of an equal call under way."""
        return self.trace is not None and self.trace.cache in {"hit", "shared", "similar"}

    @property
    def rate_limits(self) -> RateLimits | None:
        """What the service said of its limits, if it did."""
        return None if self.limits is None else self.limits()


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Reply(Answer):
    """A chat answer.

    Args:
        text: All text of the answer.
        reasoning: Reasoning text, where the service shows it; `signature` signs it.
        tool_calls: Calls the model asks for.
        finish_reason: ``stop``, ``length``, ``tool_calls``, ``content_filter``, or the service's own word.
        id: The service's id of the reply.
        verbatim: Its blocks as the service wrote them, whole or streamed, where it wants them back so.
    """

    text: str = ""
    reasoning: str = ""
    signature: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    finish_reason: str = ""
    id: str = ""
    verbatim: Verbatim | None = field(default=None, compare=False, repr=False)

    def parse(self, kind: type[Parsed]) -> Parsed:
        """The text as a value of a pydantic model, or of any other type that pydantic validates.

        Args:
            kind: What it is to be; ask for it with ``chat(..., response_format=kind)``.

        Raises:
            ContentFilteredError: The service held the answer back.
            ResponseValidationError: The text is no JSON or does not fit; the message has the path.
        """
        from ipfs_accel_async.parsing import parse

        return parse(self, kind)

    @property
    def message(self) -> Message:
        """This answer as the assistant's turn of the conversation that goes on."""
        content: str | tuple[Part, ...] = self.text
        if self.reasoning or self.signature:  # some services sign what they do not show
            thinking = Thinking(self.reasoning, self.signature)
            content = (thinking, Text(self.text)) if self.text else (thinking,)
        verbatim = self.verbatim if self.verbatim is not None and self.verbatim.blocks else None
        return Message("assistant", content, self.tool_calls, verbatim=verbatim)


@quick
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Embeddings(Answer):
    """Vectors, one row a text, in the order of the texts.

    Args:
        vectors: Array of shape (n, d), float32, also for a single text.
    """

    vectors: NDArray[float32]


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model that a service offers; `raw` holds all it says of it."""

    id: str
    owner: str = ""
    raw: Any = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelList(Answer):
    """The models a service offers."""

    models: tuple[ModelInfo, ...] = ()


class Event(NamedTuple):
    """One piece of a native operation's stream: progress, a typed event.

    Args:
        name: Name of the event, or its ``type``; empty where the service gives none.
        data: Its JSON, parsed.
        end: Nothing follows.
    """

    name: str
    data: Any
    end: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NativeAnswer(Answer):
    """Answer of a native operation or of :meth:`Client.request`; ``answer["id"]`` reads a field of its JSON.

    Args:
        status: HTTP status.
        body: Its bytes; `raw` is the JSON in them, None if they are none.
        media_type: Of `body`, as the service said.
    """

    status: int = 200
    body: bytes = field(default=b"", repr=False)
    media_type: str = ""

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")

    def __getitem__(self, name: Any) -> Any:
        return self.raw[name]

    def get(self, name: str, default: Any = None) -> Any:
        """A field of the JSON, or `default`."""
        return self.raw.get(name, default) if isinstance(self.raw, dict) else default
