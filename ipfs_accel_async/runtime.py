"""What a client builds when it is first used in a loop: dispatcher, breakers, meters, transport and their stack."""

from __future__ import annotations

import asyncio
import random
import time
from typing import TYPE_CHECKING

from ipfs_accel_async import registry
from ipfs_accel_async.config import checked_url
from ipfs_accel_async.core import stack
from ipfs_accel_async.credentials import DEFAULT, CredentialsFile, Found, look_up, missing_key, missing_url, options_of
from ipfs_accel_async.dispatcher import Dispatcher
from ipfs_accel_async.exchange import Exchange
from ipfs_accel_async.lanes import Gate, Lane
from ipfs_accel_async.metrics.meter import Meter
from ipfs_accel_async.metrics.report import Report, report
from ipfs_accel_async.middleware.breaker import BreakerGate, Breakers, CircuitBreaker
from ipfs_accel_async.middleware.deadline import Deadline
from ipfs_accel_async.middleware.describe import Describe
from ipfs_accel_async.middleware.fallback import Fallback
from ipfs_accel_async.middleware.keyring import KeyGate
from ipfs_accel_async.middleware.observe import Observe
from ipfs_accel_async.middleware.retry import Retry
from ipfs_accel_async.policy.backoff import Backoff
from ipfs_accel_async.policy.breaker import Breaker
from ipfs_accel_async.policy.keyring import KeyRing
from ipfs_accel_async.types import Target

if TYPE_CHECKING:
    from collections.abc import Mapping

    import anyio

    from ipfs_accel_async.config import ProviderSettings
    from ipfs_accel_async.keys import Keys
    from ipfs_accel_async.providers._codec import Codec
    from ipfs_accel_async.transport import Transport

SUM = "ipfs_accel_async"


class Provider:
    """One provider as a client sees it: its codec, settings, keys and address.

    Args:
        name: Provider name.
        own: Its settings.
        keys: Given explicitly.
        base_url: Given explicitly.
        file: Where else to look.

    Raises:
        ConfigError: There is no such provider, or something found for it cannot be used.
    """

    def __init__(
        self, name: str, own: ProviderSettings, keys: Keys | None, base_url: str | None, file: CredentialsFile
    ) -> None:
        plain = registry.codec(own.wire or name)
        if own.wire:
            plain = plain.renamed(name, own.key_env)
        self.settings = own
        self.codec: Codec = plain.configured(headers=own.headers, options=options_of(plain, own))
        self.found: Found = look_up(self.codec, keys, base_url, own, file)
        self.backoff = Backoff(
            initial=own.initial_retry_delay,
            factor=own.backoff_factor,
            maximum=own.max_retry_delay,
            jitter=own.retry_jitter,
            retry_after_cap=own.max_retry_after,
        )

    def target(self, model: str, operation: str = "", endpoint: str = "") -> Target:
        """The target of a model.

        Args:
            model: Its name.
            operation: Some services have a base URL for each.
            endpoint: Base URL instead of all that is configured.

        Raises:
            ConfigError: The provider needs a key or an address and has none, or `endpoint` cannot be used.
        """
        if self.found.keys is None and self.codec.key_required:
            raise missing_key(self.codec)
        if endpoint:
            endpoint = self.codec.normalize_url(checked_url(endpoint))
        endpoint = endpoint or self.codec.endpoint_of(model, operation) or self.found.base_url
        if self.codec.url_required and endpoint == self.found.base_url and self.found.url_from == DEFAULT:
            raise missing_url(self.codec)
        return Target(self.codec.name, model, endpoint)


