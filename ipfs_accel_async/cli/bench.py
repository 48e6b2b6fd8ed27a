"""``ipfs-accel bench``: how many calls a second, how late, and at what cost in CPU."""

import asyncio
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ipfs_accel_async.cli.options import AsJson, BaseUrl, as_json, connect
from ipfs_accel_async.cli.terminal import console
from ipfs_accel_async.errors import AccelError, ConfigError

if TYPE_CHECKING:
    from ipfs_accel_async.client import Client

PROMPT = "Name three primes."
WARM_UP = 20


@dataclass(slots=True)
class Load:
    """What a load run measured; times in seconds."""

    latencies: list[float] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)
    wall: float = 0.0
    cpu: float = 0.0


def bench(
    provider: Annotated[str, typer.Option(help="Which wire to speak.")] = "openai",
    requests: Annotated[int, typer.Option(min=1, metavar="N", help="Calls to make.")] = 1_000,
    concurrency: Annotated[int, typer.Option(min=1, metavar="N", help="Calls in flight.")] = 50,
    stream: Annotated[bool, typer.Option("--stream", help="Stream the answers.")] = False,
    model: Annotated[str, typer.Option(help="Model to ask.")] = "bench",
    base_url: BaseUrl = None,
    json: AsJson = False,
) -> None:
    """Measure calls a second, latency and CPU a call, against a simulator in another process.

    The calls are chats, or embeddings where the provider has no chat.
    With --base-url, against that server: keys then come from where they always do.
    """
    load = asyncio.run(_measure(provider, f"{provider}:{model}", requests, concurrency, base_url, stream=stream))
    figures = _figures(load, requests)
    about = {"provider": provider, "requests": requests, "concurrency": concurrency, "stream": stream}
    if json:
        typer.echo(as_json({**about, **figures, "errors": load.errors}))
    else:
        _show(f"{requests:,} {'streams' if stream else 'calls'} to {provider}, {concurrency} in flight", figures, load)
    if not load.latencies:
        raise typer.Exit(1)


async def _measure(
    provider: str, model: str, requests: int, concurrency: int, base_url: str | None, *, stream: bool
) -> Load:
    settings = {"max_concurrent_requests": concurrency, "queue_size": concurrency, "max_retries": 0}
    async with _server(provider, base_url) as (url, keys), connect(provider, url, keys=keys, **settings) as client:
        await _call(client, model, stream=stream)  # what cannot work at all is told here, once
        await _drive(client, model, min(requests, WARM_UP), concurrency, Load(), stream=stream)
        load = Load()
        clock = asyncio.get_running_loop().time
        wall, cpu = clock(), time.process_time()
        await _drive(client, model, requests, concurrency, load, stream=stream)
        load.wall, load.cpu = clock() - wall, time.process_time() - cpu
        return load


@asynccontextmanager
async def _server(provider: str, base_url: str | None) -> AsyncIterator[tuple[str, dict[str, str]]]:
    """The server to load: the given one, or a simulator in a process of its own, whose CPU does not count."""
    from ipfs_accel_async import registry

    registry.codec(provider)
    if base_url is not None:
        yield base_url, {}
        return
    command = [sys.executable, "-m", "ipfs_accel_async", "simulate", provider, "--json"]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    try:
        line = await process.stdout.readline() if process.stdout else b""
        if not line:
            raise ConfigError(f"there is no simulator for {provider}: pass --base-url")
        import orjson

        yield orjson.loads(line)["base_urls"][provider], {provider: "bench-key"}
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _call(client: "Client", model: str, *, stream: bool) -> None:
    if stream:
        async with client.stream(model, PROMPT) as pieces:
            await pieces.collect()
    elif _embeds(model):
        await client.embed(model, PROMPT)
    else:
        await client.chat(model, PROMPT)


def _embeds(model: str) -> bool:
    """Whether the provider has embeddings and no chat."""
    from ipfs_accel_async import registry

    known = registry.codec(model.partition(":")[0]).operations
    return "embed" in known and "chat" not in known


async def _drive(client: "Client", model: str, requests: int, concurrency: int, load: Load, *, stream: bool) -> None:
    waiting: Iterator[int] = iter(range(requests))
    clock = asyncio.get_running_loop().time

    async def work() -> None:
        for _ in waiting:
            started = clock()
            try:
                await _call(client, model, stream=stream)
            except AccelError as error:
                load.errors[type(error).__name__] += 1
            else:
                load.latencies.append(clock() - started)

    async with asyncio.TaskGroup() as group:
        for _ in range(min(concurrency, requests)):
            group.create_task(work())


def _figures(load: Load, requests: int) -> dict[str, Any]:
    from ipfs_accel_async.policy.window import Samples

    latency = Samples(max(1, len(load.latencies)))
    for seconds in load.latencies:
        latency.add(seconds * 1_000)
    return {
        "calls_per_second": round(requests / load.wall, 1),
        "p50_ms": round(latency.quantile(0.50), 3),
        "p95_ms": round(latency.quantile(0.95), 3),
        "p99_ms": round(latency.quantile(0.99), 3),
        "cpu_us_per_call": round(load.cpu / requests * 1e6, 1),
    }


def _show(title: str, figures: dict[str, Any], load: Load) -> None:
    from rich import box
    from rich.table import Table

    table = Table(
        box=box.SIMPLE_HEAD, show_edge=False, title=title, title_justify="left", title_style="bold", pad_edge=False
    )
    for name in ("calls/s", "p50 ms", "p95 ms", "p99 ms", "CPU us a call", "failed"):
        table.add_column(name, justify="right")
    failed = ", ".join(f"{count} {name}" for name, count in load.errors.most_common()) or "0"
    table.add_row(*(f"{value:,.1f}" for value in figures.values()), failed)
    console().print(table)
