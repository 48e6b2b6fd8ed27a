"""``client.claude.messages``: the wire's own messages, nothing translated (Claude API reference, Messages)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipfs_accel_async.errors import InvalidRequestError
from ipfs_accel_async.native._handle import Native

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from contextlib import AbstractAsyncContextManager

    from ipfs_accel_async.answers import NativeAnswer
    from ipfs_accel_async.stream import EventStream


class Messages(Native):
    """Messages as the service writes them. `Client.chat` is the unified way; here nothing is translated."""

    __slots__ = ()

    async def create(
        self, model: str, messages: Iterable[Mapping[str, Any]], *, max_tokens: int = 4096, **params: Any
    ) -> NativeAnswer:
        """Have a message written.

        Args:
            model: Such as ``claude-sonnet-4-5``.
            messages: ``{"role": ..., "content": ...}``, the content a text or the service's blocks.
            max_tokens: The wire demands a limit; 0 only warms the prompt cache.
            params: Whatever else the service takes: ``system``, ``tools``, ``thinking``, ``cache_control``...
        """
        body = _body(model, messages, params, max_tokens=max_tokens)
        return await self._call("messages.create", model=model, json=body)

    def stream(
        self, model: str, messages: Iterable[Mapping[str, Any]], *, max_tokens: int = 4096, **params: Any
    ) -> AbstractAsyncContextManager[EventStream]:
        """As :meth:`create`, with the service's events as they come, from ``message_start`` to ``message_stop``."""
        body = _body(model, messages, params, max_tokens=max_tokens)
        return self._events("messages.create", model=model, json={**body, "stream": True})

    async def count_tokens(self, model: str, messages: Iterable[Mapping[str, Any]], **params: Any) -> NativeAnswer:
        """How many input tokens a message would have: ``answer["input_tokens"]``.

        Args:
            model: Such as ``claude-sonnet-4-5``.
            messages: As in :meth:`create`.
            params: ``system``, ``tools``, ``tool_choice``, ``thinking``...
        """
        return await self._call("messages.count_tokens", model=model, json=_body(model, messages, params))


def _body(
    model: str, messages: Iterable[Mapping[str, Any]], params: Mapping[str, Any], **fields: Any
) -> dict[str, Any]:
    turns = [] if isinstance(messages, (str, bytes)) else list(messages)
    if not turns:
        raise InvalidRequestError('messages is a list of turns such as {"role": "user", "content": "Hello"}')
    if not isinstance(model, str) or not model:
        raise InvalidRequestError("model is the name of a model, as claude-sonnet-4-5")
    if "stream" in params:
        raise InvalidRequestError("stream is no argument: messages.stream(...) streams, messages.create(...) does not")
    return {"model": model, **fields, "messages": turns, **params}
