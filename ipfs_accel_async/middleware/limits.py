"""What no wait would let pass is refused before it waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ipfs_accel_async.call import Call
    from ipfs_accel_async.core import Handler, Result
    from ipfs_accel_async.errors import CostExceedsLimitError


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
