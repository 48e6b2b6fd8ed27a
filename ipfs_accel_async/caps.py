"""Caps on what is in flight: semaphores whose size may change at any time."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import anyio


class Cap:
    """A semaphore that is taken without waiting.

    Args:
        limit: Permits; none pauses what needs one.
        reserved: How many of them only calls of high priority may use; one is left to the others all the same.

    Attributes:
        permits: Those that are free.
        limit: Permits that may be out.
        shared: Those of them that any call may use.
        others: Permits that calls of other than high priority hold.
    """

    __slots__ = ("_owed", "_reserved", "limit", "others", "permits", "shared")

    def __init__(self, limit: int, reserved: int = 0) -> None:
        from anyio import Semaphore  # loads on first use, as all that importing the package does not need

        self.permits: anyio.Semaphore = Semaphore(limit)
        self.limit = limit
        self.others = 0
        self._reserved = reserved
        self._owed = 0
        self.shared = self._shared()

    @property
    def free(self) -> int:
        """Permits that are free."""
        return self.permits.value

    def take(self, high: bool) -> None:
        """Take a permit, which there is.

        Raises:
            anyio.WouldBlock: There is none.
        """
        self.permits.acquire_nowait()
        if not high:
            self.others += 1

    def give(self, high: bool) -> None:
        """Give a permit back; it is gone if the cap was lowered meanwhile."""
        if not high:
            self.others -= 1
        if self._owed:
            self._owed -= 1
        else:
            self.permits.release()

    def resize(self, limit: int) -> None:
        """Change the number of permits. Those that are out beyond it are taken away as they come back.

        Args:
            limit: From 0, which lets nothing go.
        """
        from anyio import Semaphore  # as above

        more, self.limit = limit - self.limit, limit
        self.shared = self._shared()
        while more > 0 and self._owed:
            more, self._owed = more - 1, self._owed - 1
        left = self.permits.value + more
        self.permits = Semaphore(max(left, 0))  # nobody waits for one; a million of them one by one take a second
        self._owed -= min(left, 0)

    def _shared(self) -> int:
        return max(self.limit - self._reserved, min(self.limit, 1))
