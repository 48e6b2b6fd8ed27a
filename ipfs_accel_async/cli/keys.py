"""``ipfs-accel keys``: which keys there are, where they were found, whether each works and what it has left."""

import asyncio
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ipfs_accel_async.cli.options import AsJson, as_json
from ipfs_accel_async.cli.terminal import console, one_line
from ipfs_accel_async.errors import AccelError, ConnectError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ipfs_accel_async.client import Client

Provider = Annotated[str | None, typer.Argument(metavar="[PROVIDER]", help="One provider; default: all with keys.")]
Wait = Annotated[float, typer.Option("--timeout", min=0.1, metavar="SECONDS", help="For each key.")]
STYLES = {"ok": "green", "unreachable": "yellow", "failed": "red", "not asked": "dim"}

keys = typer.Typer(
    name="keys",
    help="The keys of each provider: list them (masked), test each with one call, see what each has left.",
    invoke_without_command=True,
)


@dataclass(slots=True)
class Found:
    """One key.

    Args:
        provider: Whose it is.
        alias: Its name.
        masked: The last four characters of a long key.
        source: Where it was found.
        status: ``ok``, ``unreachable``, ``failed`` or ``not asked``.
        detail: The status in words.
        seconds: What the call took.
        usage: What the key was used for by this command.
        limits: What the service said is left of its limits.
    """

    provider: str
    alias: str
    masked: str
    source: str
    status: str = "not asked"
    detail: str = ""
    seconds: float | None = None
    usage: dict[str, Any] = field(default_factory=dict)
    limits: dict[str, Any] = field(default_factory=dict)


@keys.callback()
def _by_default(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        list_keys()


@keys.command("list")
def list_keys(provider: Provider = None, json: AsJson = False) -> None:
    """List the keys, masked, with their names and where they were found; nobody is called."""
    found = _found(provider)
    _tell(found, ("provider", "alias", "masked", "source"), json=json)


@keys.command("test")
def try_keys(provider: Provider = None, json: AsJson = False, timeout: Wait = 10.0) -> None:
    """Ask each key's service for its models once, with that key alone; exit code 1 when one fails."""
    found = _found(provider)
    asyncio.run(_ask(found, timeout))
    _tell(found, ("provider", "alias", "masked", "status", "detail"), json=json)
    if any(key.status != "ok" for key in found):
        raise typer.Exit(1)


@keys.command()
def usage(provider: Provider = None, json: AsJson = False, timeout: Wait = 10.0) -> None:
    """Ask once with each key and show what that used, and what the service says is left.

    Usage is counted in each process: a program reads its own with client.keys("openai").usage().
    """
    found = _found(provider)
    asyncio.run(_ask(found, timeout))
    for key in found:
        key.detail = ", ".join([*_told(key.usage), *_told(key.limits)]) or key.detail
    _tell(found, ("provider", "alias", "status", "detail"), json=json)


def _found(provider: str | None) -> list[Found]:
    """The keys that a client would find, of one provider or of all.

    Raises:
        ConfigError: There is no such provider, or what was found for it cannot be used.
    """
    from ipfs_accel_async import registry
    from ipfs_accel_async.config import settings
    from ipfs_accel_async.credentials import CredentialsFile, look_up

    file, found = CredentialsFile(), []
    for name in [provider] if provider else registry.names():
        try:
            at = look_up(registry.codec(name), None, None, settings({}, {}, name), file)
        except AccelError as error:
            if provider:
                raise
            found.append(Found(name, "", "", "", "failed", error.message))  # the others are told all the same
            continue
        entries = () if at.keys is None else at.keys.entries
        found += [Found(name, entry.name, entry.secret.masked, at.keys_from) for entry in entries]
    return found


async def _ask(found: "Sequence[Found]", timeout: float) -> None:
    from ipfs_accel_async.client import Client

    async with Client(max_retries=0, connect_timeout=timeout) as client:
        named = [key for key in found if key.alias]
        await asyncio.gather(*(_ask_one(client, key, timeout) for key in named))
        for key in named:
            key.usage = asdict(client.keys(key.provider).usage()[key.alias])


async def _ask_one(client: "Client", key: Found, timeout: float) -> None:
    clock = asyncio.get_running_loop().time
    started = clock()
    try:
        listed = await client.with_options(key=key.alias).models(key.provider, timeout=timeout)
    except AccelError as error:
        unreachable = isinstance(error, (ConnectError, TimeoutError))
        key.status = "unreachable" if unreachable else "failed"
        key.detail = f"{type(error).__name__}: {error.message}"
        return
    key.seconds = clock() - started
    key.status, key.detail = "ok", f"{len(listed.models)} models in {key.seconds * 1_000:.0f} ms"
    if listed.rate_limits is not None:
        key.limits = {name: value for name, value in asdict(listed.rate_limits).items() if value is not None}


def _told(values: dict[str, Any]) -> list[str]:
    told = {name: value for name, value in values.items() if value not in (None, 0, 0.0, {})}
    return [
        f"{name.replace('_', ' ')} {value:.3g}" if isinstance(value, float) else f"{name.replace('_', ' ')} {value}"
        for name, value in told.items()
    ]


def _tell(found: "Sequence[Found]", columns: "Sequence[str]", *, json: bool) -> None:
    if json:
        typer.echo(as_json({"keys": found}))
        return
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns, box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for key in found:
        cells = [one_line(str(getattr(key, column))) for column in columns]
        table.add_row(
            *(
                Text(cell, STYLES[key.status]) if column == "status" else cell
                for column, cell in zip(columns, cells, strict=True)
            )
        )
    console().print(table if found else "no keys: set a provider's variable, or see ipfs-accel doctor")
