"""``ipfs-accel simulate``: twins of the backends for any client on this machine."""

import asyncio
import shlex
from typing import TYPE_CHECKING, Annotated

import typer

from ipfs_accel_async.cli.interrupts import heed_interrupts
from ipfs_accel_async.cli.options import as_json
from ipfs_accel_async.cli.terminal import console
from ipfs_accel_async.errors import ConfigError

if TYPE_CHECKING:
    from ipfs_accel_async.simulator import Simulator

FAKE_KEY = "simulated-key"
LOG_SECONDS = 60


def simulate(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAMES]...", help="Providers; all when absent.")] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 0,
    fault: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="As 429=2, 503-burst, cut@200; successive requests.")
    ] = None,
    fault_rate: Annotated[
        float | None, typer.Option(min=0, max=1, help="Strike this share of the requests instead, for ever.")
    ] = None,
    rpm: Annotated[int | None, typer.Option(min=1, help="Requests a minute for each key.")] = None,
    latency: Annotated[float, typer.Option(min=0, help="Seconds before each answer.")] = 0.0,
    pace: Annotated[float, typer.Option(min=0, help="Seconds after each piece of a stream.")] = 0.0,
    seed: Annotated[int, typer.Option(help="Decides answers and faults.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print the addresses as one line of JSON.")] = False,
) -> None:
    """Serve twins of the backends on this machine until Ctrl-C: deterministic answers, faults on demand.

    Example: ipfs-accel simulate openai --fault 503-burst --fault cut@300
    """
    from ipfs_accel_async.simulator import RateLimit, Seeded, Simulator

    if fault_rate is not None and not fault:
        raise ConfigError("--fault-rate needs at least one --fault to strike with")
    try:
        sim = Simulator(
            *(names or ()),
            port=port,
            seed=seed,
            faults=Seeded(fault_rate, fault, seed) if fault and fault_rate is not None else [*(fault or ())],
            rate_limit=RateLimit(requests_per_minute=rpm) if rpm else None,
            latency=latency,
            pace=pace,
        )
    except ValueError as error:
        raise ConfigError(str(error)) from None
    asyncio.run(_serve(sim, json=json))


async def _serve(sim: "Simulator", *, json: bool) -> None:
    heed_interrupts()
    async with sim:
        if json:
            typer.echo(as_json({"base_urls": sim.base_urls}))
        else:
            _announce(sim)
        while True:
            await asyncio.sleep(LOG_SECONDS)
            sim.requests.clear()  # its log of requests is for tests; here nobody reads it


def _announce(sim: "Simulator") -> None:
    screen = console()
    screen.print("Simulated backends on this machine; no real model answers. To use them, paste:\n")
    for line in environment(sim.base_urls):
        screen.print(line, markup=False, soft_wrap=True)
    first = next(iter(sim.base_urls))
    screen.print(f"\nThen: ipfs-accel chat {first}:MODEL 'Hello'. Ctrl-C stops it.", markup=False, soft_wrap=True)


def environment(base_urls: dict[str, str]) -> list[str]:
    """Shell lines that point every provider at its twin, for a client of this package."""
    from ipfs_accel_async import registry

    lines = []
    for name, url in base_urls.items():
        codec = registry.codec(name)
        values = {codec.url_env[0]: url} if codec.url_env else {}
        if codec.key_required and codec.key_env:
            values[codec.key_env[0]] = FAKE_KEY
        assigned = " ".join(f"{variable}={shlex.quote(value)}" for variable, value in values.items())
        lines.append(f"export {assigned}  # {name}")
    return lines
