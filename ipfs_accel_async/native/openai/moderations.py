"""OpenAI's moderations, with every field of the wire (OpenAI API reference, moderations)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipfs_accel_async.native._handle import Native, given

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ipfs_accel_async.answers import NativeAnswer


class Moderations(Native):
    """``client.openai.moderations``; :meth:`Client.moderate` is the same for all providers."""

    __slots__ = ()

    async def create(
        self, inputs: str | Sequence[str] | Sequence[Mapping[str, Any]], *, model: str | None = None, **params: Any
    ) -> NativeAnswer:
        """Judge a text, texts, or a text and its images as one; ``answer["results"]`` has the verdicts.

        Texts get a verdict each. Parts, as ``{"type": "image_url", "image_url": {"url": ...}}``, are judged together:
        one verdict on all of them.
        """
        body = {"input": inputs, **given(model=model), **params}
        return await self._call("moderations.create", model=model or "", json=body)
