"""A gathering of calls with a service of its own, for tests of what it decides."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import replace
from typing import Any

import numpy as np

from ipfs_accel_async.answers import Embeddings
from ipfs_accel_async.batching.gathering import Gathering
from ipfs_accel_async.batching.members import Member
from ipfs_accel_async.batching.rules import Rules
from ipfs_accel_async.batching.texts import Texts
from ipfs_accel_async.call import Call
from ipfs_accel_async.errors import BadRequestError, ServerError
from ipfs_accel_async.policy.batch import Bounds
from ipfs_accel_async.policy.spreading import NEVER, Spreading
from ipfs_accel_async.types import EmbedRequest
from tests.doubles import a_call

VARIABLE: ContextVar[str] = ContextVar("variable", default="none")


class Fixed(Spreading):
    """Requests of a fixed share; writes down what it is told, and in which context."""

    def __init__(self, share: int, enough: int) -> None:
        super().__init__()
        self.fixed = share, enough
        self.aloft: list[int] = []
        self.learnt: list[float] = []
        self.seen: set[str] = set()

    def learn(self, overlap: float) -> None:
        """How far requests that left together overlapped."""
        self.learnt.append(overlap)

    def share(self, waiting: int, aloft: int, places: int) -> int:
        """The share."""
        self.seen.add(VARIABLE.get())
        return self.fixed[0]

    def enough(self, aloft: int, places: int) -> int:
        """Enough."""
        self.aloft.append(aloft)
        return self.fixed[1]


class Crew:
    """A gathering and its service, which answers after so many seconds."""

    def __init__(self, seconds: float = 100.0, *, share: int = 1_000, enough: int = NEVER, **more: Any) -> None:
        self.spreading = Fixed(share, enough)
        given: dict[str, Any] = {"places": 3, "aging": 10.0, "most_waiting": 4, "told_by": "", "bounds": Bounds(1_000)}
        given |= {"form": Texts(), "timeout": 5.0, "described": False, "table": None, "limited": False}
        self.rules = Rules(**given | more, single_flight=True, spreading=self.spreading)
        self.seconds = seconds
        self.sent: list[tuple[float, tuple[str, ...]]] = []
        self.asked: list[Call] = []
        self.rests = 0
        self.members: list[Member] = []
        self.gathering = Gathering(self.rules, self.answer, {}, lambda _: None, self.rest)

    def rest(self) -> None:
        """Nobody waits and nothing is under way."""
        self.rests += 1

    async def answer(self, call: Call) -> Embeddings:
        """Answer after a while; what is asked of the server itself never is."""
        if call.operation == "info":
            self.asked.append(call)
            await asyncio.sleep(10)
            raise ServerError("nothing to tell", target=call.target)
        texts = call.payload.texts  # type: ignore[union-attr]
        self.sent.append((asyncio.get_running_loop().time(), texts))
        if "bad" in texts:
            raise BadRequestError("one is bad", target=call.target)
        await asyncio.sleep(self.seconds if texts != ("short",) else 10.0)
        return Embeddings(target=call.target, vectors=np.zeros((len(texts), 2), np.float32))

    def join(self, text: str, tokens: int = 1, size: int = 1, *, same: bool = True, **more: Any) -> Member:
        """One text more; without `same` it may go by itself."""
        payload = EmbedRequest((text,))
        call = replace(a_call(), operation="embed", payload=payload, request_id=text, **more)
        future = self.gathering.loop.create_future()
        member = Member(call, payload, (1, tokens, size), future, whole=True, same=(text,) if same else None)
        self.gathering.join(member)
        self.members.append(member)
        self.counted()
        return member

    async def end(self) -> None:
        """Leave nothing."""
        self.gathering.close()
        tasks = self.gathering.end()
        if tasks:
            await asyncio.wait(tasks)
        for member in self.members:
            if member.future.done():
                member.future.exception()

    def counted(self) -> None:
        """What is counted is what waits."""
        inside = self.gathering
        waiting = list(inside._waiting)
        sums = [sum(getattr(member, what) for member in waiting) for what in ("items", "tokens", "bytes")]
        assert [inside._items, inside._tokens, inside._bytes] == sums

    @property
    def timer(self) -> bool:
        """Whether a timer runs."""
        return self.gathering._timer is not None

    @property
    def soon(self) -> bool:
        """Whether it sends at the end of this step."""
        return self.gathering._soon is not None


Crews = Callable[..., Crew]
