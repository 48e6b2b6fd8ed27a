"""The books of a simulated load: what was submitted, how each call ended, and what the service saw of it."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.core import settle
from ipfs_accel_async.errors import AccelError, RejectedError

if TYPE_CHECKING:
    from ipfs_accel_async.call import Call, Outcome
    from ipfs_accel_async.metrics.report import Report
    from ipfs_accel_async.runtime import Runtime

ENDINGS = ("succeeded", "failed", "cancelled", "rejected")


class Job:
    """One thing that a caller does with a client: one or more calls.

    Attributes:
        calls: Those of its calls that entered the stack.
        settled: How often the stack said how one of them ended.
        seen: Requests of them that the service saw.
        kinds: What the stack said: succeeded, failed or cancelled.
    """

    __slots__ = ("calls", "kind", "kinds", "number", "seen", "settled")

    def __init__(self, number: int, kind: str = "") -> None:
        self.number = number
        self.kind = kind
        self.calls: list[Call] = []
        self.settled = 0
        self.seen = 0
        self.kinds: list[str] = []


JOB: ContextVar[Job] = ContextVar("JOB")


class Ledger:
    """Counts, and writes down whatever must not be.

    Attributes:
        wrong: Violations; empty when the books are right.
        endings: What callers got.
        told: What the stack said of the calls in it.
        counted: The same by the metrics of all clients that have ended.
        errors: Errors that callers got, by name.
        late: Calls that were cancelled while their complete answer was being closed: whole for the stack.
        requests: What the service saw.
    """

    def __init__(self) -> None:
        self.submitted = 0
        self.entered = 0
        self.requests = 0
        self.late = 0
        self.endings: Counter[str] = Counter()
        self.told: Counter[str] = Counter()
        self.counted: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.wrong: list[str] = []
        self._live: dict[str, Job] = {}
        self._log = hashlib.sha256()

    def watch(self, runtime: Runtime) -> None:
        """Have every call that enters a client's stack written down, with the job whose task it is."""
        handle = runtime.handle

        async def watched(call: Call) -> Any:
            job = JOB.get()
            job.calls.append(call)
            self.entered += 1
            self._live[call.request_id] = job
            return await settle(handle(call), lambda outcome: self._told(job, call, outcome))

        runtime.handle = watched

    def _told(self, job: Job, call: Call, outcome: Outcome) -> None:
        job.settled += 1
        if outcome.error is None:
            kind = "succeeded"
        else:
            kind = "cancelled" if isinstance(outcome.error, asyncio.CancelledError) else "failed"
        job.kinds.append(kind)
        self.told[kind] += 1
        given = getattr(outcome.error, "attempts", call.attempts)
        if given != call.attempts:
            self.wrong.append(
                f"job {job.number}: {type(outcome.error).__name__} says {given} attempts of {call.attempts}"
            )

    def request(self, request_id: str, fault: str, now: float) -> None:
        """The service sees a request."""
        self.requests += 1
        self.faults[fault] += 1
        job = self._live.get(request_id)
        if job is None:
            self.wrong.append(f"a request at {now} belongs to no call that is under way")
            return
        job.seen += 1
        self.log(now, job.number, fault)

    def log(self, now: float, number: int, what: str) -> None:
        """One line of the event log."""
        self._log.update(f"{now!r} {number} {what}\n".encode())

    @property
    def digest(self) -> str:
        """Of the event log so far."""
        return self._log.hexdigest()

    def ended(self, job: Job, error: BaseException | None, now: float) -> None:
        """A caller has got what it gets of a job: nothing of it may come after this."""
        if error is None:
            ending = "succeeded"
        elif isinstance(error, asyncio.CancelledError):
            ending = "cancelled"
        elif isinstance(error, RejectedError):
            ending = "rejected"
        else:
            ending = "failed"
            if not isinstance(error, AccelError):
                self.wrong.append(f"job {job.number} raised {error!r}")
        self.endings[ending] += 1
        if error is not None:
            self.errors[type(error).__name__] += 1
        self.log(now, job.number, type(error).__name__)
        for call in job.calls:
            del self._live[call.request_id]
        if job.settled != len(job.calls):
            self.wrong.append(f"job {job.number}: {len(job.calls)} calls, resolved {job.settled} times")
        if job.seen != sum(call.attempts for call in job.calls):
            self.wrong.append(f"job {job.number}: counted other attempts than the {job.seen} requests that were seen")
        last = job.kinds[-1] if job.kinds else None
        if ending == "cancelled" and last == "succeeded":
            self.late += 1
        elif last is not None and last != ending and (last, ending) != ("failed", "rejected"):
            self.wrong.append(f"job {job.number}: {ending} for its caller, {last} for the stack")

    def compare(self, report: Report) -> list[str]:
        """Count what a client that has ended says of itself; of all clients together it is what the stack said."""
        failures = report["errors"]["total_errors"]
        self.counted["succeeded"] += report["total_requests"] - failures
        self.counted["failed"] += failures
        self.counted["cancelled"] += report["cancelled_requests"]
        if +self.counted == +self.told:
            return []
        return [f"metrics: {dict(self.counted)}, ledger: {dict(self.told)}"]

    def balance(self) -> list[str]:
        """Everything that is wrong with the books."""
        wrong = list(self.wrong)
        if self.submitted != sum(self.endings.values()):
            wrong.append(f"{self.submitted} submitted, {dict(self.endings)}")
        if self.entered != sum(self.told.values()):
            wrong.append(f"{self.entered} entered the stack, {dict(self.told)}")
        if self._live:
            wrong.append(f"{len(self._live)} calls have not ended")
        return wrong
