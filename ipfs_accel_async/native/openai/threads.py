"""Threads and their messages (OpenAI API reference, assistants v2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.errors import APIError
from ipfs_accel_async.native._handle import Native, given
from ipfs_accel_async.native.openai._lists import Listed
from ipfs_accel_async.native.openai.runs import Runs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping
    from contextlib import AbstractAsyncContextManager

    from ipfs_accel_async.answers import NativeAnswer
    from ipfs_accel_async.stream import EventStream


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadTurn:
    """What an assistant said to a message.

    Args:
        text: All text of its messages, in order.
        thread_id: To go on with.
        run: The run, over; its ``usage`` has the tokens.
    """

    text: str
    thread_id: str
    run: NativeAnswer


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

    async def ask(
        self,
        assistant_id: str,
        content: str | Iterable[Mapping[str, Any]],
        *,
        thread_id: str = "",
        poll: float = 1.0,
        timeout: float = 1_200.0,
        **params: Any,
    ) -> ThreadTurn:
        """Say something in a thread and wait for the assistant's answer.

        Args:
            assistant_id: The assistant.
            content: What to say: a text, or parts.
            thread_id: To go on with; a new thread if empty.
            poll: Seconds between the first looks at the run.
            timeout: Seconds for the run.
            params: Whatever else ``runs.create`` takes.

        Raises:
            APIError: The run failed, or requires the outputs of tools: use :attr:`runs` for those.
            RequestTimeoutError: It took longer than `timeout` seconds.
        """
        thread_id = thread_id or (await self.create())["id"]
        await self.messages.create(thread_id, content)
        begun = await self.runs.create(thread_id, assistant_id, **params)
        run = await self.runs.wait(thread_id, begun["id"], poll=poll, timeout=timeout)
        if run["status"] == "requires_action":
            message = f"run {run['id']} requires the outputs of tools: give them by runs.submit_tool_outputs"
            raise APIError(message, target=run.target, code="requires_action", request_id=run.request_id)
        said = [one async for one in self.messages.iterate(thread_id, run_id=run["id"], order="asc")]
        parts = (part for one in said for part in one.get("content") or ())
        text = "".join(part["text"]["value"] for part in parts if part.get("type") == "text")
        return ThreadTurn(text=text, thread_id=thread_id, run=run)

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
