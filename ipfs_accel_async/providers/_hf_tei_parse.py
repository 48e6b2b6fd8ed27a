"""Answers of TEI (Text Embeddings Inference, OpenAPI description): bare lists, and the counts in headers.

All functions raise KeyError, TypeError or ValueError where a body is not of the shape that was promised.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipfs_accel_async.answers import Usage
from ipfs_accel_async.providers._spoilt import spoilt
from ipfs_accel_async.results import Label, Ranked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy import float32
    from numpy.typing import NDArray

    from ipfs_accel_async.wire.http import Headers


def vectors_of(rows: Any, count: int) -> NDArray[float32]:
    """The vectors of so many texts, all rows in one step; the texts' order is theirs."""
    import numpy as np  # loaded on first use: it costs more than the rest of the package

    if not isinstance(rows, list):
        raise TypeError("the body is no list of vectors")
    try:
        with np.errstate(over="ignore"):
            vectors = np.array(rows, np.float32)
    except ValueError as fault:
        raise (spoilt(fault, rows) if len(rows) == count else fault) from None
    if vectors.ndim != 2 or len(vectors) != count or not vectors.size:
        raise ValueError(f"the body has the shape {vectors.shape}, not {count} vectors of one length")
    if not np.isfinite(vectors).all():  # JSON has no such numbers: it is a null, or beyond float32
        raise spoilt(ValueError("the body has a null or a number beyond float32"), rows)
    return vectors


def token_vectors(body: Any, count: int) -> tuple[NDArray[float32], ...]:
    """One array of shape (tokens, d) a text."""
    return tuple(vectors_of(rows, len(rows)) for rows in listed(body, count, "lists of vectors"))


def sparse_vectors(body: Any, count: int) -> tuple[tuple[NDArray[Any], NDArray[float32]], ...]:
    """Indices (int64) and values of each text's vector; a text of words that count for nothing has none of them."""
    import numpy as np

    found = []
    for pairs in listed(body, count, "sparse vectors"):
        indices = np.array([_whole(pair["index"]) for pair in pairs], np.int64)
        with np.errstate(over="ignore"):
            values = np.array([pair["value"] for pair in pairs], np.float32)
        if values.ndim != 1 or not np.isfinite(values).all():
            raise ValueError("a sparse vector has a value that is null, no number or beyond float32")
        found.append((indices, values))
    return tuple(found)


def ranking_of(body: Any, documents: Sequence[str], top_n: int | None) -> tuple[Ranked, ...]:
    """The documents, best first; the server sends all, and in that order, but says so nowhere."""
    ranks = listed(body, len(documents), "ranks")
    ranked = [Ranked(_whole(rank["index"]), float(rank["score"])) for rank in ranks]
    if {rank.index for rank in ranked} != set(range(len(documents))):
        raise ValueError(f"the indices are not those of {len(documents)} documents")
    ranked.sort(key=lambda rank: -rank.score)
    return tuple(Ranked(rank.index, rank.score, documents[rank.index]) for rank in ranked[:top_n])


def labels_of(body: Any, count: int) -> tuple[tuple[Label, ...], ...]:
    """The labels of each text, the surest first."""
    found = []
    for labels in listed(body, count, "lists of labels"):
        if not isinstance(labels, list) or not labels:
            raise TypeError("a text has no list of labels")
        made = [Label(str(label["label"]), float(label["score"])) for label in labels]
        found.append(tuple(sorted(made, key=lambda label: -label.score)))
    return tuple(found)


def scores_of(body: Any, count: int) -> NDArray[float32]:
    """One similarity a text."""
    import numpy as np

    with np.errstate(over="ignore"):
        scores = np.array(listed(body, count, "similarities"), np.float32)
    if scores.shape != (count,) or not np.isfinite(scores).all():
        raise ValueError(f"the body has no {count} similarities, but the shape {scores.shape} or a null")
    return scores


def tokens_of(body: Any) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Ids and texts of the tokens of one text."""
    (tokens,) = listed(body, 1, "lists of tokens")
    if not isinstance(tokens, list) or not tokens:
        raise TypeError("the body has no list of tokens")
    return tuple(_whole(token["id"]) for token in tokens), tuple(str(token["text"]) for token in tokens)


def text_of(body: Any) -> str:
    """The text of one list of tokens."""
    (text,) = listed(body, 1, "texts")
    if not isinstance(text, str):
        raise TypeError("the body is no list of texts")
    return text


def listed(body: Any, count: int, what: str) -> list[Any]:
    """A list of so many items."""
    if not isinstance(body, list):
        raise TypeError(f"the body is no list of {what}")
    if len(body) != count:
        raise ValueError(f"the body has {len(body)} {what}, not {count}")
    return body


def usage_of(headers: Headers) -> Usage:
    """The tokens are in a header; the body is nothing but the answer."""
    text = headers.get("x-compute-tokens") or ""
    tokens = int(text) if text.isdecimal() and len(text) < 16 else 0
    return Usage(tokens, 0, tokens)


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{value!r:.40} is no whole number")
    return value
