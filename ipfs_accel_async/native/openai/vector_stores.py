"""Vector stores (OpenAI API reference, vector stores): files cut into chunks, embedded and searched by the service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipfs_accel_async.native._handle import given
from ipfs_accel_async.native.openai._lists import Listed
from ipfs_accel_async.native.openai._waiting import until
from ipfs_accel_async.native.openai.vector_store_files import VectorStoreBatches, VectorStoreFiles

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping

    from ipfs_accel_async.answers import NativeAnswer


class VectorStores(Listed):
    """``client.openai.vector_stores``."""

    __slots__ = ()

    async def create(
        self,
        name: str | None = None,
        *,
        file_ids: Iterable[str] | None = None,
        metadata: Mapping[str, str] | None = None,
        expires_after: Mapping[str, Any] | None = None,
        chunking_strategy: Mapping[str, Any] | None = None,
        **params: Any,
    ) -> NativeAnswer:
        """Make a store, with files that are uploaded already.

        Args:
            name: Your own.
            file_ids: Of files with the purpose ``assistants`` or ``user_data``.
            metadata: Your own.
            expires_after: ``{"anchor": "last_active_at", "days": 7}``.
            chunking_strategy: ``{"type": "auto"}``, or ``static`` with its sizes.
            params: Whatever else the service takes.
        """
        value = given(
            name=name,
            file_ids=None if file_ids is None else [*file_ids],
            metadata=metadata,
            expires_after=expires_after,
            chunking_strategy=chunking_strategy,
            **params,
        )
        return await self._call("vector_stores.create", json=value)

    async def list(self, **query: Any) -> NativeAnswer:
        """One page of stores; `query` takes ``after``, ``before``, ``limit`` and ``order``."""
        return await self._call("vector_stores.list", query=query)

    def iterate(self, **query: Any) -> AsyncIterator[dict[str, Any]]:
        """All stores, page after page."""
        return self._each("vector_stores.list", query)

    async def get(self, store_id: str) -> NativeAnswer:
        """How a store stands: ``status`` and ``file_counts``."""
        return await self._call("vector_stores.get", id=store_id)

    async def update(
        self,
        store_id: str,
        *,
        name: str | None = None,
        metadata: Mapping[str, str] | None = None,
        expires_after: Mapping[str, Any] | None = None,
        **params: Any,
    ) -> NativeAnswer:
        """Change what is given."""
        value = given(name=name, metadata=metadata, expires_after=expires_after, **params)
        return await self._call("vector_stores.update", json=value, id=store_id)

    async def delete(self, store_id: str) -> NativeAnswer:
        """Delete a store; its files stay."""
        return await self._call("vector_stores.delete", id=store_id)

    async def search(
        self,
        store_id: str,
        query: str | Iterable[str],
        *,
        filters: Mapping[str, Any] | None = None,
        max_num_results: int | None = None,
        rewrite_query: bool | None = None,
        **params: Any,
    ) -> NativeAnswer:
        """The chunks that fit a query best: ``answer["data"]``, each with ``score``, ``filename`` and ``content``.

        Args:
            store_id: The store.
            query: One text or several.
            filters: On the attributes of its files.
            max_num_results: From 1 to 50.
            rewrite_query: Whether a model may word it better first.
            params: Whatever else the service takes.
        """
        value = given(
            query=query if isinstance(query, str) else [*query],
            filters=filters,
            max_num_results=max_num_results,
            rewrite_query=rewrite_query,
            **params,
        )
        return await self._call("vector_stores.search", json=value, id=store_id)

    async def wait(self, store_id: str, *, poll: float = 1.0, timeout: float = 1_800.0) -> NativeAnswer:
        """A store once all its files are processed, well or not: ``file_counts`` says.

        Raises:
            APIError: It has expired.
            RequestTimeoutError: It took longer than `timeout` seconds.
        """
        return await until(
            lambda: self.get(store_id),
            f"vector store {store_id}",
            done={"completed"},
            failed={"expired"},
            poll=poll,
            timeout=timeout,
        )

    @property
    def files(self) -> VectorStoreFiles:
        """The files in a store."""
        return VectorStoreFiles(self._bound)

    @property
    def file_batches(self) -> VectorStoreBatches:
        """Many files at once."""
        return VectorStoreBatches(self._bound)
