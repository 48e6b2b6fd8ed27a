"""TGI's own operations: generation with its details, templated chats as tokens, the server's state."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.errors import InvalidRequestError
from ipfs_accel_async.inputs import text
from ipfs_accel_async.native._handle import Native, given

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping, Sequence

    from ipfs_accel_async.answers import NativeAnswer
    from ipfs_accel_async.stream import EventStream


class Models(Native):
    """``client.hf_tgi.models``."""

    __slots__ = ()

    async def info(self) -> NativeAnswer:
        """The one model, as the server's OpenAI-like route tells it: in `data`."""
        return await self._call("models.info")


class HfTgiHandle(Native):
    """What only TGI has, as ``client.hf_tgi``; ``client.complete`` is for what several services have."""

    __slots__ = ()

    @property
    def models(self) -> Models:
        """The model that is served."""
        return Models(self._bound)

    async def generate(
        self,
        inputs: str,
        *,
        max_new_tokens: int | None = None,
        temperature: float | None = None,
        top_k: int | None = None,
        top_p: float | None = None,
        typical_p: float | None = None,
        repetition_penalty: float | None = None,
        frequency_penalty: float | None = None,
        do_sample: bool | None = None,
        seed: int | None = None,
        stop: Iterable[str] | None = None,
        truncate: int | None = None,
        best_of: int | None = None,
        top_n_tokens: int | None = None,
        grammar: Mapping[str, Any] | None = None,
        adapter_id: str | None = None,
        return_full_text: bool | None = None,
        decoder_input_details: bool | None = None,
        details: bool = True,
        **params: Any,
    ) -> NativeAnswer:
        """Generate, and keep all that the server says: `generated_text`, and in `details` tokens with their odds.

        `grammar` is ``{"type": "json", "value": schema}`` or ``{"type": "regex", "value": "..."}``;
        `decoder_input_details` brings the prompt's tokens, `best_of` the other sequences. `params` are further
        parameters.
        """
        parameters = given(
            max_new_tokens=max_new_tokens,
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            typical_p=typical_p,
            repetition_penalty=repetition_penalty,
            frequency_penalty=frequency_penalty,
            do_sample=do_sample,
            seed=seed,
            stop=None if stop is None else _stops(stop),
            truncate=truncate,
            best_of=best_of,
            top_n_tokens=top_n_tokens,
            grammar=grammar,
            adapter_id=adapter_id,
            return_full_text=return_full_text,
            decoder_input_details=decoder_input_details,
            details=details,
        )
        body = {"inputs": text("inputs", inputs), "parameters": {**parameters, **params}}
        return await self._call("generate", json=body)

    @asynccontextmanager
    async def generate_stream(self, inputs: str, *, details: bool = True, **params: Any) -> AsyncIterator[EventStream]:
        """Generate token by token: events with `token`, the last one with `generated_text` and `details` too.

        `params` are those of :meth:`generate`.
        """
        if "stop" in params and params["stop"] is not None:
            params["stop"] = _stops(params["stop"])
        body = {"inputs": text("inputs", inputs), "parameters": {"details": details, **given(**params)}}
        async with self._events("generate_stream", json=body) as stream:
            yield stream

    async def chat_tokenize(
        self,
        messages: str | Sequence[Mapping[str, Any]],
        *,
        tools: Sequence[Mapping[str, Any]] | None = None,
        tool_prompt: str | None = None,
        **params: Any,
    ) -> NativeAnswer:
        """A chat through the model's template: `templated_text`, and its tokens in `tokenize_response`.

        Messages and tools are as the server takes them; ``client.count_tokens`` takes them as ``client.chat`` does.
        """
        if isinstance(messages, str):
            messages = [{"role": "user", "content": text("messages", messages)}]
        if not messages:
            raise InvalidRequestError("messages is empty")
        body = {"messages": list(messages), **given(tools=tools, tool_prompt=tool_prompt), **params}
        return await self._call("chat_tokenize", json=body)

    async def info(self) -> NativeAnswer:
        """What is served: the model, its versions, and the limits."""
        return await self._call("info")

    async def health(self) -> NativeAnswer:
        """Whether the server can generate; an OverloadedError (503) if it cannot."""
        return await self._call("health")

    async def metrics(self) -> NativeAnswer:
        """The server's counters, in `text`, as Prometheus reads them."""
        return await self._call("metrics")


def _stops(stop: Iterable[str]) -> list[str]:
    return [text("stop", stop)] if isinstance(stop, str) else [text("stop", one) for one in stop]


handle = HfTgiHandle
