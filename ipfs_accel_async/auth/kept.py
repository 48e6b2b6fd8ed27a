"""Tokens that are kept until they are due, and never sent once they have expired."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from ipfs_accel_async.errors import ConfigError
from ipfs_accel_async.secret import Bearer
from ipfs_accel_async.tokens import Token

Fetch: TypeAlias = Callable[[], Awaitable[tuple[str, float | None]]]

WALL = time.time
"""The clock that vendors state the ends of tokens by."""
SHARE = 0.8
"""Of its life, after which a token is renewed."""
LEEWAY = 10.0
"""Seconds before its end from which a token is not sent: it has to arrive, and clocks differ."""
PATIENCE = 5.0
"""Seconds that a call waits for a new token while the old one still serves."""


class KeptToken:
    """A source of tokens, for ``Keys``: asks for one, and gives it until four fifths of its life are over.

    Then the next call asks for a new one, alone; those that come meanwhile get the old one, as does that call if it is
    not answered within :data:`PATIENCE`. If asking fails, it is tried again after half of the time that is left. Once
    the old one has expired all wait for the new one, asked for by one of them, and a failure is theirs.

    Args:
        fetch: Gives a token and the instant of its end, in seconds since the epoch; None: it has none.
        clock: Seconds since the epoch; the end of a token is an instant of that clock, also where a machine slept.
    """

    __slots__ = ("_asked", "_clock", "_due", "_end", "_fetch", "_held")

    def __init__(self, fetch: Fetch, *, clock: Callable[[], float] = WALL) -> None:
        self._fetch = fetch
        self._clock = clock
        self._held: Bearer | None = None
        self._due = self._end = float("-inf")
        self._asked = Token(self._renewed)  # which lets one ask for all

    async def __call__(self) -> str:
        """The token of this moment.

        Raises:
            ConfigError: There is none to be had, or what came has expired already.
        """
        now = self._clock()
        held = self._held
        if held is None or now >= self._end:
            return (await self._asked.current()).reveal()
        if now < self._due:
            return held.reveal()
        left = self._end - now
        self._due = now + left / 2
        try:
            async with asyncio.timeout(min(PATIENCE, left)):
                return (await self._asked.current()).reveal()
        except (TimeoutError, ConfigError):
            pass
        return held.reveal() if self._clock() < self._end else (await self._asked.current()).reveal()

    def forget(self) -> None:
        """The service has refused the token: ask for another one before anything is sent."""
        self._held = None

    async def _renewed(self) -> str:
        text, end = await self._fetch()
        now = self._clock()
        life = float("inf") if end is None else end - now
        if not life > 0:
            del text
            raise ConfigError("the token that was given has expired already: is the clock of this machine right?")
        held = Bearer(text)
        del text
        self._held, self._due, self._end = held, now + SHARE * life, now + life - min(LEEWAY, life / 10)
        return held.reveal()

    def __repr__(self) -> str:
        return "KeptToken(...)"
