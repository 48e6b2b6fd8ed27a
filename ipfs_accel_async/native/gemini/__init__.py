"""Gemini's own: files, cached contents, batches, models; ``client.gemini``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipfs_accel_async.native._handle import given
from ipfs_accel_async.native.gemini._requests import Part, plain_model
from ipfs_accel_async.native.gemini.batches import Batches
from ipfs_accel_async.native.gemini.caches import Caches
from ipfs_accel_async.native.gemini.files import Files
from ipfs_accel_async.native.gemini.models import Models

if TYPE_CHECKING:
    from ipfs_accel_async.answers import NativeAnswer
    from ipfs_accel_async.conversation import Messages

__all__ = ["GeminiHandle", "handle"]


class GeminiHandle(Part):
    """What only Gemini has."""

    __slots__ = ()

    @property
    def files(self) -> Files:
        """Files that prompts refer to: resumable uploads."""
        return Files(self._bound)

    @property
    def caches(self) -> Caches:
        """Contents kept at the service, for chats that begin alike."""
        return Caches(self._bound)

    @property
    def batches(self) -> Batches:
        """Many requests as one job, at a lower price."""
        return Batches(self._bound)

    @property
    def models(self) -> Models:
        """What the service says of its models."""
        return Models(self._bound)

    async def embed_content(
        self,
        model: str,
        content: Messages,
        *,
        task_type: str | None = None,
        title: str | None = None,
        output_dimensionality: int | None = None,
        **params: Any,
    ) -> NativeAnswer:
        """One content as one vector, text and media together; ``answer["embedding"]["values"]`` has it.

        `task_type` is such as ``RETRIEVAL_DOCUMENT``, which may have a `title`; `output_dimensionality` is the length
        of the vector. Texts alone are simpler with :meth:`Client.embed`.
        """
        body = given(
            content=self._content(content),
            taskType=task_type,
            title=title,
            outputDimensionality=output_dimensionality,
        )
        return await self._call("embed_content", model=plain_model(model), json={**body, **params})


handle = GeminiHandle
