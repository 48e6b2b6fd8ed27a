"""Tokens that a callable gives come out no more than keys do, whatever the callable does."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ipfs_accel_async import Client, ConfigError, Keys, MockTransport
from tests.canary import CANARY, leaks, shows


def raising() -> str:
    """A provider that quotes the token in its error."""
    raise RuntimeError(f"401 for {CANARY}")


async def raising_later() -> str:
    """The same, awaited, with the token in its frame and in a cause."""
    token = CANARY
    await asyncio.sleep(0)
    try:
        raising()
    except RuntimeError as error:
        raise LookupError(f"no token like {token}") from error
    return token


def config_error() -> str:
    """One that raises an error of ours."""
    raise ConfigError("no such identity")


SOURCES = {
    "raises": raising,
    "raises later": raising_later,
    "line break": lambda: f"{CANARY}\n{CANARY}",
    "bytes": lambda: CANARY.encode(),
    "list": lambda: [CANARY],
    "letters that no header has": lambda: f"{CANARY}\u00e4",
    "our own error": config_error,
}


@pytest.mark.parametrize("source", SOURCES)
async def test_a_token_that_cannot_be_had_is_not_shown(source: str, caplog: pytest.LogCaptureFixture) -> None:
    """A ConfigError of one line without the callable's words, chain or frames; nothing is sent."""
    caplog.set_level("DEBUG")
    mock = MockTransport(lambda _: MockTransport.reply({}))
    given: Any = SOURCES[source]
    async with Client(transport=mock, keys={"openai": Keys(given)}) as ai:
        with pytest.raises(ConfigError) as caught:
            await ai.chat("openai:m", "hi")
        assert not shows(repr(ai.statistics()) + ai.report().to_json())
    assert leaks(caught.value) == []
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert mock.requests == []
    assert not shows(caplog.text)


async def test_the_error_says_what_the_callable_raised() -> None:
    """By its kind, and what to do to see the rest."""
    async with Client(transport=MockTransport(lambda _: MockTransport.reply({})), keys={"openai": Keys(raising)}) as ai:
        with pytest.raises(ConfigError, match="raised RuntimeError: call it by itself"):
            await ai.chat("openai:m", "hi")


async def test_a_cancelled_token_source_is_cancelled() -> None:
    """Cancellation passes through it as it is."""
    waiting = asyncio.Event()

    async def silent() -> str:
        waiting.set()
        await asyncio.sleep(3_600)
        return CANARY

    async with Client(transport=MockTransport(lambda _: MockTransport.reply({})), keys={"openai": Keys(silent)}) as ai:
        task = asyncio.ensure_future(ai.chat("openai:m", "hi"))
        await waiting.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        assert leaks(caught.value) == []
