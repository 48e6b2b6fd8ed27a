"""``ipfs-accel doctor``: what is configured, where it was found, and whether it answers."""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from ipfs_accel_async.cli.options import AsJson, as_json
from ipfs_accel_async.cli.terminal import console, one_line
from ipfs_accel_async.errors import AccelError, ConnectError

if TYPE_CHECKING:
    from rich.table import Table

STYLES = {
    "ok": "green",
    "no key": "dim",
    "no address": "dim",
    "not checked": "dim",
    "unreachable": "yellow",
    "failed": "red",
}


@dataclass(slots=True)
class Finding:
    """What is known of one provider.

    Args:
        provider: Its name.
        configured: Whether calls to it can be made.
        keys: Its keys, masked.
        keys_from: Where they were found.
        base_url: Its address.
        url_from: Where that was found.
        status: ``ok``, ``no key``, ``no address``, ``unreachable``, ``failed`` or ``not checked``.
        detail: The status in words.
    """

    provider: str
    configured: bool = False
    keys: tuple[str, ...] = ()
    keys_from: str = ""
    base_url: str = ""
    url_from: str = ""
    status: str = "not checked"
    detail: str = ""


def doctor(
    json: AsJson = False,
    offline: Annotated[bool, typer.Option("--offline", help="Look at the configuration only; call nobody.")] = False,
    timeout: Annotated[float, typer.Option(min=0.1, metavar="SECONDS", help="For each provider.")] = 5.0,
) -> None:
    """Show every provider: its key (masked) and address, where they were found, and whether it answers."""
    findings = asyncio.run(_examine(timeout, offline=offline))
    if json:
        typer.echo(as_json({"providers": findings}))
        return
    screen = console()
    screen.print(_table(findings))
    screen.print()
    ready = sum(finding.status == "ok" for finding in findings)
    configured = sum(finding.configured for finding in findings)
    answered = "not asked (--offline)" if offline else f"{ready} answered"
    screen.print(f"{configured} of {len(findings)} providers configured, {answered}. Without any key: ipfs-accel demo")


async def _examine(timeout: float, *, offline: bool) -> list[Finding]:
    from ipfs_accel_async import registry

    findings = [_configuration(name) for name in registry.names()]
    if not offline:
        await asyncio.gather(*(_reach(finding, timeout) for finding in findings if finding.configured))
    return findings


def _configuration(name: str) -> Finding:
    from ipfs_accel_async import registry
    from ipfs_accel_async.config import settings
    from ipfs_accel_async.credentials import DEFAULT, CredentialsFile, look_up, missing_key

    finding = Finding(name)
    try:
        codec = registry.codec(name)
        found = look_up(codec, None, None, settings({}, {}, name), CredentialsFile())
    except AccelError as error:
        finding.status, finding.detail = "failed", error.message
        return finding
    except (ImportError, AttributeError) as error:  # an installed provider that does not load
        finding.status, finding.detail = "failed", f"{type(error).__name__}: {error}"
        return finding
    if codec.url_required and found.url_from == DEFAULT:
        finding.status = "no address"
        finding.detail = f"set {codec.url_env[0]}" if codec.url_env else "it has no address of its own"
        return finding
    finding.base_url, finding.url_from = found.base_url, found.url_from
    if found.keys is not None:
        finding.keys, finding.keys_from = tuple(key.masked for key in found.keys), found.keys_from
    finding.configured = found.keys is not None or not codec.key_required
    if not finding.configured:
        finding.status = "no key"
        finding.detail = f"set {codec.key_env[0]}" if codec.key_env else missing_key(codec).message
    return finding


async def _reach(finding: Finding, timeout: float) -> None:
    from ipfs_accel_async.client import Client

    clock = asyncio.get_running_loop().time
    try:
        async with Client(max_retries=0, connect_timeout=timeout) as client:
            started = clock()  # the first client also loads the HTTP library
            found = await client.models(finding.provider, timeout=timeout)
    except AccelError as error:
        unreachable = isinstance(error, (ConnectError, TimeoutError))
        finding.status = "unreachable" if unreachable else "failed"
        finding.detail = f"{type(error).__name__}: {error.message}"
    else:
        finding.status = "ok"
        finding.detail = f"{len(found.models)} models in {(clock() - started) * 1_000:.0f} ms"


def _table(findings: list[Finding]) -> "Table":
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column("provider", style="bold", no_wrap=True)
    table.add_column("status", no_wrap=True)
    table.add_column("what was found")
    for finding in findings:
        lines = [finding.detail] if finding.detail else []
        if finding.keys:
            lines.append(f"key {', '.join(finding.keys)} from {finding.keys_from}")
        if finding.base_url:
            lines.append(f"{finding.base_url} ({finding.url_from})")
        status = Text(finding.status, STYLES[finding.status])
        table.add_row(finding.provider, status, "\n".join(one_line(line) for line in lines))
    return table
