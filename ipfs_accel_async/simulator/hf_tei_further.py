"""What else TEI answers: vectors of tokens, sparse vectors, its tokenizer, its OpenAI-like route, its counters.

Source: Text Embeddings Inference, OpenAPI description. A token is a word with the space before it.
"""

from collections.abc import Mapping
from typing import Any

from .answers import digest, pieces
from .hf_tei_requests import DIMENSIONS, MODEL, shape
from .vectors import encoded, vector

EMBEDDINGS = "/v1/embeddings"
_MARKS = ((101, "[CLS]"), (102, "[SEP]"))


def tokens(text: str, *, special: bool) -> list[dict[str, Any]]:
    """The tokens of a text, with their places in it, in characters."""
    found: list[dict[str, Any]] = []
    start = 0
    for piece in pieces(text):
        found.append({"id": _id(piece), "text": piece, "special": False, "start": start, "stop": start + len(piece)})
        start += len(piece)
    if not special:
        return found
    first, last = ({"id": key, "text": word, "special": True, "start": None, "stop": None} for key, word in _MARKS)
    return [first, *found, last]


def decode(words: Mapping[int, str], ids: list[int], *, special: bool) -> str:
    """The text of tokens, by a vocabulary of the words that came by so far; others are unknown."""
    known = {**words, **{key: word if special else "" for key, word in _MARKS}}
    return "".join(known.get(key, "[UNK]") for key in ids)


def token_rows(seed: int, name: str, texts: list[str]) -> list[list[Any]]:
    """A vector of each token of each text."""
    words = [[token["text"] for token in tokens(text, special=True)] for text in texts]
    return [[vector(seed, name, MODEL, word, DIMENSIONS) for word in each] for each in words]


def sparse(seed: int, text: str) -> list[dict[str, Any]]:
    """A weight from 0.5 to 2.5 for each word that is there, by its id."""
    ids = sorted({token["id"] for token in tokens(text, special=False)})
    return [{"index": key, "value": 0.5 + digest(seed, "sparse", key)[0] / 128} for key in ids]


def openai_reply(body: dict[str, Any], vectors: Any, spent: int) -> dict[str, Any]:
    """Vectors as OpenAI writes them."""
    form = body.get("encoding_format") or "float"
    if form not in ("float", "base64"):
        raise shape(f"encoding_format: unknown variant `{form}`, expected `float` or `base64`")
    data = [
        {"object": "embedding", "index": index, "embedding": encoded(row, form)} for index, row in enumerate(vectors)
    ]
    usage = {"prompt_tokens": spent, "total_tokens": spent}
    return {"object": "list", "data": data, "model": body.get("model") or MODEL, "usage": usage}


def openai_error(message: str, status: int, kind: str) -> dict[str, Any]:
    """An error on that route: without an outer object."""
    return {"message": message, "code": status, "type": kind}


def metrics(requests: int) -> bytes:
    """The counters that a scraper reads."""
    name = "te_request_count"
    return f'# TYPE {name} counter\n{name}{{method="batch"}} {requests}\n'.encode()


def _id(piece: str) -> int:
    return 1000 + int.from_bytes(digest("token", piece)[:3])
