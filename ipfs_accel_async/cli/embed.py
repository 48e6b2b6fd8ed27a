"""``ipfs-accel embed``: texts to vectors."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ipfs_accel_async.cli.options import AsJson, BaseUrl, Model, Timeout, as_json, connect
from ipfs_accel_async.cli.prompts import check_writable
from ipfs_accel_async.cli.terminal import console, piped, plain

if TYPE_CHECKING:
    from ipfs_accel_async.answers import Embeddings
    from ipfs_accel_async.client import Client

SHOWN_NUMBERS = 5
SHOWN_ROWS = 10
SHOWN_TEXT = 40


def embed(
    model: Model,
    texts: Annotated[list[str] | None, typer.Argument(metavar="[TEXT]...", help="Standard input when absent.")] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE.npy", help="Write the array as a NumPy file.")] = None,
    json: AsJson = False,
    base_url: BaseUrl = None,
    timeout: Timeout = None,
) -> None:
    """Turn texts into vectors; piped in, each line is a text.

    Example: ipfs-accel embed openai:text-embedding-3-small "a red apple" "a green pear"
    """
    from ipfs_accel_async import registry

    many = texts or [line.strip() for line in piped("text").splitlines() if line.strip()]
    if out is not None:
        check_writable(out)  # before the call that costs money, not after it
    made = asyncio.run(_embed(connect(registry.split(model)[0], base_url), model, many, timeout))
    if out is not None:
        import numpy as np

        with out.open("wb") as file:
            np.save(file, made.vectors)
    if json:
        rows, width = made.vectors.shape
        shown = {"target": str(made.target), "model": made.model, "texts": rows, "dimensions": width}
        vectors = {} if out is not None else {"vectors": made.vectors}
        typer.echo(as_json({**shown, "usage": made.usage, "out": out and str(out), **vectors}))
    else:
        _show(made, many, out)


async def _embed(client: "Client", model: str, texts: list[str], timeout: float | None) -> "Embeddings":
    async with client:
        return await client.embed(model, texts, timeout=timeout)


def _show(made: "Embeddings", texts: list[str], out: Path | None) -> None:
    rows, width = made.vectors.shape
    screen = console()
    where = f", written to {out}" if out is not None else ""
    screen.print(f"{rows} x {width} float32 from {made.target}, {made.usage.total_tokens} tokens{where}", markup=False)
    for text, vector in zip(texts[:SHOWN_ROWS], made.vectors, strict=False):
        numbers = "  ".join(f"{number:+.4f}" for number in vector[:SHOWN_NUMBERS])
        label = " ".join(plain(text).split())
        label = label if len(label) <= SHOWN_TEXT else label[: SHOWN_TEXT - 3] + "..."
        screen.print(f"{numbers}  ...  {label}", markup=False, soft_wrap=True)
    if rows > SHOWN_ROWS:
        screen.print(f"and {rows - SHOWN_ROWS} more")
