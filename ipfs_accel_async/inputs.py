"""What callers pass to the operations beside chat and embed, as payloads; what cannot be sent is refused here."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.errors import InvalidRequestError
from ipfs_accel_async.payloads import (
    ClassifyRequest,
    CompleteRequest,
    DetokenizeRequest,
    ImageRequest,
    InferRequest,
    ModerateRequest,
    RerankRequest,
    SimilarityRequest,
    SpeechRequest,
    TokenizeRequest,
)
from ipfs_accel_async.types import NOTHING, Image

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from ipfs_accel_async.wire.multipart import Upload


def complete_request(
    prompts: tuple[Any, ...],
    *,
    suffix: str = "",
    max_tokens: int | None = None,
    temperature: float | None = None,
    stop: str | Iterable[str] | None = None,
    seed: int | None = None,
    params: Mapping[str, Any] = NOTHING,
    stream: bool = False,
) -> CompleteRequest:
    """The payload of a completion."""
    some("prompts", texts("prompts", prompts))
    whole("max_tokens", max_tokens)
    whole("seed", seed, least=None)
    if temperature is not None and not (_number(temperature) and 0 <= temperature < math.inf):
        raise InvalidRequestError(f"temperature must be a number from 0, not {temperature!r}")
    stops = () if stop is None else texts("stop", (stop,) if isinstance(stop, str) else stop)
    return CompleteRequest(prompts, suffix, max_tokens, temperature, stops, seed, params, stream)


def rerank_request(query: str, documents: Iterable[str], top_n: int | None, params: Mapping[str, Any]) -> RerankRequest:
    """The payload of a reranking."""
    text("query", query)
    whole("top_n", top_n, least=1)
    return RerankRequest(query, some("documents", texts("documents", documents)), top_n, params)


def classify_request(given: str | Iterable[str | tuple[str, str]], params: Mapping[str, Any]) -> ClassifyRequest:
    """The payload of a classification; a text, texts, or pairs of texts."""
    many = (given,) if isinstance(given, str) else tuple(given)
    for index, one in enumerate(many):
        pair = isinstance(one, tuple) and len(one) == 2 and all(isinstance(part, str) for part in one)
        if not pair and not (isinstance(one, str) and one):
            raise InvalidRequestError(f"texts[{index}] must be a text or a pair of texts, not {one!r:.40}")
    return ClassifyRequest(some("texts", many), params)


def similarity_request(one: str, others: Iterable[str], params: Mapping[str, Any]) -> SimilarityRequest:
    """The payload of a comparison."""
    return SimilarityRequest(text("text", one), some("others", texts("others", others)), params)


def moderate_request(given: str | Image | Iterable[str | Image], params: Mapping[str, Any]) -> ModerateRequest:
    """The payload of a moderation."""
    many = (given,) if isinstance(given, (str, Image)) else tuple(given)
    for index, one in enumerate(many):
        if not isinstance(one, Image) and not (isinstance(one, str) and one):
            raise InvalidRequestError(f"inputs[{index}] must be a text or an Image, not {one!r:.40}")
    return ModerateRequest(some("inputs", many), params)


def image_request(
    prompt: str,
    images: tuple[Upload, ...],
    mask: Upload | None,
    n: int | None,
    size: str,
    params: Mapping[str, Any],
) -> ImageRequest:
    """The payload of a picture."""
    if mask is not None and not images:
        raise InvalidRequestError("mask says where an image is to change: pass images= too")
    return ImageRequest(text("prompt", prompt), images, mask, whole("n", n, least=1), size, params)


def speech_request(
    said: str, voice: str, format: str, params: Mapping[str, Any], *, stream: bool = False
) -> SpeechRequest:
    """The payload of speech."""
    return SpeechRequest(text("text", said), voice, format, params, "bytes" if stream else "")


def infer_request(
    inputs: Mapping[str, ArrayLike], outputs: Iterable[str], version: str | int, params: Mapping[str, Any]
) -> InferRequest:
    """The payload of an inference; lists and numbers become arrays.

    Raises:
        InvalidRequestError: There is no input, or one is no array of numbers, booleans or strings.
    """
    import numpy as np

    if not isinstance(inputs, Mapping) or not inputs:
        raise InvalidRequestError('inputs is a mapping of names to arrays, as {"x": np.zeros((1, 4), np.float32)}')
    arrays = {}
    for name, value in inputs.items():
        text("a name in inputs", name)
        try:
            array = np.asarray(value)
        except (ValueError, TypeError) as error:
            raise InvalidRequestError(f"inputs[{name!r}] is no array: {error}") from error
        if array.dtype.kind == "O" and not all(isinstance(item, (str, bytes)) for item in array.flat):
            raise InvalidRequestError(f"inputs[{name!r}] is ragged or holds {array.dtype} values: pass one array")
        arrays[name] = array
    names = texts("outputs", (outputs,) if isinstance(outputs, str) else outputs)
    untyped = frozenset(name for name, value in inputs.items() if not hasattr(value, "dtype"))
    return InferRequest(arrays, names, str(version) if version != "" else "", params, untyped)


def tokenize_request(given: str, params: Mapping[str, Any]) -> TokenizeRequest:
    """The payload of a tokenization."""
    return TokenizeRequest(text("text", given), params)


def detokenize_request(ids: Iterable[int], params: Mapping[str, Any]) -> DetokenizeRequest:
    """The payload of the way back."""
    made = tuple(ids)
    for index, one in enumerate(made):
        if isinstance(one, bool) or not isinstance(one, int) or one < 0:
            raise InvalidRequestError(f"ids[{index}] must be a whole number from 0, not {one!r:.40}")
    return DetokenizeRequest(some("ids", made), params)


def text(name: str, value: Any) -> str:
    """A text that is there.

    Raises:
        InvalidRequestError: It is empty, or none.
    """
    if not isinstance(value, str) or not value:
        fault = "is empty" if isinstance(value, str) else f"must be a string, not {type(value).__name__}"
        raise InvalidRequestError(f"{name} {fault}")
    return value


def texts(name: str, values: Any) -> tuple[str, ...]:
    """Texts, each of which is there."""
    if isinstance(values, (str, bytes, Mapping)) or not isinstance(values, Iterable):
        raise InvalidRequestError(f"{name} must be a list of strings, not {type(values).__name__}")
    return tuple(text(f"{name}[{index}]", value) for index, value in enumerate(values))


def some(name: str, values: tuple[Any, ...]) -> tuple[Any, ...]:
    """At least one value."""
    if not values:
        raise InvalidRequestError(f"{name} is empty")
    return values


def whole(name: str, value: Any, *, least: int | None = 0) -> Any:
    """A whole number, or None."""
    wrong = isinstance(value, bool) or not isinstance(value, int) or (least is not None and value < least)
    if value is not None and wrong:
        bound = "" if least is None else f" from {least}"
        raise InvalidRequestError(f"{name} must be a whole number{bound}, not {value!r}")
    return value


def _number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
