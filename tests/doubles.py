"""Calls, handlers and streams that tests are made of."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from ipfs_accel_async.answers import Delta, Reply
from ipfs_accel_async.call import Call
from ipfs_accel_async.caps import Cap
from ipfs_accel_async.dispatcher import Dispatcher
from ipfs_accel_async.gates import Gate
from ipfs_accel_async.lanes import Lane
from ipfs_accel_async.settings import Settings
from ipfs_accel_async.stream import Stream
from ipfs_accel_async.types import ChatRequest, Message, Priority, Target

TARGET = Target("openai", "m", "http://127.0.0.1")


def a_call(
    *,
    priority: int = Priority.NORMAL,
    timeout: float = 3_600.0,
    target: Target = TARGET,
    name: str = "id",
    stream: bool = False,
    **more: Any,
) -> Call:
    """A chat call submitted now."""
    now = asyncio.get_running_loop().time()
    payload = ChatRequest((Message("user", "hi"),), stream=stream)
    return Call("chat", target, payload, priority, now + timeout, now, name, **more)


def a_reply(call: Call, text: str = "ok") -> Reply:
    """An answer to a call."""
    return Reply(target=call.target, request_id=call.request_id, text=text, attempts=call.attempts)


def a_dispatcher(gates: Sequence[Gate] = (), *, total: int | None = None, **settings: Any) -> Dispatcher:
    """A dispatcher with one lane a target."""
    own = Settings(**settings)
    whole = None if total is None else Cap(total)

    def lane_for(target: Target) -> Lane:
        caps = [Cap(own.max_concurrent_requests, own.reserved_for_high)]
        return Lane([*caps, whole] if whole is not None else caps, gates, own)

    return Dispatcher(lane_for)


class Handler:
    """Answers calls after some virtual seconds and counts how many it has at once."""

    def __init__(self, seconds: float = 1.0, answer: Callable[[Call], Any] = a_reply) -> None:
        self.seconds = seconds
        self.answer = answer
        self.started: list[str] = []
        self.now = 0
        self.peak = 0
        self.finished = 0

    async def __call__(self, call: Call) -> Any:
        """Count, wait, answer; an exception to answer with is raised."""
        self.started.append(call.request_id)
        call.trace.attempts += 1
        self.now += 1
        self.peak = max(self.peak, self.now)
        try:
            await asyncio.sleep(self.seconds)
        finally:
            self.now -= 1
        self.finished += 1
        given = self.answer(call)
        if isinstance(given, BaseException):
            raise given
        return given


class ListSource:
    """A stream's source of prepared deltas; an exception among them is raised."""

    def __init__(self, *batches: Sequence[Delta] | BaseException, pause: float = 0.0) -> None:
        self.batches = list(batches)
        self.pause = pause
        self.closed = 0

    async def read(self) -> Sequence[Delta]:
        """The next batch."""
        if self.pause:
            await asyncio.sleep(self.pause)
        batch = self.batches.pop(0) if self.batches else ()
        if isinstance(batch, BaseException):
            raise batch
        return batch

    async def aclose(self) -> None:
        """Count the closing."""
        self.closed += 1


def a_stream(*batches: Sequence[Delta] | BaseException, pause: float = 0.0) -> tuple[Stream, ListSource]:
    """A stream and its source."""
    source = ListSource(*batches, pause=pause)
    return Stream(source, Reply(target=TARGET, request_id="id")), source


def lane_of(dispatcher: Dispatcher, target: Target = TARGET) -> Lane:
    """The lane of a target."""
    return dispatcher.lanes[target.provider, target.endpoint]


def quiet(dispatcher: Dispatcher) -> bool:
    """Whether nothing is in flight or waiting and every permit is back."""
    return all(
        lane.active == 0 and lane.queue.waiting == 0 and lane.caps[0].free == lane.settings.max_concurrent_requests
        for lane in dispatcher.lanes.values()
    )
