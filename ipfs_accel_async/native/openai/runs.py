"""Runs of an assistant over a thread, and their steps (OpenAI API reference, assistants v2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipfs_accel_async.errors import InvalidRequestError
from ipfs_accel_async.native._handle import given
from ipfs_accel_async.native.openai._lists import Listed
from ipfs_accel_async.native.openai._waiting import until
from ipfs_accel_async.native.openai.response_items import unstreamed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from contextlib import AbstractAsyncContextManager

    from ipfs_accel_async.answers import NativeAnswer
    from ipfs_accel_async.stream import EventStream


class Runs(Listed):
    """``client.openai.threads.runs``."""

    __slots__ = ()

    async def create(
        self,
        thread_id: str,
        assistant_id: str,
        *,
        model: str | None = None,
        instructions: str | None = None,
        additional_instructions: str | None = None,
        metadata: Mapping[str, str] | None = None,
        **params: Any,
    ) -> NativeAnswer:
        """Run an assistant over a thread; :meth:`wait` for it.

        Args:
            thread_id: The thread.
            assistant_id: The assistant.
            model: Instead of the assistant's.
            instructions: Instead of the assistant's.
            additional_instructions: Beside them.
            metadata: Your own.
            params: Whatever else the service takes.
        """
        unstreamed(params, "runs.stream")
        value = given(
            assistant_id=assistant_id,
            model=model,
            instructions=instructions,
            additional_instructions=additional_instructions,
            metadata=metadata,
            **params,
        )
        return await self._call("threads.runs.create", json=value, thread=thread_id)

    def stream(self, thread_id: str, assistant_id: str, **params: Any) -> AbstractAsyncContextManager[EventStream]:
        """The same, as events: ``thread.run.created``, ``thread.message.delta`` and so on.

        A run that fails ends with ``thread.run.failed``, which is delivered; an ``error`` event raises.
        """
        value = given(assistant_id=assistant_id, **params)
        return self._events("threads.runs.create", json={**value, "stream": True}, thread=thread_id)

    async def list(self, thread_id: str, **query: Any) -> NativeAnswer:
        """One page, newest first; `query` takes ``after``, ``before``, ``limit`` and ``order``."""
        return await self._call("threads.runs.list", query=query, thread=thread_id)

    def iterate(self, thread_id: str, **query: Any) -> AsyncIterator[dict[str, Any]]:
        """All runs of a thread, page after page."""
        return self._each("threads.runs.list", query, thread=thread_id)

    async def get(self, thread_id: str, run_id: str) -> NativeAnswer:
        """How a run stands."""
        return await self._call("threads.runs.get", thread=thread_id, run=run_id)

    async def update(self, thread_id: str, run_id: str, *, metadata: Mapping[str, str]) -> NativeAnswer:
        """Replace a run's metadata."""
        value = {"metadata": metadata}
        return await self._call("threads.runs.update", json=value, thread=thread_id, run=run_id)

    async def cancel(self, thread_id: str, run_id: str) -> NativeAnswer:
        """Stop a run."""
        return await self._call("threads.runs.cancel", thread=thread_id, run=run_id)

    async def submit_tool_outputs(
        self, thread_id: str, run_id: str, outputs: Mapping[str, str], **params: Any
    ) -> NativeAnswer:
        """Answer a run that requires action, so that it goes on.

        Args:
            thread_id: The thread.
            run_id: The run.
            outputs: What each tool returned, as text, by the id of its call; all that the run asks for.
            params: Whatever else the service takes.
        """
        unstreamed(params, "runs.submit_stream")
        value = {"tool_outputs": _outputs(outputs), **params}
        return await self._call("threads.runs.submit_tool_outputs", json=value, thread=thread_id, run=run_id)

    def submit_stream(
        self, thread_id: str, run_id: str, outputs: Mapping[str, str]
    ) -> AbstractAsyncContextManager[EventStream]:
        """The same, and the rest of the run as events."""
        value = {"tool_outputs": _outputs(outputs), "stream": True}
        return self._events("threads.runs.submit_tool_outputs", json=value, thread=thread_id, run=run_id)

    async def wait(self, thread_id: str, run_id: str, *, poll: float = 1.0, timeout: float = 1_200.0) -> NativeAnswer:
        """A run once it is ``completed`` or ``incomplete``, or ``requires_action`` of ours: look at ``status``.

        Raises:
            APIError: It failed, expired or was cancelled.
            RequestTimeoutError: It took longer than `timeout` seconds.
        """
        return await until(
            lambda: self.get(thread_id, run_id),
            f"run {run_id}",
            done={"completed", "incomplete", "requires_action"},
            failed={"failed", "expired", "cancelled"},
            poll=poll,
            timeout=timeout,
        )

    @property
    def steps(self) -> RunSteps:
        """What a run did."""
        return RunSteps(self._bound)


class RunSteps(Listed):
    """``client.openai.threads.runs.steps``."""

    __slots__ = ()

    async def list(self, thread_id: str, run_id: str, **query: Any) -> NativeAnswer:
        """One page; `query` takes ``after``, ``before``, ``limit`` and ``order``."""
        return await self._call("threads.runs.steps.list", query=query, thread=thread_id, run=run_id)

    def iterate(self, thread_id: str, run_id: str, **query: Any) -> AsyncIterator[dict[str, Any]]:
        """All steps of a run, page after page."""
        return self._each("threads.runs.steps.list", query, thread=thread_id, run=run_id)

    async def get(self, thread_id: str, run_id: str, step_id: str) -> NativeAnswer:
        """One step."""
        return await self._call("threads.runs.steps.get", thread=thread_id, run=run_id, step=step_id)


def _outputs(outputs: Mapping[str, str]) -> list[dict[str, str]]:
    if not outputs:
        raise InvalidRequestError("outputs is empty: give each tool call's output by its id")
    for call_id, output in outputs.items():
        if not isinstance(output, str):
            raise InvalidRequestError(f"the output of {call_id!r} must be text, not {type(output).__name__}")
    return [{"tool_call_id": call_id, "output": output} for call_id, output in outputs.items()]
