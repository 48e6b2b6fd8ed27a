"""The state of a vLLM server: health, sleep, pauses, caches (vLLM documentation, online serving; its dev routers)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from ipfs_accel_async.errors import InvalidRequestError
from ipfs_accel_async.inputs import texts
from ipfs_accel_async.native._handle import Native, given

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ipfs_accel_async.answers import NativeAnswer


class Server(Native):
    """Mixed into the handle. What needs the development mode is a NotFoundError where the server has it not."""

    __slots__ = ()

    async def health(self) -> NativeAnswer:
        """Whether the engine is well; an OverloadedError (503) if it is not."""
        return await self._call("health")

    async def ping(self) -> NativeAnswer:
        """The same, under the name that SageMaker asks for."""
        return await self._call("ping")

    async def version(self) -> str:
        """The server's version, such as ``0.33.0``."""
        return str((await self._call("version"))["version"])

    async def load(self) -> int:
        """How many requests the server works on, where it was started to count them."""
        return int((await self._call("load"))["server_load"])

    async def metrics(self) -> NativeAnswer:
        """The server's counters, in `text`, as Prometheus reads them."""
        return await self._call("metrics")

    async def server_info(self, *, config_format: Literal["text", "json"] | None = None) -> NativeAnswer:
        """How the server was configured. In development mode only."""
        return await self._call("server_info", query=given(config_format=config_format))

    async def sleep(self, level: int = 1, *, mode: Literal["abort", "wait", "keep"] | None = None) -> NativeAnswer:
        """Give the GPU's memory back. In development mode only, and where sleeping is enabled.

        Of the arguments:

        - `level`: 1 keeps the weights in main memory, 2 forgets them, 0 only stops to schedule.
        - `mode`: What becomes of requests in flight: ``abort`` unless told otherwise.
        """
        if isinstance(level, bool) or level not in {0, 1, 2}:
            raise InvalidRequestError(f"level must be 0, 1 or 2, not {level!r}")
        return await self._call("sleep", query=given(level=level, mode=mode))

    async def wake_up(self, tags: str | Iterable[str] | None = None) -> NativeAnswer:
        """Take the memory again: all, or only ``weights`` or ``kv_cache``."""
        wanted = None if tags is None else texts("tags", (tags,) if isinstance(tags, str) else tags)
        return await self._call("wake_up", query=given(tags=wanted))

    async def is_sleeping(self) -> bool:
        """Whether the engine sleeps."""
        return bool((await self._call("is_sleeping"))["is_sleeping"])

    async def pause(self, *, mode: Literal["abort", "wait", "keep"] | None = None) -> NativeAnswer:
        """Stop to generate: requests in flight are aborted, waited for, or kept for :meth:`resume`."""
        return await self._call("pause", query=given(mode=mode))

    async def resume(self) -> NativeAnswer:
        """Go on after :meth:`pause`."""
        return await self._call("resume")

    async def is_paused(self) -> bool:
        """Whether generation is paused."""
        return bool((await self._call("is_paused"))["is_paused"])

    async def abort_requests(self, request_ids: Iterable[str] = ()) -> NativeAnswer:
        """Abort requests in flight by the server's ids of them; all of them if none is given.

        One's own request needs no abort: leaving its block, or cancelling its task, ends it at the server too.
        """
        return await self._call("abort_requests", json={"request_ids": list(texts("request_ids", request_ids))})

    async def reset_prefix_cache(
        self, *, reset_running_requests: bool | None = None, reset_external: bool | None = None
    ) -> NativeAnswer:
        """Forget the prompts that were kept. In development mode only."""
        wanted = given(reset_running_requests=reset_running_requests, reset_external=reset_external)
        return await self._call("reset_prefix_cache", query=wanted)

    async def reset_mm_cache(self) -> NativeAnswer:
        """Forget the images and sounds that were kept. In development mode only."""
        return await self._call("reset_mm_cache")

    async def reset_encoder_cache(self) -> NativeAnswer:
        """Forget what the encoder made of them. In development mode only."""
        return await self._call("reset_encoder_cache")
