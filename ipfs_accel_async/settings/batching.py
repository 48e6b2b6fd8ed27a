"""What is gathered into one request, and for how long."""

from __future__ import annotations

from ipfs_accel_async.settings.group import Group


class Batching(Group):
    """What is gathered into one request, and for how long."""
