"""Several endpoints of one provider: each with its own URL, keys, share and settings, changed at run time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.config import as_keys, checked_url, settings
from ipfs_accel_async.errors import ConfigError
from ipfs_accel_async.settings import Settings
from ipfs_accel_async.types import NOTHING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ipfs_accel_async.config import ProviderSettings
    from ipfs_accel_async.keys import Keys

POOL = "pool:"
"""Begins what stands for all endpoints of a provider where a call has no URL yet."""
_OWN = ("url", "name", "weight", "price", "keys")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint.

    Args:
        name: Of the caller's choice; its URL if it has none.
        url: Base URL.
        settings: The provider's, with its own over them.
        own: Its own, by name.
        weight: Its share of the calls, beside those of the others.
        price: What a call costs there, in any unit; for the strategy ``cheapest``.
        keys: Its own; None: those of the provider.
    """

    name: str
    url: str
    settings: ProviderSettings
    own: Mapping[str, Any] = field(default_factory=lambda: NOTHING)
    weight: float = 1.0
    price: float = 0.0
    keys: Keys | None = field(default=None, repr=False)

    @property
    def room(self) -> int | None:
        """Most calls under way there; None where only the provider's cap over all endpoints counts."""
        if "max_concurrent_requests" in self.own:
            return self.settings.max_concurrent_requests
        if self.settings.max_concurrent_per_endpoint is not None:
            return self.settings.max_concurrent_per_endpoint
        capped = "max_concurrent_requests" in self.settings.model_fields_set
        return None if capped else self.settings.max_concurrent_requests


class Endpoints:
    """The endpoints of one provider, by name, in the order they came.

    Args:
        provider: Provider name.
        base: The provider's settings.
        normalized: Makes a base URL one that the provider's codec expects.

    Attributes:
        version: Goes up with each change.
    """

    def __init__(self, provider: str, base: ProviderSettings, normalized: Callable[[str], str]) -> None:
        self._provider = provider
        self._base = base
        self._normalized = normalized
        self._known: dict[str, Endpoint] = {}
        self.version = 0

    def __len__(self) -> int:
        return len(self._known)

    def __iter__(self) -> Iterator[Endpoint]:
        return iter(self._known.values())

    def __contains__(self, name: object) -> bool:
        return name in self._known

    def __getitem__(self, name: str) -> Endpoint:
        """The endpoint of that name.

        Raises:
            ConfigError: There is none; the message has the names there are.
        """
        found = self._known.get(name)
        if found is None:
            names = ", ".join(self._known) or "none yet"
            raise ConfigError(f"no endpoint is called {name!r}; there are: {names}", provider=self._provider)
        return found

    def at(self, url: str) -> Endpoint | None:
        """The endpoint of that URL, if there is one."""
        return next((one for one in self._known.values() if one.url == url), None)

    def add(self, url: str, *, name: str = "", **own: Any) -> Endpoint:
        """A further endpoint; from the next call on it gets its share.

        Args:
            url: Base URL.
            name: To call it by; default: the URL.
            own: `weight`, `price`, `keys`, and any setting that is to differ from the provider's.

        Raises:
            ConfigError: The name or the URL is taken, or a value cannot be used.
        """
        url = self._normalized(checked_url(url))
        name = name or url
        if name in self._known:
            raise ConfigError(f"an endpoint is called {name!r} already: update it, or take another name")
        if self.at(url) is not None:
            raise ConfigError("an endpoint has this URL already: update it", provider=self._provider)
        made = self._known[name] = self._made(name, url, own)
        self.version += 1
        return made

    def update(self, name: str, **own: Any) -> Endpoint:
        """The endpoint with other values; those not named stay. Calls under way end as they began.

        Raises:
            ConfigError: There is no such endpoint, or a value cannot be used.
        """
        old = self[name]
        if "url" in own or "name" in own:
            raise ConfigError("an endpoint keeps its URL and its name: add another one, and remove this one")
        kept: dict[str, Any] = {"weight": old.weight, "price": old.price, "keys": old.keys}
        made = self._known[name] = self._made(name, old.url, {**kept, **old.own, **own})
        self.version += 1
        return made

    def remove(self, name: str) -> Endpoint:
        """Take an endpoint out: no further calls go there, those under way end as they began.

        Raises:
            ConfigError: There is no such endpoint, or it is the last one.
        """
        found = self[name]
        if len(self._known) == 1:
            raise ConfigError(f"{name!r} is the last endpoint of {self._provider}: add another one before")
        del self._known[name]
        self.version += 1
        return found

    def adopt(self, other: Endpoints) -> None:
        """Have the endpoints that `other` has, with its settings; none at all are not taken: calls may wait there."""
        self._base = other._base
        self._known = dict(other._known) or self._known
        self.version += 1

    def _made(self, name: str, url: str, own: Mapping[str, Any]) -> Endpoint:
        numbers = {"weight": own.get("weight", 1.0), "price": own.get("price", 0.0)}
        for what, value in numbers.items():
            if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0 or value != value:
                raise ConfigError(f"the {what} of an endpoint is a number from 0, not {value!r}")
        if not numbers["weight"]:
            raise ConfigError("the weight of an endpoint is above 0: remove it, if it is to get no calls")
        known = {at: getattr(self._base, at) for at in self._base.model_fields_set & Settings.model_fields.keys()}
        rest = {at: value for at, value in own.items() if at not in _OWN}
        misplaced = rest.keys() - (Settings.model_fields.keys() - {"tls"})
        if misplaced:
            raise ConfigError(f"{min(misplaced)!r} is no setting of an endpoint", provider=self._provider)
        merged = settings(known, rest, f"{self._provider}, endpoint {name}")
        return Endpoint(name, url, merged, rest, **numbers, keys=as_keys(own.get("keys")))
