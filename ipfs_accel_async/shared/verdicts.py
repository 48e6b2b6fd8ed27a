"""What a process has found out that others need not find out again: open breakers, parked groups, refused keys."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

from ipfs_accel_async.keys import Token
from ipfs_accel_async.types import Target

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ipfs_accel_async.middleware.keyring import KeyPool
    from ipfs_accel_async.middleware.member import Member
    from ipfs_accel_async.policy.breaker import Breaker
    from ipfs_accel_async.provider import Providers
    from ipfs_accel_async.scopes import Scopes

NEWER = 0.25
"""Seconds by which a verdict must last longer than is known to be one of its own."""
_APART = "\x1f"
_OPEN, _PARKED, _REFUSED = "open", "parked", "refused"


class Verdicts:
    """Tells what this process knows, each once, and hears what others know, to the same instant.

    A half-open breaker probes in each process by itself, with the one call that it has for that.

    Args:
        providers: The client's.
        scopes: Breakers of the runtime.
        namespace: Mixed into what tells one key from another.
    """

    def __init__(self, providers: Providers, scopes: Scopes, namespace: str) -> None:
        self._providers = providers
        self._scopes = scopes
        self._mixed = namespace.encode()[:64]
        self._known: dict[str, float] = {}

    def news(self, now: float) -> list[tuple[str, float]]:
        """What the others do not know: names of verdicts, and the seconds for which they hold."""
        self._known = {name: until for name, until in self._known.items() if until > now}
        return [(name, left) for name, left in self._all(now) if left > 0 and not self._knows(name, now + left)]

    def hear(self, name: str, left: float, now: float) -> bool:
        """Act on a verdict; whether calls that wait should look again."""
        until = now + left
        if not left > 0 or self._knows(name, until):  # nor what is no number
            return False
        self._known[name] = until
        kind, *rest = name.split(_APART)
        if kind == _OPEN and len(rest) == 3:
            self._open((rest[0], rest[1], rest[2]), left, now)
            return False
        for scope, pool in self._pools():
            if kind == _PARKED and len(rest) == 3 and rest[0] == scope:
                pool.health.park(rest[2], rest[1], until)
            elif kind == _REFUSED and len(rest) == 2 and rest[0] == scope:
                for member in pool.members.values():
                    if not member.out and self._mark(member) == rest[1]:
                        pool.health.quarantine(member, now, until)
        return True

    def _knows(self, name: str, until: float) -> bool:
        return until <= self._known.get(name, float("-inf")) + NEWER

    def _open(self, scope: tuple[str, str, str], left: float, now: float) -> None:
        provider, endpoint, model = scope
        if all(made.codec.name != provider for made in self._providers.made()):
            return
        target = Target(provider, model, endpoint)
        breakers = self._scopes.breakers
        breaker = breakers.of(target) if model else breakers.endpoint(target).breaker
        if breaker.state(now) == "closed":
            breaker.force_open(now, left)

    def _all(self, now: float) -> Iterator[tuple[str, float]]:
        for (provider, endpoint, model), breaker in self._breakers():
            if breaker.state(now) == "open":
                yield _APART.join((_OPEN, provider, endpoint, model)), breaker.refused_for(now) or 0.0
        for scope, pool in self._pools():
            for model, groups in pool.health.parked.items():
                for group, until in groups.items():
                    yield _APART.join((_PARKED, scope, model, group)), until - now
            for alias, left in pool.health.quarantines(now):
                mark = self._mark(pool.members.get(alias))
                if mark:
                    yield _APART.join((_REFUSED, scope, mark)), left

    def _breakers(self) -> Iterator[tuple[tuple[str, str, str], Breaker]]:
        yield from self._scopes.breakers.items()
        for (provider, endpoint), breaker in self._scopes.breakers.endpoints():
            yield (provider, endpoint, ""), breaker

    def _pools(self) -> Iterator[tuple[str, KeyPool]]:
        for made in self._providers.made():
            for name, pool in made.pools.items():
                yield scope_of(made.codec.name, name), pool

    def _mark(self, member: Member | None) -> str:
        """What tells a key from others without telling the key; nothing of a token, which changes."""
        if member is None or member.secret is None or isinstance(member.secret, Token):
            return ""
        return blake2b(member.secret.reveal().encode(), key=self._mixed, digest_size=12).hexdigest()


def scope_of(provider: str, endpoint: str) -> str:
    """How the keys of a provider are called, and those of an endpoint that has its own."""
    return f"{provider}@{endpoint}" if endpoint else provider
