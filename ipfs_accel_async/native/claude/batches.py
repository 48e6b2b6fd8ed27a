"""``client.claude.batches``: many messages in one request, at half the price (Claude API reference, Batches)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.arguments import chat_request
from ipfs_accel_async.call import Call
from ipfs_accel_async.errors import InvalidRequestError, RequestTimeoutError
from ipfs_accel_async.native._handle import Native, given
from ipfs_accel_async.native.claude._pages import items
from ipfs_accel_async.native.claude.batch_lines import request_list, result_of
from ipfs_accel_async.types import NativeRequest, Target

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping

    from ipfs_accel_async.answers import NativeAnswer
    from ipfs_accel_async.arguments import Format
    from ipfs_accel_async.conversation import Messages
    from ipfs_accel_async.native.claude.batch_lines import BatchResult, Requests
    from ipfs_accel_async.types import Tool

GROWTH = 1.5
LONGEST = 60.0


class Batches(Native):
    """:meth:`create`, :meth:`wait`, :meth:`results`."""

    __slots__ = ()

    def params(
        self,
        model: str,
        messages: Messages,
        *,
        tools: Iterable[Tool | Mapping[str, Any]] = (),
        tool_choice: str | Mapping[str, Any] | None = None,
        response_format: Format = None,
        max_tokens: int | None = None,
        temperature: float | None = None,
        stop: str | Iterable[str] | None = None,
        **params: Any,
    ) -> dict[str, Any]:
        """The parameters of one request, of what :meth:`Client.chat` takes.

        Raises:
            InvalidRequestError: Something that the service has no word for.
        """
        request = chat_request(
            messages,
            tools=tools,
            tool_choice=tool_choice,
            response_format=response_format,
            max_tokens=max_tokens,
            temperature=temperature,
            stop=stop,
            params=params,
        )
        return self._codec.build_body(Call("chat", Target(self._bound.provider, model), request)) or {}

    async def create(self, requests: Requests) -> NativeAnswer:
        """Begin a batch; ``answer["id"]`` is its id.

        Args:
            requests: Parameters of messages by an id of your own, under which the results come back; see
                :meth:`params`. The service's ``{"custom_id": ..., "params": {...}}`` are taken too.

        Raises:
            InvalidRequestError: A request cannot be one of a batch; nothing was sent.
        """
        return await self._call("batches.create", json={"requests": request_list(requests)})

    async def list(
        self, *, limit: int | None = None, after_id: str | None = None, before_id: str | None = None
    ) -> NativeAnswer:
        """One page of batches, newest first.

        Args:
            limit: Of 1 to 1000 a page; the service's default is 20.
            after_id: Go on after this batch.
            before_id: Go back before this one.
        """
        return await self._call("batches.list", query=given(limit=limit, after_id=after_id, before_id=before_id))

    def iterate(self, *, limit: int | None = None) -> AsyncIterator[Any]:
        """All batches, page after page; `limit` a page."""
        return items(self.list, limit)

    async def get(self, batch_id: str) -> NativeAnswer:
        """How a batch stands: ``processing_status`` and ``request_counts``.

        Raises:
            NotFoundError: There is no such batch.
        """
        return await self._call("batches.get", id=batch_id)

    async def wait(self, batch_id: str, *, poll: float = 5.0, timeout: float = 90_000.0) -> NativeAnswer:
        """A batch once it has ended, cancelled or not. Single requests may have failed: :meth:`results` says which.

        Args:
            batch_id: The batch.
            poll: Seconds before the second look; the pause grows by half each time, up to a minute (or `poll`).
            timeout: Seconds for everything.

        Raises:
            RequestTimeoutError: It has not ended by then; it goes on without us.
        """
        if not (poll > 0 and timeout > 0):
            raise InvalidRequestError("poll and timeout are seconds above 0")
        pause = poll
        scope = asyncio.timeout(timeout)
        try:
            async with scope:
                while (batch := await self.get(batch_id))["processing_status"] != "ended":
                    await asyncio.sleep(pause)
                    pause = max(poll, min(pause * GROWTH, LONGEST))
                return batch
        except TimeoutError as error:
            if not scope.expired():
                raise  # the request's own
            message = f"batch {batch_id} has not ended after {timeout:g} s: wait longer, or ask for it later"
            raise RequestTimeoutError(message, retryable=False, phase="wait") from error

    async def cancel(self, batch_id: str) -> NativeAnswer:
        """Stop a batch; what is being answered is answered to its end, and paid."""
        return await self._call("batches.cancel", id=batch_id)

    async def delete(self, batch_id: str) -> NativeAnswer:
        """Delete a batch and its results; one that goes on has to be cancelled first."""
        return await self._call("batches.delete", id=batch_id)

    async def results(self, batch_id: str) -> AsyncIterator[BatchResult]:
        """What became of each request, as the lines come, in any order.

        Raises:
            NotFoundError: There is no such batch, or it has not ended.
            ResponseValidationError: A line is no result.
        """
        async with self._events("batches.results", id=batch_id) as stream:
            call = Call("batches.results", stream.target, NativeRequest(), request_id=stream.request_id)
            async for event in stream:
                yield result_of(call, event.data)

    async def collect(self, batch_id: str) -> dict[str, BatchResult]:
        """All results by the caller's own ids."""
        return {result.custom_id: result async for result in self.results(batch_id)}
