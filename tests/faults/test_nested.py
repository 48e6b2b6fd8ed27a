"""R09: a client that is asked by a client that retries too. Attempts must not multiply."""

from __future__ import annotations

from typing import Any

import pytest

from ipfs_accel_async import Client, InvalidRequestError
from ipfs_accel_async.errors import AccelError, OverloadedError
from tests.answering import header
from tests.faults.scenarios import scenario
from tests.faults.virtual import Answer, Body, VirtualServer, refuses
from tests.faults.watching import FAST, PATIENT, watched

MARK = "x-accel-no-retry"


class Between(VirtualServer):
    """A service that is made of a client: it passes on what it is asked, and how that failed.

    Args:
        below: The client that it asks.
        says_so: Whether it answers that asking again is of no use, as its client has tried already.
    """

    def __init__(self, below: Client, *, says_so: bool = False) -> None:
        super().__init__()
        self._below = below
        self._verdict = {"x_should_retry": "false"} if says_so else {}

    async def send(self, request: Any) -> Any:
        """Ask once more, further below."""
        asked = self._below.with_options(max_retries=0) if header(request, MARK) else self._below
        try:
            await asked.chat("openai:m", "hi")
        except AccelError as error:
            self.always: Answer = refuses(error.status or 500, **self._verdict)
        self.requests.append(request)
        self.open += 1
        return Body(self, self.always)


async def attempts_of(*, says_so: bool = False, marked: bool = False) -> tuple[int, int]:
    """Requests that a dead service sees of one call through two clients, and attempts that the caller is told of."""
    dead = VirtualServer(always=refuses(503))
    settings = {"max_retries": 2, **PATIENT, **FAST}
    headers = {"openai": {"headers": {MARK: "1"}}} if marked else {}
    async with (
        watched(dead, **settings) as below,
        watched(Between(below, says_so=says_so), providers=headers, **settings) as above,
    ):
        with pytest.raises(OverloadedError) as caught:
            await above.chat("openai:m", "hi")
    return len(dead.requests), caught.value.attempts


async def test_without_a_mark_attempts_multiply() -> None:
    """The trap itself, so that the tests below cannot pass by accident."""
    assert await attempts_of() == (9, 3)


@scenario("R09")
async def test_a_service_that_has_tried_says_so() -> None:
    """``x-should-retry: false`` of the one in the middle: three requests, and one attempt above."""
    assert await attempts_of(says_so=True) == (3, 1)


@scenario("R09")
async def test_a_caller_that_will_try_again_says_so() -> None:
    """A header of the caller's, and ``with_options(max_retries=0)`` where it is read: one request for each attempt."""
    assert await attempts_of(marked=True) == (3, 3)


@scenario("R09")
async def test_the_wish_is_of_its_calls_alone() -> None:
    """The client that the view was made of goes on retrying; more retries than the settings have may be wished for."""
    server = VirtualServer(always=refuses(503))
    async with watched(server, max_retries=1, **PATIENT, **FAST) as ai:
        for client, sent in ((ai.with_options(max_retries=0), 1), (ai, 2), (ai.with_options(max_retries=3), 4)):
            server.requests.clear()
            with pytest.raises(OverloadedError):
                await client.chat("openai:m", "hi")
            assert len(server.requests) == sent


@pytest.mark.parametrize("wrong", [-1, 101, 1.0, True, "2"])
async def test_a_wish_that_is_none(wrong: Any) -> None:
    """Refused before anything is sent."""
    async with Client(keys={"openai": "sk-test"}) as ai:
        with pytest.raises(InvalidRequestError, match="max_retries"):
            ai.with_options(max_retries=wrong)
