"""Batches (OpenAI API reference, batch): many requests in one file, answered within a day at a lower price."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipfs_accel_async.errors import APIError
from ipfs_accel_async.native._handle import given
from ipfs_accel_async.native.openai._lists import Listed
from ipfs_accel_async.native.openai._waiting import until
from ipfs_accel_async.native.openai.batch_lines import BatchResult, request_lines, results_of
from ipfs_accel_async.native.openai.files import Files
from ipfs_accel_async.wire.multipart import Upload

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from ipfs_accel_async.answers import NativeAnswer
    from ipfs_accel_async.native.openai.batch_lines import Requests

CHATS = "/v1/chat/completions"


class Batches(Listed):
    """``client.openai.batches``: :meth:`submit`, :meth:`wait`, :meth:`results`."""

    __slots__ = ()

    async def create(
        self,
        input_file_id: str,
        *,
        endpoint: str = CHATS,
        completion_window: str = "24h",
        metadata: Mapping[str, str] | None = None,
        **params: Any,
    ) -> NativeAnswer:
        """Begin a batch of a file that is there already; :meth:`submit` uploads one.

        Args:
            input_file_id: Of a file with the purpose ``batch``.
            endpoint: What all its requests are for.
            completion_window: The time that the service may take.
            metadata: Your own.
            params: Whatever else the service takes, such as ``output_expires_after``.
        """
        value = given(
            input_file_id=input_file_id,
            endpoint=endpoint,
            completion_window=completion_window,
            metadata=metadata,
            **params,
        )
        return await self._call("batches.create", json=value)

    async def submit(
        self,
        requests: Requests,
        *,
        model: str = "",
        endpoint: str = CHATS,
        completion_window: str = "24h",
        metadata: Mapping[str, str] | None = None,
        **params: Any,
    ) -> NativeAnswer:
        """Write the requests into a file, upload it and begin its batch; ``answer["id"]`` is the batch.

        Args:
            requests: Bodies by an id of your own, under which the results come back: a mapping, or pairs.
            model: Plain name, for the bodies that name none.
            endpoint: What they are for.
            completion_window: The time that the service may take.
            metadata: Your own.
            params: Whatever else ``batches.create`` takes.

        Raises:
            InvalidRequestError: A request cannot be one of a batch; nothing was sent.
        """
        lines = request_lines(requests, endpoint, model=model)
        upload = Upload("batch.jsonl", lines, "application/jsonl")
        file = await Files(self._bound).create(upload, "batch")
        return await self.create(
            file["id"], endpoint=endpoint, completion_window=completion_window, metadata=metadata, **params
        )

    async def list(self, **query: Any) -> NativeAnswer:
        """One page of batches; `query` takes ``after`` and ``limit``."""
        return await self._call("batches.list", query=query)

    def iterate(self, **query: Any) -> AsyncIterator[dict[str, Any]]:
        """All batches, page after page."""
        return self._each("batches.list", query)

    async def get(self, batch_id: str) -> NativeAnswer:
        """How a batch stands: ``status`` and ``request_counts``."""
        return await self._call("batches.get", id=batch_id)

    async def cancel(self, batch_id: str) -> NativeAnswer:
        """Stop a batch; what is done already is kept and paid."""
        return await self._call("batches.cancel", id=batch_id)

    async def wait(self, batch_id: str, *, poll: float = 5.0, timeout: float = 90_000.0) -> NativeAnswer:
        """A batch once it is completed. Single requests may have failed: :meth:`results` says which.

        Raises:
            APIError: It failed, expired or was cancelled; :meth:`results` has what was done before.
            RequestTimeoutError: It took longer than `timeout` seconds.
        """
        return await until(
            lambda: self.get(batch_id),
            f"batch {batch_id}",
            done={"completed"},
            failed={"failed", "expired", "cancelled"},
            poll=poll,
            timeout=timeout,
        )

    async def results(self, batch_id: str) -> AsyncIterator[BatchResult]:
        """What became of each request, answers first, then errors; each file is read whole before its results come.

        Raises:
            APIError: The batch has no results, or none yet.
            DecodeError: A line of them cannot be read.
        """
        batch = await self.get(batch_id)
        files = [batch.get("output_file_id"), batch.get("error_file_id")]
        if not any(files):
            message = f"batch {batch_id} is {batch['status']} and has no results"
            raise APIError(message, target=batch.target, code=str(batch["status"]))
        content = Files(self._bound)
        for file_id in files:
            if file_id:
                data = await content.content(file_id)
                for result in results_of(self._codec, batch.target, data, str(batch.get("endpoint") or CHATS)):
                    yield result
