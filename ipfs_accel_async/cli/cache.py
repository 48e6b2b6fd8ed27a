"""``ipfs-accel cache``: what a disk cache holds, and emptying it."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from ipfs_accel_async.cli.options import AsJson, as_json
from ipfs_accel_async.cli.terminal import plain
from ipfs_accel_async.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ipfs_accel_async.cache.disk import DiskStore

T = TypeVar("T")
File = Annotated[Path, typer.Argument(metavar="FILE", help="The file of a DiskStore.")]

cache = typer.Typer(name="cache", help="What a disk cache of answers holds; empty it, or drop what has a tag.")


@cache.command()
def stats(file: File, json: AsJson = False) -> None:
    """How many answers there are, and their bytes."""
    found = _of(file, lambda store: store.measure())
    told = {"entries": found["entries"], "bytes": found["bytes"]}
    typer.echo(
        as_json({"file": str(file), **told}) if json else f"{told['entries']:,} answers, {told['bytes']:,} bytes"
    )


@cache.command()
def clear(file: File) -> None:
    """Drop every answer."""
    typer.echo(f"{_of(file, lambda store: store.clear()):,} dropped")


@cache.command()
def invalidate(
    file: File,
    tag: Annotated[str, typer.Argument(help="As 'job', 'tenant=a' or 'openai:gpt-4.1-mini'.")],
) -> None:
    """Drop the answers to calls with a tag, or of a model."""
    typer.echo(f"{_of(file, lambda store: store.invalidate(tag)):,} dropped")


def _of(file: Path, work: "Callable[[DiskStore], Awaitable[T]]") -> T:
    import sqlite3

    from ipfs_accel_async.cache.disk import DiskStore

    if not file.expanduser().is_file():
        raise ConfigError(f"there is no file {plain(str(file))}")

    async def done() -> T:
        store = DiskStore(file)
        try:
            return await work(store)
        finally:
            await store.aclose()

    try:
        return asyncio.run(done())
    except sqlite3.Error as error:
        message = f"{plain(str(file))} cannot be read as a cache: {error}"
    raise ConfigError(message)
