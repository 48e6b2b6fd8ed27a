"""The semantic cache in the stack: a question that was answered in other words is not asked again."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ipfs_accel_async.cache.exact import tags_of
from ipfs_accel_async.cache.record import restored
from ipfs_accel_async.errors import InvalidRequestError
from ipfs_accel_async.flow import Flow
from ipfs_accel_async.middleware.cache import READING, WRITING, Recording
from ipfs_accel_async.partition import partition, question
from ipfs_accel_async.semantic.pairs import deltas_of, reply_of
from ipfs_accel_async.stream import Stream
from ipfs_accel_async.types import ChatRequest, Text

if TYPE_CHECKING:
    import random
    from collections.abc import Awaitable, Callable, Sequence

    from numpy import float32
    from numpy.typing import NDArray

    from ipfs_accel_async.answers import Answer, Delta
    from ipfs_accel_async.call import Call
    from ipfs_accel_async.core import Handler, Result
    from ipfs_accel_async.middleware.shadow import Shadow
    from ipfs_accel_async.semantic.embedder import Embedder
    from ipfs_accel_async.semantic.similar import SemanticCache
    from ipfs_accel_async.settings import Settings

_OFFERED = frozenset(("tools", "functions", "tool_config", "toolConfig", "web_search_options", "plugins"))
"""Parameters by which services are offered tools: what those bring changes from call to call."""


AT_ONCE = 256
"""Questions that are embedded in one request."""
TURN = 32
"""Answers that are kept before the loop gets its turn."""


class Semantic:
    """Answers chats from answers to the same question.

    Whatever goes wrong on the way to a vector, the call goes on without one.

    Args:
        cache: The client's.
        embed: Embeds texts.
        shadow: Compares some hits with live answers.
        settings_for: Settings of a provider.
        rng: Chooses the hits that are compared.
    """

    def __init__(
        self,
        cache: SemanticCache,
        embed: Embedder,
        shadow: Shadow,
        settings_for: Callable[[str], Settings],
        rng: random.Random,
    ) -> None:
        self._cache = cache
        self._embed = embed
        self._shadow = shadow
        self._settings_for = settings_for
        self._rng = rng

    def __call__(self, call: Call, next: Handler) -> Awaitable[Result]:  # noqa: A002
        """Answer `call` by what is kept, else by `next`; then keep that."""
        if call.operation != "chat" or call.options.cache == "off" or not self._admits(call):
            return next(call)
        return self._answer(call, next)

    def _admits(self, call: Call) -> bool:
        """Whether the last thing said is a plain question, and its answer nearly the same each time."""
        asked = call.payload
        if not isinstance(asked, ChatRequest) or asked.tools or _OFFERED & asked.params.keys():
            return False
        if asked.temperature != 0 and not self._cache.any_temperature:
            return False
        last = asked.messages[-1]
        plain = isinstance(last.content, str) or all(isinstance(part, Text) for part in last.content)
        return last.role == "user" and plain and 0 < len(last.text) <= self._cache.max_characters

    async def _answer(self, call: Call, next: Handler) -> Result:  # noqa: A002
        space = space_of(call)
        text = question(call)
        vector = None if space is None else await self._vector(text, call)
        if space is None or vector is None:
            return await next(call)  # type: ignore[no-any-return]
        mode = call.options.cache or "on"
        if mode in READING:
            threshold = self._cache.thresholds.of(namespace_of(call))
            hit = await self._cache.find(space, text, vector, threshold.value, call.options.max_age)
            found = None if hit is None else restored(hit.entry.data, call)
            if hit is not None and found is not None:
                if self._rng.random() >= self._cache.shadow:
                    call.trace.cache = "similar"
                    if isinstance(found, Flow):
                        call.trace.first_delta_at = asyncio.get_running_loop().time()
                    return found
                if isinstance(found, Flow):
                    await found.aclose()
                return self._shadow.beside(await next(call), call, hit, threshold)
        answer: Result = await next(call)
        if mode in WRITING and call.trace.cache != "shared":  # whoever asked first keeps it
            return self._keep(call, answer, space, text, vector)
        return answer

    async def _vector(self, text: str, call: Call) -> NDArray[float32] | None:
        deadline = min(call.deadline, asyncio.get_running_loop().time() + self._cache.embed_timeout)
        try:
            return (await self._embed([text], call, deadline))[0]  # type: ignore[no-any-return]
        except Exception as error:  # noqa: BLE001 - whatever an embedder raises, the call goes on
            self._cache.failed(error)
            return None

    async def warm(self, call: Call, pairs: Sequence[tuple[str, str]]) -> int:
        """Keep answers to further questions; how many.

        Args:
            call: A chat like those that are to be answered so, whatever it asks.
            pairs: Questions and answers.

        Raises:
            InvalidRequestError: Such calls are never answered from here.
            AccelError: Of the embedder.
        """
        space = space_of(call) if self._admits(call) else None
        if space is None:
            raise InvalidRequestError("such calls are not answered from the semantic cache: is temperature=0 missing?")
        kept = 0
        for start in range(0, len(pairs), AT_ONCE):
            some = pairs[start : start + AT_ONCE]
            vectors = await self._embed([asked for asked, _ in some], call, call.deadline)
            for place, ((asked, answer), vector) in enumerate(zip(some, vectors, strict=True)):
                if place % TURN == 0:
                    await asyncio.sleep(0)
                reply, deltas = reply_of(answer, call.target), deltas_of(answer) if call.payload.stream else ()
                kept += self._cache.keep(space, asked, vector, reply, tags_of(call), deltas)
        return kept

    async def aclose(self) -> None:
        """End what compares answers, when the client is closed."""
        await self._shadow.aclose()

    def _keep(self, call: Call, answer: Result, space: bytes, text: str, vector: NDArray[float32]) -> Result:
        kept = _Kept(self._cache, space, text, vector)
        if isinstance(answer, Stream):
            settings = self._settings_for(call.target.provider)
            answer.idle = settings.stream_idle_timeout
            return answer.beside(Recording(answer, call, kept, self._cache.ttl, settings.replay_bytes), call)
        if not isinstance(answer, Flow) and kept.keep_now(call, answer):
            call.trace.cache = "stored"
        return answer


class _Kept:
    """Where the answer to one question goes."""

    def __init__(self, cache: SemanticCache, space: bytes, text: str, vector: NDArray[float32]) -> None:
        self._cache = cache
        self._space = space
        self._text = text
        self._vector = vector

    def keep_now(self, call: Call, answer: Answer, deltas: Sequence[Delta] = ()) -> bool:
        if answer.target != call.target:  # a fallback's: the model that was asked might answer otherwise
            return False
        return self._cache.keep(self._space, self._text, self._vector, answer, tags_of(call), deltas)

    async def keep(self, call: Call, answer: Answer, ttl: float, deltas: Sequence[Delta] = ()) -> bool:
        """Keep a stream that was read to its end; `ttl` is that of all entries."""
        return self.keep_now(call, answer, deltas)


def namespace_of(call: Call) -> str:
    """The part of the cache that a call belongs to, with a threshold of its own: its tag ``namespace``."""
    return str(call.tags.get("namespace", ""))


def space_of(call: Call) -> bytes | None:
    """The partition of a call: of the exact cache, and of its namespace; None where a request cannot be compared."""
    whole = partition(call)
    return None if whole is None else whole + namespace_of(call).encode()
