"""What can go wrong between the S3 transport and a server is a typed error, without the library's own behind it."""

from __future__ import annotations

import asyncio
import base64
import builtins
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from ipfs_accel_async.errors import (
    AccelError,
    ConfigError,
    ConnectError,
    DecodeError,
    InterruptedCallError,
    InvalidRequestError,
    TLSError,
)
from ipfs_accel_async.transport._s3_faults import typed
from ipfs_accel_async.wire.http import Request
from ipfs_accel_async.wire.s3 import FileSlice
from tests.transport.raw_server import raw_server, response
from tests.transport.s3_peer import a_request, read_all, s3_peer, s3_transport, xml

pytestmark = pytest.mark.sockets
GET = {"Bucket": "bkt", "Key": "k"}


async def failure(request: Request, *, read: bool = False) -> AccelError:
    """The error of a request; nothing of botocore's is chained to it."""
    async with s3_transport() as s3:
        with pytest.raises(AccelError) as caught:
            incoming = await s3.send(request)
            if read:
                await read_all(incoming)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None or isinstance(caught.value.__context__, FileNotFoundError)
    return caught.value


async def test_nobody_there() -> None:
    """A refused connection is a ConnectError: nothing was sent."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    error = await failure(a_request(f"s3+http://127.0.0.1:{port}", "GetObject", **GET))
    assert (type(error), error.phase) == (ConnectError, "connect")


async def test_a_name_that_does_not_resolve() -> None:
    """So is a host that no name server knows."""
    assert type(await failure(a_request("s3+http://s3.invalid", "GetObject", **GET))) is ConnectError


async def test_no_tls_where_tls_was_asked_for() -> None:
    """A handshake that fails is a TLSError, not retried."""
    async with s3_peer(xml()) as peer:
        error = await failure(a_request(peer.url.replace("http", "https"), "GetObject", **GET))
    assert type(error) is TLSError
    assert not error.retryable


@pytest.mark.parametrize("sent", [b"", b"HTTP/1.1 200 OK\r\nContent-Le"])
async def test_a_connection_that_breaks_before_the_answer(sent: bytes) -> None:
    """A server that hangs up instead of answering is an InterruptedCallError."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(sent)

    async with raw_server(script) as url:
        error = await failure(a_request(f"s3+{url}", "DeleteObject", **GET))
    assert (type(error), error.retryable) == (InterruptedCallError, True)


@pytest.mark.parametrize("operation", ["GetObject", "ListObjectsV2"])
async def test_a_body_that_is_cut(operation: str) -> None:
    """A body shorter than its length is an InterruptedCallError, never a shorter object."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(response(b"0123456789")[:-3])

    params = GET if operation == "GetObject" else {"Bucket": "bkt"}
    async with raw_server(script) as url:
        error = await failure(a_request(f"s3+{url}", operation, **params), read=True)
    assert type(error) is InterruptedCallError


async def test_bytes_that_do_not_fit_their_checksum() -> None:
    """An object whose bytes are not those of its checksum is a DecodeError, worth one more try."""
    wrong = {"x-amz-checksum-crc32": base64.b64encode(bytes(4)).decode()}
    async with s3_peer(lambda _: web.Response(body=b"hello", headers=wrong)) as peer:
        error = await failure(a_request(peer.url, "GetObject", **GET), read=True)
    assert (type(error), error.retryable) == (DecodeError, True)


@pytest.mark.parametrize("body", ["<no xml", "{}", '<!DOCTYPE x [<!ENTITY a "b">]><Error>&a;</Error>'])
async def test_an_answer_that_is_no_xml(body: str) -> None:
    """An answer that cannot be parsed is a DecodeError; entities of a document type do no harm."""
    async with s3_peer(xml(body)) as peer, s3_transport() as s3:
        try:
            await read_all(await s3.send(a_request(peer.url, "ListObjectsV2", Bucket="bkt")))
        except AccelError as error:
            assert type(error) is DecodeError  # noqa: PT017 - an entity may as well be read


@pytest.mark.parametrize(
    ("operation", "params", "message"),
    [
        ("Put", {}, "no operation 'Put'"),
        ("put_object", {}, "as boto does"),
        ("PutObject", {"Bucket": "b b", "Key": "k"}, "Invalid bucket name"),
        ("PutObject", {"Bucket": "bkt"}, 'Missing required parameter in input: "Key"'),
        ("PutObject", {"Bucket": "bkt", "Key": ""}, "valid min length: 1"),
        ("PutObject", {"Bucket": "bkt", "Key": "k", "Nonsense": 1}, "Nonsense"),
        ("PutObject", {"Bucket": 3, "Key": "k"}, "cannot send these parameters"),
        ("SelectObjectContent", {"Bucket": "bkt", "Key": "k"}, "event stream"),
    ],
)
async def test_what_cannot_be_sent_is_refused_before(operation: str, params: dict[str, Any], message: str) -> None:
    """A wrong operation or parameter is an InvalidRequestError in one line; the server sees nothing."""
    async with s3_peer(xml()) as peer:
        error = await failure(a_request(peer.url, operation, **params))
    assert type(error) is InvalidRequestError
    assert message in str(error)
    assert "\n" not in str(error)
    assert peer.seen == []


async def test_a_wrong_parameter_does_not_show_its_value() -> None:
    """Customers' encryption keys are parameters too: the message names the parameter, not what was passed."""
    async with s3_peer(xml()) as peer:
        request = a_request(peer.url, "PutObject", Bucket="bkt", Key="k", ContentType={"CANARY": "secret"})
        error = await failure(request)
    assert "ContentType" in str(error)
    assert "CANARY" not in str(error)


async def gone(path: Path) -> None:
    """The file is not there."""


async def shorter(path: Path) -> None:
    """The file has become shorter."""
    path.write_bytes(b"01")


@pytest.mark.parametrize("happens", [gone, shorter])
async def test_a_file_that_is_not_what_it_was(happens: Callable[[Path], Any], tmp_path: Path) -> None:
    """A part of a file that cannot be read, or not whole, is an InvalidRequestError with its path."""
    path = tmp_path / "file"
    await happens(path)
    async with s3_peer(xml()) as peer:
        request = a_request(peer.url, "PutObject", Bucket="bkt", Key="k", Body=FileSlice(str(path), 0, 5))
        error = await failure(request)
    assert type(error) is InvalidRequestError
    assert str(path) in str(error)
    assert peer.seen == []


async def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where aioboto3 is missing the error says how to install it."""
    importing = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "aioboto3":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return importing(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    error = await failure(a_request("s3+http://127.0.0.1:1", "GetObject", **GET))
    assert type(error) is ConfigError
    assert "pip install 'ipfs-accel-async[s3]'" in str(error)


def test_an_unknown_error_is_named_and_nothing_more() -> None:
    """An exception that nobody foresaw is a TransportError with its class, never with its text."""
    error = typed(RuntimeError("CANARY"), phase="body")
    assert "RuntimeError" in str(error)
    assert "CANARY" not in str(error)


@pytest.mark.parametrize(("sent", "kind"), [(True, DecodeError), (False, InvalidRequestError)])
def test_what_the_library_stumbles_over(sent: bool, kind: type[AccelError]) -> None:
    """Before anything was sent it is the parameters' fault, afterwards the answer's."""
    assert type(typed(TypeError("CANARY"), phase="first byte", sent=sent)) is kind
