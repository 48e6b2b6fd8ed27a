"""Faults that meet a call by plan instead of by order of arrival, so that a demo with the same seed fails the same."""

import dataclasses
from collections.abc import Iterator
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ipfs_accel_async.transport import Incoming, Transport
    from ipfs_accel_async.wire.http import Request

PLANNED: ContextVar[Iterator[str]] = ContextVar("planned")
"""Faults for the next requests of the running task; a call runs in its caller's task, so it sees the caller's."""


class PlannedFaults:
    """Asks the simulator for the planned fault, in a header of the request; otherwise the transport that it wraps.

    Args:
        inner: Sends the requests.
    """

    def __init__(self, inner: "Transport") -> None:
        self._inner = inner

    async def send(self, request: "Request") -> "Incoming":
        """Send and wait for the response's head."""
        fault = next(PLANNED.get(iter(())), "")
        if fault:
            headers = (*request.headers, (b"x-sim-fault", fault.encode("ascii")))
            request = dataclasses.replace(request, headers=headers)
        return await self._inner.send(request)

    async def aclose(self) -> None:
        """Close every connection."""
        await self._inner.aclose()
