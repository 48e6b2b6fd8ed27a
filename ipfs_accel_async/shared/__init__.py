"""State that many processes share on Redis: rate limits, cool-downs, breaker verdicts, answers, single flight."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from ipfs_accel_async.errors import ConfigError
from ipfs_accel_async.keys import Secret

_NAMESPACE = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
_SCHEMES = {"redis", "rediss", "unix"}


@dataclass(frozen=True, slots=True, init=False)
class Redis:
    """Where the shared state is: ``Client(shared=Redis("redis://localhost:6379/0", namespace="app"))``.

    Args:
        url: ``redis://``, ``rediss://`` (TLS) or ``unix://``; a password in it is never shown.
        namespace: Before all keys; clients with the same one share.
        lease_seconds: What a process holds returns to the others so long after its last sign of life.
        timeout: Seconds that a call may wait for Redis; after that it goes on with this process' own share.
        max_connections: Of this client.

    Raises:
        ConfigError: A value cannot be used.
    """

    url: Secret
    namespace: str
    lease_seconds: float
    timeout: float
    max_connections: int

    def __init__(
        self,
        url: str | Secret,
        *,
        namespace: str = "ipfs_accel_async",
        lease_seconds: float = 10.0,
        timeout: float = 0.05,
        max_connections: int = 8,
    ) -> None:
        made = url if isinstance(url, Secret) else Secret(url)
        del url
        fault = ""
        if urlsplit(made.reveal()).scheme not in _SCHEMES:
            fault = "the URL of shared state starts with redis://, rediss:// or unix://"
        elif not _NAMESPACE.fullmatch(namespace):
            fault = "a namespace has 1 to 64 of A-Z a-z 0-9 _ . : -"
        elif not 1 <= lease_seconds <= 3_600 or not 0 < timeout <= 10 or max_connections < 1:
            fault = "lease_seconds is from 1 to 3600, timeout above 0 to 10, max_connections from 1"
        if fault:
            raise ConfigError(fault)
        for name, value in (
            ("url", made),
            ("namespace", namespace),
            ("lease_seconds", lease_seconds),
            ("timeout", timeout),
            ("max_connections", max_connections),
        ):
            object.__setattr__(self, name, value)


def as_redis(given: object) -> Redis | None:
    """What callers pass as ``shared``.

    Raises:
        ConfigError: It is neither a URL nor a :class:`Redis`.
    """
    if given is None or isinstance(given, Redis):
        return given
    if isinstance(given, (str, Secret)):
        return Redis(given)
    raise ConfigError(f"shared is a redis:// URL or a Redis(...), not {type(given).__name__}")
