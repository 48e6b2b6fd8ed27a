"""Threads and their messages (OpenAI API reference, assistants v2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipfs_accel_async.native._handle import Native, given
from ipfs_accel_async.native.openai._lists import Listed
from ipfs_accel_async.native.openai.runs import Runs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping
    from contextlib import AbstractAsyncContextManager

    from ipfs_accel_async.answers import NativeAnswer
    from ipfs_accel_async.stream import EventStream


class Threads(Native):
    """``client.openai.threads``: conversations that the service keeps, for assistants to run over."""

    __slots__ = ()

    async def create(
        self,
        messages: Iterable[Mapping[str, Any]] | None = None,
        *,
        metadata: Mapping[str, str] | None = None,
        **params: Any,
    ) -> NativeAnswer:
        """Begin a thread, with ``{"role": "user", "content": ...}`` messages to start from."""
        value = given(messages=None if messages is None else [*messages], metadata=metadata, **params)
        return await self._call("threads.create", json=value)

    async def get(self, thread_id: str) -> NativeAnswer:
        """A thread, without its messages."""
        return await self._call("threads.get", id=thread_id)

    async def update(self, thread_id: str, **params: Any) -> NativeAnswer:
        """Change ``metadata`` or ``tool_resources``."""
        return await self._call("threads.update", json=params, id=thread_id)

    async def delete(self, thread_id: str) -> NativeAnswer:
        """Delete a thread."""
        return await self._call("threads.delete", id=thread_id)

    async def create_and_run(
        self, assistant_id: str, *, thread: Mapping[str, Any] | None = None, **params: Any
    ) -> NativeAnswer:
        """Begin a thread and a run over it in one request; the answer is the run."""
        value = given(assistant_id=assistant_id, thread=thread, **params)
        return await self._call("threads.create_and_run", json=value)

    def stream(
        self, assistant_id: str, *, thread: Mapping[str, Any] | None = None, **params: Any
    ) -> AbstractAsyncContextManager[EventStream]:
        """The same, as ``thread.*`` events."""
        value = given(assistant_id=assistant_id, thread=thread, **params)
        return self._events("threads.create_and_run", json={**value, "stream": True})

    @property
    def messages(self) -> ThreadMessages:
        """What was said in a thread."""
        return ThreadMessages(self._bound)

    @property
    def runs(self) -> Runs:
        """Runs of an assistant over a thread."""
        return Runs(self._bound)


class ThreadMessages(Listed):
    """``client.openai.threads.messages``."""

    __slots__ = ()

    async def create(
        self,
        thread_id: str,
        content: str | Iterable[Mapping[str, Any]],
        *,
        role: str = "user",
        attachments: Iterable[Mapping[str, Any]] | None = None,
        metadata: Mapping[str, str] | None = None,
        **params: Any,
    ) -> NativeAnswer:
        """Add a message: a text, or parts.

        Args:
            thread_id: The thread.
            content: What it says.
            role: ``user`` or ``assistant``.
            attachments: Files, with the tools that may read them.
            metadata: Your own.
            params: Whatever else the service takes.
        """
        value = given(
            role=role,
            content=content if isinstance(content, str) else [*content],
            attachments=None if attachments is None else [*attachments],
            metadata=metadata,
            **params,
        )
        return await self._call("threads.messages.create", json=value, thread=thread_id)

    async def list(self, thread_id: str, **query: Any) -> NativeAnswer:
        """One page, newest first; `query` takes ``run_id``, ``after``, ``before``, ``limit`` and ``order``."""
        return await self._call("threads.messages.list", query=query, thread=thread_id)

    def iterate(self, thread_id: str, **query: Any) -> AsyncIterator[dict[str, Any]]:
        """All messages, page after page."""
        return self._each("threads.messages.list", query, thread=thread_id)

    async def get(self, thread_id: str, message_id: str) -> NativeAnswer:
        """A message."""
        return await self._call("threads.messages.get", thread=thread_id, message=message_id)

    async def update(self, thread_id: str, message_id: str, *, metadata: Mapping[str, str]) -> NativeAnswer:
        """Replace a message's metadata."""
        value = {"metadata": metadata}
        return await self._call("threads.messages.update", json=value, thread=thread_id, message=message_id)

    async def delete(self, thread_id: str, message_id: str) -> NativeAnswer:
        """Take a message out of a thread."""
        return await self._call("threads.messages.delete", thread=thread_id, message=message_id)
