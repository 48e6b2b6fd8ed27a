"""What all handles are made of: bound to a provider of a client, they send rows of its codec's table."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self, cast

from ipfs_accel_async.types import NOTHING, NativeRequest, Priority

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping

    from ipfs_accel_async.answers import NativeAnswer
    from ipfs_accel_async.engine import Engine
    from ipfs_accel_async.providers._codec import Codec
    from ipfs_accel_async.stream import ByteStream, EventStream
    from ipfs_accel_async.wire.multipart import Upload


@dataclass(frozen=True, slots=True)
class Bound:
    """Whose calls a handle makes, and how.

    Args:
        engine: The client's.
        provider: Provider name.
        endpoint: Base URL, instead of the provider's.
        priority: Of every call.
        timeout: Seconds of every call; None for the provider's setting.
        tags: The caller's own labels.
    """

    engine: Engine
    provider: str
    endpoint: str = ""
    priority: int | str = Priority.NORMAL
    timeout: float | None = None
    tags: Mapping[str, str] = field(default_factory=lambda: NOTHING)


class Native:
    """Base of a provider's handle and of its parts.

    Args:
        bound: Whose calls it makes, and how.
    """

    __slots__ = ("_bound",)

    def __init__(self, bound: Bound) -> None:
        self._bound = bound

    def with_options(
        self,
        *,
        priority: int | str | None = None,
        timeout: float | None = None,
        tags: Mapping[str, str] | None = None,
        base_url: str | None = None,
    ) -> Self:
        """The same handle with another priority, timeout (seconds), tags or base URL."""
        bound = self._bound
        return type(self)(
            replace(
                bound,
                priority=bound.priority if priority is None else priority,
                timeout=bound.timeout if timeout is None else timeout,
                tags=bound.tags if tags is None else tags,
                endpoint=bound.endpoint if base_url is None else base_url,
            )
        )

    @property
    def _codec(self) -> Codec:
        return self._bound.engine.provider(self._bound.provider).codec

    async def _call(
        self,
        operation: str,
        *,
        model: str = "",
        json: Any = None,
        query: Mapping[str, Any] = NOTHING,
        form: Iterable[tuple[str, str | Upload]] = (),
        content: bytes = b"",
        content_type: str = "",
        headers: Iterable[tuple[str, str]] = (),
        **args: str,
    ) -> NativeAnswer:
        """Send one row of the table and wait for its whole answer; `args` fill the names in its path."""
        payload = NativeRequest(
            json=json,
            query=_query(query),
            args=args,
            form=tuple(form),
            content=content,
            content_type=content_type,
            headers=tuple(headers),
        )
        return cast("NativeAnswer", await self._send(operation, model, payload))

    @asynccontextmanager
    async def _events(
        self,
        operation: str,
        *,
        model: str = "",
        json: Any = None,
        query: Mapping[str, Any] = NOTHING,
        form: Iterable[tuple[str, str | Upload]] = (),
        **args: str,
    ) -> AsyncIterator[EventStream]:
        """The same, with the answer's events as they come."""
        payload = NativeRequest(json=json, query=_query(query), args=args, form=tuple(form), stream="events")
        async with cast("EventStream", await self._send(operation, model, payload)) as stream:
            yield stream

    @asynccontextmanager
    async def _bytes(
        self,
        operation: str,
        *,
        model: str = "",
        json: Any = None,
        query: Mapping[str, Any] = NOTHING,
        headers: Iterable[tuple[str, str]] = (),
        **args: str,
    ) -> AsyncIterator[ByteStream]:
        """The same, with the answer's bytes as they come."""
        payload = NativeRequest(json=json, query=_query(query), args=args, headers=tuple(headers), stream="bytes")
        async with cast("ByteStream", await self._send(operation, model, payload)) as stream:
            yield stream

    async def _send(self, operation: str, model: str, payload: NativeRequest) -> Any:
        bound = self._bound
        return await bound.engine.native(
            bound.provider,
            operation,
            payload,
            model=model,
            endpoint=bound.endpoint,
            priority=bound.priority,
            timeout=bound.timeout,
            tags=bound.tags,
        )


def given(**values: Any) -> dict[str, Any]:
    """A body of what was given: without the Nones."""
    return {name: value for name, value in values.items() if value is not None}


def _query(values: Mapping[str, Any]) -> dict[str, str | tuple[str, ...]]:
    return {
        name: tuple(map(_word, value)) if isinstance(value, (list, tuple)) else _word(value)
        for name, value in values.items()
        if value is not None and value not in ((), [])
    }


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
