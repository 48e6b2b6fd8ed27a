"""``client.groq.models`` (Groq API reference, models)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipfs_accel_async.native._handle import Native

if TYPE_CHECKING:
    from ipfs_accel_async.answers import NativeAnswer


class Models(Native):
    """One model; ``client.models("groq")`` lists them."""

    __slots__ = ()

    async def get(self, model: str) -> NativeAnswer:
        """What the service says of a model: ``active``, ``context_window``, ``max_completion_tokens``.

        Raises:
            NotFoundError: There is none of that name.
        """
        return await self._call("models.get", model=model)
