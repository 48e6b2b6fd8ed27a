"""What the operations beside chat and embed give back: frozen, slotted values on :class:`~.answers.Answer`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.answers import Answer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy import float32
    from numpy.typing import NDArray

    from ipfs_accel_async.answers import Reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Completions(Answer):
    """Several prompts completed in one request: one reply a prompt, in their order."""

    replies: tuple[Reply, ...]


@dataclass(frozen=True, slots=True)
class Ranked:
    """A document in its place.

    Args:
        index: Its place among the documents that were sent.
        score: How well it answers the query; higher is better, the scale is the model's.
        text: The document.
    """

    index: int
    score: float
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking(Answer):
    """Documents, best first."""

    ranked: tuple[Ranked, ...]

    def __iter__(self) -> Iterator[Ranked]:
        return iter(self.ranked)


@dataclass(frozen=True, slots=True)
class Label:
    """A class and how sure the model is of it."""

    label: str
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Classification(Answer):
    """Labels of each text, in the order of the texts, the surest label first."""

    labels: tuple[tuple[Label, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Similarities(Answer):
    """How alike the texts are to the first one: array of shape (n,), float32."""

    scores: NDArray[float32]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a moderation says of one input.

    Args:
        flagged: Whether it is to be refused.
        categories: Names of what was found in it.
        scores: By category, from 0 to 1, where the service gives them.
        text: The input as the service would pass it on, where it rewrites it.
    """

    flagged: bool
    categories: tuple[str, ...] = ()
    scores: Mapping[str, float] = field(default_factory=dict)
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moderation(Answer):
    """Verdicts, in the order of the inputs."""

    verdicts: tuple[Verdict, ...]

    @property
    def flagged(self) -> bool:
        """Whether any input is."""
        return any(verdict.flagged for verdict in self.verdicts)


@dataclass(frozen=True, slots=True)
class Picture:
    """An image that a model made: its bytes or its address, as the service gives it."""

    data: bytes = field(default=b"", repr=False)
    url: str = ""
    media_type: str = "image/png"
    revised_prompt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictures(Answer):
    """Images that a model made."""

    pictures: tuple[Picture, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech(Answer):
    """Spoken text: encoded audio."""

    data: bytes = field(repr=False)
    media_type: str = "audio/mpeg"


@dataclass(frozen=True, slots=True)
class Span:
    """A word or segment of a transcript; `start` and `end` in seconds."""

    text: str
    start: float
    end: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript(Answer):
    """Speech written down.

    Args:
        text: All of it.
        language: As the service names it, if it does.
        duration: Seconds of audio; None where the service does not say.
        words: With times, where they were asked for.
        segments: With times, where the service gives them.
    """

    text: str
    language: str = ""
    duration: float | None = None
    words: tuple[Span, ...] = ()
    segments: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tensors(Answer):
    """Outputs of a model: arrays by name, with the model's version where the server says it."""

    outputs: Mapping[str, NDArray[Any]]
    version: str = ""

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.outputs[name]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens(Answer):
    """A text's tokens: ids, and their texts where the service gives them."""

    ids: tuple[int, ...]
    texts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Detokenized(Answer):
    """Tokens made text again."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenCount(Answer):
    """How many input tokens a chat would have; `estimated` when counted here and not by the service."""

    tokens: int
    estimated: bool = False
