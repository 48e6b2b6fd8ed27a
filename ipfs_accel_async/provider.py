"""The providers of one client: codec, settings, keys and address of each, looked up on first use."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ipfs_accel_async import registry
from ipfs_accel_async.config import checked_url
from ipfs_accel_async.credentials import DEFAULT, CredentialsFile, Found, look_up, missing_key, missing_url, options_of
from ipfs_accel_async.endpoints import POOL, Endpoints
from ipfs_accel_async.errors import ConfigError, InvalidRequestError
from ipfs_accel_async.estimates import tokens_of
from ipfs_accel_async.middleware.keyring import KeyPool
from ipfs_accel_async.middleware.limits import LimitGate
from ipfs_accel_async.middleware.quotas import Quotas
from ipfs_accel_async.policy.backoff import Backoff
from ipfs_accel_async.policy.quota import Limits
from ipfs_accel_async.tokenizer import counter_of
from ipfs_accel_async.types import Target

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from ipfs_accel_async.config import ProviderSettings
    from ipfs_accel_async.endpoints import Endpoint
    from ipfs_accel_async.keys import Keys
    from ipfs_accel_async.providers._codec import Codec


LIMITS = frozenset({"rpm", "tpm", "input_tpm", "output_tpm", "rpd", "tpd"})


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
        self.codec.tls = own.tls
        self.codec.carry(own.key_header, own.key_scheme)
        self.found: Found = look_up(self.codec, keys, base_url, own, file)
        self.backoff = backoff_of(own)
        self.places: int | None = None  # instead of max_concurrent_requests, once it was changed
        self.pool = key_pool(self.codec, self.found.keys, own)
        self._pools: dict[str, tuple[Keys, KeyPool]] = {}
        self._limits: dict[str, tuple[Limits, LimitGate]] = {}
        self.endpoints = Endpoints(name, own, self.codec.normalize_url)
        self.spread = bool(own.endpoints)
        if self.spread and (base_url or own.base_url):
            raise ConfigError("base_url is one address, endpoints are several: pass one of the two", provider=name)
        for one in own.endpoints:
            self.endpoints.add(**{"url": "", **one})

    def add_endpoint(self, url: str, **own: Any) -> Endpoint:
        """A further endpoint at run time: from then on calls are spread, over the base URL there was before too."""
        if not self.spread and (self.found.url_from != DEFAULT or not self.codec.url_required):
            self.endpoints.add(self.found.base_url, name="default")
        made = self.endpoints.add(url, **own)
        self.spread = True
        return made

    @property
    def pools(self) -> dict[str, KeyPool]:
        """The keys of the provider, under no name, and those of endpoints that have their own, by endpoint."""
        return {"": self.pool, **{name: pool for name, (_, pool) in self._pools.items()}}

    @property
    def limited(self) -> dict[str, LimitGate]:
        """The limits that endpoints state for themselves, by endpoint."""
        return {name: gate for name, (_, gate) in self._limits.items()}

    def pool_of(self, one: Endpoint) -> KeyPool:
        """An endpoint's own keys, the same pool as long as they are the same keys; else those of the provider."""
        if one.keys is None:
            return self.pool
        keys, pool = self._pools.get(one.name, (None, None))
        if pool is None or keys is not one.keys:
            pool = key_pool(self.codec, one.keys, one.settings)
            self._pools[one.name] = (one.keys, pool)
        return pool

    def hand_over(self, one: Endpoint) -> KeyPool | None:
        """The pool of an endpoint's own keys, which is that of `one`'s keys from now on; None if there is none yet."""
        _, pool = self._pools.get(one.name, (None, None))
        if pool is None or one.keys is None:
            return None
        self._pools[one.name] = (one.keys, pool)
        return pool

    def limits_of(self, one: Endpoint) -> LimitGate | None:
        """The rate limits that an endpoint states for itself, beside those of the provider; its own keys have them."""
        if one.keys is not None or LIMITS.isdisjoint(one.own):
            return None
        limits = limits_in(one.settings, LIMITS & one.own.keys())
        known, gate = self._limits.get(one.name, (None, None))
        if gate is None or known != limits:
            gate = LimitGate(Quotas(limits, learn=False, count=counter(one.settings)))
            self._limits[one.name] = (limits, gate)
        return gate

    def target(self, model: str, operation: str = "", endpoint: str = "") -> Target:
        """The target of a model.

        Args:
            model: Its name.
            operation: Some services have a base URL for each.
            endpoint: Name of an endpoint, or base URL, instead of all that is configured.

        Raises:
            ConfigError: The provider needs a key or an address and has none, or `endpoint` cannot be used.
            InvalidRequestError: The name would climb in a path.
        """
        if model in {".", ".."}:
            raise InvalidRequestError(f"no model is called {model!r}", provider=self.codec.name)
        if self.codec.key_required and not self.pool and not (self.spread and all(one.keys for one in self.endpoints)):
            raise missing_key(self.codec)
        if endpoint in self.endpoints:
            endpoint = self.endpoints[endpoint].url
        elif not endpoint and self.spread and self.codec.endpoint_of(model, operation) is None:
            return _target(self.codec.name, model, POOL + self.codec.name)
        elif endpoint:
            endpoint = self.codec.normalize_url(checked_url(endpoint))
        endpoint = endpoint or self.codec.endpoint_of(model, operation) or self.found.base_url
        if self.codec.url_required and endpoint == self.found.base_url and self.found.url_from == DEFAULT:
            raise missing_url(self.codec)
        return _target(self.codec.name, model, endpoint)


