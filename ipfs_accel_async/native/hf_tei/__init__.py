"""TEI's own operations: a vector a token, sparse vectors, its tokenizer, the server's state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from ipfs_accel_async.answers import Embeddings
from ipfs_accel_async.errors import InvalidRequestError, ResponseValidationError
from ipfs_accel_async.inputs import some, texts
from ipfs_accel_async.native._handle import Native, given
from ipfs_accel_async.native.hf_tei.results import (
    SparseEmbeddings,
    SparseVector,
    TokenEmbeddings,
    common,
    sparse_embeddings,
    token_embeddings,
)
from ipfs_accel_async.providers._embeddings import indexed_vectors
from ipfs_accel_async.providers._openai_parse import usage_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ipfs_accel_async.answers import NativeAnswer

__all__ = ["HfTeiHandle", "SparseEmbeddings", "SparseVector", "TokenEmbeddings", "handle"]


class HfTeiHandle(Native):
    """What only TEI has, as ``client.hf_tei``; ``client.embed`` and the others are for what several services have."""

    __slots__ = ()

    async def embed_all(
        self,
        inputs: str | Iterable[str],
        *,
        truncate: bool | None = None,
        truncation_direction: Literal["Left", "Right"] | None = None,
        prompt_name: str | None = None,
        **params: Any,
    ) -> TokenEmbeddings:
        """Embed every token of a text or of several, without pooling: for each text an array (tokens, d)."""
        many = _texts(inputs)
        body = given(truncate=truncate, truncation_direction=truncation_direction, prompt_name=prompt_name)
        answer = await self._call("embed_all", json={"inputs": many, **body, **params})
        return token_embeddings(answer, len(many))

    async def embed_sparse(
        self,
        inputs: str | Iterable[str],
        *,
        truncate: bool | None = None,
        truncation_direction: Literal["Left", "Right"] | None = None,
        prompt_name: str | None = None,
        **params: Any,
    ) -> SparseEmbeddings:
        """Embed a text or several as sparse vectors, by a model made for them (SPLADE)."""
        many = _texts(inputs)
        body = given(truncate=truncate, truncation_direction=truncation_direction, prompt_name=prompt_name)
        answer = await self._call("embed_sparse", json={"inputs": many, **body, **params})
        return sparse_embeddings(answer, len(many))

    async def embeddings(
        self,
        inputs: str | Iterable[str],
        *,
        model: str | None = None,
        dimensions: int | None = None,
        encoding_format: Literal["float", "base64"] = "base64",
        **params: Any,
    ) -> Embeddings:
        """Embed over the server's OpenAI-like route: the same vectors, fewer bytes, and the model's name in the answer.

        ``normalize`` and the like have no place on that route: see ``client.embed``.
        """
        many = _texts(inputs)
        body = given(model=model, dimensions=dimensions, encoding_format=encoding_format)
        answer = await self._call("embeddings", json={"input": many, **body, **params})
        try:
            vectors = indexed_vectors(answer["data"], len(many))
            told = {"model": answer.get("model") or "", "usage": usage_of(answer.get("usage"))}
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            message = f"the answer lacks a field or has one of the wrong type: {error}"
            raise ResponseValidationError(message, target=answer.target, request_id=answer.request_id) from error
        return Embeddings(**{**common(answer), **told}, vectors=vectors)

    async def dimension(self) -> int:
        """How many numbers the model's vectors have, from a vector: the server says it nowhere else."""
        return int((await self.embeddings("size")).vectors.shape[1])

    async def predict(
        self,
        inputs: str | Sequence[str] | Sequence[Sequence[str]],
        *,
        raw_scores: bool | None = None,
        truncate: bool | None = None,
        **params: Any,
    ) -> NativeAnswer:
        """Label a text, a pair of texts (a list of two), or a batch (lists of one or two texts), as the server says it.

        ``client.classify`` gives the same as typed labels.
        """
        return await self._call(
            "predict", json={"inputs": inputs, **given(raw_scores=raw_scores, truncate=truncate), **params}
        )

    async def tokenize_batch(
        self,
        inputs: str | Iterable[str],
        *,
        add_special_tokens: bool | None = None,
        prompt_name: str | None = None,
        **params: Any,
    ) -> NativeAnswer:
        """Tokens of several texts: in `raw` a list a text, each token with id, text and place."""
        body = given(add_special_tokens=add_special_tokens, prompt_name=prompt_name)
        return await self._call("tokenize_batch", json={"inputs": _texts(inputs), **body, **params})

    async def decode_batch(
        self, ids: Iterable[Iterable[int]], *, skip_special_tokens: bool | None = None, **params: Any
    ) -> NativeAnswer:
        """Texts of several lists of tokens, in `raw`; ``client.detokenize`` takes one list."""
        many = _ids(ids)
        return await self._call(
            "decode_batch", json={"ids": many, **given(skip_special_tokens=skip_special_tokens), **params}
        )

    async def info(self) -> NativeAnswer:
        """What is served: model, its kind (`model_type`), and the limits."""
        return await self._call("info")

    async def health(self) -> NativeAnswer:
        """Whether the server can embed; an OverloadedError (503) if it cannot."""
        return await self._call("health")

    async def metrics(self) -> NativeAnswer:
        """The server's counters, in `text`, as Prometheus reads them."""
        return await self._call("metrics")


def _texts(inputs: str | Iterable[str]) -> list[str]:
    return list(some("inputs", texts("inputs", (inputs,) if isinstance(inputs, str) else inputs)))


def _ids(ids: Iterable[Iterable[int]]) -> list[list[int]]:
    made = [list(one) if not isinstance(one, int) else [] for one in ids]
    right = all(one and all(isinstance(key, int) and key >= 0 for key in one) for one in made)
    if not made or not right:
        raise InvalidRequestError("ids must be lists of token ids, as [[101, 7592, 102]]")
    return made


handle = HfTeiHandle
