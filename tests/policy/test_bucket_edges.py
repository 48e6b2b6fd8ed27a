"""The token bucket at the edges of its settings."""

from __future__ import annotations

import pytest

from ipfs_accel_async.policy.bucket import TokenBucket


@pytest.mark.parametrize(("rate", "burst"), [(0.0, 1.0), (1.0, 0.0), (float("inf"), 1.0), (1.0, float("inf"))])
def test_what_is_out_of_range_is_told_in_full(rate: float, burst: float) -> None:
    """In one line, when it is made and when it is changed."""
    for make in (TokenBucket, lambda rate, burst: TokenBucket(1.0, 1.0).resize(rate, burst, 1.0, 0.0)):
        with pytest.raises(ValueError, match=r"^a token bucket") as caught:
            make(rate, burst)
        assert str(caught.value) == "a token bucket needs a rate and a burst above 0, both finite"


def test_the_whole_burst_and_the_whole_debt_can_be_had() -> None:
    """To the last unit; what is above them never goes."""
    bucket = TokenBucket(2.0, 10.0, depth=20.0)
    assert (bucket.ready_at(10.0), bucket.ready_at(20.0), bucket.ready_at(20.1)) == (0.0, 0.0, float("inf"))
    bucket.charge(30.0, 0.0)
    assert bucket.level(0.0) == -20.0
    bucket.charge(1.0, 0.0)
    assert bucket.level(0.0) == -20.0
