"""Keys that are tokens: asked for at each attempt, by one caller for all who ask meanwhile."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from ipfs_accel_async.errors import ConfigError
from ipfs_accel_async.secret import Bearer, Secret

TokenSource: TypeAlias = Callable[[], str | Awaitable[str]]
_Waiting: TypeAlias = list["asyncio.Future[tuple[Secret | None, str]]"]


class Token(Secret):
    """A key that is asked for at each attempt: a token that expires, such as those of Entra ID or of Google.

    While the source is being awaited nobody else asks it: whoever comes meanwhile gets the same token, or the same
    fault. It takes no longer than the deadline of the call that waits for it; when the call that asks is cancelled, one
    of those who wait asks anew.

    Args:
        source: Gives the token, at once or awaited. It is asked often and should keep what it has until it expires,
            as the vendors' own token providers do.
    """

    __slots__ = ("_loop", "_source", "_waiting")
    _source: TokenSource
    _waiting: _Waiting | None
    _loop: asyncio.AbstractEventLoop | None

    def __init__(self, source: TokenSource) -> None:
        object.__setattr__(self, "_value", "")
        object.__setattr__(self, "_source", source)
        self._asked_by(None)

    async def current(self) -> Secret:
        """The token of this moment.

        Raises:
            ConfigError: `source` failed, or gave what cannot be sent.
        """
        loop = asyncio.get_running_loop()
        while True:
            if self._waiting is None or self._loop is not loop:  # a loop that died left nobody who would answer
                token, fault = await self._lead(loop)
            else:
                turn: asyncio.Future[tuple[Secret | None, str]] = loop.create_future()
                self._waiting.append(turn)
                token, fault = await turn
            if fault:
                raise ConfigError(fault)
            if token is not None:
                return token

    def forget(self) -> None:
        """A service has refused what the source gave: one that keeps tokens is told, by its method of this name."""
        told = getattr(self._source, "forget", None)
        if callable(told):
            told()

    async def _lead(self, loop: asyncio.AbstractEventLoop) -> tuple[Secret | None, str]:
        """Ask the source, and tell all who came meanwhile; nothing when this caller was cancelled."""
        waiting: _Waiting = []
        token, fault = None, ""
        self._asked_by(loop, waiting)
        try:
            token, fault = await self._ask()
        finally:
            if self._waiting is waiting:
                self._asked_by(None)
            for turn in waiting:
                if not turn.done():
                    turn.set_result((token, fault))
        return token, fault

    async def _ask(self) -> tuple[Secret | None, str]:
        given: object = None
        try:
            given = self._source()
            return Bearer(await given if inspect.isawaitable(given) else given), ""
        except ConfigError as error:
            return None, error.message
        except Exception as error:  # noqa: BLE001 - whatever a token provider raises
            # its text and its frames stay there: token providers quote what they were refused with
            said = f"the callable that gives the token raised {type(error).__name__}: call it by itself to see why"
            return None, said

    def _asked_by(self, loop: asyncio.AbstractEventLoop | None, waiting: _Waiting | None = None) -> None:
        object.__setattr__(self, "_loop", loop)
        object.__setattr__(self, "_waiting", waiting)

    def __eq__(self, other: object) -> bool:
        return self is other

    __hash__ = None
