"""What the operations beside chat and embed are made of: frozen, slotted values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from ipfs_accel_async.types import NOTHING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from ipfs_accel_async.types import Image
    from ipfs_accel_async.wire.multipart import Upload


@dataclass(frozen=True, slots=True)
class CompleteRequest:
    """Payload of ``complete``: text that a model goes on from. Several prompts make ``complete_batch``."""

    prompts: tuple[str, ...]
    suffix: str = ""
    max_tokens: int | None = None
    temperature: float | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    params: Mapping[str, Any] = field(default_factory=lambda: NOTHING)
    stream: bool = False


@dataclass(frozen=True, slots=True)
class RerankRequest:
    """Payload of ``rerank``: documents to order by how well they answer the query."""

    query: str
    documents: tuple[str, ...]
    top_n: int | None = None
    params: Mapping[str, Any] = field(default_factory=lambda: NOTHING)
    stream: bool = False


@dataclass(frozen=True, slots=True)
class ClassifyRequest:
    """Payload of ``classify``: texts, or pairs of texts, to label."""

    texts: tuple[str | tuple[str, str], ...]
    params: Mapping[str, Any] = field(default_factory=lambda: NOTHING)
    stream: bool = False


@dataclass(frozen=True, slots=True)
class SimilarityRequest:
    """Payload of ``similarity``: one text against others."""

    text: str
    others: tuple[str, ...]
    params: Mapping[str, Any] = field(default_factory=lambda: NOTHING)
    stream: bool = False


@dataclass(frozen=True, slots=True)
class ModerateRequest:
    """Payload of ``moderate``: texts and images to judge."""

    inputs: tuple[str | Image, ...]
    params: Mapping[str, Any] = field(default_factory=lambda: NOTHING)
    stream: bool = False


@dataclass(frozen=True, slots=True)
class ImageRequest:
    """Payload of ``image``: what to draw; with `images`, what to make of them."""

    prompt: str
    images: tuple[Upload, ...] = ()
    mask: Upload | None = None
    n: int | None = None
    size: str = ""
    params: Mapping[str, Any] = field(default_factory=lambda: NOTHING)
    stream: bool = False


@dataclass(frozen=True, slots=True)
class SpeechRequest:
    """Payload of ``speech``: text to say."""

    text: str
    voice: str = ""
    format: str = ""
    params: Mapping[str, Any] = field(default_factory=lambda: NOTHING)
    stream: Literal["", "bytes"] = ""


@dataclass(frozen=True, slots=True)
class TranscribeRequest:
    """Payload of ``transcribe`` (in its own language) and ``translate`` (into English): speech to write down."""

    audio: Upload
    language: str = ""
    prompt: str = ""
    words: bool = False
    params: Mapping[str, Any] = field(default_factory=lambda: NOTHING)
    stream: bool = False


@dataclass(frozen=True, slots=True)
class InferRequest:
    """Payload of ``infer``: named tensors for a model.

    Args:
        inputs: Arrays by input name.
        outputs: Names of the outputs wanted; all if empty.
        version: Of the model; the server's choice if empty.
        params: Whatever else the service takes.
        untyped: Names of inputs that came as lists or numbers: they take the precision that the model wants.
    """

    inputs: Mapping[str, NDArray[Any]]
    outputs: tuple[str, ...] = ()
    version: str = ""
    params: Mapping[str, Any] = field(default_factory=lambda: NOTHING)
    untyped: frozenset[str] = frozenset()
    stream: bool = False


@dataclass(frozen=True, slots=True)
class TokenizeRequest:
    """Payload of ``tokenize``."""

    text: str
    params: Mapping[str, Any] = field(default_factory=lambda: NOTHING)
    stream: bool = False


@dataclass(frozen=True, slots=True)
class DetokenizeRequest:
    """Payload of ``detokenize``."""

    ids: tuple[int, ...]
    params: Mapping[str, Any] = field(default_factory=lambda: NOTHING)
    stream: bool = False
