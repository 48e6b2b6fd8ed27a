"""One batch: asked, waited for, cancelled, saved and taken up again."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.errors import (
    AccelError,
    APIError,
    CircuitOpenError,
    InvalidRequestError,
    NotFoundError,
    RequestTimeoutError,
)
from ipfs_accel_async.jobs.results import BatchStatus, JobResult

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncIterator

    from ipfs_accel_async.jobs.vendors import Vendor
    from ipfs_accel_async.types import Target

VERSION = 1
GROWTH = 1.5
LONGEST = 60.0
TOLERATED = 5
"""Looks in a row that may fail: a batch takes hours, and a service that stumbles meanwhile has not lost it."""


class BatchJob:
    """A batch at a service.

    Attributes:
        id: The service's.
        target: Whose it is.
        custom_ids: Of its requests, in the order they were passed.
    """

    def __init__(self, vendor: Vendor, target: Target, batch_id: str, custom_ids: tuple[str, ...]) -> None:
        self._vendor = vendor
        self.target = target
        self.id = batch_id
        self.custom_ids = custom_ids

    def __repr__(self) -> str:
        return f"BatchJob({self.target.provider!r}, {self.id!r}, {len(self.custom_ids)} requests)"

    async def status(self) -> BatchStatus:
        """How it stands, asked now."""
        return await self._vendor.status(self.id)

    async def wait(self, *, poll: float = 5.0, timeout: float = 90_000.0) -> BatchStatus:
        """Wait until it does not run any more.

        Args:
            poll: Seconds before the second look; the pause grows by half each time, up to a minute (or `poll`).
            timeout: Seconds for everything.

        Raises:
            APIError: It failed as a whole; the message has the service's reason.
            RequestTimeoutError: It runs on without us: ask again later, :meth:`save` keeps what that needs.
            AccelError: It could not be asked for, several times in a row.
        """
        if not (poll > 0 and timeout > 0):
            raise InvalidRequestError("poll and timeout are seconds above 0")
        pause, failures = poll, 0
        scope = asyncio.timeout(timeout)
        try:
            async with scope:
                while True:
                    try:
                        status = await self.status()
                    except AccelError as error:
                        failures += 1
                        passing = error.retryable or isinstance(error, (NotFoundError, CircuitOpenError))
                        if failures > TOLERATED or not passing:
                            raise
                    else:
                        failures = 0
                        if status.state == "failed":
                            raise APIError(
                                f"{self.id} failed: {_reason(status.raw)}", target=self.target, code="failed"
                            )
                        if status.state != "running":
                            return status
                    await asyncio.sleep(pause)
                    pause = max(poll, min(pause * GROWTH, LONGEST))
        except TimeoutError as error:
            if isinstance(error, AccelError) or not scope.expired():
                raise
            message = f"{self.id} still runs after {timeout:g} s: wait longer, or save it and ask later"
            raise RequestTimeoutError(message, target=self.target, retryable=False, phase="wait") from error

    async def results(self) -> AsyncIterator[JobResult]:
        """What became of each request: each of :attr:`custom_ids` once, as the service gives them, then what it lacks.

        Raises:
            APIError: There are no results, or none yet.
        """
        left = dict.fromkeys(self.custom_ids)
        known = bool(left)
        seen: set[str] = set()
        async for result in self._vendor.results(self.id):
            if result.custom_id in seen or (known and result.custom_id not in left):
                continue  # there twice, or none of ours
            seen.add(result.custom_id)
            left.pop(result.custom_id, None)
            yield result
        for custom_id in left:
            error = APIError(
                "the service's results do not have this request: send it again",
                target=self.target,
                code="missing",
                request_id=custom_id,
            )
            yield JobResult(custom_id=custom_id, error=error)

    async def collect(self) -> dict[str, JobResult]:
        """All results by custom id, in the order of the requests."""
        found = {result.custom_id: result async for result in self.results()}
        return {custom_id: found[custom_id] for custom_id in self.custom_ids or found}

    async def cancel(self) -> None:
        """Stop it; what is done already is kept, and paid."""
        await self._vendor.cancel(self.id)

    def save(self, path: str | os.PathLike[str] | None = None) -> dict[str, Any]:
        """What :meth:`Batches.resume` needs: plain values, no key among them.

        Args:
            path: A file to write them into, as JSON.
        """
        saved = {
            "version": VERSION,
            "provider": self.target.provider,
            "model": self.target.model,
            "id": self.id,
            "custom_ids": list(self.custom_ids),
        }
        if path is not None:
            Path(path).write_text(json.dumps(saved), encoding="utf-8")
        return saved


def _reason(raw: Any) -> str:
    """What the service says of a batch that failed as a whole."""
    found = raw if isinstance(raw, dict) else {}
    errors = found.get("errors")
    first = errors.get("data") if isinstance(errors, dict) else errors
    said = first[0] if isinstance(first, list) and first else found.get("error")
    message = said.get("message") if isinstance(said, dict) else None
    return str(message or "the service does not say why")
