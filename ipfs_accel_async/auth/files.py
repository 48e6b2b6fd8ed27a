"""Tokens that somebody else writes into a file, such as those that Kubernetes mounts and renews."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ipfs_accel_async.auth.kept import WALL, KeptToken
from ipfs_accel_async.errors import ConfigError

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

LONGEST = 64 * 1024
"""Bytes of a file with a token; a longer one is another file."""


def token_file(path: str | os.PathLike[str], *, every: float = 60.0, clock: Callable[[], float] = WALL) -> KeptToken:
    """A source of tokens in a file that is renewed, to be the key of a provider.

    Args:
        path: The file; white space around the token is no part of it.
        every: Seconds after which it is read again at the latest.
        clock: Seconds since the epoch.

    Raises:
        ConfigError: `every` is not above 0. A file that cannot be read is the error of the call that needs it.
    """
    if isinstance(every, bool) or not isinstance(every, (int, float)) or not 0 < every < float("inf"):
        raise ConfigError("every is seconds above 0")
    place = Path(path).expanduser()

    async def fetch() -> tuple[str, float | None]:
        try:
            if place.stat().st_size > LONGEST:
                raise ConfigError("the file of the token is too long for one")
            return place.read_text("utf-8").strip(), clock() + every
        except (OSError, UnicodeDecodeError) as error:
            fault = type(error).__name__
        raise ConfigError(f"the file of the token cannot be read: {fault}")

    return KeptToken(fetch, clock=clock)
