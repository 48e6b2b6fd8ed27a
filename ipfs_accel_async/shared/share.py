"""What one process holds of one limit that processes share."""

from __future__ import annotations

from ipfs_accel_async.policy.allowance import DAY, MINUTE

AHEAD = 0.25
"""Seconds of the rate that are leased beyond what is needed now, over all processes."""
BATCH = 0.02
"""The same, of what is waited for: processes that take turns at a limit do so that often and not for each call."""
PART = 0.01
"""The part of a limit without a rate, as that of a day, that is leased ahead."""
KINDS = {
    "rpm": ("requests", MINUTE),
    "rpd": ("requests", DAY),
    "tpm": ("tokens", MINUTE),
    "tpd": ("tokens", DAY),
    "input_tpm": ("uncached", MINUTE),
    "output_tpm": ("output", MINUTE),
}


class Share:
    """What this process holds of one limit. All processes together never hold more than one burst.

    Args:
        name: Of the limit, such as ``rpm``.
        limit: Its size.
        burst_seconds: How much of a minute's limit may go at once, in seconds of its rate.

    Attributes:
        held: What may be used without asking.
        used: What was used, ever; `sent` is what Redis was told last, `acked` what it has answered to.
        wanted: What the largest call needs that waits for it; 0 for none.
    """

    __slots__ = ("acked", "capacity", "held", "kind", "limit", "name", "rate", "sent", "used", "wanted", "window")

    def __init__(self, name: str, limit: float, burst_seconds: float) -> None:
        self.name = name
        self.limit = limit
        self.kind, self.window = KINDS[name]
        self.rate = limit / MINUTE if self.window == MINUTE else 0.0
        self.capacity = min(max(self.rate * burst_seconds, 1.0), limit) if self.rate else limit
        self.held = self.used = self.sent = self.acked = self.wanted = 0.0

    def question(self, processes: int, *, idle: bool) -> list[str | float]:
        """What to tell and to ask of Redis, as the script has it.

        What is too little for the call that waits goes back, so that processes cannot hold in parts what each needs
        whole; so does what an idle one holds.

        Args:
            processes: How many share.
            idle: Whether this one makes no calls now.
        """
        if self.wanted or idle:
            self.held = 0.0
        self.sent = self.used
        told: list[str | float] = [self.name, self.capacity, self.rate, self.window, self.used, self.acked, self.held]
        if not self.wanted:
            return [*told, 0, 0]
        processes = max(processes, 1)
        ahead = min(self.rate * AHEAD, self.capacity / 2) / processes if self.rate else self.limit * PART // processes
        least = self.wanted + min(ahead, self.rate * BATCH)
        return [*told, least if least <= self.capacity / 2 else self.wanted, self.wanted + ahead]
