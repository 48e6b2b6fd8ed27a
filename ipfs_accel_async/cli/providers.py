"""``ipfs-accel providers``: every provider there is, with what it can do, from the codecs' own tables."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ipfs_accel_async.cli.options import AsJson, as_json
from ipfs_accel_async.cli.terminal import console, plain

if TYPE_CHECKING:
    from rich.table import Table

    from ipfs_accel_async.providers._codec import Codec
    from ipfs_accel_async.providers._operation import Operation


def providers(
    provider: Annotated[
        str | None, typer.Argument(metavar="[PROVIDER]", help="One provider's operations, each with its request.")
    ] = None,
    json: AsJson = False,
) -> None:
    """List the providers, what each can do, and where its key and address are looked for."""
    from ipfs_accel_async import registry

    found = [registry.codec(name) for name in ([provider] if provider else registry.names())]
    if json:
        shown = [_facts(codec) for codec in found]
        typer.echo(as_json(shown[0] if provider else {"providers": shown}))
        return
    screen = console()
    if provider:
        for line in _lines(found[0]):
            screen.print(line, markup=False, highlight=False, soft_wrap=True)
        screen.print(_rows(found[0]))
        return
    screen.print(_table(found))
    screen.print("ipfs-accel providers NAME shows the requests of one.", style="dim")


def _facts(codec: "Codec") -> dict[str, Any]:
    return {
        "name": codec.name,
        "base_url": codec.base_url,
        "key": "needed" if codec.key_required else "optional",
        "key_env": list(codec.key_env),
        "url_env": list(codec.url_env),
        "options": list(codec.option_env),
        "capabilities": sorted(codec.capabilities),
        "operations": {name: _request(row) for name, row in codec.operations.items()},
        "native": {name: _request(row) for name, row in codec.native.items()},
    }


def _request(row: "Operation") -> str:
    return f"{row.method} {row.path}"


def _table(codecs: "list[Codec]") -> "Table":
    from rich import box
    from rich.table import Table

    table = Table("Provider", "Operations", "Chat can do", "Of its own", "Key", box=box.SIMPLE_HEAD, show_edge=False)
    for codec in codecs:
        parts = list(dict.fromkeys(name.partition(".")[0] for name in codec.native))
        table.add_row(
            codec.name,
            ", ".join(codec.operations) or "-",
            ", ".join(sorted(codec.capabilities)) or "-",
            ", ".join(parts) or "-",
            codec.key_env[0] if codec.key_required and codec.key_env else "optional",
        )
    return table


def _lines(codec: "Codec") -> list[str]:
    facts = _facts(codec)
    wanted = ("base_url", "key", "key_env", "url_env", "options", "capabilities")
    told = {name: ", ".join(value) if isinstance(value, list) else value for name, value in facts.items()}
    return [f"{name.replace('_', ' '):<13}{plain(told[name]) or '-'}" for name in wanted]


def _rows(codec: "Codec") -> "Table":
    from rich import box
    from rich.table import Table

    table = Table("Call", "Request", "", box=box.SIMPLE_HEAD, show_edge=False)
    for name, row in codec.operations.items():
        table.add_row(f"client.{name}", _request(row), row.note)
    for name, row in codec.native.items():
        table.add_row(f"client.{codec.name}.{name}", _request(row), row.note)
    return table
