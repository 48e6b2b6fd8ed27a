"""A service that counts what comes, and when."""

from __future__ import annotations

import asyncio
import json
from typing import Self

from tests.answering import completion

BODY = json.dumps(completion("Yes.")).encode()
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)


class Counter:
    """An HTTP server that notes when each request came."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()

    @property
    def url(self) -> str:
        """Its base URL."""
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(
                    int(line.split(b":")[1])
                    for line in head.lower().split(b"\r\n")
                    if line.startswith(b"content-length")
                )
                await reader.readexactly(length)
                self.times.append(asyncio.get_running_loop().time())
                writer.write(ANSWER)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


def excess(times: list[float], rate: float) -> float:
    """The most by which any span of time had more requests than `rate` allows in it."""
    worst, least = 0.0, float("inf")
    for number, at in enumerate(sorted(times)):
        least = min(least, number - rate * at)
        worst = max(worst, number + 1 - rate * at - least)
    return worst
