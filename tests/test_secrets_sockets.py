"""A key comes out of no failure of a real connection: not in logs, errors, their chains or the locals of any frame."""

from __future__ import annotations

import asyncio
import logging
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from ipfs_accel_async import AccelError, Client
from tests.canary import CANARY, leaks, shows
from tests.test_secrets import LOGGERS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

pytestmark = pytest.mark.sockets

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
EVENT = b'data: {"choices":[{"index":0,"delta":{"content":"x"}}],"model":"m"}\n\n'
ANSWERS = {
    "cut at once": b"",
    "cut in the head": b"HTTP/1.1 200 OK\r\ncontent-le",
    "cut in the body": b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{",
    "no HTTP": b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
    "broken gzip": b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\nnope",
    "echo of the key": f"HTTP/1.1 401 No\r\ncontent-length: {len(CANARY)}\r\n\r\n{CANARY}".encode(),
    "cut stream": HEAD + b"transfer-encoding: chunked\r\n\r\n%x\r\n%s\r\n" % (len(EVENT), EVENT),
}


@asynccontextmanager
async def server(answer: bytes | None, until: bytes = b"\r\n\r\n") -> AsyncIterator[str]:
    """A server that reads `until` some bytes, sends others and closes; without bytes to send it never answers."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(until)
            if answer is None:
                await reader.read()  # until the client goes
            else:
                writer.write(answer)
        finally:
            writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    finally:
        listening.close()
        await listening.wait_closed()


@pytest.fixture(params=["default client", "httpx client"])
async def client_of(request: pytest.FixtureRequest) -> AsyncIterator[Callable[..., Client]]:
    """Makes clients with a key, over the default HTTP client or one passed in."""
    given = httpx.AsyncClient(trust_env=False) if request.param == "httpx client" else None

    def make(url: str, **options: Any) -> Client:
        urls = dict.fromkeys(("openai", "claude"), url)
        return Client(keys=dict.fromkeys(urls, CANARY), base_urls=urls, http_client=given, max_retries=0, **options)

    yield make
    if given is not None:
        await given.aclose()


@pytest.fixture(autouse=True)
def nothing_logged(caplog: pytest.LogCaptureFixture) -> Any:
    """Every logger at DEBUG, asyncio's debug mode included; the key is in no record."""
    for name in LOGGERS:
        caplog.set_level(logging.DEBUG, logger=name)
    yield
    records = [*caplog.get_records("setup"), *caplog.get_records("call")]
    assert not shows(caplog.text + "".join(repr(vars(record)) for record in records))


async def failures(ai: Client, **options: Any) -> list[BaseException]:
    """The errors of a call and of a stream, by the header of either wire."""
    asyncio.get_running_loop().set_debug(True)
    errors: list[BaseException] = []
    for model in ("openai:m", "claude:m"):
        try:
            await ai.chat(model, "hi", **options)
        except AccelError as error:
            errors.append(error)
        try:
            async with ai.stream(model, "hi", **options) as stream:
                await stream.collect()
        except AccelError as error:
            errors.append(error)
    return errors


@pytest.mark.parametrize("answer", ANSWERS)
async def test_a_broken_answer_gives_no_key_away(answer: str, client_of: Callable[..., Client]) -> None:
    """Connections that break at any point, and answers that are none."""
    async with server(ANSWERS[answer]) as url, client_of(url) as ai:
        errors = await failures(ai)
        assert len(errors) == 4
        assert [leaks(error, frames=answer != "echo of the key") for error in errors] == [[], [], [], []]
        assert not shows(ai.report().to_json())


@pytest.mark.parametrize("url", ["closed port", "no such host", "no TLS"])
async def test_no_connection_gives_no_key_away(url: str, client_of: Callable[..., Client]) -> None:
    """A closed port, a name that does not resolve and a handshake that fails."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound and not listening: nobody else gets the port
        closed = f"http://127.0.0.1:{held.getsockname()[1]}"
        async with server(b"no TLS here", until=b"\x16") as plain:
            urls = {"closed port": closed, "no such host": "http://h.invalid", "no TLS": plain.replace("http", "https")}
            async with client_of(urls[url]) as ai:
                errors = await failures(ai)
        assert [leaks(error) for error in errors] == [[], [], [], []]


async def test_a_deadline_gives_no_key_away(client_of: Callable[..., Client]) -> None:
    """The error of a timeout has a cancellation in its chain, whose frames are those of the HTTP library."""
    async with server(None) as url, client_of(url) as ai:
        errors = await failures(ai, timeout=0.05)
        assert [leaks(error) for error in errors] == [[], [], [], []]


async def test_a_cancelled_call_gives_no_key_away(client_of: Callable[..., Client]) -> None:
    """The cancellation that reaches the caller has passed through every frame that knew the key."""
    async with server(None) as url, client_of(url) as ai:
        task = asyncio.ensure_future(ai.chat("openai:m", "hi"))
        while not ai.report()["queue"]["active_requests"]:
            await asyncio.sleep(0)
        for _ in range(100):  # far enough to wait for the answer's head
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        assert leaks(caught.value) == []
