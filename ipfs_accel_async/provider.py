"""The providers of one client: codec, settings, keys and address of each, looked up on first use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipfs_accel_async import registry
from ipfs_accel_async.config import checked_url
from ipfs_accel_async.credentials import DEFAULT, CredentialsFile, Found, look_up, missing_key, missing_url, options_of
from ipfs_accel_async.errors import InvalidRequestError
from ipfs_accel_async.policy.backoff import Backoff
from ipfs_accel_async.types import Target

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ipfs_accel_async.config import ProviderSettings
    from ipfs_accel_async.keys import Keys
    from ipfs_accel_async.providers._codec import Codec


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
            InvalidRequestError: The name would climb in a path.
        """
        if model in {".", ".."}:
            raise InvalidRequestError(f"no model is called {model!r}", provider=self.codec.name)
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
