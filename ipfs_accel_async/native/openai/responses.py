"""Responses (OpenAI API reference, responses): stored, streamed, continued, counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipfs_accel_async.native._handle import Native, given
from ipfs_accel_async.native.openai._lists import Listed
from ipfs_accel_async.native.openai._waiting import until
from ipfs_accel_async.native.openai.response_answer import ResponseAnswer, as_response
from ipfs_accel_async.native.openai.response_items import body

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable
    from contextlib import AbstractAsyncContextManager

    from ipfs_accel_async.answers import NativeAnswer
    from ipfs_accel_async.arguments import Format
    from ipfs_accel_async.native.openai.response_items import Input, Tools
    from ipfs_accel_async.stream import EventStream

_OVER = frozenset({"completed", "incomplete", "cancelled"})


class Responses(Native):
    """``client.openai.responses``."""

    __slots__ = ()

    async def create(
        self,
        model: str = "",
        input: Input | None = None,  # noqa: A002 - the field's own word
        *,
        instructions: str | None = None,
        tools: Tools | None = None,
        response_format: Format = None,
        previous_response_id: str | None = None,
        max_output_tokens: int | None = None,
        temperature: float | None = None,
        store: bool | None = None,
        background: bool | None = None,
        **params: Any,
    ) -> ResponseAnswer:
        """Have a model respond; `output_text` and `tool_calls` of the answer are what it said.

        `input` is a text, or messages and native items in order; `previous_response_id` goes on from a stored one.
        With `background` it comes back at once, unfinished: :meth:`wait` for it. Further `params` go into the body.

        Args:
            model: Plain name; may be left out with ``prompt=``.
            input: What to respond to.
            instructions: The system's words, of this response only.
            tools: :class:`Tool` values or native definitions.
            response_format: ``"json"``, a JSON schema, or a pydantic model class.
            previous_response_id: Of a stored response.
            max_output_tokens: Reasoning included.
            temperature: From 0 to 2.
            store: Whether the service keeps it; it does unless told.
            background: Whether to answer before it is done.
            params: Whatever else the service takes.
        """
        value = body(
            model,
            input,
            tools=tools,
            response_format=response_format,
            instructions=instructions,
            previous_response_id=previous_response_id,
            max_output_tokens=max_output_tokens,
            temperature=temperature,
            store=store,
            background=background,
            **params,
        )
        return as_response(await self._call("responses.create", model=model, json=value))

    def stream(
        self,
        model: str = "",
        input: Input | None = None,  # noqa: A002 - the field's own word
        *,
        tools: Tools | None = None,
        response_format: Format = None,
        **params: Any,
    ) -> AbstractAsyncContextManager[EventStream]:
        """The same, as typed events: ``response.output_text.delta`` and so on, up to ``response.completed``.

        A response that failed or was cut off ends with ``response.failed`` or ``response.incomplete``: they are
        delivered, with the whole response in ``data["response"]``. An ``error`` event raises. Arguments as of
        :meth:`create`.
        """
        value = body(model, input, tools=tools, response_format=response_format, **params)
        return self._events("responses.create", model=model, json={**value, "stream": True})

    async def get(self, response_id: str, *, include: Iterable[str] = (), **query: Any) -> ResponseAnswer:
        """A stored response."""
        wanted = {**query, "include[]": tuple(include)}
        return as_response(await self._call("responses.get", query=wanted, id=response_id))

    def follow(
        self, response_id: str, *, starting_after: int | None = None, **query: Any
    ) -> AbstractAsyncContextManager[EventStream]:
        """The events of a background response that was made with ``stream=True``, also again after a cut.

        `starting_after` is the ``sequence_number`` of the last event that was seen.
        """
        wanted = given(stream=True, starting_after=starting_after, **query)
        return self._events("responses.get", query=wanted, id=response_id)

    async def wait(self, response_id: str, *, poll: float = 2.0, timeout: float = 1_800.0) -> ResponseAnswer:
        """A background response, once it is completed, incomplete or cancelled.

        Raises:
            APIError: It failed.
            RequestTimeoutError: It took longer than `timeout` seconds.
        """
        return as_response(
            await until(
                lambda: self._call("responses.get", id=response_id),
                f"response {response_id}",
                done=_OVER,
                failed={"failed"},
                poll=poll,
                timeout=timeout,
            )
        )

    async def cancel(self, response_id: str) -> ResponseAnswer:
        """Stop a background response."""
        return as_response(await self._call("responses.cancel", id=response_id))

    async def delete(self, response_id: str) -> NativeAnswer:
        """Forget a stored response."""
        return await self._call("responses.delete", id=response_id)

    async def compact(
        self,
        model: str,
        input: Input | None = None,  # noqa: A002 - the field's own word
        **params: Any,
    ) -> ResponseAnswer:
        """A long conversation made short: ``answer["output"]`` is the input of the next response."""
        value = body(model, input, **params)
        return as_response(await self._call("responses.compact", model=model, json=value))

    @property
    def input_items(self) -> InputItems:
        """What a stored response was made from."""
        return InputItems(self._bound)

    @property
    def input_tokens(self) -> InputTokens:
        """How many tokens an input has."""
        return InputTokens(self._bound)


class InputItems(Listed):
    """``client.openai.responses.input_items``."""

    __slots__ = ()

    async def list(self, response_id: str, **query: Any) -> NativeAnswer:
        """One page of a response's input items; `query` takes ``after``, ``limit`` and ``order``."""
        return await self._call("responses.input_items.list", query=query, id=response_id)

    def iterate(self, response_id: str, **query: Any) -> AsyncIterator[dict[str, Any]]:
        """All input items, page after page."""
        return self._each("responses.input_items.list", query, id=response_id)


class InputTokens(Native):
    """``client.openai.responses.input_tokens``."""

    __slots__ = ()

    async def count(
        self,
        model: str,
        input: Input | None = None,  # noqa: A002 - the field's own word
        *,
        tools: Tools | None = None,
        **params: Any,
    ) -> NativeAnswer:
        """Count the input tokens of a response without making it: ``answer["input_tokens"]``."""
        value = body(model, input, tools=tools, **params)
        return await self._call("responses.input_tokens.count", model=model, json=value)
