"""Endpoint handlers: an awaitable bound to one model at one address."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.errors import InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ipfs_accel_async.engine import Engine
    from ipfs_accel_async.types import Target

DEFAULTS = ("chat", "infer", "embed", "rerank", "classify", "transcribe", "speech", "image")
"""The operation of a handler that is not told one: the first that its provider has."""


class Handler:
    """Sends what it is called with to one model at one address, through the client's stack.

    Made by :meth:`Client.handler`. ``await handler(data)`` is the client's method of the same operation, so that it
    takes the same arguments and gives the same answer.

    Attributes:
        metadata: ``provider``, ``model``, ``base_url``, ``operation``, ``operations`` and ``capabilities``.
    """

    def __init__(
        self,
        client: Any,
        engine: Engine,
        provider: str,
        model: str,
        base_url: str,
        operation: str,
        defaults: Mapping[str, Any],
    ) -> None:
        found = engine.provider(provider)
        known = found.codec.operations
        operation = operation or next((name for name in DEFAULTS if name in known), "")
        if operation not in known or operation == "models":
            has = ", ".join(name for name in known if name != "models") or f"none: use client.{provider}"
            message = f"a handler of {provider} needs one of its operations, not {operation!r} (it has: {has})"
            raise InvalidRequestError(message, provider=provider)
        target = found.target(model, operation, base_url)
        view = object.__new__(type(client))
        view._engine = Pinned(engine, target.endpoint)
        self._call = getattr(view, operation)
        self._model = f"{provider}:{model or 'default'}"
        self._defaults = dict(defaults)
        self.metadata: Mapping[str, Any] = {
            "provider": provider,
            "model": model,
            "base_url": target.endpoint,
            "operation": operation,
            "operations": tuple(known),
            "capabilities": tuple(sorted(found.codec.capabilities)),
        }

    async def __call__(self, *data: Any, **arguments: Any) -> Any:
        """Call the model.

        Args:
            data: What the client's method takes after the model: messages, texts, tensors.
            arguments: Its further arguments.

        Raises: as the client's method.
        """
        return await self._call(self._model, *data, **{**self._defaults, **arguments})

    def __repr__(self) -> str:
        return f"Handler({self.metadata['operation']} of {self._model} at {self.metadata['base_url']})"


class Pinned:
    """An engine whose calls go to one address; fallbacks go where they always do."""

    def __init__(self, engine: Engine, endpoint: str) -> None:
        self._engine = engine
        self._endpoint = endpoint
        self.provider = engine.provider
        self.send = engine.send
        self.call = partial(engine.call, endpoint=endpoint)

    def target(self, model: str, operation: str = "") -> Target:
        """The target of a model, at this address."""
        return self._engine.target(model, operation, self._endpoint)
