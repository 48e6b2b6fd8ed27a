"""Settings that go together, by name: where to start from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipfs_accel_async.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

PROFILES: Mapping[str, Mapping[str, Any]] = {
    # many calls, little patience: what fails is soon tried again elsewhere
    "high_performance": {
        "max_concurrent_requests": 50,
        "queue_size": 1_000,
        "failure_threshold": 10,
        "reset_timeout": 15.0,
        "initial_retry_delay": 0.5,
        "max_retry_delay": 8.0,
        "max_batch_size": 32,
        "batch_timeout": 0.05,
        "hedge": True,
    },
    # fewer at once, more patience: a call should come through, however long it takes
    "high_reliability": {
        "max_concurrent_requests": 8,
        "queue_size": 100,
        "failure_threshold": 2,
        "reset_timeout": 120.0,
        "max_retries": 8,
        "max_retry_delay": 30.0,
        "max_retry_after": 300.0,
        "timeout": 900.0,
        "batching": False,
    },
    "balanced": {
        "max_concurrent_requests": 15,
        "queue_size": 200,
    },
    # a small machine, or a small server behind it
    "low_resource": {
        "max_concurrent_requests": 3,
        "queue_size": 50,
        "max_response_bytes": 32 * 2**20,
        "max_batch_size": 4,
        "batch_timeout": 0.2,
        "replay_bytes": 2**20,
    },
}


def profile(name: str) -> Mapping[str, Any]:
    """The settings of a profile.

    Raises:
        ConfigError: There is no such profile.
    """
    found = PROFILES.get(name) if isinstance(name, str) else None
    if found is None:
        raise ConfigError(f"there is no profile {name!r}; there are: {', '.join(PROFILES)}")
    return found
