"""Shadow mode: some hits are asked live all the same, and the kept answer is held against the live one."""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING

from ipfs_accel_async.answers import Reply
from ipfs_accel_async.cache.record import restored
from ipfs_accel_async.cache.worth import worth_keeping
from ipfs_accel_async.flow import Flow
from ipfs_accel_async.partition import question
from ipfs_accel_async.policy.directions import unit
from ipfs_accel_async.policy.shadow import alike
from ipfs_accel_async.stream import Stream

if TYPE_CHECKING:
    from ipfs_accel_async.answers import Answer
    from ipfs_accel_async.call import Call
    from ipfs_accel_async.core import Result
    from ipfs_accel_async.policy.threshold import Threshold
    from ipfs_accel_async.semantic.embedder import Embedder
    from ipfs_accel_async.semantic.similar import Hit, SemanticCache

LONGEST = 4_000
"""Characters of an answer that are compared: embedders read no more."""


class Shadow:
    """Judges hits in tasks of its own, so that no caller waits for a verdict.

    Args:
        cache: The client's semantic cache.
        embed: Embeds the answers, where no judge was given.
        seconds: That a verdict may take.
    """

    def __init__(self, cache: SemanticCache, embed: Embedder, seconds: float = 30.0) -> None:
        self._cache = cache
        self._embed = embed
        self._seconds = seconds
        self._tasks: set[asyncio.Task[None]] = set()

    def beside(self, live: Result, call: Call, hit: Hit, threshold: Threshold) -> Result:
        """The live answer, which is compared with the kept one as soon as it is whole."""
        call.trace.cache = "shadow"
        if isinstance(live, Flow):
            live.on_close(lambda outcome: self._begin(live.partial, call, hit, threshold, whole=outcome.kind == "ok"))
        else:
            self._begin(live, call, hit, threshold)
        return live

    def _begin(self, live: Answer, call: Call, hit: Hit, threshold: Threshold, *, whole: bool = True) -> None:
        if whole and isinstance(live, Reply) and worth_keeping(live):  # what was cut short is no measure
            task = asyncio.create_task(self._judge(live.text, call.beside(), hit, threshold))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _judge(self, live: str, call: Call, hit: Hit, threshold: Threshold) -> None:
        try:
            async with asyncio.timeout(self._seconds):
                right = await self._verdict(await _text(restored(hit.entry.data, call)), live, call)
        except Exception as error:  # noqa: BLE001 - whatever a judge raises
            self._cache.failed(error)
            return
        self._cache.counts["shadowed"] += 1
        threshold.judged(hit.similarity, wrong=not right)

    async def _verdict(self, kept: str, live: str, call: Call) -> bool:
        if self._cache.judge is not None:
            verdict = self._cache.judge(question(call), kept, live)
            return bool(await verdict if inspect.isawaitable(verdict) else verdict)
        if kept == live:
            return True
        deadline = asyncio.get_running_loop().time() + self._seconds
        one, other = (unit(made) for made in await self._embed([kept[:LONGEST], live[:LONGEST]], call, deadline))
        if one is None or other is None:
            raise ValueError("the answers have no vectors")
        return alike(kept, live, float(one @ other))

    async def aclose(self) -> None:
        """End the verdicts that are under way, when the client is closed."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)


async def _text(kept: Result | None) -> str:
    if isinstance(kept, Stream):
        async with kept:
            return (await kept.collect()).text
    return kept.text if isinstance(kept, Reply) else ""
