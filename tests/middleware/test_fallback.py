"""Fallback: the next target when one fails."""

from __future__ import annotations

import pytest

from ipfs_accel_async.call import Call
from ipfs_accel_async.errors import (
    AllTargetsFailedError,
    AuthenticationError,
    BadRequestError,
    CircuitOpenError,
    ClientClosedError,
    ContentFilteredError,
    ContextTooLongError,
    DeadlineExceededError,
    ServerError,
)
from ipfs_accel_async.middleware.fallback import Fallback
from ipfs_accel_async.types import Target
from tests.doubles import Handler, a_call, a_reply

SECOND, THIRD = Target("groq", "b"), Target("ollama", "c")


def answering(**by_provider: Exception) -> Handler:
    """A handler that fails for some providers."""

    def answer(call: Call) -> object:
        return by_provider.get(call.target.provider) or a_reply(call)

    return Handler(0, answer)


@pytest.mark.parametrize(
    "error",
    [
        ServerError("down"),
        CircuitOpenError("open"),
        AuthenticationError("key"),
        ContextTooLongError("long"),
        DeadlineExceededError("its next attempt would come too late", phase="backoff"),
    ],
)
async def test_the_next_target_answers(error: Exception) -> None:
    """On a failure of the target, or a refusal, the next one is asked, and the reply says who answered."""
    reply = await Fallback()(a_call(fallbacks=(SECOND, THIRD)), answering(openai=error))
    assert reply.target == SECOND


@pytest.mark.parametrize(
    "error", [ContentFilteredError("no"), BadRequestError("no"), ClientClosedError("bye"), ValueError("bug")]
)
async def test_some_errors_are_final(error: Exception) -> None:
    """Content refusals, bad requests, a closed client and bugs are not routed around."""
    handler = answering(openai=error)
    with pytest.raises(type(error)):
        await Fallback()(a_call(fallbacks=(SECOND,)), handler)
    assert len(handler.started) == 1


async def test_when_all_fail_every_cause_is_kept() -> None:
    """AllTargetsFailedError has one cause a target, in order."""
    causes = {"openai": ServerError("a"), "groq": ServerError("b"), "ollama": AuthenticationError("c")}
    with pytest.raises(AllTargetsFailedError, match=r"ServerError; .*AuthenticationError") as caught:
        await Fallback()(a_call(fallbacks=(SECOND, THIRD)), answering(**causes))
    assert caught.value.causes == tuple(causes.values())
    assert caught.value.retryable


async def test_without_fallbacks_the_error_itself_comes_through() -> None:
    """A call to one target raises that target's own error."""
    with pytest.raises(ServerError):
        await Fallback()(a_call(), answering(openai=ServerError("down")))