class Providers:
    """The providers of one client, looked up on first use.

    Args:
        common: The client's settings.
        own: Settings by provider.
        keys: Explicit keys by provider.
        base_urls: Explicit addresses by provider.
        file: The credentials file.
    """

    def __init__(
        self,
        common: ProviderSettings,
        own: Mapping[str, ProviderSettings],
        keys: Mapping[str, Keys],
        base_urls: Mapping[str, str],
        file: CredentialsFile,
    ) -> None:
        self._common = common
        self._own = own
        self._keys = keys
        self._base_urls = base_urls
        self._file = file
        self._made: dict[str, Provider] = {}
        self.codecs: dict[str, Codec] = {}

    def __getitem__(self, name: str) -> Provider:
        made = self._made.get(name)
        if made is None:
            own = self._own.get(name, self._common)
            made = Provider(name, own, self._keys.get(name), self._base_urls.get(name), self._file)
            self._made[name] = made
            self.codecs[name] = made.codec
        return made


class Runtime:
    """The stack of one client in one loop.

    Args:
        providers: The client's providers.
        transport: Sends the requests.
        max_total: Cap over all providers together; None for none.
    """

    def __init__(self, providers: Providers, transport: Transport, max_total: int | None) -> None:
        self.loop = asyncio.get_running_loop()
        self.transport = transport
        self._providers = providers
        self._total = None if max_total is None else _semaphore(max_total)
        self._slots: dict[str, anyio.Semaphore] = {}
        self._started = self.loop.time()
        self._since = time.time()
        self._sum = self._meter(SUM)
        self._meters: dict[str, tuple[Meter, Meter]] = {}
        self.breakers = Breakers(self._breaker)
        self.dispatcher = Dispatcher(self._lane, linked=max_total is not None)
        observe = Observe(self._meters_for)
        self.handle = stack(
            [
                observe,
                Deadline(),
                Fallback(),
                Describe(providers.codecs),
                Retry(self._retries, random.Random(), observe.retried),
                CircuitBreaker(self.breakers),
                self.dispatcher,
            ],
            Exchange(providers.codecs, transport),
        )

    def _meter(self, name: str) -> Meter:
        return Meter(name, self._started, self._since)

    def _meters_for(self, provider: str) -> tuple[Meter, Meter]:
        found = self._meters.get(provider)
        if found is None:
            found = self._meters[provider] = (self._sum, self._meter(provider))
        return found

    def _retries(self, provider: str) -> tuple[int, Backoff]:
        made = self._providers[provider]
        return made.settings.max_retries, made.backoff

    def _breaker(self, provider: str) -> Breaker:
        own = self._providers[provider].settings
        return Breaker(failure_threshold=own.failure_threshold, reset_timeout=own.reset_timeout)

    def _lane(self, target: Target) -> Lane:
        made = self._providers[target.provider]
        own = made.settings
        slots = self._slots.setdefault(target.provider, _semaphore(own.max_concurrent_requests))
        caps = [slots]
        if own.max_concurrent_per_endpoint is not None:
            caps.append(_semaphore(own.max_concurrent_per_endpoint))
        if self._total is not None:
            caps.append(self._total)
        gates: list[Gate] = []
        keys = made.found.keys
        if keys is not None:
            gates.append(KeyGate(keys, KeyRing(len(keys))))
        gates.append(BreakerGate(self.breakers))  # last: a probe's permit is never held while something else is missing
        return Lane(caps, gates, own)

    def report(self) -> Report:
        """The metrics report, in sum and per provider."""
        now = self.loop.time()
        lanes, breakers = self.dispatcher.lanes, self.breakers.items()
        whole = report(self._sum, list(lanes.values()), breakers, now)
        whole["providers"] = {
            name: report(
                meter,
                [lane for (provider, _), lane in lanes.items() if provider == name],
                [entry for entry in breakers if entry[0][0] == name],
                now,
            )
            for name, (_, meter) in self._meters.items()
        }
        return whole

    async def aclose(self) -> None:
        """Fail what waits and close the connections."""
        self.dispatcher.close()
        await self.transport.aclose()


def _semaphore(size: int) -> anyio.Semaphore:
    from anyio import Semaphore  # loads on first use, as all that importing the package does not need

    return Semaphore(size)


def idle_report() -> Report:
    """The report of a client that was not used yet."""
    whole = report(Meter(SUM, 0.0, time.time()), [], [], 0.0)
    whole["providers"] = {}
    return whole