@lru_cache(maxsize=1_024)
def _target(provider: str, model: str, endpoint: str) -> Target:
    """One target for all calls to it: what each of them has of its own, the garbage collector visits."""
    return Target(provider, model, endpoint)


def backoff_of(own: ProviderSettings) -> Backoff:
    """The delays between attempts that settings ask for."""
    return Backoff(
        initial=own.initial_retry_delay,
        factor=own.backoff_factor,
        maximum=own.max_retry_delay,
        jitter=own.retry_jitter,
        retry_after_cap=own.max_retry_after,
    )


def counter(own: ProviderSettings) -> Callable[[str], int]:
    """How tokens are counted on this machine: by the vocabulary that is set, else by the rule of the estimates."""
    return tokens_of if own.tokenizer is None else counter_of(own.tokenizer)


def key_pool(codec: Codec, keys: Keys | None, own: ProviderSettings) -> KeyPool:
    """The keys of a provider, or of an endpoint that has its own, with the rate limits of its settings."""
    quotas = Quotas(limits_in(own), learn=own.learn_limits, count=counter(own))
    return KeyPool(codec.name, keys, needed=codec.key_required, quotas=quotas, pause=own.initial_retry_delay)


def limits_in(own: ProviderSettings, names: Collection[str] = LIMITS) -> Limits:
    """The rate limits of settings: all, or those of these names."""
    return Limits(burst_seconds=own.burst_seconds, **{name: getattr(own, name) for name in names})


class Providers(dict[str, "Provider"]):
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
        super().__init__()
        self._common = common
        self._own = own
        self._keys = keys
        self._base_urls = base_urls
        self._file = file
        self.codecs: dict[str, Codec] = {}

    @property
    def counts_tokens(self) -> bool:
        """Whether any settings, or any explicit key, limit tokens."""
        every = [self._common, *self._own.values()]
        keys = [*self._keys.values(), *(own.keys for own in every if own.keys is not None)]
        limited = any(own.tpm or own.tpd or own.input_tpm or own.output_tpm for own in every)
        return limited or any(key.tpm is not None for several in keys for key in several.entries)

    def __missing__(self, name: str) -> Provider:
        own = self._own.get(name, self._common)
        made = Provider(name, own, self._keys.get(name), self._base_urls.get(name), self._file)
        self[name] = made
        self.codecs[name] = made.codec
        return made

    def adopt(self, other: Providers) -> list[tuple[str, Provider]]:
        """Look up as `other` does from now on; gives the providers that were made before, to be brought up to it."""
        self._common, self._own, self._file = other._common, other._own, other._file
        self._keys, self._base_urls = other._keys, other._base_urls
        return list(self.items())

    def made(self) -> list[Provider]:
        """Those that were looked up so far."""
        return list(self.values())
