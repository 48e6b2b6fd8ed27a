"""What a call costs of a limit: expected, spent, and what its end tells."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ipfs_accel_async.answers import Reply
from ipfs_accel_async.call import Call, Outcome
from ipfs_accel_async.conversation import as_messages
from ipfs_accel_async.deltas import Usage
from ipfs_accel_async.errors import (
    BadRequestError,
    ConfigError,
    ConnectError,
    InterruptedCallError,
    OverloadedError,
    RateLimitError,
)
from ipfs_accel_async.middleware.costs import Costs, said_by, tell, too_large
from ipfs_accel_async.policy.quota import Cost, Limits, Quota, Reservation
from ipfs_accel_async.types import ChatRequest, EmbedRequest, Target
from ipfs_accel_async.wire.ratelimits import RateLimits

TARGET = Target("openai", "m")
QUOTA = Quota(Limits(tpm=10_000))
RESERVED = Cost(1, 10, 100)


def a_call(text: str = "two words", sent: bool = True, **more: Any) -> Call:
    """A chat, sent or not."""
    call = Call("chat", TARGET, ChatRequest(as_messages(text), **more))
    attempt = call.trace.begin("chat", TARGET, 0.0, 0.0)
    attempt.sent = 0.0 if sent else None
    return call


def answered(used: int, output: int, cached: int = 0) -> Outcome:
    """A good end with so many tokens."""
    return Outcome("ok", None, Reply(target=TARGET, usage=Usage(used, output, used + output, cached)))


def test_tokens_are_only_estimated_where_they_count() -> None:
    """A limit of requests costs no estimate, and an estimate is made once a call."""
    call = a_call()
    assert Costs().of(call, Quota(Limits(rpm=5))) == Cost()
    assert call.trace.input_tokens is None
    assert Costs().of(call, QUOTA) == Cost(1, 9, 500)
    assert call.trace.input_tokens == 9
    call.trace.input_tokens = 50
    assert Costs().of(call, QUOTA).input == 50


def test_the_callers_bound_is_the_output_that_is_expected_at_first() -> None:
    """And what has no output is expected to have none."""
    assert Costs().of(a_call(max_tokens=70), QUOTA).output == 70
    assert Costs().of(Call("embed", TARGET, EmbedRequest(("one", "two"))), QUOTA) == Cost(1, 2, 0)


def test_the_expectation_is_of_a_model() -> None:
    """What one model's calls use says nothing of another one's."""
    costs, call = Costs(), a_call(max_tokens=4_000)
    for _ in range(20):
        costs.spent(call, RESERVED, answered(18, 30))
    assert costs.of(call, QUOTA) == Cost(1, 18, 30)
    other = Call("chat", Target("openai", "other"), call.payload)
    assert costs.of(other, QUOTA) == Cost(1, 9, 4_000)


def test_models_are_forgotten_when_there_are_too_many() -> None:
    """Callers may send any name."""
    costs = Costs()
    for number in range(1_100):
        costs.of(Call("chat", Target("openai", str(number)), ChatRequest(as_messages("hi"))), QUOTA)
    assert len(costs._known) == 1_000


@pytest.mark.parametrize(
    ("outcome", "spent"),
    [
        (answered(20, 30, 5), Cost(1, 20, 30, 5)),
        (answered(20, 30, 90), Cost(1, 20, 30, 20)),
        (answered(-5, 30, -1), Cost(1, 0, 30)),
        (answered(0, 0), RESERVED),
        (Outcome("ignored"), None),
        (Outcome("failed", ConnectError("nobody")), None),
        (Outcome("ignored", ConfigError("no token")), None),
        (Outcome("ok", BadRequestError("no")), Cost()),
        (Outcome("throttled", RateLimitError("slow down")), Cost()),
        (Outcome("failed", OverloadedError("busy")), Cost()),
        (Outcome("failed", InterruptedCallError("cut")), RESERVED),
        (Outcome("ignored", asyncio.CancelledError()), RESERVED),
        (Outcome("ignored", None, answered(7, 3).answer), Cost(1, 7, 3)),
    ],
)
def test_what_an_attempt_has_spent(outcome: Outcome, spent: Cost | None) -> None:
    """As counted; nothing if nothing was sent; a request alone if it was refused; what was reserved if nobody knows."""
    assert Costs().spent(a_call(), RESERVED, outcome) == spent


def test_what_was_never_sent_has_spent_nothing() -> None:
    """However it ended."""
    assert Costs().spent(a_call(sent=False), RESERVED, Outcome("ignored", asyncio.CancelledError())) is None


def test_a_429_parks_until_its_instant() -> None:
    """Other errors park nothing, and one that states no time does not."""
    quota = Quota(Limits(rpm=60))
    tell(quota, Outcome("failed", OverloadedError("busy", retry_after=9.0)), 0.0, 5.0, learn=True)
    tell(quota, Outcome("throttled", RateLimitError("slow")), 0.0, 5.0, learn=True)
    assert isinstance(quota.try_take(Cost(), 5.0), Reservation)
    tell(quota, Outcome("throttled", RateLimitError("slow", retry_after=9.0)), 0.0, 5.0, learn=True)
    assert quota.try_take(Cost(), 5.0) == 14.0


@pytest.mark.parametrize("learn", [True, False])
def test_only_errors_teach_limits_that_nobody_set(learn: bool) -> None:
    """A good answer's headers correct what counts already."""
    quota, limits = Quota(Limits()), RateLimits(limit_requests=60)
    tell(quota, Outcome("ok", None, Reply(target=TARGET, limits=lambda: limits)), 0.0, 0.0, learn=learn)
    assert set(quota.state(0.0)) == {"held_seconds"}
    error = RateLimitError("slow")
    error.rate_limits = (limits,)
    tell(quota, Outcome("throttled", error), 0.0, 0.0, learn=learn)
    assert ("rpm" in quota.state(0.0)) is learn


def test_who_says_nothing_is_heard_so() -> None:
    """No answer, no headers, an error of ours."""
    assert said_by(Outcome("ignored")) == ()
    assert said_by(Outcome("ok", None, Reply(target=TARGET))) == ()
    assert said_by(Outcome("failed", ConnectError("nobody"))) == ()
    assert said_by(Outcome("failed", OverloadedError("busy"))) == ()


def test_the_refusal_says_what_to_do() -> None:
    """The limit, its size, and what the call is expected to cost."""
    call, quota = a_call(), Quota(Limits(tpm=1_000))
    assert too_large(call, quota, Cost(1, 900, 100)) is None
    error = too_large(call, quota, Cost(1, 2_000, 345))
    assert error is not None
    assert str(error) == (
        "openai:m: the call is expected to cost 2,345, and tpm is 1,000: shorten it, or lower max_tokens"
    )
    assert (error.code, error.phase) == ("exceeds_tpm", "queue")
