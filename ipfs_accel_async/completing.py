"""The client's completions: text that a model goes on from."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

from ipfs_accel_async.types import NOTHING, Priority

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping

    from ipfs_accel_async.answers import Reply
    from ipfs_accel_async.results import Completions
    from ipfs_accel_async.stream import Stream
    from ipfs_accel_async.types import Payload


class Completing:
    """Mixed into :class:`Client`; `priority`, `timeout`, `fallbacks` and `tags` are as in :meth:`Client.chat`."""

    if TYPE_CHECKING:

        async def _send(
            self,
            operation: str,
            model: str,
            payload: Payload,
            priority: int | str = Priority.NORMAL,
            timeout: float | None = None,
            fallbacks: Iterable[str] = (),
            tags: Mapping[str, str] = NOTHING,
        ) -> Any: ...

    async def complete(
        self,
        model: str,
        prompt: str,
        *,
        suffix: str = "",
        max_tokens: int | None = None,
        temperature: float | None = None,
        stop: str | Iterable[str] | None = None,
        seed: int | None = None,
        priority: int | str = Priority.NORMAL,
        timeout: float | None = None,
        fallbacks: Iterable[str] = (),
        tags: Mapping[str, str] = NOTHING,
        **params: Any,
    ) -> Reply:
        """Have a model go on from a text; `suffix` is what comes after the gap, for models that fill one in."""
        from ipfs_accel_async import inputs

        payload = inputs.complete_request(
            (prompt,),
            suffix=suffix,
            max_tokens=max_tokens,
            temperature=temperature,
            stop=stop,
            seed=seed,
            params=params,
        )
        return cast("Reply", await self._send("complete", model, payload, priority, timeout, fallbacks, tags))

    async def complete_batch(
        self,
        model: str,
        prompts: Iterable[str],
        *,
        suffix: str = "",
        max_tokens: int | None = None,
        temperature: float | None = None,
        stop: str | Iterable[str] | None = None,
        seed: int | None = None,
        priority: int | str = Priority.NORMAL,
        timeout: float | None = None,
        fallbacks: Iterable[str] = (),
        tags: Mapping[str, str] = NOTHING,
        **params: Any,
    ) -> Completions:
        """Complete several prompts in one request, where the service takes them so: one reply a prompt, in order."""
        from ipfs_accel_async import inputs

        payload = inputs.complete_request(
            inputs.texts("prompts", prompts),
            suffix=suffix,
            max_tokens=max_tokens,
            temperature=temperature,
            stop=stop,
            seed=seed,
            params=params,
        )
        return cast(
            "Completions", await self._send("complete_batch", model, payload, priority, timeout, fallbacks, tags)
        )

    @asynccontextmanager
    async def stream_completion(
        self,
        model: str,
        prompt: str,
        *,
        suffix: str = "",
        max_tokens: int | None = None,
        temperature: float | None = None,
        stop: str | Iterable[str] | None = None,
        seed: int | None = None,
        priority: int | str = Priority.NORMAL,
        timeout: float | None = None,
        fallbacks: Iterable[str] = (),
        tags: Mapping[str, str] = NOTHING,
        **params: Any,
    ) -> AsyncIterator[Stream]:
        """As :meth:`complete`, read as it comes; see :meth:`Client.stream`."""
        from ipfs_accel_async import inputs

        payload = inputs.complete_request(
            (prompt,),
            suffix=suffix,
            max_tokens=max_tokens,
            temperature=temperature,
            stop=stop,
            seed=seed,
            params=params,
            stream=True,
        )
        async with cast(
            "Stream", await self._send("complete", model, payload, priority, timeout, fallbacks, tags)
        ) as stream:
            yield stream
