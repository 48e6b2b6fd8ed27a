"""Group Z: a key comes out of no path to an error, and prompts are in no log."""

from __future__ import annotations

import logging

import pytest

from ipfs_accel_async import Client, Secret
from ipfs_accel_async.errors import AccelError
from tests.canary import leaks, shows
from tests.faults.http import CUT_BODIES, LENGTHS, STATUS_LINES, answer
from tests.faults.scanning import Scanner
from tests.faults.scenarios import scenario
from tests.faults.script import close, send
from tests.faults.server import FaultServer
from tests.faults.virtual import VirtualServer, refuses
from tests.faults.watching import KEY, watched

FAULTS = {**CUT_BODIES, **LENGTHS, **{name: (send(line), close()) for name, line in STATUS_LINES.items()}}


@scenario("Z02", "Z03")
@pytest.mark.sockets
@pytest.mark.parametrize("fault", FAULTS)
async def test_no_path_to_an_error_shows_the_key(server: FaultServer, fault: str) -> None:
    """Every fault of a body, a length or a status line: nothing in the error, its chain or its frames."""
    server.answers += [FAULTS[fault]]
    async with watched(server, max_retries=0) as ai:
        with pytest.raises(AccelError) as caught:
            await ai.chat("openai:m", "hi")
        assert leaks(caught.value) == []
        assert not shows(f"{ai!r}{ai.report()}{ai.statistics()}")


@scenario("Z06", "Z02")
@pytest.mark.sockets
async def test_prompts_answers_and_keys_are_in_no_log(server: FaultServer, caplog: pytest.LogCaptureFixture) -> None:
    """Every logger at DEBUG, through success, retry and failure; nor in the report or the statistics."""
    caplog.set_level(logging.DEBUG)
    for name in ("asyncio", "httpx", "httpcore", "aiohttp.client", "ipfs_accel_async"):
        caplog.set_level(logging.DEBUG, logger=name)
    server.answers += [(send(answer({"error": {"message": "no"}}, status=503)),)]
    async with watched(server, initial_retry_delay=0) as ai:
        reply = await ai.chat("openai:m", "PROMPT-CANARY-1")
        assert reply.attempts == 2
        said = f"{caplog.text}{ai.report()}{ai.statistics()}"
    for canary in ("PROMPT-CANARY-1", "hello", KEY):
        assert canary not in said


@scenario("Z05")
def test_how_a_key_is_shown() -> None:
    """At most its last four characters, and none of a short one."""
    assert Secret(KEY).masked == f"...{KEY[-4:]}"
    assert Secret("sk-short").masked == "..."
    assert repr(Secret(KEY)) == "Secret(...)"


@scenario("Z03")
async def test_a_status_that_echoes_the_request_is_scrubbed() -> None:
    """The key in message, code and type of an error."""
    server = VirtualServer(refuses(401, f"bad_{KEY}"))
    async with watched(server, max_retries=0, frames=False) as ai:
        with pytest.raises(AccelError) as caught:
            await ai.chat("openai:m", "hi")
        assert leaks(caught.value, frames=False) == []


async def test_a_scenario_that_lets_the_key_out_would_fail() -> None:
    """In a log, in an error's words, in its chain and in its frames: each is found."""

    def raising(words: str) -> AccelError:
        try:
            raise ValueError(words)
        except ValueError as cause:
            error = AccelError("no")
            error.__cause__ = cause
            return error

    async with Client(transport=VirtualServer(), keys={"openai": KEY}) as ai:
        await ai.chat("openai:m", "hi")
        with Scanner(frames=True) as scanner:
            logging.getLogger("anybody").debug("sent %s", KEY)
            scanner.look(AccelError(f"bad key {KEY}"))
            scanner.look(raising(KEY))
            scanner.end(ai)
        assert [line.split()[0] for line in scanner.found[:2]] == ["the", "AccelError"]
        assert any(line.startswith("ValueError") for line in scanner.found)
        with Scanner(frames=True) as scanner:
            logging.getLogger("anybody").debug("sent")
            scanner.look(raising("nothing"))
        assert scanner.found == []
