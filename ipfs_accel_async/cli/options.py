"""Options that several commands share, and the client that they make."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ipfs_accel_async.client import Client

BaseUrl = Annotated[str | None, typer.Option("--base-url", metavar="URL", help="Address, instead of the configured.")]
Timeout = Annotated[float | None, typer.Option("--timeout", metavar="SECONDS", help="For everything, retries too.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Model = Annotated[str, typer.Argument(metavar="MODEL", help="'provider:model', as in openai:gpt-4.1-mini.")]


def connect(provider: str, base_url: str | None, **options: Any) -> "Client":
    """A client for one provider; keys and addresses come from where they always do.

    Raises:
        ConfigError: The provider or its address is wrong.
    """
    from ipfs_accel_async.client import Client

    return Client(base_urls={} if base_url is None else {provider: base_url}, **options)


def as_json(value: Any) -> str:
    """A value as one line of JSON; dataclasses become objects."""
    import orjson

    return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY).decode()
