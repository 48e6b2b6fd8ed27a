"""One client, one await."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

from ipfs_accel_async.arguments import chat_request, embed_request, native_request
from ipfs_accel_async.caching import Caching
from ipfs_accel_async.capacity import Sizing
from ipfs_accel_async.circuits import Fuses
from ipfs_accel_async.completing import Completing
from ipfs_accel_async.conversing import Conversing
from ipfs_accel_async.engine import Engine
from ipfs_accel_async.handles import Handles
from ipfs_accel_async.keyring import Keyring
from ipfs_accel_async.lifecycle import Lifecycle
from ipfs_accel_async.media import Media
from ipfs_accel_async.operations import Operations
from ipfs_accel_async.providers._operation import SAFE_METHODS
from ipfs_accel_async.reloading import Reloading
from ipfs_accel_async.shared import as_redis
from ipfs_accel_async.spreading import Spreading
from ipfs_accel_async.types import NOTHING, Priority

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncIterator, Iterable, Mapping

    from ipfs_accel_async.answers import Embeddings, NativeAnswer, Reply
    from ipfs_accel_async.arguments import Format
    from ipfs_accel_async.conversation import Messages
    from ipfs_accel_async.keys import Keys, Secret
    from ipfs_accel_async.shared import Redis
    from ipfs_accel_async.stream import Stream
    from ipfs_accel_async.transport import Transport
    from ipfs_accel_async.types import Tool


class Client(
    Completing, Conversing, Operations, Media, Handles, Caching, Keyring, Spreading, Reloading, Sizing, Fuses, Lifecycle
):
    """Calls models of every provider through one stack: queue, caps, retries, breaker, deadline, metrics.

    Making one opens nothing; ``async with`` (or :meth:`aclose`) closes what its use has opened. It belongs to the loop
    it is first used in, and may be used again in another loop once that one is closed.

    Args:
        providers: Settings by provider, over those of the client: ``{"openai": {"max_concurrent_requests": 50}}``.
        keys: Keys by provider: a string, :class:`Secret`, :class:`Keys` or a list. Else they come from the
            settings, the environment, or the credentials file.
        base_urls: Addresses by provider, found in the same places.
        http_client: An ``httpx.AsyncClient`` to use as given, and not to close.
        transport: Any other transport, such as :class:`MockTransport`.
        credentials_file: Path of the credentials file.
        max_total_concurrent_requests: Cap over all providers together.
        fallbacks: Models to ask in turn when that of a call fails, for calls that name none themselves.
        model_groups: Several models under one name, balanced: ``{"fast": ["groq:...", "openai:..."]}``, then
            ``ai.chat("fast", ...)``.
        shared: URL of a Redis, or a :class:`Redis`, whose clients share rate limits, verdicts and cached answers.
        options: Settings for all providers: ``max_concurrent_requests=5``, ``queue_size=100``, ``max_retries=5``,
            ``initial_retry_delay=1``, ``backoff_factor=2``, ``max_retry_delay=16``, ``failure_threshold=5``,
            ``reset_timeout=30``, ``timeout=300`` and the others of :class:`~ipfs_accel_async.settings.Settings`; with
            them ``semantic_cache``, a :class:`SemanticCache`.

    Raises:
        ConfigError: A name, setting, key or address is wrong.
    """

    def __init__(
        self,
        *,
        providers: Mapping[str, Mapping[str, Any]] = NOTHING,
        keys: Mapping[str, str | Secret | Keys | Iterable[str]] = NOTHING,
        base_urls: Mapping[str, str] = NOTHING,
        http_client: Any = None,
        transport: Transport | None = None,
        credentials_file: str | os.PathLike[str] | None = None,
        max_total_concurrent_requests: int | None = None,
        fallbacks: Iterable[str] = (),
        shared: str | Secret | Redis | None = None,
        model_groups: Mapping[str, Iterable[Any] | Mapping[str, Any]] = NOTHING,
        **options: Any,
    ) -> None:
        self._engine = Engine(
            common=options,
            providers=providers,
            keys=keys,
            base_urls=base_urls,
            http_client=http_client,
            transport=transport,
            credentials_file=credentials_file,
            max_total=max_total_concurrent_requests,
            redis=as_redis(shared),
            groups=model_groups,
            fallbacks=(fallbacks,) if isinstance(fallbacks, str) else tuple(fallbacks),
        )

    async def chat(
        self,
        model: str,
        messages: Messages,
        *,
        tools: Iterable[Tool | Mapping[str, Any]] = (),
        tool_choice: str | Mapping[str, Any] | None = None,
        response_format: Format = None,
        max_tokens: int | None = None,
        temperature: float | None = None,
        stop: str | Iterable[str] | None = None,
        seed: int | None = None,
        priority: int | str = Priority.NORMAL,
        timeout: float | None = None,
        fallbacks: Iterable[str] = (),
        tags: Mapping[str, str] = NOTHING,
        **provider_params: Any,
    ) -> Reply:
        """Ask a model and wait for its whole answer.

        Args:
            model: ``"provider:model"``.
            messages: A string, or a list of messages (``user(...)``, ``system(...)``, mappings in OpenAI's form).
            tools: Functions the model may call.
            tool_choice: ``auto``, ``none``, ``required``, a tool's name, or the service's own form.
            response_format: ``"json"``, a JSON schema, or a pydantic model class.
            max_tokens: Most tokens of the answer.
            temperature: Sampling temperature.
            stop: Where to stop.
            seed: For repeatable sampling, where the service has it.
            priority: ``Priority.HIGH``, ``NORMAL`` or ``LOW``.
            timeout: Seconds for everything: queue, retries, failover. Default: the setting `timeout`.
            fallbacks: Models to ask in turn when this one fails.
            tags: Labels of your own.
            provider_params: Whatever else the service takes; sent untouched.

        Raises:
            InvalidRequestError: An argument cannot be sent.
            ConfigError: The provider or its key is missing.
            CallError: The service could not be reached, or answered with an error, after all retries.
            RejectedError: The queue is full, the circuit open, or the deadline passed before it was sent.
            AllTargetsFailedError: `model` and all `fallbacks` failed.
        """
        payload = chat_request(
            messages,
            tools=tools,
            tool_choice=tool_choice,
            response_format=response_format,
            max_tokens=max_tokens,
            temperature=temperature,
            stop=stop,
            seed=seed,
            params=provider_params,
        )
        return cast("Reply", await self._engine.call("chat", model, payload, priority, timeout, fallbacks, tags))

    @asynccontextmanager
    async def stream(
        self,
        model: str,
        messages: Messages,
        *,
        tools: Iterable[Tool | Mapping[str, Any]] = (),
        tool_choice: str | Mapping[str, Any] | None = None,
        response_format: Format = None,
        max_tokens: int | None = None,
        temperature: float | None = None,
        stop: str | Iterable[str] | None = None,
        seed: int | None = None,
        priority: int | str = Priority.NORMAL,
        timeout: float | None = None,
        fallbacks: Iterable[str] = (),
        tags: Mapping[str, str] = NOTHING,
        **provider_params: Any,
    ) -> AsyncIterator[Stream]:
        """Ask a model and read its answer as it comes: ``async with ai.stream(...) as s: async for delta in s``.

        Arguments and errors as in :meth:`chat`. Until the first token, failures are retried; after it they are raised.
        Leaving the block closes the stream and frees its place at once.

        Raises:
            StreamIncompleteError: While reading: the stream ended before its end mark; `partial` has what came.
        """
        payload = chat_request(
            messages,
            tools=tools,
            tool_choice=tool_choice,
            response_format=response_format,
            max_tokens=max_tokens,
            temperature=temperature,
            stop=stop,
            seed=seed,
            params=provider_params,
            stream=True,
        )
        async with cast(
            "Stream", await self._engine.call("chat", model, payload, priority, timeout, fallbacks, tags)
        ) as made:
            yield made

    async def embed(
        self,
        model: str,
        texts: str | Iterable[str],
        *,
        priority: int | str = Priority.NORMAL,
        timeout: float | None = None,
        fallbacks: Iterable[str] = (),
        tags: Mapping[str, str] = NOTHING,
        **provider_params: Any,
    ) -> Embeddings:
        """Embed one text or many: ``.vectors`` has shape (n, d), float32, in the order of the texts.

        Raises: as :meth:`chat`.
        """
        payload = embed_request(texts, provider_params)
        return cast("Embeddings", await self._engine.call("embed", model, payload, priority, timeout, fallbacks, tags))

    async def request(
        self,
        provider: str,
        method: str,
        path: str,
        *,
        json: Any = None,
        query: Mapping[str, str] = NOTHING,
        priority: int | str = Priority.NORMAL,
        timeout: float | None = None,
        idempotent: bool | None = None,
        tags: Mapping[str, str] = NOTHING,
    ) -> NativeAnswer:
        """Any other endpoint of a provider, through the whole stack.

        Args:
            provider: Provider name.
            method: HTTP method.
            path: Below the provider's base URL, from its ``/``.
            json: The body.
            query: Query parameters.
            priority: As in :meth:`chat`.
            timeout: As in :meth:`chat`.
            idempotent: Whether it may be sent twice; default: not for POST and PATCH.
            tags: Labels of your own.

        Raises: as :meth:`chat`.
        """
        payload = native_request(method, path, json, query)
        safe = payload.method in SAFE_METHODS if idempotent is None else idempotent
        target = self._engine.provider(provider).target("")
        answer = await self._engine.send("request", target, payload, priority, timeout, tags=tags, idempotent=safe)
        return cast("NativeAnswer", answer)
