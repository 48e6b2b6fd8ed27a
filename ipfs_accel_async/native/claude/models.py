"""``client.claude.models``: what the service says of its models (Claude API reference, Models)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipfs_accel_async.native._handle import Native, given
from ipfs_accel_async.native.claude._pages import items

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ipfs_accel_async.answers import NativeAnswer


class Models(Native):
    """Models, with their limits and what they can do."""

    __slots__ = ()

    async def list(
        self, *, limit: int | None = None, after_id: str | None = None, before_id: str | None = None
    ) -> NativeAnswer:
        """One page of models, newest first.

        Args:
            limit: Of 1 to 1000 a page; the service's default is 20.
            after_id: Go on after this model.
            before_id: Go back before this one.
        """
        return await self._call("models.list", query=given(limit=limit, after_id=after_id, before_id=before_id))

    def iterate(self, *, limit: int | None = None) -> AsyncIterator[Any]:
        """All models, page after page; `limit` a page."""
        return items(self.list, limit)

    async def get(self, model: str) -> NativeAnswer:
        """One model: ``max_input_tokens``, ``max_tokens``, ``lifecycle``, ``capabilities``.

        Raises:
            NotFoundError: There is none of that name.
        """
        return await self._call("models.get", id=model)
