"""R08: what callers hand over to be called. One that raises or hangs ends its own call, typed and in time."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from ipfs_accel_async import Keys
from ipfs_accel_async.errors import AccelError, ConfigError, RequestTimeoutError, TransportError
from tests.answering import completion
from tests.faults.scenarios import scenario
from tests.faults.server import FaultServer
from tests.faults.virtual import VirtualServer, says
from tests.faults.watching import FAST, watched

HOUR = 3_600.0
TOKEN = "sk-token-0123456789"


class Source:
    """Gives a token: the first time it does something else."""

    def __init__(self, first: str) -> None:
        self.first = first
        self.asked = 0

    async def __call__(self) -> str:
        self.asked += 1
        if self.asked == 1:
            if self.first == "raises":
                raise RuntimeError(TOKEN)
            await asyncio.sleep(HOUR)
        return TOKEN


@scenario("R08")
async def test_a_source_of_tokens_that_raises_ends_its_own_call() -> None:
    """A ConfigError without its words; not tried again, nobody blamed, and the next call asks it anew."""
    server, source = VirtualServer(), Source("raises")
    async with watched(server, keys={"openai": Keys(source)}, failure_threshold=1, **FAST) as ai:
        with pytest.raises(ConfigError) as caught:
            await ai.chat("openai:m", "hi")
        assert TOKEN not in str(caught.value)
        assert (source.asked, server.requests, ai.report()["circuit_breaker"]["state"]) == (1, [], "closed")
        assert (await ai.chat("openai:m", "hi")).text == "hello"


@scenario("R08")
async def test_a_source_of_tokens_that_hangs_is_cut_off_by_the_deadline() -> None:
    """Its call ends in time, unsent; a call beside it goes through meanwhile."""
    server = VirtualServer()
    async with watched(server, keys={"openai": Keys(Source("hangs"))}, failure_threshold=1) as ai:
        hung = asyncio.ensure_future(ai.chat("openai:m", "hi", timeout=9))
        await asyncio.sleep(1)
        assert (await ai.chat("openai:m", "hi")).text == "hello"
        with pytest.raises(TimeoutError):
            await hung
        assert asyncio.get_running_loop().time() == 9.0
        assert (len(server.requests), ai.report()["circuit_breaker"]["state"]) == (1, "closed")


def asks(function: str) -> dict[str, Any]:
    """An answer of a model that calls a function."""
    call = {"id": "t1", "type": "function", "function": {"name": function, "arguments": "{}"}}
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    return completion(choices=[{"index": 0, "message": message, "finish_reason": "tool_calls"}])


@scenario("R08")
async def test_a_function_that_raises_is_the_callers_own_error() -> None:
    """Raised as it is; or told to the model, where the caller asked for that."""

    def broken() -> str:
        raise LookupError("no such city")

    server = VirtualServer(says(asks("broken")), says(asks("broken")))
    async with watched(server, **FAST) as ai:
        with pytest.raises(LookupError, match="no such city"):
            await ai.run_tools("openai:m", "hi", [broken])
        assert (await ai.run_tools("openai:m", "hi", [broken], tell_errors=True)).text == "hello"
    assert b"no such city" in server.requests[-1].body


@scenario("R08")
async def test_a_function_that_hangs_holds_nothing() -> None:
    """While it runs its conversation has no permit: another call takes the only one. Cancelling ends it."""
    begun = asyncio.Event()

    async def hangs() -> str:
        begun.set()
        await asyncio.sleep(HOUR)
        return ""

    async with watched(VirtualServer(says(asks("hangs"))), max_concurrent_requests=1) as ai:
        talking = asyncio.ensure_future(ai.run_tools("openai:m", "hi", [hangs]))
        await begun.wait()
        assert (await ai.chat("openai:m", "hi")).text == "hello"
        talking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await talking
        assert asyncio.get_running_loop().time() == 0.0


@scenario("R08")
async def test_a_transport_with_a_bug_blames_nobody() -> None:
    """What a transport of the caller's raises comes out as it is, after one attempt, and all is as before."""

    class Buggy(VirtualServer):
        """Fails once in its own code."""

        async def send(self, request: Any) -> Any:
            if not self.requests:
                self.requests.append(request)
                raise ZeroDivisionError
            return await super().send(request)

    async with watched(Buggy(), failure_threshold=1, **FAST) as ai:
        with pytest.raises(ZeroDivisionError):
            await ai.chat("openai:m", "hi")
        assert (await ai.chat("openai:m", "hi")).text == "hello"


@scenario("R08")
@pytest.mark.sockets
@pytest.mark.parametrize("kind", ["request", "response"])
@pytest.mark.parametrize("how", ["raises", "hangs"])
async def test_a_hook_of_ones_own_http_client(server: FaultServer, kind: str, how: str) -> None:
    """Of an httpx client that was passed in: one that raises is an error of ours, one that hangs ends in time."""

    async def hook(_: Any) -> None:
        if how == "raises":
            raise LookupError("a bug in the hook")
        await asyncio.sleep(HOUR)

    async with (
        httpx.AsyncClient(event_hooks={kind: [hook]}) as own,
        watched(server, http_client=own, max_retries=0) as ai,
    ):
        wanted: type[AccelError] = TransportError if how == "raises" else RequestTimeoutError
        with pytest.raises(wanted):
            await ai.chat("openai:m", "hi", timeout=0.2 if how == "hangs" else 30)
        own.event_hooks = {}
        assert (await ai.chat("openai:m", "hi")).text == "hello"
        await own.aclose()
