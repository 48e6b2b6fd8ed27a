"""What Gemini says of its models (Gemini API reference, models; Vertex AI reference, publishers.models)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipfs_accel_async.native.gemini._requests import Part, plain_model
from ipfs_accel_async.providers._gemini_address import on_vertex

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ipfs_accel_async.answers import NativeAnswer


class Models(Part):
    """The service's models. :meth:`Client.models` lists them alike for all services."""

    __slots__ = ()

    async def get(self, model: str) -> NativeAnswer:
        """A model: its limits of tokens, what it can do, its default settings."""
        return await self._call("models.get", model=plain_model(model))

    async def list(self, *, page_size: int | None = None, page_token: str | None = None) -> NativeAnswer:
        """One page of the models; ``answer.get("nextPageToken")`` is for the next."""
        return await self._call("models.list", query={"pageSize": page_size, "pageToken": page_token})

    def iterate(self, *, page_size: int | None = None) -> AsyncIterator[dict[str, Any]]:
        """All models, page by page."""
        vertex = on_vertex(self._target("", "models.list").endpoint)
        return self._pages("models.list", "publisherModels" if vertex else "models", page_size)
