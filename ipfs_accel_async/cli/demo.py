"""``ipfs-accel demo``: the whole stack at work, on this machine, without a key."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ipfs_accel_async.cli.terminal import console, plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console

    from ipfs_accel_async.cli.demo_plan import Backend, Job
    from ipfs_accel_async.cli.demo_run import Row
    from ipfs_accel_async.cli.prompts import Prompt
    from ipfs_accel_async.client import Client


LATENCY = 0.02
"""Seconds before each simulated answer: enough to see calls overlap."""


def demo(
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="Prompts: text, one a line, or JSONL. Default: 60 samples.")
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE.jsonl", help="Write a row for every call.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, metavar="N", help="Only the first N prompts.")] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="Decides answers, faults, priorities and streams.")] = 0,
) -> None:
    """Send prompts through every backend, against a simulator that misbehaves: no key, no network.

    The simulator runs on a free port of this machine. Rate limits, an outage and broken streams are injected, so that
    retries, the circuit breaker and typed errors can be seen at work.
    """
    from ipfs_accel_async.cli import prompts

    chosen = (prompts.sample() if file is None else prompts.read(file))[:limit]
    if out is not None:
        prompts.check_writable(out)
    screen = console()
    rows, faults, report, seconds = asyncio.run(_run(screen, chosen, seed))
    _show(screen, rows, faults, report, seconds)
    if out is not None:
        _write(out, rows)
        screen.print(f"Results: {plain(str(out))} ({len(rows)} rows)", markup=False, soft_wrap=True)


async def _run(
    screen: "Console", prompts: "Sequence[Prompt]", seed: int
) -> "tuple[list[Row], Mapping[str, int], dict[str, Any], float]":
    from ipfs_accel_async import registry
    from ipfs_accel_async.cli.demo_faults import PlannedFaults
    from ipfs_accel_async.cli.demo_plan import jobs_of
    from ipfs_accel_async.cli.demo_run import SETTINGS, run
    from ipfs_accel_async.cli.demo_table import Bars, counted
    from ipfs_accel_async.client import Client
    from ipfs_accel_async.settings import Settings
    from ipfs_accel_async.simulator import PROVIDERS, Simulator
    from ipfs_accel_async.transport.schemes import Schemes

    names = [name for name in registry.names() if name in PROVIDERS]
    keys = {name: f"demo-key-of-{name}" for name in names} | {"s3_kit": "demo-access:demo-secret"}
    limits = Settings(**SETTINGS)
    inner = Schemes(None, connect_timeout=limits.connect_timeout, max_response_bytes=limits.max_response_bytes)
    async with (
        Simulator(*names, seed=seed, latency=LATENCY, keys={name: (key,) for name, key in keys.items()}) as sim,
        Client(keys=keys, base_urls=sim.base_urls, transport=PlannedFaults(inner), **SETTINGS) as client,
    ):
        backends = await asyncio.gather(*(_backend(client, name) for name in names))
        jobs: list[Job] = [job for backend in backends for job in jobs_of(backend, prompts, seed)]
        totals = Counter(job.provider for job in jobs)
        sizes = (counted(len(prompts), "prompt"), counted(len(names), "backend"), counted(len(jobs), "call"))
        screen.print(f"[bold]{', '.join(sizes)}[/] over HTTP to 127.0.0.1:{sim.port}, seed {seed}")
        bars = Bars(screen, totals)
        clock = asyncio.get_running_loop().time
        started = clock()
        with bars.progress:
            rows = await run(client, jobs, bars.ended)
        faults = Counter(seen.fault for seen in sim.requests if seen.fault)
        return rows, faults, client.report(), clock() - started


async def _backend(client: "Client", name: str) -> "Backend":
    from ipfs_accel_async import registry
    from ipfs_accel_async.cli.demo_plan import backend_of

    operations = registry.codec(name).operations
    found = (await client.models(name)).models if "models" in operations else ()
    made = backend_of(name, operations, [model.id for model in found])
    if made.bucket:
        await client.s3_kit.buckets.create(made.bucket)
    return made


def _show(
    screen: "Console", rows: "Sequence[Row]", faults: "Mapping[str, int]", report: "dict[str, Any]", seconds: float
) -> None:
    from ipfs_accel_async.cli.demo_table import SIMULATED, breaker_changes, counted, notes, results

    screen.print()
    screen.print(results(rows))
    screen.print()
    changes = breaker_changes(report)
    if changes is not None:
        screen.print(changes)
        screen.print()
    for line in notes(rows, faults):
        screen.print(line)
    requests = counted(sum(row.requests for row in rows), "request")
    screen.print(f"{counted(len(rows), 'call')} took {requests} and {seconds:.1f} s.")
    screen.print(SIMULATED, style="bold")


def _write(out: Path, rows: "Sequence[Row]") -> None:
    from ipfs_accel_async.cli.options import as_json

    with out.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(as_json(row.written()) + "\n" for row in rows)
