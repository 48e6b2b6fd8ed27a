"""Chat completions that the service keeps: those sent with ``store=True`` (OpenAI API reference, chat completions)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipfs_accel_async.native._handle import Native
from ipfs_accel_async.native.openai._lists import Listed
from ipfs_accel_async.providers._openai_form import form_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from ipfs_accel_async.answers import NativeAnswer


class Chat(Native):
    """``client.openai.chat``."""

    __slots__ = ()

    @property
    def completions(self) -> StoredCompletions:
        """Stored chat completions."""
        return StoredCompletions(self._bound)


class StoredCompletions(Listed):
    """``client.openai.chat.completions``: ``client.chat(..., store=True)`` puts them there."""

    __slots__ = ()

    async def list(self, *, metadata: Mapping[str, str] | None = None, **query: Any) -> NativeAnswer:
        """One page; `query` takes ``model``, ``after``, ``limit`` and ``order``."""
        return await self._call("chat.completions.list", query=_query(metadata, query))

    def iterate(self, *, metadata: Mapping[str, str] | None = None, **query: Any) -> AsyncIterator[dict[str, Any]]:
        """All of them, page after page."""
        return self._each("chat.completions.list", _query(metadata, query))

    async def get(self, completion_id: str) -> NativeAnswer:
        """A stored completion."""
        return await self._call("chat.completions.get", id=completion_id)

    async def update(self, completion_id: str, *, metadata: Mapping[str, str], **params: Any) -> NativeAnswer:
        """Replace its metadata."""
        return await self._call("chat.completions.update", json={"metadata": metadata, **params}, id=completion_id)

    async def delete(self, completion_id: str) -> NativeAnswer:
        """Forget it."""
        return await self._call("chat.completions.delete", id=completion_id)

    @property
    def messages(self) -> StoredMessages:
        """The messages that were sent."""
        return StoredMessages(self._bound)


class StoredMessages(Listed):
    """``client.openai.chat.completions.messages``."""

    __slots__ = ()

    async def list(self, completion_id: str, **query: Any) -> NativeAnswer:
        """One page of the messages of a completion; `query` takes ``after``, ``limit`` and ``order``."""
        return await self._call("chat.completions.messages.list", query=query, id=completion_id)

    def iterate(self, completion_id: str, **query: Any) -> AsyncIterator[dict[str, Any]]:
        """All of them, page after page."""
        return self._each("chat.completions.messages.list", query, id=completion_id)


def _query(metadata: Mapping[str, str] | None, query: Mapping[str, Any]) -> dict[str, Any]:
    return {**query, **dict(form_of({"metadata": metadata}))}
