"""How calls are bounded, gathered, retried, cut off and kept: groups of settings, one file each."""

from __future__ import annotations

from ipfs_accel_async.settings.batching import Batching
from ipfs_accel_async.settings.breaking import Breaking
from ipfs_accel_async.settings.caching import Caching
from ipfs_accel_async.settings.dispatching import Dispatching
from ipfs_accel_async.settings.limiting import Limiting
from ipfs_accel_async.settings.retrying import Retrying
from ipfs_accel_async.settings.securing import Securing
from ipfs_accel_async.settings.timing import Timing


class Settings(Securing, Timing, Caching, Batching, Limiting, Breaking, Retrying, Dispatching):
    """How calls to one provider are bounded, queued, retried and cut off. Times are in seconds."""
