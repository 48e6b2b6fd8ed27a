"""``ipfs-accel chat``: ask a model, and read its answer as it comes."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from ipfs_accel_async.cli.options import AsJson, BaseUrl, Model, Timeout, as_json, connect
from ipfs_accel_async.cli.terminal import errors, one_line, piped, write

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ipfs_accel_async.answers import Reply
    from ipfs_accel_async.client import Client
    from ipfs_accel_async.types import Message


def chat(
    model: Model,
    prompt: Annotated[str | None, typer.Argument(help="The question; standard input when absent or '-'.")] = None,
    system: Annotated[str | None, typer.Option(help="Instructions for the model.")] = None,
    max_tokens: Annotated[int | None, typer.Option(metavar="N", help="Most tokens of the answer.")] = None,
    temperature: Annotated[float | None, typer.Option(metavar="T", help="Sampling temperature.")] = None,
    timeout: Timeout = None,
    stream: Annotated[bool, typer.Option("--stream/--no-stream", help="Show the answer as it comes.")] = True,
    json: AsJson = False,
    base_url: BaseUrl = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Tokens and ids, to standard error.")] = False,
) -> None:
    """Ask a model. Keys come from the environment or the credentials file.

    Example: ipfs-accel chat openai:gpt-4.1-mini "Name three primes."
    """
    from ipfs_accel_async import conversation, registry

    text = piped("prompt").strip() if prompt is None or prompt == "-" else prompt
    messages = [conversation.user(text)]
    if system:
        messages.insert(0, conversation.system(system))
    client = connect(registry.split(model)[0], base_url)
    options = {"max_tokens": max_tokens, "temperature": temperature, "timeout": timeout}
    reply = asyncio.run(_ask(client, model, messages, options, stream=stream and not json, show=not json))
    if json:
        typer.echo(as_json(_fields(reply)))
    elif reply.finish_reason not in {"", "stop"}:
        errors().print(f"[yellow]note:[/] the model stopped with {one_line(reply.finish_reason)!r}")
    if verbose:
        errors().print(one_line(_summary(reply)), style="dim")


async def _ask(
    client: "Client",
    model: str,
    messages: "Sequence[Message]",
    options: "Mapping[str, int | float | None]",
    *,
    stream: bool,
    show: bool,
) -> "Reply":
    async with client:
        if not stream:
            reply = await client.chat(model, messages, **options)  # type: ignore[arg-type]
            if show:
                write(reply.text + "\n")
            return reply
        async with client.stream(model, messages, **options) as pieces:  # type: ignore[arg-type]
            last = ""
            try:
                async for delta in pieces:
                    if delta.text:
                        write(delta.text)
                        last = delta.text
            finally:
                if not last.endswith("\n"):
                    write("\n")  # also before an error, so that its line stands alone
            return pieces.reply


def _fields(reply: "Reply") -> dict[str, object]:
    return {
        "target": str(reply.target),
        "model": reply.model,
        "text": reply.text,
        "reasoning": reply.reasoning,
        "finish_reason": reply.finish_reason,
        "usage": reply.usage,
        "attempts": reply.attempts,
        "request_id": reply.request_id,
        "provider_request_id": reply.provider_request_id,
    }


def _summary(reply: "Reply") -> str:
    usage = reply.usage
    tokens = f"{usage.input_tokens} tokens in ({usage.cached_tokens} cached), {usage.output_tokens} out"
    ids = f"request {reply.request_id}" + (f", theirs {reply.provider_request_id}" if reply.provider_request_id else "")
    return f"{reply.target} ({reply.model or 'unnamed'}): {tokens}, attempts {reply.attempts}, {ids}"
