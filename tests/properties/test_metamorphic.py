"""What may be changed about a load without changing what becomes of it (invariant 21)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from ipfs_accel_async import Client
from tests.faults.virtual import VirtualServer, refuses, says
from tests.virtual_loop import VirtualLoop

if TYPE_CHECKING:
    from ipfs_accel_async.wire.http import Request
    from tests.faults.virtual import Answer

STATUSES = (200, 200, 200, 503, 429, 400)
HOLD = 64.0
"""Seconds that the first call holds the only permit."""


class Job(NamedTuple):
    """One call: after how long it comes, what the service does with it, and whose it is."""

    gap: float
    wait: float
    status: int
    priority: int
    tenant: str
    cancelled: bool = False


class Told(NamedTuple):
    """What became of a load.

    Args:
        sent: Number of the job of each request, in order, and when it came.
        ends: Name of each job's end, and when that was.
    """

    sent: list[tuple[int, float]]
    ends: dict[int, tuple[str, float]]


JOBS = st.lists(
    st.builds(
        Job,
        gap=st.sampled_from([0.0, 0.0, 0.25, 1.0, 3.0]),
        wait=st.sampled_from([0.0, 0.5, 1.0, 4.0]),
        status=st.sampled_from(STATUSES),
        priority=st.integers(0, 2),
        tenant=st.sampled_from(["a", "b", "c"]),
    ),
    min_size=1,
    max_size=14,
)


async def load(jobs: list[Job], *, cap: int = 1, scale: float = 1.0, hold: float = 0.0) -> Told:
    """Play a load whose every duration is `scale` times what it says."""
    loop, ends = asyncio.get_running_loop(), {}

    def answer(request: Request) -> Answer:
        number = int(request.body.split(b"job ")[1].split(b'"')[0])
        if number < 0:
            return says(wait=hold * scale)
        job = jobs[number]
        return says(wait=job.wait * scale) if job.status == 200 else refuses(job.status, None, job.wait * scale)

    async def play(number: int, job: Job) -> None:
        name = "Reply"
        try:
            await ai.chat("openai:m", f"job {number}", priority=job.priority, tags={"tenant": job.tenant})
        except asyncio.CancelledError:
            name = "CancelledError"
            raise
        except Exception as error:
            name = type(error).__name__
        finally:
            ends[number] = (name, loop.time())

    server = VirtualServer(always=answer)
    async with Client(
        transport=server,
        keys={"openai": "sk-test"},
        max_concurrent_requests=cap,
        queue_size=100,
        priority_aging=8.0 * scale,
        timeout=64.0 * scale + hold * scale,
        initial_retry_delay=1.0 * scale,
        max_retry_delay=4.0 * scale,
        retry_jitter=0.0,
        max_retries=2,
        retry_budget_reserve=10_000,
        failure_threshold=10**9,
        failure_rate_calls=10**9,
    ) as ai:
        tasks = []
        if hold:
            tasks.append(asyncio.ensure_future(play(-1, Job(0, 0, 200, 1, "a"))))
            await asyncio.sleep(0)
        for number, job in enumerate(jobs):
            await asyncio.sleep(job.gap * scale)
            tasks.append(asyncio.ensure_future(play(number, job)))
            if job.cancelled:
                loop.call_later(0.125 * scale, tasks[-1].cancel)
        await asyncio.gather(*tasks, return_exceptions=True)
    sent = [
        (int(request.body.split(b"job ")[1].split(b'"')[0]), at)
        for request, at in zip(server.requests, server.times, strict=True)
    ]
    return Told(sent, ends)


def told(jobs: list[Job], **how: float) -> Told:
    """Play a load on a loop of its own."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(load(jobs, **how))  # type: ignore[arg-type]


@given(JOBS, st.integers(1, 3), st.sampled_from([0.25, 0.5, 2.0, 8.0]))
@settings(max_examples=60)
def test_with_all_durations_scaled_the_schedule_is_scaled(jobs: list[Job], cap: int, scale: float) -> None:
    """Arrivals, service, backoff, aging and deadlines in other units: the same requests and ends, in these units."""
    plain, scaled = told(jobs, cap=cap), told(jobs, cap=cap, scale=scale)
    assert scaled.sent == [(number, at * scale) for number, at in plain.sent]
    assert scaled.ends == {number: (name, at * scale) for number, (name, at) in plain.ends.items()}


@given(JOBS, st.data())
@settings(max_examples=60)
def test_a_call_that_is_cancelled_while_it_waits_changes_nothing(jobs: list[Job], data: st.DataObject) -> None:
    """Others start and end as they would have without it, wherever in the line it stood."""
    jobs = [job._replace(gap=min(job.gap, 1.0), priority=job.priority) for job in jobs]
    places = data.draw(st.lists(st.integers(0, len(jobs)), min_size=1, max_size=4))
    crowded: list[Job] = []
    numbers: dict[int, int] = {}
    for place, job in enumerate([*jobs, None]):
        for _ in range(places.count(place)):
            tenant, priority = data.draw(st.sampled_from("abc")), data.draw(st.integers(0, 2))
            crowded.append(Job(0.0, 1.0, 200, priority, tenant, cancelled=True))
        if job is not None:
            numbers[len(crowded)] = place
            crowded.append(job)
    plain, more = told(jobs, hold=HOLD), told(crowded, hold=HOLD)
    numbers[-1] = -1
    assert [(numbers[number], at) for number, at in more.sent] == plain.sent
    assert {numbers[number]: end for number, end in more.ends.items() if number in numbers} == plain.ends
    assert {end for number, end in more.ends.items() if number not in numbers} <= {
        ("CancelledError", at) for _, at in more.ends.values()
    }


@given(JOBS, st.permutations("abc"), st.integers(1, 2))
@settings(max_examples=60)
def test_tenants_by_other_names_have_the_same_turns(jobs: list[Job], names: list[str], cap: int) -> None:
    """A name decides nothing: with the names exchanged each call starts and ends when it did."""
    renamed = [job._replace(tenant=dict(zip("abc", names, strict=True))[job.tenant]) for job in jobs]
    assert told(renamed, cap=cap) == told(jobs, cap=cap)
