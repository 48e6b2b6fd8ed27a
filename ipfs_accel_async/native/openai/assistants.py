"""Assistants (OpenAI API reference, assistants v2), switched off by OpenAI; they work against whoever serves them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipfs_accel_async.native._handle import given
from ipfs_accel_async.native.openai._lists import Listed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping

    from ipfs_accel_async.answers import NativeAnswer


class Assistants(Listed):
    """``client.openai.assistants``: a model with instructions and tools, run over ``client.openai.threads``."""

    __slots__ = ()

    async def create(
        self,
        model: str,
        *,
        name: str | None = None,
        instructions: str | None = None,
        tools: Iterable[Mapping[str, Any]] | None = None,
        tool_resources: Mapping[str, Any] | None = None,
        metadata: Mapping[str, str] | None = None,
        **params: Any,
    ) -> NativeAnswer:
        """Make an assistant.

        Args:
            model: Plain name.
            name: Your own.
            instructions: The system's words.
            tools: ``{"type": "code_interpreter"}``, ``{"type": "file_search"}`` or functions.
            tool_resources: Files and vector stores for them.
            metadata: Your own.
            params: Whatever else the service takes.
        """
        value = given(
            model=model,
            name=name,
            instructions=instructions,
            tools=None if tools is None else [*tools],
            tool_resources=tool_resources,
            metadata=metadata,
            **params,
        )
        return await self._call("assistants.create", model=model, json=value)

    async def list(self, **query: Any) -> NativeAnswer:
        """One page; `query` takes ``after``, ``before``, ``limit`` and ``order``."""
        return await self._call("assistants.list", query=query)

    def iterate(self, **query: Any) -> AsyncIterator[dict[str, Any]]:
        """All assistants, page after page."""
        return self._each("assistants.list", query)

    async def get(self, assistant_id: str) -> NativeAnswer:
        """An assistant."""
        return await self._call("assistants.get", id=assistant_id)

    async def update(self, assistant_id: str, **params: Any) -> NativeAnswer:
        """Change what is given: the fields of :meth:`create`."""
        return await self._call("assistants.update", json=params, id=assistant_id)

    async def delete(self, assistant_id: str) -> NativeAnswer:
        """Delete an assistant."""
        return await self._call("assistants.delete", id=assistant_id)
