"""What stands behind a client: its settings, checked when built, and the runtime of the loop it is used in."""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ipfs_accel_async import registry
from ipfs_accel_async.arguments import as_grace, as_priority, as_timeout
from ipfs_accel_async.call import Call
from ipfs_accel_async.config import as_keys, checked_url, settings
from ipfs_accel_async.credentials import CredentialsFile
from ipfs_accel_async.errors import ClientClosedError, ConfigError, ForkedClientError
from ipfs_accel_async.provider import Provider, Providers
from ipfs_accel_async.runtime import Runtime, idle_report
from ipfs_accel_async.transport.schemes import Schemes
from ipfs_accel_async.types import NOTHING, Priority

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ipfs_accel_async.metrics.report import Report
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
    ) -> None:
        if http_client is not None and transport is not None:
            raise ConfigError("pass http_client or transport, not both")
        if max_total is not None and max_total < 1:
            raise ConfigError("max_total_concurrent_requests must be at least 1")
        for what, given in (("providers", providers), ("keys", keys), ("base_urls", base_urls)):
            if not isinstance(given, Mapping):
                raise ConfigError(f'{what} is a mapping by provider, as {what}={{"openai": ...}}')
        own = {}
        for name in {*providers, *keys, *base_urls}:
            own[name] = settings(common, providers.get(name, NOTHING), name)
            misplaced = _OF_THE_CLIENT & set(providers.get(name, NOTHING))
            if misplaced:
                raise ConfigError(
                    f"{min(misplaced)} is a setting of the client: Client({min(misplaced)}=...)", provider=name
                )
            registry.codec(own[name].wire or name)
        self._common = settings(common, NOTHING, "")
        self._http_client = http_client
        self._transport = transport
        self._max_total = max_total
        self._providers = Providers(
            self._common,
            own,
            {name: made for name, given in keys.items() if (made := as_keys(given)) is not None},
            {name: checked_url(url) for name, url in base_urls.items()},
            CredentialsFile(credentials_file),
        )
        self._runtime: Runtime | None = None
        self._process = 0
        self._closed = False

    async def call(
        self,
        operation: str,
        model: str,
        payload: Payload,
        priority: int | str,
        timeout: float | None,
        fallbacks: Iterable[str],
        tags: Mapping[str, str],
        endpoint: str = "",
    ) -> Any:
        """Send a payload to a model and its fallbacks, named as callers name them; `endpoint` is the model's alone."""
        if isinstance(fallbacks, str):
            fallbacks = (fallbacks,)
        others = tuple(self.target(other, operation) for other in fallbacks)
        target = self.target(model, operation, endpoint)
        return await self.send(operation, target, payload, priority, timeout, tags=tags, fallbacks=others)

    def target(self, model: str, operation: str = "", endpoint: str = "") -> Target:
        """The target of ``"provider:model"``.

        Args:
            model: As callers name it.
            operation: Some services have a base URL for each.
            endpoint: Base URL instead of all that is configured.
        """
        provider, name = registry.split(model)
        return self._providers[provider].target(name, operation, endpoint)

    async def native(
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
    ) -> Any:
        """Send one of a provider's native operations."""
        found = self._providers[provider]
        row = found.codec.native.get(operation)
        target = found.target(model, operation, endpoint)
        repeatable = row is None or row.repeatable
        return await self.send(operation, target, payload, priority, timeout, tags=tags, idempotent=repeatable)

    def provider(self, name: str) -> Provider:
        """A provider, looked up on first use."""
        return self._providers[name]

    def report(self) -> Report:
        """The metrics report; of zeros while nothing was called."""
        return idle_report() if self._runtime is None else self._runtime.report()

    def statistics(self) -> dict[str, Any]:
        """What is going on right now."""
        return {"under_way": 0, "lanes": [], "breakers": []} if self._runtime is None else self._runtime.statistics()

    async def aclose(self, grace: float | None = None) -> None:
        """Fail what waits, let what is under way end within `grace` seconds, and close. Idempotent."""
        self._closed = True
        if self._runtime is not None and self._process == os.getpid():  # else the connections are another process's
            await self._runtime.aclose(self._common.close_grace if grace is None else as_grace(grace))

    async def send(
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
    ) -> Any:
        """Send a payload to a target through the stack."""
        seconds = self.provider(target.provider).settings.timeout if timeout is None else as_timeout(timeout)
        runtime = self.runtime()
        now = runtime.loop.time()
        call = Call(
            operation=operation,
            target=target,
            payload=payload,
            priority=as_priority(priority),
            deadline=now + seconds,
            submitted=now,
            request_id=str(uuid.uuid4()),
            idempotent=idempotent,
            tags=tags,
            fallbacks=fallbacks,
        )
        return await runtime.handle(call)

    def runtime(self) -> Runtime:
        """The stack of the running loop, made on first use.

        Raises:
            ClientClosedError: The client is closed.
            ConfigError: It is in use in another loop.
            ForkedClientError: It is in use in another process.
        """
        if self._closed:
            raise ClientClosedError("the client is closed: make a new one")
        process = os.getpid()
        if self._runtime is not None and self._process != process:
            raise ForkedClientError(
                "this client was used before the process forked, and its connections belong to the parent: make a"
                " client of its own in each process"
            )
        if self._runtime is None or self._runtime.loop is not asyncio.get_running_loop():
            if self._runtime is not None and not self._runtime.loop.is_closed():
                raise ConfigError("this client belongs to another running event loop: make one client a loop")
            self._process = process
            self._runtime = Runtime(self._providers, self._make_transport(), self._max_total)
        return self._runtime

    def _make_transport(self) -> Transport:
        if self._transport is not None:
            return self._transport
        return Schemes(
            self._http_client,
            connect_timeout=self._common.connect_timeout,
            max_response_bytes=self._common.max_response_bytes,
        )
