"""What TEI's own operations give back where arrays help: a vector a token, sparse vectors, checked in shape."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, TypeVar

from ipfs_accel_async.answers import Answer
from ipfs_accel_async.errors import InvalidRequestError, ResponseValidationError
from ipfs_accel_async.providers import _hf_tei_parse as parse

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy import float32, int64
    from numpy.typing import NDArray

    from ipfs_accel_async.answers import NativeAnswer

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class SparseVector:
    """A vector that is zero but at some places.

    Args:
        indices: The places, int64: of a SPLADE model ids of its vocabulary.
        values: What stands there, float32.
    """

    indices: NDArray[int64]
    values: NDArray[float32]

    def __len__(self) -> int:
        return len(self.indices)

    def dot(self, other: SparseVector) -> float:
        """The product with another one: how alike the two texts are to the model."""
        import numpy as np

        _, ours, theirs = np.intersect1d(self.indices, other.indices, return_indices=True)
        return float(self.values[ours].astype(np.float64) @ other.values[theirs].astype(np.float64))

    def dense(self, size: int) -> NDArray[float32]:
        """All its numbers, the zeros too.

        Args:
            size: How many there are: the size of the model's vocabulary.

        Raises:
            InvalidRequestError: An index is beyond that.
        """
        import numpy as np

        if len(self) and not int(self.indices.max()) < size:
            raise InvalidRequestError(f"size must be above the largest index, {int(self.indices.max())}, not {size}")
        whole = np.zeros(size, np.float32)
        whole[self.indices] = self.values
        return whole


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SparseEmbeddings(Answer):
    """Sparse vectors, in the order of the texts."""

    vectors: tuple[SparseVector, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TokenEmbeddings(Answer):
    """A vector a token: for each text an array of shape (tokens, d), float32, special tokens included."""

    vectors: tuple[NDArray[float32], ...]


def sparse_embeddings(answer: NativeAnswer, count: int) -> SparseEmbeddings:
    """The sparse vectors of so many texts.

    Raises:
        ResponseValidationError: The answer has none of that shape.
    """
    pairs = _read(answer, lambda: parse.sparse_vectors(answer.raw, count))
    return SparseEmbeddings(**common(answer), vectors=tuple(SparseVector(*pair) for pair in pairs))


def token_embeddings(answer: NativeAnswer, count: int) -> TokenEmbeddings:
    """The vectors of the tokens of so many texts.

    Raises:
        ResponseValidationError: The answer has none of that shape.
    """
    return TokenEmbeddings(**common(answer), vectors=_read(answer, lambda: parse.token_vectors(answer.raw, count)))


def common(answer: NativeAnswer) -> dict[str, Any]:
    """What every answer carries, of one that is to become another."""
    return {field.name: getattr(answer, field.name) for field in fields(Answer)}


def _read(answer: NativeAnswer, parsed: Callable[[], T]) -> T:
    try:
        return parsed()
    except (KeyError, TypeError, ValueError) as error:
        message = f"the answer lacks a field or has one of the wrong type: {error}"
        raise ResponseValidationError(message, target=answer.target, request_id=answer.request_id) from error
