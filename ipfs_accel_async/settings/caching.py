"""Which answers are kept, where, and for how long."""

from __future__ import annotations

from ipfs_accel_async.settings.group import Group


class Caching(Group):
    """Which answers are kept, where, and for how long."""
