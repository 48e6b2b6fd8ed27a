"""vLLM's own operations: scores, pooling, LoRA adapters, responses, the server's state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from ipfs_accel_async.errors import InvalidRequestError
from ipfs_accel_async.inputs import text, texts
from ipfs_accel_async.native._handle import Native, given
from ipfs_accel_async.native.openai.responses import Responses
from ipfs_accel_async.native.vllm.server import Server

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ipfs_accel_async.answers import NativeAnswer

__all__ = ["LoRA", "VLLMHandle", "handle"]


class LoRA(Native):
    """``client.vllm.lora``: adapters of the model that is served, by name.

    An adapter that is loaded is a model: ``client.chat("vllm:NAME", ...)``, and one of ``client.models("vllm")``.
    """

    __slots__ = ()

    async def load(self, name: str, path: str, *, load_inplace: bool | None = None, **params: Any) -> NativeAnswer:
        """Load an adapter: the server's word for it is in `text`.

        Of the arguments:

        - `name`: What to call it.
        - `path`: Where it is, on the server or on the Hugging Face hub.
        - `load_inplace`: Whether to replace one of that name; without, that is an error.
        """
        body = {"lora_name": text("name", name), "lora_path": text("path", path), **given(load_inplace=load_inplace)}
        return await self._call("lora.load", json={**body, **params})

    async def unload(self, name: str, **params: Any) -> NativeAnswer:
        """Unload an adapter; a NotFoundError if there is none of that name."""
        return await self._call("lora.unload", json={"lora_name": text("name", name), **params})


class VLLMHandle(Server):
    """What only vLLM has, as ``client.vllm``; models are plain names, without ``vllm:``."""

    __slots__ = ()

    @property
    def lora(self) -> LoRA:
        """Adapters of the model that is served."""
        return LoRA(self._bound)

    @property
    def responses(self) -> Responses:
        """Responses: create, stream, get, follow, wait and cancel; the server has no others."""
        return Responses(self._bound)

    async def score(
        self,
        model: str,
        queries: str | Iterable[str],
        documents: str | Iterable[str],
        *,
        truncate_prompt_tokens: int | None = None,
        use_activation: bool | None = None,
        **params: Any,
    ) -> NativeAnswer:
        """Score one query against one or more documents, or several pair by pair: a `score` each, in `data`.

        ``client.similarity`` gives the scores of one query as an array.
        """
        asked, against = _one_or_more("queries", queries), _one_or_more("documents", documents)
        if isinstance(asked, list) and (isinstance(against, str) or len(asked) != len(against)):
            raise InvalidRequestError("several queries go with as many documents, pair by pair")
        body = given(truncate_prompt_tokens=truncate_prompt_tokens, use_activation=use_activation)
        return await self._call(
            "score", model=model, json={"model": model, "queries": asked, "documents": against, **body, **params}
        )

    async def pooling(
        self,
        model: str,
        inputs: str | Iterable[str] | None = None,
        *,
        messages: Sequence[Mapping[str, Any]] | None = None,
        task: str | None = None,
        encoding_format: Literal["float", "base64"] | None = None,
        dimensions: int | None = None,
        use_activation: bool | None = None,
        truncate_prompt_tokens: int | None = None,
        **params: Any,
    ) -> NativeAnswer:
        """What a pooling model's head gives for texts, or for one chat: numbers of its own shape, in `data`.

        Of the arguments:

        - `inputs`: A text or several; or, instead, `messages` of one chat as the server takes them.
        - `task`: Such as ``token_embed``, ``token_classify``, where the model has several.
        """
        if (inputs is None) == (messages is None):
            raise InvalidRequestError("pooling takes either inputs or messages")
        body = given(
            input=None if inputs is None else _one_or_more("inputs", inputs),
            messages=messages,
            task=task,
            encoding_format=encoding_format,
            dimensions=dimensions,
            use_activation=use_activation,
            truncate_prompt_tokens=truncate_prompt_tokens,
        )
        return await self._call("pooling", model=model, json={"model": model, **body, **params})

    async def tokenizer_info(self) -> NativeAnswer:
        """How the tokenizer was configured, its chat template too, where the server was started to tell it."""
        return await self._call("tokenizer_info")


def _one_or_more(name: str, value: str | Iterable[str]) -> str | list[str]:
    if isinstance(value, str):
        return text(name, value)
    many = list(texts(name, value))
    if not many:
        raise InvalidRequestError(f"{name} is empty")
    return many


handle = VLLMHandle
