"""``ipfs-accel llvm-serve``: LLVM models, and a compiler, behind the model-server protocol."""

import asyncio
import os
from typing import TYPE_CHECKING, Annotated

import typer

from ipfs_accel_async.cli.interrupts import heed_interrupts
from ipfs_accel_async.cli.options import as_json
from ipfs_accel_async.cli.terminal import console

if TYPE_CHECKING:
    from ipfs_accel_async.transport.llvm.serve import Server

TOKEN_VARIABLE = "LLVM_API_KEY"  # noqa: S105 - the name of a variable
MEGABYTE = 1024 * 1024


def llvm_serve(
    models: Annotated[
        str | None, typer.Option("--models", metavar="DIR", help="Directory of NAME.ll with NAME.json; none if absent.")
    ] = None,
    host: Annotated[str, typer.Option(help="Address to bind; other machines' need a token.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8090,
    token: Annotated[
        str | None, typer.Option(metavar="TOKEN", help=f"Lets callers run code; better set {TOKEN_VARIABLE}.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, max=256, help="Processes at once.")] = 2,
    time_limit: Annotated[float, typer.Option(min=0.01, max=86400, help="Seconds for a call.")] = 10.0,
    memory_limit: Annotated[int, typer.Option(min=0, help="Megabytes for a process; 0 is no limit.")] = 2048,
    json: Annotated[bool, typer.Option("--json", help="Print address and token as one line of JSON.")] = False,
) -> None:
    """Serve LLVM models on this machine until Ctrl-C. Running IR is running native code: mind who has the token.

    Example: ipfs-accel llvm-serve --models ./models
    """
    from ipfs_accel_async.transport.llvm.engine import Engine
    from ipfs_accel_async.transport.llvm.serve import Server

    engine = Engine(directory=models, workers=workers, time_limit=time_limit, memory_limit=memory_limit * MEGABYTE)
    given = token if token is not None else os.environ.get(TOKEN_VARIABLE)
    asyncio.run(_serve(Server(engine, host=host, port=port, token=given or None), given=bool(given), json=json))


async def _serve(server: "Server", *, given: bool, json: bool) -> None:
    heed_interrupts()
    async with server:
        if json:
            typer.echo(as_json({"base_url": server.base_url, "token": None if given else server.token}))
        else:
            _announce(server, given=given)
        await asyncio.Event().wait()


def _announce(server: "Server", *, given: bool) -> None:
    screen = console()
    screen.print(f"LLVM models on {server.base_url}. Ctrl-C stops it. To use them, paste:\n", markup=False)
    screen.print(f"export LLVM_API_URL={server.base_url}", markup=False, soft_wrap=True)
    if not given:  # it is told this once, and to nobody else
        screen.print(
            f"export {TOKEN_VARIABLE}={server.token}  # lets its holder run code", markup=False, soft_wrap=True
        )
