"""A loopback endpoint that gives tokens by OAuth 2's client credentials and by a signed assertion."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from tests.transport.raw_server import raw_server, read_request, response

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class TokenEndpoint:
    """Gives token-1, token-2, ...; keeps the forms it was sent; refuses on demand.

    Args:
        life: Seconds that a token is good for.
    """

    def __init__(self, life: int = 3_600) -> None:
        self.life = life
        self.forms: list[dict[str, str]] = []
        self.refusal: dict[str, Any] | None = None
        self.pause = 0.0
        self.at_once = self.most = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Every request of a connection."""
        while True:
            _, body = await read_request(reader)
            self.forms.append({name: values[0] for name, values in parse_qs(body.decode()).items()})
            self.at_once += 1
            self.most = max(self.most, self.at_once)
            await asyncio.sleep(self.pause)
            self.at_once -= 1
            given = {"access_token": f"token-{len(self.forms)}", "token_type": "Bearer", "expires_in": self.life}
            answer, status = (given, "200 OK") if self.refusal is None else (self.refusal, "401 Unauthorized")
            writer.write(response(json.dumps(answer).encode(), "Content-Type: application/json", status=status))
            await writer.drain()

    @contextlib.asynccontextmanager
    async def serving(self, **options: object) -> AsyncIterator[str]:
        """Its base URL."""
        async with raw_server(self, **options) as url:
            yield url
