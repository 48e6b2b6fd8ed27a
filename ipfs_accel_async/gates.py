"""Conditions of a grant: gates, what they lend, and taking all of it or nothing."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from ipfs_accel_async.call import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ipfs_accel_async.call import Call
    from ipfs_accel_async.keys import Secret

UNUSED = Outcome("ignored")
"""What a guard hears of an attempt that was never made."""


class Lease(Protocol):
    """What a gate lends for one attempt. It may have ``begun(now)`` too, which hears of a stream's first token."""

    @property
    def key(self) -> Secret | None:
        """The key to use, from the gate that lends keys."""

    def settle(self, outcome: Outcome, now: float) -> None:
        """Take it back and learn how it went. Called once."""


class Gate(Protocol):
    """One more condition of a grant: a key, a breaker's permit, tokens of a rate limit.

    What it tells to wait holds back the calls to the same model that would go later, and no others.
    """

    def try_take(self, call: Call, now: float) -> Lease | float:
        """A lease, or the instant to ask again (infinity: when something is given back).

        Raises:
            RejectedError: The call must not wait for this.
        """


def take_all(gates: Sequence[Gate], call: Call, now: float) -> list[Lease] | float:
    """A lease of each gate, or the first instant that one of them names; what was taken by then is given back.

    Raises:
        Exception: Whatever a gate raises, such as RejectedError; nothing is held then either.
    """
    leases: list[Lease] = []
    try:
        for gate in gates:
            lease = gate.try_take(call, now)
            if isinstance(lease, float):
                give_back(leases, UNUSED, now)
                return lease
            leases.append(lease)
    except Exception:
        give_back(leases, UNUSED, now)
        raise
    return leases


def give_back(leases: Sequence[Lease], outcome: Outcome, now: float) -> None:
    """Settle all leases, whatever one of them does."""
    for lease in leases:
        try:
            lease.settle(outcome, now)
        except Exception as error:  # noqa: BLE001 - whatever it is
            _report(error)


def tell_begun(leases: Sequence[Lease], now: float) -> None:
    """Tell those leases that listen that a stream was handed over with its first token."""
    for lease in leases:
        begun = getattr(lease, "begun", None)
        if begun is not None:
            try:
                begun(now)
            except Exception as error:  # noqa: BLE001 - whatever it is
                _report(error)


def _report(error: Exception) -> None:
    """A guard's fault is nobody's answer: the loop is told, and everything else goes its way."""
    message = f"a guard of the dispatcher failed with {type(error).__name__}"
    asyncio.get_running_loop().call_exception_handler({"message": message, "exception": error})
