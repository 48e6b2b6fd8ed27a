"""Conversations that the service keeps (OpenAI API reference, conversations)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipfs_accel_async.native._handle import Native, given
from ipfs_accel_async.native.openai._lists import Listed
from ipfs_accel_async.native.openai.response_items import items as as_items

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from ipfs_accel_async.answers import NativeAnswer
    from ipfs_accel_async.native.openai.response_items import Input


class Conversations(Native):
    """``client.openai.conversations``: pass an id as ``responses.create(..., conversation=id)``."""

    __slots__ = ()

    async def create(
        self, items: Input | None = None, *, metadata: Mapping[str, str] | None = None, **params: Any
    ) -> NativeAnswer:
        """Begin a conversation, with messages or items to start from."""
        value = given(items=_listed(items), metadata=metadata, **params)
        return await self._call("conversations.create", json=value)

    async def get(self, conversation_id: str) -> NativeAnswer:
        """A conversation, without its items."""
        return await self._call("conversations.get", id=conversation_id)

    async def update(self, conversation_id: str, *, metadata: Mapping[str, str], **params: Any) -> NativeAnswer:
        """Replace its metadata."""
        return await self._call("conversations.update", json={"metadata": metadata, **params}, id=conversation_id)

    async def delete(self, conversation_id: str) -> NativeAnswer:
        """Forget it; its items stay."""
        return await self._call("conversations.delete", id=conversation_id)

    @property
    def items(self) -> ConversationItems:
        """What was said in them."""
        return ConversationItems(self._bound)


class ConversationItems(Listed):
    """``client.openai.conversations.items``."""

    __slots__ = ()

    async def create(self, conversation_id: str, items: Input, **params: Any) -> NativeAnswer:
        """Add messages or items at the end."""
        value = {"items": _listed(items), **params}
        return await self._call("conversations.items.create", json=value, id=conversation_id)

    async def list(self, conversation_id: str, **query: Any) -> NativeAnswer:
        """One page of items; `query` takes ``after``, ``limit`` and ``order``."""
        return await self._call("conversations.items.list", query=query, id=conversation_id)

    def iterate(self, conversation_id: str, **query: Any) -> AsyncIterator[dict[str, Any]]:
        """All items, page after page."""
        return self._each("conversations.items.list", query, id=conversation_id)

    async def get(self, conversation_id: str, item_id: str) -> NativeAnswer:
        """One item."""
        return await self._call("conversations.items.get", id=conversation_id, item=item_id)

    async def delete(self, conversation_id: str, item_id: str) -> NativeAnswer:
        """Take one item out; the answer is the conversation."""
        return await self._call("conversations.items.delete", id=conversation_id, item=item_id)


def _listed(items: Input | None) -> Any:
    """This API takes items only: a text becomes the user's message."""
    if isinstance(items, str):
        return [{"role": "user", "content": as_items(items)}]
    return None if items is None else as_items(items)
