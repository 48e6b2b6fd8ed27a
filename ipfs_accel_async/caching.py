"""The client's caches: what they hold, and emptying them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.arguments import as_timeout, chat_request
from ipfs_accel_async.call import Call
from ipfs_accel_async.conversation import user
from ipfs_accel_async.errors import ConfigError
from ipfs_accel_async.registry import split
from ipfs_accel_async.types import NOTHING

if TYPE_CHECKING:
    import os
    import random
    from collections.abc import Callable, Mapping, Sequence

    from ipfs_accel_async.cache.exact import Cache
    from ipfs_accel_async.core import Handler
    from ipfs_accel_async.engine import Engine
    from ipfs_accel_async.home import Home
    from ipfs_accel_async.middleware.semantic import Semantic
    from ipfs_accel_async.provider import Providers
    from ipfs_accel_async.providers._codec import Codec
    from ipfs_accel_async.semantic.similar import SemanticCache
    from ipfs_accel_async.shared.link import Link
    from ipfs_accel_async.types import Message


_OF_CHAT = {"tools", "tool_choice", "response_format", "max_tokens", "temperature", "stop", "seed"}


class Caches:
    """The caches of one client, and of all its views.

    Args:
        home: Where its calls go.
    """

    def __init__(self, home: Home) -> None:
        self._home = home

    def stats(self) -> dict[str, Any]:
        """Hits, misses and what is held, as :meth:`Cache.stats` has them, and what ``single_flight`` has spared.

        Of a client without a cache only the latter: ``sent`` calls that others could join, and ``shared`` ones that
        did.
        """
        cache, runtime = self._home.cache, self._home.current
        flights = {"sent": 0, "shared": 0}
        if runtime is not None:
            flights = runtime.flights()
        return {**(cache.stats() if cache is not None else {}), "single_flight": flights}

    async def clear(self) -> int:
        """Drop everything that is kept; how many entries there were."""
        cache = self._home.cache
        return 0 if cache is None else await cache.clear()

    async def invalidate(self, *, tag: str) -> int:
        """Drop what was kept with a tag; how many entries there were.

        Args:
            tag: A label of the calls, as its name (``"job"``) or with its value (``"tenant=a"``), or a model
                (``"openai:gpt-4.1-mini"``).
        """
        cache = self._home.cache
        return 0 if cache is None else await cache.invalidate(tag)

    async def warm(
        self,
        model: str,
        path: str | os.PathLike[str],
        *,
        before: Sequence[Message | Mapping[str, Any]] = (),
        stream: bool = False,
        tags: Mapping[str, str] = NOTHING,
        timeout: float = 300.0,
        **arguments: Any,
    ) -> int:
        """Keep answers that are known beforehand in the semantic cache; how many.

        They answer calls with these very arguments.

        Args:
            model: ``"provider:model"`` that the calls will name.
            path: A file of JSON lines: ``{"prompt": "...", "answer": "..."}``.
            before: Messages before the question, such as a system prompt.
            stream: Whether the calls are streams.
            tags: Of the calls.
            timeout: Seconds.
            arguments: Of the calls, as of :meth:`Client.chat`: ``temperature=0``.

        Raises:
            ConfigError: The client has no semantic cache.
            InvalidRequestError: A line of the file is something else, or such calls are never answered so.
            OSError: The file cannot be read.
            AccelError: Of the embedder.
        """
        runtime = self._home.runtime()
        if runtime.semantic is None:
            raise ConfigError("this client has no semantic cache: Client(semantic_cache=SemanticCache(...))")
        from ipfs_accel_async.semantic.pairs import read_pairs

        pairs = await asyncio.to_thread(read_pairs, path)
        own = {name: value for name, value in arguments.items() if name in _OF_CHAT}
        further = {name: value for name, value in arguments.items() if name not in _OF_CHAT}
        provider, name = split(model)
        call = Call(
            operation="chat",
            target=self._home.providers[provider].target(name, "chat"),
            payload=chat_request([*before, user("?")], **own, params=further, stream=stream),
            deadline=runtime.loop.time() + as_timeout(timeout),
            tags=tags,
        )
        return await runtime.semantic.warm(call, pairs)


class Caching:
    """Mixed into :class:`Client`."""

    _engine: Engine

    @property
    def cache(self) -> Caches:
        """What is kept of answers: ``ai.cache.stats()``, ``await ai.cache.clear()``, ``.invalidate(tag=...)``."""
        return self._engine.caches()


def cache_in(options: Mapping[str, Any]) -> tuple[Cache | None, Mapping[str, Any]]:
    """The cache among a client's settings, and the settings with its mode in its place.

    Raises:
        ConfigError: `cache` is neither a mode nor a :class:`Cache`.
    """
    given = options.get("cache")
    if given is None or isinstance(given, str):
        return None, options
    from ipfs_accel_async.cache.exact import Cache

    if not isinstance(given, Cache):
        raise ConfigError(f"cache is a mode such as 'on', or a Cache(...), not {type(given).__name__}")
    return given, {**options, "cache": given.mode}


def semantic_in(options: Mapping[str, Any]) -> tuple[SemanticCache | None, Mapping[str, Any]]:
    """The semantic cache among a client's settings, and the settings without it.

    Raises:
        ConfigError: `semantic_cache` is none.
    """
    given = options.get("semantic_cache")
    if given is None:
        return None, {name: value for name, value in options.items() if name != "semantic_cache"}
    from ipfs_accel_async.semantic.similar import SemanticCache

    if not isinstance(given, SemanticCache):
        raise ConfigError(
            "semantic_cache is a SemanticCache(embedder='provider:model'), which needs a real embedder, not"
            f" {type(given).__name__}"
        )
    return given, {name: value for name, value in options.items() if name != "semantic_cache"}


def joined(cache: Cache | None, semantic: SemanticCache, codec_for: Callable[[str], Codec]) -> Cache:
    """The exact cache with the semantic one as its part; one that is off where the client has none.

    Args:
        cache: The exact one.
        semantic: The semantic one.
        codec_for: The codec of a provider's name.

    Raises:
        ConfigError: The embedder's provider embeds nothing, or the exact cache has another semantic one.
    """
    from ipfs_accel_async.cache.exact import Cache
    from ipfs_accel_async.semantic.embedder import LOCAL

    provider = semantic.name.partition(":")[0]
    if isinstance(semantic.embedder, str) and provider != LOCAL and "embed" not in codec_for(provider).operations:
        raise ConfigError("it embeds nothing: name another embedder for the semantic cache", provider=provider)
    made = Cache(mode="off") if cache is None else cache
    if made.parts.setdefault("semantic", semantic) is not semantic:
        raise ConfigError("this Cache has a semantic cache already: make one Cache for each")
    return made


def memory_cache() -> Cache:
    """The cache of a client that names only a mode."""
    from ipfs_accel_async.cache.exact import Cache

    return Cache()


def redis_cache(link_for: Callable[[], Link | None]) -> Cache:
    """The cache of a client that names only a mode, and shares its state."""
    from ipfs_accel_async.cache.exact import Cache
    from ipfs_accel_async.shared.store import RedisStore

    return Cache(RedisStore(link_for))


def semantic_layer(cache: Cache | None, handle: Handler, providers: Providers, rng: random.Random) -> Semantic | None:
    """The layer of a runtime's semantic cache; None where it has none.

    Args:
        cache: The client's.
        handle: The runtime's whole stack, which embeds.
        providers: The client's providers.
        rng: Of the runtime.
    """
    if cache is None or "semantic" not in cache.parts:
        return None
    from ipfs_accel_async.middleware.semantic import Semantic
    from ipfs_accel_async.middleware.shadow import Shadow
    from ipfs_accel_async.semantic.embedder import embedder
    from ipfs_accel_async.semantic.similar import SemanticCache

    semantic = cache.parts["semantic"]
    if not isinstance(semantic, SemanticCache):
        return None
    embed = embedder(semantic.embedder, handle, lambda name, model: providers[name].target(model, "embed"))
    return Semantic(semantic, embed, Shadow(semantic, embed), lambda name: providers[name].settings, rng)
