"""What calls are made of: frozen, slotted values without behaviour beyond their own data."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Literal, NoReturn, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ipfs_accel_async.wire.multipart import Upload

Role: TypeAlias = Literal["system", "developer", "user", "assistant", "tool"]


class _Nothing(dict[str, Any]):
    """The mapping that is empty and stays so: the default of many fields. Unlike a proxy it is copied and pickled."""

    __slots__ = ()

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        message = "this empty mapping is shared: make your own"
        raise TypeError(message)

    __setitem__ = update = setdefault = __ior__ = _refuse

    def __reduce__(self) -> str:
        return "NOTHING"


NOTHING: Mapping[str, Any] = _Nothing()


class Priority(IntEnum):
    """Place in the queue: HIGH first; waiting raises a call's place, so LOW is served too."""

    HIGH = 0
    NORMAL = 1
    LOW = 2


@dataclass(frozen=True, slots=True)
class Target:
    """What a call is for. ``str(target)`` is ``"provider:model"``.

    Args:
        provider: Provider name.
        model: Model name as the service knows it; empty for operations without one.
        endpoint: Base URL that serves it.
    """

    provider: str
    model: str
    endpoint: str = field(default="", compare=False)

    def __str__(self) -> str:
        return f"{self.provider}:{self.model}" if self.model else self.provider


@dataclass(frozen=True, slots=True)
class Text:
    """A text part of a message."""

    text: str


@dataclass(frozen=True, slots=True)
class Image:
    """An image part: by URL (fetched by the service) or by bytes.

    Args:
        url: ``https://...`` address.
        data: The encoded image itself, instead of a URL.
        media_type: Of `data`, such as ``image/png``.
        detail: OpenAI's ``low``, ``high`` or ``auto``.
    """

    url: str = ""
    data: bytes = field(default=b"", repr=False)
    media_type: str = "image/png"
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Thinking:
    """Reasoning that a model returned and wants back, signed, in the next turn."""

    text: str
    signature: str = ""


@dataclass(frozen=True, slots=True)
class NativePart:
    """A part in the service's own shape, sent as it is."""

    value: Mapping[str, Any]


Part: TypeAlias = Text | Image | Thinking | NativePart


@dataclass(frozen=True, slots=True)
class Verbatim:
    """An assistant's turn block for block, for a service that checks what it gets back.

    Args:
        wire: Whose blocks they are; the codecs of other wires pass over them.
        blocks: In the service's own shape and order.
    """

    wire: str
    blocks: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call that the model asks for.

    Args:
        id: The service's id of it; the answer refers to it.
        name: Tool name.
        arguments: JSON text exactly as the model wrote it; it may be invalid.
    """

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation; :func:`user`, :func:`system`, :func:`assistant` and :func:`tool` make them.

    `verbatim` is the turn as its service wrote it: it goes back so, unless the turn was changed since.
    """

    role: Role
    content: str | tuple[Part, ...] = ""
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""
    name: str = ""
    verbatim: Verbatim | None = field(default=None, compare=False, repr=False)

    @property
    def text(self) -> str:
        """All text of the message, parts joined."""
        if isinstance(self.content, str):
            return self.content
        return "".join(part.text for part in self.content if isinstance(part, Text))


@dataclass(frozen=True, slots=True)
class Tool:
    """A function the model may call.

    Args:
        name: ``[A-Za-z0-9_-]{1,64}``.
        description: What it does, for the model.
        parameters: JSON schema of its arguments.
        strict: Ask the service to enforce the schema.
    """

    name: str
    description: str = ""
    parameters: Mapping[str, Any] = field(default_factory=lambda: {"type": "object", "properties": {}})
    strict: bool | None = None


@dataclass(frozen=True, slots=True)
class ResponseFormat:
    """Structured output: any JSON object (`schema` None), or JSON that fits a schema."""

    schema: Mapping[str, Any] | None = None
    name: str = "answer"
    strict: bool | None = None
    description: str = ""


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """Payload of the operation ``chat``."""

    messages: tuple[Message, ...]
    tools: tuple[Tool | Mapping[str, Any], ...] = ()
    tool_choice: str | Mapping[str, Any] | None = None
    response_format: ResponseFormat | Mapping[str, Any] | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    params: Mapping[str, Any] = field(default_factory=lambda: NOTHING)
    stream: bool = False


@dataclass(frozen=True, slots=True)
class EmbedRequest:
    """Payload of the operation ``embed``."""

    texts: tuple[str, ...]
    params: Mapping[str, Any] = field(default_factory=lambda: NOTHING)
    stream: bool = False


@dataclass(frozen=True, slots=True)
class NativeRequest:
    """Payload of ``models``, of a provider's native operations, and of any other path that the service has.

    Args:
        method: HTTP method; a native operation has its own.
        path: Likewise.
        json: JSON value of the body.
        query: Query parameters; several values of one name go out as several parameters.
        args: Values for the names in braces in a native operation's path.
        form: Fields and files of a multipart body.
        content: The body itself, with its `content_type`.
        content_type: Of `content`.
        headers: Further headers.
        stream: ``"events"`` or ``"bytes"`` for an answer that is read as it comes.
    """

    method: str = "GET"
    path: str = ""
    json: Any = None
    query: Mapping[str, str | tuple[str, ...]] = field(default_factory=lambda: NOTHING)
    args: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    form: tuple[tuple[str, str | Upload], ...] = ()
    content: bytes = field(default=b"", repr=False)
    content_type: str = ""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    stream: Literal["", "events", "bytes"] = ""


class Payload(Protocol):
    """What a codec turns into a request; each operation has its own."""

    @property
    def stream(self) -> bool | str:
        """Whether the answer is read as it comes: True for deltas, ``"events"``, ``"bytes"``."""
