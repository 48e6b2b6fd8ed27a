"""Backoff at the edges of its settings, and what it says when they are crossed."""

from __future__ import annotations

import random

import pytest

from ipfs_accel_async.policy.backoff import Backoff


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"maximum": float("inf")}, "backoff needs 0 <= initial <= maximum, both finite seconds"),
        ({"factor": float("inf")}, "backoff factor must be at least 1"),
        ({"jitter": 2}, "backoff jitter must be between 0 and 1"),
        ({"retry_after_cap": -1}, "retry_after_cap must not be negative"),
    ],
)
def test_what_is_out_of_range_is_named(settings: dict[str, float], says: str) -> None:
    """In one line, with the range."""
    with pytest.raises(ValueError, match=r"backoff|retry_after_cap") as caught:
        Backoff(**settings)
    assert str(caught.value) == says


def test_there_is_no_retry_before_the_first() -> None:
    """The message says from where they count."""
    with pytest.raises(ValueError, match=r"^retries count from 1$"):
        Backoff().delay(0, random.Random())


def test_a_cap_of_zero_takes_no_servers_word() -> None:
    """Then any wait a server asks for is too long, and one it does not ask for is ours."""
    backoff = Backoff(jitter=0, retry_after_cap=0)
    assert backoff.delay(1, random.Random(), 0.001) is None
    assert backoff.delay(1, random.Random()) == 1


def test_jitter_may_be_all_of_the_delay() -> None:
    """Then any wait up to the maximum comes."""
    delays = [Backoff(jitter=1).delay(1, random.Random(seed)) or 0.0 for seed in range(50)]
    assert min(delays) < 0.2
    assert 1.8 < max(delays) <= 2


def test_a_wait_of_exactly_the_cap_is_taken() -> None:
    """The cap is the longest wait, not the first that is too long."""
    assert 60 <= (Backoff().delay(1, random.Random(), 60) or 0) <= 66


@pytest.mark.parametrize("asked", [0.001, 0.5, 1.0])
def test_a_servers_short_wait_counts_too(asked: float) -> None:
    """A part of a second is a wait, where our own would be shorter still."""
    assert asked <= (Backoff(initial=0).delay(1, random.Random(), asked) or 0) <= asked * 1.1


def test_a_server_that_asks_for_nothing_draws_nothing() -> None:
    """The jitter of later retries is the same as if it had said nothing."""
    silent, zero = random.Random(1), random.Random(1)
    assert Backoff().delay(1, silent) == Backoff().delay(1, zero, 0)
    assert silent.random() == zero.random()


@pytest.mark.parametrize("retry", [1, 5_000])
def test_no_first_delay_is_no_delay_at_all(retry: int) -> None:
    """However late the retry: nothing grows from zero."""
    assert Backoff(initial=0).delay(retry, random.Random()) == 0
