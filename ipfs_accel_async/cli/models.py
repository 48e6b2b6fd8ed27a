"""``ipfs-accel models``: what a provider offers, from the provider itself."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from ipfs_accel_async.cli.options import AsJson, BaseUrl, Timeout, as_json, connect
from ipfs_accel_async.cli.terminal import plain

if TYPE_CHECKING:
    from ipfs_accel_async.answers import ModelList
    from ipfs_accel_async.client import Client


def models(
    provider: Annotated[str, typer.Argument(metavar="PROVIDER", help="A provider's name, as in openai.")],
    json: AsJson = False,
    base_url: BaseUrl = None,
    timeout: Timeout = None,
) -> None:
    """List a provider's models, one a line, ready to be passed to chat."""
    found = asyncio.run(_list(connect(provider, base_url), provider, timeout))
    if json:
        models = [{"id": model.id, "owner": model.owner} for model in found.models]
        typer.echo(as_json({"provider": provider, "models": models}))
        return
    for model in found.models:
        typer.echo(plain(f"{provider}:{model.id}"))


async def _list(client: "Client", provider: str, timeout: float | None) -> "ModelList":
    async with client:
        return await client.models(provider, timeout=timeout)
