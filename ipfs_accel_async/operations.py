"""The client's operations beside chat and embed: each makes a payload and sends it through the same stack."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any, cast

from ipfs_accel_async.arguments import chat_request
from ipfs_accel_async.errors import NotFoundError
from ipfs_accel_async.estimates import estimate
from ipfs_accel_async.provider import counter
from ipfs_accel_async.types import NOTHING, NativeRequest, Priority

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ipfs_accel_async.answers import ModelInfo, ModelList
    from ipfs_accel_async.conversation import Messages
    from ipfs_accel_async.engine import Engine
    from ipfs_accel_async.results import (
        Classification,
        Detokenized,
        Moderation,
        Ranking,
        Similarities,
        TokenCount,
        Tokens,
    )
    from ipfs_accel_async.types import Image, Payload, Tool


class Operations:
    """Mixed into :class:`Client`.

    All take `priority`, `timeout` (seconds for everything), `fallbacks` and `tags` as :meth:`Client.chat` does, raise
    as it does, and pass on whatever else the service takes.
    """

    _engine: Engine

    async def _send(
        self,
        operation: str,
        model: str,
        payload: Payload,
        priority: int | str = Priority.NORMAL,
        timeout: float | None = None,
        fallbacks: Iterable[str] = (),
        tags: Mapping[str, str] = NOTHING,
    ) -> Any:
        return await self._engine.call(operation, model, payload, priority, timeout, fallbacks, tags)

    async def rerank(
        self,
        model: str,
        query: str,
        documents: Iterable[str],
        *,
        top_n: int | None = None,
        priority: int | str = Priority.NORMAL,
        timeout: float | None = None,
        fallbacks: Iterable[str] = (),
        tags: Mapping[str, str] = NOTHING,
        **params: Any,
    ) -> Ranking:
        """Order documents by how well they answer a query, best first; only the best `top_n` if given."""
        from ipfs_accel_async import inputs

        payload = inputs.rerank_request(query, documents, top_n, params)
        return cast("Ranking", await self._send("rerank", model, payload, priority, timeout, fallbacks, tags))

    async def classify(
        self,
        model: str,
        texts: str | Iterable[str | tuple[str, str]],
        *,
        priority: int | str = Priority.NORMAL,
        timeout: float | None = None,
        fallbacks: Iterable[str] = (),
        tags: Mapping[str, str] = NOTHING,
        **params: Any,
    ) -> Classification:
        """Label a text, several, or pairs of texts."""
        from ipfs_accel_async import inputs

        payload = inputs.classify_request(texts, params)
        return cast("Classification", await self._send("classify", model, payload, priority, timeout, fallbacks, tags))

    async def similarity(
        self,
        model: str,
        text: str,
        others: Iterable[str],
        *,
        priority: int | str = Priority.NORMAL,
        timeout: float | None = None,
        fallbacks: Iterable[str] = (),
        tags: Mapping[str, str] = NOTHING,
        **params: Any,
    ) -> Similarities:
        """How alike each of `others` is to `text`, as the service measures it."""
        from ipfs_accel_async import inputs

        payload = inputs.similarity_request(text, others, params)
        return cast("Similarities", await self._send("similarity", model, payload, priority, timeout, fallbacks, tags))

    async def moderate(
        self,
        model: str,
        given: str | Image | Iterable[str | Image],
        *,
        priority: int | str = Priority.NORMAL,
        timeout: float | None = None,
        fallbacks: Iterable[str] = (),
        tags: Mapping[str, str] = NOTHING,
        **params: Any,
    ) -> Moderation:
        """Judge texts and images: one verdict an input, in order."""
        from ipfs_accel_async import inputs

        payload = inputs.moderate_request(given, params)
        return cast("Moderation", await self._send("moderate", model, payload, priority, timeout, fallbacks, tags))

    async def tokenize(
        self,
        model: str,
        text: str,
        *,
        priority: int | str = Priority.NORMAL,
        timeout: float | None = None,
        fallbacks: Iterable[str] = (),
        tags: Mapping[str, str] = NOTHING,
        **params: Any,
    ) -> Tokens:
        """A text's tokens, by the model's own tokenizer."""
        from ipfs_accel_async import inputs

        payload = inputs.tokenize_request(text, params)
        return cast("Tokens", await self._send("tokenize", model, payload, priority, timeout, fallbacks, tags))

    async def detokenize(
        self,
        model: str,
        ids: Iterable[int],
        *,
        priority: int | str = Priority.NORMAL,
        timeout: float | None = None,
        fallbacks: Iterable[str] = (),
        tags: Mapping[str, str] = NOTHING,
        **params: Any,
    ) -> Detokenized:
        """The text of tokens."""
        from ipfs_accel_async import inputs

        payload = inputs.detokenize_request(ids, params)
        return cast("Detokenized", await self._send("detokenize", model, payload, priority, timeout, fallbacks, tags))

    async def count_tokens(
        self,
        model: str,
        messages: Messages,
        *,
        tools: Iterable[Tool | Mapping[str, Any]] = (),
        priority: int | str = Priority.NORMAL,
        timeout: float | None = None,
        tags: Mapping[str, str] = NOTHING,
        **params: Any,
    ) -> TokenCount:
        """How many input tokens a chat would have.

        The service counts where it can; elsewhere it is estimated here, offline, and `estimated` says so. The setting
        `tokenizer` makes that nearly exact.
        """
        payload = chat_request(messages, tools=tools, params=params)
        target = self._engine.target(model, "count_tokens")
        provider = self._engine.provider(target.provider)
        if "count_tokens" not in provider.codec.operations:
            from ipfs_accel_async.results import TokenCount

            tokens = estimate(payload, counter(provider.settings))
            return TokenCount(target=target, model=target.model, tokens=tokens, estimated=True)
        return cast("TokenCount", await self._send("count_tokens", model, payload, priority, timeout, (), tags))

    async def models(self, provider: str, *, timeout: float | None = None) -> ModelList:
        """The models a provider offers, from the provider itself.

        Raises: as :meth:`Client.chat`.
        """
        target = self._engine.provider(provider).target("", "models")
        return cast("ModelList", await self._engine.send("models", target, NativeRequest(), timeout=timeout))

    async def model(self, model: str, *, timeout: float | None = None) -> ModelInfo:
        """What a provider's own list says of a model: whether it is there, and what it is.

        Raises:
            NotFoundError: The list has no such model.
        """
        target = self._engine.target(model, "models")
        listed = await self.models(target.provider, timeout=timeout)
        for found in listed.models:
            if found.id in {target.model, f"models/{target.model}", f"{target.model}:latest"}:
                return found
        close = difflib.get_close_matches(target.model, [found.id for found in listed.models], n=1)
        hint = f": did you mean {close[0]!r}?" if close else ""
        message = f"the service's list of {len(listed.models)} models has no {target.model!r}{hint}"
        raise NotFoundError(message, target=target, request_id=listed.request_id)
