"""One model (OpenAI API reference, models); ``client.models("openai")`` lists them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipfs_accel_async.native._handle import Native

if TYPE_CHECKING:
    from ipfs_accel_async.answers import NativeAnswer


class Models(Native):
    """``client.openai.models``."""

    __slots__ = ()

    async def get(self, model: str) -> NativeAnswer:
        """What the service says of a model.

        Raises:
            NotFoundError: It has none of that name, or not for this key.
        """
        return await self._call("models.get", model=model)

    async def delete(self, model: str) -> NativeAnswer:
        """Delete a fine-tuned model of yours: ``ft:...``."""
        return await self._call("models.delete", model=model)
