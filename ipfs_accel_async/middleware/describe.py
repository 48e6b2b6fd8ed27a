"""What a call must fit, asked of the service itself before the call goes out."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from ipfs_accel_async.errors import BadRequestError, InvalidRequestError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping

    from ipfs_accel_async.answers import Answer
    from ipfs_accel_async.call import Call
    from ipfs_accel_async.core import Handler, Result
    from ipfs_accel_async.types import NativeRequest, Payload

MOST = 256
"""Descriptions kept; the oldest goes first."""
Key = tuple[str, str, str, tuple[tuple[str, str], ...]]


class Describing(Protocol):
    """The part of a codec that says what describes a call."""

    def describe(self, call: Call) -> tuple[str, NativeRequest] | None:
        """The operation whose answer describes what the call must fit."""

    def fitted(self, call: Call, description: Answer) -> Payload:
        """The call's payload, made to fit."""


class Describe:
    """Fetches the description of a model once and holds calls against it: a tensor of another shape is never sent.

    It stands outside retry, breaker and dispatcher, so that a description is a call like others and no permit is held
    meanwhile. Calls that come while one is being fetched wait for it. A model may have been reloaded since: one that
    does not fit a kept description is held against a fresh one before it is refused. Where the service has no
    description (an answer of 4xx), the call goes out as it is, and the service itself says what is wrong with it.

    Args:
        codecs: By provider name.
    """

    def __init__(self, codecs: Mapping[str, Describing]) -> None:
        self._codecs = codecs
        self._known: OrderedDict[Key, Answer] = OrderedDict()
        self._asking: dict[Key, asyncio.Lock] = {}

    def held(self, call: Call) -> Answer | None:
        """What was fetched of a call's model already; None where nothing was."""
        asked = self._codecs[call.target.provider].describe(call)
        return None if asked is None else self._known.get(_key(call, *asked))

    def __call__(self, call: Call, next: Handler) -> Awaitable[Result]:  # noqa: A002
        """Answer `call`, once it fits.

        Raises:
            InvalidRequestError: It does not; the message says what was expected.
            AccelError: Of the description, or of the call.
        """
        codec = self._codecs[call.target.provider]
        asked = codec.describe(call)
        return next(call) if asked is None else self._fitted(call, codec, *asked, next)

    async def _fitted(
        self,
        call: Call,
        codec: Describing,
        operation: str,
        payload: NativeRequest,
        next: Handler,  # noqa: A002
    ) -> Result:
        key = _key(call, operation, payload)
        known = self._known.get(key)
        if known is not None:
            try:
                fitted = codec.fitted(call, known)
            except InvalidRequestError:
                if self._known.get(key) is known:
                    del self._known[key]
            else:
                return await next(replace(call, payload=fitted))  # type: ignore[no-any-return]
        try:
            description = await self._description(key, call, operation, payload, next)
        except (NotFoundError, BadRequestError):
            return await next(call)  # type: ignore[no-any-return]
        return await next(replace(call, payload=codec.fitted(call, description)))  # type: ignore[no-any-return]

    async def _description(
        self,
        key: Key,
        call: Call,
        operation: str,
        payload: NativeRequest,
        next: Handler,  # noqa: A002
    ) -> Answer:
        lock = self._asking.setdefault(key, asyncio.Lock())
        try:
            async with lock:
                known = self._known.get(key)
                if known is None:
                    own = replace(
                        call, operation=operation, payload=payload, idempotent=True, trace=call.trace.beside()
                    )
                    known = await next(own)
                    while len(self._known) >= MOST:
                        self._known.popitem(last=False)
                    self._known[key] = known
                return known
        finally:
            if not lock.locked() and self._asking.get(key) is lock:
                del self._asking[key]


def _key(call: Call, operation: str, payload: NativeRequest) -> Key:
    return (call.target.endpoint, call.target.model, operation, tuple(sorted(payload.args.items())))
