"""What stands behind a client: its settings, checked when built, and calls made of what callers pass."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ipfs_accel_async import registry
from ipfs_accel_async.arguments import as_priority, as_timeout
from ipfs_accel_async.caching import Caches, cache_in, joined, memory_cache, redis_cache, semantic_in
from ipfs_accel_async.call import Call, new_id
from ipfs_accel_async.config import as_keys, checked_url, settings
from ipfs_accel_async.credentials import CredentialsFile
from ipfs_accel_async.errors import ConfigError, InvalidRequestError
from ipfs_accel_async.groups import model_groups
from ipfs_accel_async.home import Home
from ipfs_accel_async.options import NO_WISHES, Defaults
from ipfs_accel_async.profiles import profile
from ipfs_accel_async.provider import Providers
from ipfs_accel_async.types import NOTHING, Priority

if TYPE_CHECKING:
    import os
    from collections.abc import Awaitable, Iterable

    from ipfs_accel_async.metrics.report import Report
    from ipfs_accel_async.options import Options
    from ipfs_accel_async.provider import Provider
    from ipfs_accel_async.runtime import Runtime
    from ipfs_accel_async.shared import Redis
    from ipfs_accel_async.transport import Transport
    from ipfs_accel_async.types import NativeRequest, Payload, Target


_OF_THE_CLIENT = {"close_grace", "connect_timeout", "max_response_bytes"}  # all providers share one transport


class Engine:
    """Turns what :class:`Client` was given into calls through a stack. Arguments as there."""

    def __init__(
        self,
        *,
        common: Mapping[str, Any],
        providers: Mapping[str, Mapping[str, Any]],
        keys: Mapping[str, Any],
        base_urls: Mapping[str, str],
        http_client: Any,
        transport: Transport | None,
        credentials_file: str | os.PathLike[str] | None,
        max_total: int | None,
        fallbacks: tuple[str, ...] = (),
        redis: Redis | None = None,
        groups: Mapping[str, Any] = NOTHING,
    ) -> None:
        if http_client is not None and transport is not None:
            raise ConfigError("pass http_client or transport, not both")
        if max_total is not None and max_total < 1:
            raise ConfigError("max_total_concurrent_requests must be at least 1")
        for what, given in (("providers", providers), ("keys", keys), ("base_urls", base_urls)):
            if not isinstance(given, Mapping):
                raise ConfigError(f'{what} is a mapping by provider, as {what}={{"openai": ...}}')
        if "profile" in common:
            common = {**profile(common["profile"]), **{at: value for at, value in common.items() if at != "profile"}}
        semantic, common = semantic_in(common)
        cache, common = cache_in(common)
        own = {}
        for name in {*providers, *keys, *base_urls}:
            own[name] = settings(common, providers.get(name, NOTHING), name)
            misplaced = _OF_THE_CLIENT & set(providers.get(name, NOTHING))
            if misplaced:
                raise ConfigError(
                    f"{min(misplaced)} is a setting of the client: Client({min(misplaced)}=...)", provider=name
                )
            registry.codec(own[name].wire or name)
        shared = settings(common, NOTHING, "")
        if http_client is not None and any(made.tls is not None for made in (shared, *own.values())):
            raise ConfigError("tls is of the default client: give yours its own, as httpx.AsyncClient(verify=context)")
        if cache is None and any(made.cache != "off" for made in (shared, *own.values())):
            cache = memory_cache() if redis is None else redis_cache(lambda: self._home.link)
        if semantic is not None:
            cache = joined(cache, semantic, lambda name: registry.codec((name in own and own[name].wire) or name))
        self._home = Home(
            Providers(
                shared,
                own,
                {name: made for name, given in keys.items() if (made := as_keys(given)) is not None},
                {name: checked_url(url) for name, url in base_urls.items()},
                CredentialsFile(credentials_file),
            ),
            shared,
            http_client,
            transport,
            max_total,
            cache,
            redis,
        )
        if groups:
            self._home.groups = model_groups(groups)
        self.source: tuple[Any, str | None, Mapping[str, Any]] | None = None
        self._options = NO_WISHES
        self._defaults = Defaults(fallbacks=fallbacks) if fallbacks else None

    def with_options(self, options: Options, defaults: Defaults) -> Engine:
        """Another engine in the same home, whose calls carry `options` and `defaults`."""
        if options.cache not in {"", "off"} and self._home.cache is None:
            raise InvalidRequestError("this client has no cache: make it with cache=Cache(mode='off') for some calls")
        view = object.__new__(type(self))
        view._home, view._options, view._defaults, view.source = self._home, options, defaults, self.source
        return view

    def adopt(self, fresh: Engine) -> None:
        """Go on as another engine is configured, which was never used."""
        from ipfs_accel_async.reloading import adopt

        adopt(self._home, fresh._home)

    @property
    def options(self) -> Options:
        """The wishes of its calls."""
        return self._options

    @property
    def defaults(self) -> Defaults:
        """What its calls have where they name nothing else."""
        return self._defaults or Defaults()

    def call(
        self,
        operation: str,
        model: str,
        payload: Payload,
        priority: int | str,
        timeout: float | None,
        fallbacks: Iterable[str],
        tags: Mapping[str, str],
        endpoint: str = "",
    ) -> Awaitable[Any]:
        """Send a payload to a model and its fallbacks, named as callers name them; `endpoint` is the model's alone.

        No coroutine, as :meth:`send` is none: with a thousand calls under way each one more is felt.
        """
        if self._defaults is not None:
            fallbacks = fallbacks or self._defaults.fallbacks
        others = () if fallbacks == () else self._targets(fallbacks, operation)
        group = self._home.groups.get(model)
        if group is not None:
            return group.ask(self, operation, payload, others, priority=priority, timeout=timeout, tags=tags)
        target = self.target(model, operation, endpoint)
        return self.send(operation, target, payload, priority, timeout, tags=tags, fallbacks=others)

    def _targets(self, models: Iterable[str], operation: str) -> tuple[Target, ...]:
        return tuple(self.target(one, operation) for one in ((models,) if isinstance(models, str) else models))

    def target(self, model: str, operation: str = "", endpoint: str = "") -> Target:
        """The target of ``"provider:model"``.

        Args:
            model: As callers name it.
            operation: Some services have a base URL for each.
            endpoint: Base URL instead of all that is configured.
        """
        provider, name = registry.split(model)
        return self._home.providers[provider].target(name, operation, endpoint)

    def native(
        self,
        provider: str,
        operation: str,
        payload: NativeRequest,
        *,
        model: str = "",
        endpoint: str = "",
        priority: int | str = Priority.NORMAL,
        timeout: float | None = None,
        tags: Mapping[str, str] = NOTHING,
    ) -> Awaitable[Any]:
        """Send one of a provider's native operations."""
        found = self._home.providers[provider]
        row = found.codec.native.get(operation)
        target = found.target(model, operation, endpoint)
        repeatable = row is None or row.repeatable
        return self.send(operation, target, payload, priority, timeout, tags=tags, idempotent=repeatable)

    @property
    def current(self) -> Runtime | None:
        """The stack that was made last, if one was."""
        return self._home.current

    def time(self) -> float:
        """The clock of the loop that it was used in last; 0 before that."""
        return 0.0 if self._home.current is None else self._home.current.loop.time()

    def provider(self, name: str) -> Provider:
        """A provider, looked up on first use."""
        return self._home.providers[name]

    def caches(self) -> Caches:
        """What is kept of answers."""
        return Caches(self._home)

    def report(self) -> Report:
        """The metrics report; of zeros while nothing was called."""
        return self._home.report()

    def statistics(self) -> dict[str, Any]:
        """What is going on right now."""
        return self._home.statistics()

    def runtime(self) -> Runtime:
        """The stack of the running loop. Raises: as :meth:`Home.runtime`."""
        return self._home.runtime()

    async def aclose(self, grace: float | None = None) -> None:
        """Fail what waits, let what is under way end within `grace` seconds, and close. Idempotent."""
        await self._home.aclose(grace)

    def send(
        self,
        operation: str,
        target: Target,
        payload: Payload,
        priority: int | str = Priority.NORMAL,
        timeout: float | None = None,
        *,
        tags: Mapping[str, str] = NOTHING,
        fallbacks: tuple[Target, ...] = (),
        idempotent: bool = True,
    ) -> Awaitable[Any]:
        """Send a payload to a target through the stack."""
        if self._defaults is not None:
            priority, timeout, tags = self._defaults.under(priority, timeout, tags)
        seconds = self.provider(target.provider).settings.timeout if timeout is None else as_timeout(timeout)
        runtime = self._home.runtime()
        now = runtime.loop.time()
        call = Call(
            operation=operation,
            target=target,
            payload=payload,
            priority=as_priority(priority),
            deadline=now + seconds,
            submitted=now,
            request_id=new_id(),
            idempotent=idempotent,
            tags=tags,
            fallbacks=fallbacks,
            options=self._options,
        )
        return runtime.handle(call)
