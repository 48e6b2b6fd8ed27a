"""What a key was used for: sums that stay right whatever services count."""

from __future__ import annotations

import asyncio

import pytest

from ipfs_accel_async.answers import Answer, Usage
from ipfs_accel_async.errors import ServerError
from ipfs_accel_async.keys import Key
from ipfs_accel_async.metrics.prices import cost_of
from ipfs_accel_async.middleware.member import MAX_MODELS, Member
from ipfs_accel_async.types import Target

TARGET = Target("openai", "gpt-4o")


def answer(**usage: int | float) -> Answer:
    """An answer with these counts."""
    return Answer(target=TARGET, model="gpt-4o", usage=Usage(**usage))  # type: ignore[arg-type]


def test_tokens_errors_and_latency_add_up() -> None:
    """A cancelled attempt is a request and no error; an answer without counts adds none."""
    member = Member(Key("sk-a", name="a"))
    member.count("m", answer(input_tokens=3, output_tokens=4, total_tokens=7), None, 1.0)
    member.count("m", answer(input_tokens=1, output_tokens=1, total_tokens=2), ServerError("cut"), 3.0)
    member.count("n", None, asyncio.CancelledError(), 2.0)
    member.count("n", Answer(target=TARGET), None, 2.0)
    usage = member.usage("ollama")
    assert (usage.requests, usage.input_tokens, usage.output_tokens, usage.total_tokens) == (4, 4, 5, 9)
    assert (usage.errors, usage.latency_mean, usage.latency_p95, usage.cost) == ({"ServerError": 1}, 2.0, 3.0, None)


def test_counts_below_nothing_are_left_out() -> None:
    """A service that counts wrongly does not spoil the sums."""
    member = Member(Key("sk-a", name="a"))
    member.count("m", answer(input_tokens=-5, output_tokens=2, total_tokens=-3, cached_tokens=-1), None, 1.0)
    usage = member.usage("ollama")
    assert (usage.input_tokens, usage.output_tokens, usage.total_tokens) == (0, 2, 0)


def test_the_cost_that_a_service_says_is_the_cost() -> None:
    """No list price is added to it."""
    member = Member(Key("sk-a", name="a"))
    for _ in range(3):
        member.count("gpt-4o", answer(input_tokens=1_000, output_tokens=10, cost=0.25), None, 1.0)
    assert member.usage("openai").cost == 0.75


def test_list_prices_are_those_of_the_average_call() -> None:
    """The same as a price for each call, to the last token; together with what a service says itself."""
    pytest.importorskip("genai_prices", reason="the extra `prices` is not installed")
    member, one_by_one = Member(Key("sk-a", name="a")), 0.0
    for count in (7, 1_001, 12):
        reply = answer(input_tokens=count, output_tokens=count // 2, cached_tokens=count // 3)
        member.count("gpt-4o", reply, None, 1.0)
        one_by_one += cost_of(reply).total
    assert member.usage("openai").cost == pytest.approx(one_by_one)
    member.count("gpt-4o", answer(input_tokens=1, cost=0.5), None, 1.0)
    assert member.usage("openai").cost == pytest.approx(one_by_one + 0.5)
    member.count("no-such-model", answer(input_tokens=1), None, 1.0)
    assert member.usage("openai").cost is None  # a sum without one of its parts would be too low


def test_models_that_nobody_has_take_no_endless_memory() -> None:
    """Callers may send any name: the rest is counted together."""
    member = Member(Key("sk-a", name="a"))
    for number in range(MAX_MODELS + 50):
        member.count(str(number), answer(input_tokens=1, total_tokens=1), None, 1.0)
    assert len(member.tallies) == MAX_MODELS + 1
    assert member.usage("ollama").total_tokens == MAX_MODELS + 50


def test_who_stands_for_no_key_has_no_secret() -> None:
    """A service without keys has a place all the same, for its limits."""
    assert (Member(None).secret, Member(None).alias) == (None, "")
