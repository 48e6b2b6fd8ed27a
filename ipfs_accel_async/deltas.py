"""What a streamed reply comes in, and the counts of tokens: frozen values, the hottest there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

MOST_TOKENS = 10**12
"""Of one call: more is a mistake of the service's, and sums of it would fit into no report."""
_COUNTS = ("input_tokens", "output_tokens", "total_tokens", "cached_tokens", "cache_write_tokens", "reasoning_tokens")


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of a call, as the service counted them.

    Args:
        input_tokens: All input, cached or not.
        output_tokens: All output, reasoning included.
        total_tokens: The service's sum.
        cached_tokens: Part of the input read from the service's prompt cache.
        cache_write_tokens: Part of the input written to it.
        reasoning_tokens: Part of the output spent on reasoning.
        cost: US dollars, where the service itself says it; see :meth:`Client.cost` for list prices.
        estimated: The counts are ours and not the service's; so is what stands for one that cannot be.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    total_tokens: int = 0
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    cost: float | None = None
    estimated: bool = False

    def __post_init__(self) -> None:
        """Bring into bounds what a service says: whoever adds up or limits by it must be able to rely on that."""
        if (
            0 <= self.input_tokens <= MOST_TOKENS
            and 0 <= self.output_tokens <= MOST_TOKENS
            and 0 <= self.total_tokens <= MOST_TOKENS
            and 0 <= self.cached_tokens <= MOST_TOKENS
            and 0 <= self.cache_write_tokens <= MOST_TOKENS
            and 0 <= self.reasoning_tokens <= MOST_TOKENS
        ):  # spelled out: it is done for every answer
            return
        for name in _COUNTS:
            if not 0 <= getattr(self, name) <= MOST_TOKENS:
                object.__setattr__(self, name, min(max(getattr(self, name), 0), MOST_TOKENS))
                object.__setattr__(self, "estimated", True)


NO_USAGE = Usage()


@dataclass(frozen=True, slots=True)
class ToolCallDelta:
    """A piece of a tool call: id and name come first, then `arguments` in pieces, all under one `index`."""

    index: int
    id: str = ""
    name: str = ""
    arguments: str = ""


class Block(NamedTuple):
    """A block of the answer begins; text, reasoning and signatures that follow are its own, until the next one.

    With `field` it does not begin: `value` joins that list in it (a citation, say).
    """

    place: int
    value: Any
    field: str = ""


class _DeltaFields(NamedTuple):
    text: str = ""
    reasoning: str = ""
    tool_calls: tuple[ToolCallDelta, ...] = ()
    finish_reason: str = ""
    usage: Usage | None = None
    model: str = ""
    id: str = ""
    signature: str = ""
    end: bool = False
    raw: Any = None
    block: Block | None = None


class Delta(_DeltaFields):
    """One piece of a streamed reply. A named tuple, as it is the hottest value: it costs a quarter of a dataclass.

    Args:
        text: New text.
        reasoning: New reasoning text; `signature` signs it where the service does.
        tool_calls: Pieces of tool calls.
        finish_reason: Why the model stopped, in the last pieces.
        usage: Counts so far; later ones replace earlier ones.
        model: Model that answers, and `id` the service's id of the reply, where the piece says so.
        end: The stream's end mark: nothing follows.
        raw: The piece as the service sent it; it does not count when deltas are compared.
        block: Where a block of the answer begins, for services that want them back as they were; it does not count.
    """

    __slots__ = ()

    @property
    def committing(self) -> bool:
        """Whether a caller can tell it came: after such a piece a call is never sent again."""
        return bool(self.text or self.tool_calls or self.reasoning or self.signature or self.finish_reason or self.end)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Delta) and self[:-2] == other[:-2]

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self[:-2])

    def __repr__(self) -> str:
        told = ((name, value) for name, value in zip(self._fields[:-2], self, strict=False) if value)
        return f"Delta({', '.join(f'{name}={value!r}' for name, value in told)})"
