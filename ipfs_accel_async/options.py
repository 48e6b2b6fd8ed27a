"""What a caller asks of the layers for its calls, beyond their arguments."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from ipfs_accel_async.types import NOTHING, Priority

if TYPE_CHECKING:
    from collections.abc import Mapping

CacheMode = Literal["on", "off", "read-only", "write-only"]


@dataclass(frozen=True, slots=True)
class Options:
    """Wishes that every call of a view carries (:meth:`Client.with_options`); the defaults wish for nothing.

    Args:
        cache: Mode of the caches for these calls: ``on``, ``off``, ``read-only`` or ``write-only``; empty: as the
            settings say.
        max_age: Oldest cached answer to accept, in seconds; None: as the settings say.
        batch: Whether these calls may be put together with others; None: as the settings say.
        key: Alias of the one key to use; empty: whichever the strategy chooses.
        max_retries: How often to send them again; None: as the settings say.
        reroute_refusals: Whether a fallback may be asked what a service refused for its content.
    """

    cache: CacheMode | Literal[""] = ""
    max_age: float | None = None
    batch: bool | None = None
    key: str = ""
    max_retries: int | None = None
    reroute_refusals: bool = False


NO_WISHES = Options()


@dataclass(frozen=True, slots=True)
class Defaults:
    """What the calls of a view have where they name nothing else.

    Args:
        priority: Of calls that are of NORMAL priority.
        timeout: Seconds; None: the provider's setting.
        tags: Labels under those of the call.
        fallbacks: Models of calls that name none.
    """

    priority: int | str = Priority.NORMAL
    timeout: float | None = None
    tags: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    fallbacks: tuple[str, ...] = ()

    def under(
        self, priority: int | str, timeout: float | None, tags: Mapping[str, str]
    ) -> tuple[int | str, float | None, Mapping[str, str]]:
        """A call's own values, over these."""
        return (
            self.priority if priority == Priority.NORMAL else priority,
            self.timeout if timeout is None else timeout,
            {**self.tags, **tags} if self.tags else tags,
        )
