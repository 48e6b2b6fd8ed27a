"""A client from a configuration file, and what changes in it while the client is in use."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from ipfs_accel_async.errors import ConfigError, InvalidRequestError
from ipfs_accel_async.middleware.member import Member
from ipfs_accel_async.provider import limits_in

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from ipfs_accel_async.config import ProviderSettings
    from ipfs_accel_async.engine import Engine
    from ipfs_accel_async.home import Home
    from ipfs_accel_async.keys import Keys
    from ipfs_accel_async.middleware.keyring import KeyPool
    from ipfs_accel_async.provider import Provider

logger = logging.getLogger("ipfs_accel_async")


class Reloading:
    """Mixed into :class:`Client`."""

    _engine: Engine

    @classmethod
    def from_config(
        cls,
        source: str | os.PathLike[str] | Mapping[str, Any],
        *,
        profile: str | None = None,
        **arguments: Any,
    ) -> Self:
        """A client as a TOML file says: ``Client.from_config("accel.toml")``.

        Args:
            source: The file, or what would be in one.
            profile: ``high_performance``, ``high_reliability``, ``balanced`` or ``low_resource``, instead of the one
                that the file names.
            arguments: Of the client, over those of the file.

        Raises:
            ConfigError: The file cannot be read, or a name or value in it is wrong.
        """
        from ipfs_accel_async.configuration import read

        made = cls(**{**read(source, profile), **arguments})
        made._engine.source = (source, profile, arguments)
        return made

    def reload(self) -> None:
        """Read the configuration file again and go on with what it says now; of a wrong file nothing is taken.

        Keys, addresses, endpoints, rate limits, caps, queues, retries, timeouts and headers change
        at once, for calls that wait too. Calls under way end as they began, and breakers keep what they know. The
        transport, the caches and the total cap stay as they were made.

        Raises:
            ConfigError: As :meth:`from_config`, or the client comes from no file.
        """
        from ipfs_accel_async.configuration import read

        engine = self._engine
        if engine.source is None:
            raise ConfigError("this client comes from no configuration: Client.from_config(...) makes one that does")
        source, profile, arguments = engine.source
        fresh = type(self)(**{**read(source, profile), **arguments})
        engine.adopt(fresh._engine)  # noqa: SLF001 - our own class

    async def watch_config(self, *, every: float = 5.0) -> None:
        """Reload whenever the file has changed, for as long as this is awaited: give it a task of its own.

        A file that is wrong, half written perhaps, is reported to the logger ``ipfs_accel_async`` and looked at again.

        Args:
            every: Seconds between two looks.

        Raises:
            ConfigError: The client comes from no file.
            InvalidRequestError: `every` is not above 0.
        """
        if not every > 0:
            raise InvalidRequestError("every is seconds above 0")
        source = None if self._engine.source is None else self._engine.source[0]
        if not isinstance(source, (str, Path)):
            raise ConfigError("this client comes from no configuration file: Client.from_config(path) makes one")
        path = Path(source)
        seen = _stamp(path)
        while True:
            await asyncio.sleep(every)
            now = _stamp(path)
            if now != seen:
                seen = now
                try:
                    self.reload()
                except ConfigError as error:
                    logger.warning("the configuration stays as it was: %s", error.message)


def adopt(home: Home, fresh: Home) -> None:
    """Let the providers of `home` go on as those of `fresh` are configured."""
    if set(home.groups) != set(fresh.groups) or any(
        home.groups[name].models != fresh.groups[name].models for name in home.groups
    ):
        home.groups = fresh.groups
    known = home.providers
    for name, provider in known.adopt(fresh.providers):
        _adopt(provider, fresh.providers[name])
        known.codecs[name] = provider.codec
    if home.current is not None:
        home.current.scopes.retune(home.current.dispatcher.lanes)
        home.current.dispatcher.wake()


def _adopt(old: Provider, new: Provider) -> None:
    old.settings, old.codec, old.found, old.backoff = new.settings, new.codec, new.found, new.backoff
    _keys(old.pool, new.found.keys, new.settings)
    for one in new.endpoints:
        kept = old.hand_over(one)
        if kept is not None:
            _keys(kept, one.keys, one.settings)
    old.endpoints.adopt(new.endpoints)
    old.spread = new.spread


def _keys(pool: KeyPool, keys: Keys | None, own: ProviderSettings) -> None:
    """New keys join, one under the same name that is another is rotated, and those that are gone leave.

    They leave last: calls that wait must not find that there is none.
    """
    wanted = {} if keys is None else {key.name: key for key in keys.entries}
    for alias, key in wanted.items():
        member = pool.members.get(alias)
        if member is None or _place(Member(key)) != _place(member):
            if member is not None:
                pool.ring.remove(member)
                pool.health.forget(member)
            pool.add(key)
            continue
        member.rpm, member.tpm = key.rpm, key.tpm
        if member.secret is None or key.secret.reveal() != member.secret.reveal():
            pool.rotate(alias, key.secret)
    for alias in [alias for alias in pool.members if alias and alias not in wanted]:
        if wanted:
            pool.remove(alias)
    pool.quotas.follow(limits_in(own), pool.members.values())


def _place(member: Member) -> tuple[object, ...]:
    """What a key has in its ring: one of another place is another key."""
    return member.group, member.weight, member.tier, member.most


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """What changes when a file does; None while it is not there."""
    try:
        found = path.expanduser().stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
