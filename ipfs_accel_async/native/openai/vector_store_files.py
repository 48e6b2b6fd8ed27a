"""The files in a vector store, one by one and many at once (OpenAI API reference, vector store files)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipfs_accel_async.native._handle import given
from ipfs_accel_async.native.openai._lists import Listed
from ipfs_accel_async.native.openai._waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping

    from ipfs_accel_async.answers import NativeAnswer


class VectorStoreFiles(Listed):
    """``client.openai.vector_stores.files``."""

    __slots__ = ()

    async def create(
        self,
        store_id: str,
        file_id: str,
        *,
        attributes: Mapping[str, str | float | bool] | None = None,
        chunking_strategy: Mapping[str, Any] | None = None,
        **params: Any,
    ) -> NativeAnswer:
        """Put an uploaded file into a store; :meth:`wait` until it can be searched.

        Args:
            store_id: The store.
            file_id: The file.
            attributes: To filter by, at most 16.
            chunking_strategy: ``{"type": "auto"}``, or ``static`` with its sizes.
            params: Whatever else the service takes.
        """
        value = given(file_id=file_id, attributes=attributes, chunking_strategy=chunking_strategy, **params)
        return await self._call("vector_stores.files.create", json=value, id=store_id)

    async def list(self, store_id: str, **query: Any) -> NativeAnswer:
        """One page; `query` takes ``filter`` (a status), ``after``, ``before``, ``limit`` and ``order``."""
        return await self._call("vector_stores.files.list", query=query, id=store_id)

    def iterate(self, store_id: str, **query: Any) -> AsyncIterator[dict[str, Any]]:
        """All files of a store, page after page."""
        return self._each("vector_stores.files.list", query, id=store_id)

    async def get(self, store_id: str, file_id: str) -> NativeAnswer:
        """How a file stands in a store: ``status``, and ``last_error`` if it could not be read."""
        return await self._call("vector_stores.files.get", id=store_id, file=file_id)

    async def update(
        self, store_id: str, file_id: str, *, attributes: Mapping[str, str | float | bool], **params: Any
    ) -> NativeAnswer:
        """Replace a file's attributes."""
        value = {"attributes": attributes, **params}
        return await self._call("vector_stores.files.update", json=value, id=store_id, file=file_id)

    async def delete(self, store_id: str, file_id: str) -> NativeAnswer:
        """Take a file out of a store; the file itself stays."""
        return await self._call("vector_stores.files.delete", id=store_id, file=file_id)

    async def content(self, store_id: str, file_id: str) -> NativeAnswer:
        """The text that was read from a file, in its chunks: ``answer["data"]``."""
        return await self._call("vector_stores.files.content", id=store_id, file=file_id)

    async def wait(self, store_id: str, file_id: str, *, poll: float = 1.0, timeout: float = 1_800.0) -> NativeAnswer:
        """A file once it can be searched.

        Raises:
            APIError: It cannot be read, or was cancelled.
            RequestTimeoutError: It took longer than `timeout` seconds.
        """
        return await until(
            lambda: self.get(store_id, file_id),
            f"file {file_id} of vector store {store_id}",
            done={"completed"},
            failed={"failed", "cancelled"},
            poll=poll,
            timeout=timeout,
        )


class VectorStoreBatches(Listed):
    """``client.openai.vector_stores.file_batches``."""

    __slots__ = ()

    async def create(
        self,
        store_id: str,
        file_ids: Iterable[str] | None = None,
        *,
        attributes: Mapping[str, str | float | bool] | None = None,
        chunking_strategy: Mapping[str, Any] | None = None,
        **params: Any,
    ) -> NativeAnswer:
        """Put many uploaded files into a store; ``files=`` instead of ids gives each its own attributes.

        Args:
            store_id: The store.
            file_ids: The files.
            attributes: Of all of them.
            chunking_strategy: For all of them.
            params: Whatever else the service takes.
        """
        value = given(
            file_ids=None if file_ids is None else [*file_ids],
            attributes=attributes,
            chunking_strategy=chunking_strategy,
            **params,
        )
        return await self._call("vector_stores.file_batches.create", json=value, id=store_id)

    async def get(self, store_id: str, batch_id: str) -> NativeAnswer:
        """How a batch stands: ``status`` and ``file_counts``."""
        return await self._call("vector_stores.file_batches.get", id=store_id, batch=batch_id)

    async def cancel(self, store_id: str, batch_id: str) -> NativeAnswer:
        """Stop a batch; files that are done stay."""
        return await self._call("vector_stores.file_batches.cancel", id=store_id, batch=batch_id)

    async def files(self, store_id: str, batch_id: str, **query: Any) -> NativeAnswer:
        """One page of a batch's files; `query` as of ``files.list``."""
        return await self._call("vector_stores.file_batches.files", query=query, id=store_id, batch=batch_id)

    def iterate(self, store_id: str, batch_id: str, **query: Any) -> AsyncIterator[dict[str, Any]]:
        """All files of a batch, page after page."""
        return self._each("vector_stores.file_batches.files", query, id=store_id, batch=batch_id)

    async def wait(self, store_id: str, batch_id: str, *, poll: float = 1.0, timeout: float = 1_800.0) -> NativeAnswer:
        """A batch once all its files are processed, well or not: ``file_counts`` says.

        Raises:
            APIError: It failed or was cancelled.
            RequestTimeoutError: It took longer than `timeout` seconds.
        """
        return await until(
            lambda: self.get(store_id, batch_id),
            f"file batch {batch_id}",
            done={"completed"},
            failed={"failed", "cancelled"},
            poll=poll,
            timeout=timeout,
        )
