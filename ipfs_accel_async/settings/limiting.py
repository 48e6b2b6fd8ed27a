"""How many requests and tokens a service allows."""

from __future__ import annotations

from ipfs_accel_async.settings.group import Group


class Limiting(Group):
    """How many requests and tokens a service allows."""
