"""Rate limits beside those of keys: what no wait would let pass, and what one endpoint of several may be asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipfs_accel_async.middleware.member import Member

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ipfs_accel_async.call import Call, Outcome
    from ipfs_accel_async.core import Handler, Result
    from ipfs_accel_async.errors import CostExceedsLimitError
    from ipfs_accel_async.middleware.quotas import Quotas, Reserved


class Fits:
    """Refuses a call at once that alone costs more than a rate limit has in its window.

    The grant would refuse it too, but only when its turn has come.

    Args:
        refusal: The error of a call that is too large; None of any other.
    """

    def __init__(self, refusal: Callable[[Call], CostExceedsLimitError | None]) -> None:
        self._refusal = refusal

    def __call__(self, call: Call, next: Handler) -> Awaitable[Result]:  # noqa: A002
        """Answer `call`, if it fits.

        Raises:
            CostExceedsLimitError: It does not.
        """
        error = self._refusal(call)
        if error is not None:
            raise error
        return next(call)


class LimitGate:
    """The rate limits of one endpoint, whoever's keys it is asked with.

    Args:
        quotas: What it may be asked, model by model.
    """

    def __init__(self, quotas: Quotas) -> None:
        self.quotas = quotas
        self._anybody = Member(None)
        quotas.admit(self._anybody)

    def try_take(self, call: Call, now: float) -> LimitLease | float:
        """What the call is expected to cost, or the instant from which there is room for it.

        Raises:
            CostExceedsLimitError: It alone is above a limit.
        """
        taken = self.quotas.try_take(self._anybody, call, now)
        if not isinstance(taken, (int, float)):
            return LimitLease(self.quotas, self._anybody, call, taken)
        refusal = self.quotas.too_large(self._anybody, call)
        if refusal is not None:
            raise refusal
        return float(taken)


class LimitLease:
    """What was reserved; settled to what was used."""

    __slots__ = ("_anybody", "_call", "_quotas", "_reserved")
    key = None

    def __init__(self, quotas: Quotas, anybody: Member, call: Call, reserved: Reserved) -> None:
        self._quotas = quotas
        self._anybody = anybody
        self._call = call
        self._reserved = reserved

    def settle(self, outcome: Outcome, now: float) -> None:
        """Give back what was not used, charge what was used beyond it, and hear what the service says."""
        self._quotas.settle(self._anybody, self._call, self._reserved, outcome, now)
