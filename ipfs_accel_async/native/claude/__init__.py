"""Claude's own: messages with every field of the wire, batches, files and models (Claude API reference)."""

from __future__ import annotations

from ipfs_accel_async.native._handle import Native
from ipfs_accel_async.native.claude.batch_lines import BatchResult
from ipfs_accel_async.native.claude.batches import Batches
from ipfs_accel_async.native.claude.files import Files
from ipfs_accel_async.native.claude.messages import Messages
from ipfs_accel_async.native.claude.models import Models

__all__ = ["BatchResult", "Batches", "ClaudeHandle", "Files", "Messages", "Models", "handle"]


class ClaudeHandle(Native):
    """``client.claude``."""

    __slots__ = ()

    @property
    def messages(self) -> Messages:
        """Messages as the service writes them, and their token counts."""
        return Messages(self._bound)

    @property
    def batches(self) -> Batches:
        """Many messages at half the price, within 24 hours."""
        return Batches(self._bound)

    @property
    def files(self) -> Files:
        """Files to refer to in messages, and those that the service's tools made."""
        return Files(self._bound)

    @property
    def models(self) -> Models:
        """What the service says of its models."""
        return Models(self._bound)


handle = ClaudeHandle
