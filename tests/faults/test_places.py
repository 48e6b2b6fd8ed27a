"""G04 and G09: where a key goes is the client's to say alone, and nothing that arrives is unpacked into files."""

from __future__ import annotations

import ast
import io
import json
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

import ipfs_accel_async
from ipfs_accel_async import Client
from ipfs_accel_async.errors import AccelError
from tests.faults.scenarios import scenario
from tests.faults.server import FaultServer
from tests.faults.watching import KEY, watched
from tests.transport.s3_peer import s3_peer

WISHES = ("base_url", "api_base", "endpoint", "url", "host", "proxy", "organization", "extra_headers", "http_client")


@scenario("G04")
@pytest.mark.sockets
@pytest.mark.parametrize("name", WISHES)
async def test_an_address_among_the_arguments_of_a_call_is_a_word_in_its_body(server: FaultServer, name: str) -> None:
    """Whoever fills in a call's parameters moves nothing: the key goes where the client was told, or nowhere."""
    async with FaultServer() as other, watched(server, max_retries=0) as ai:
        wish: Any = {"host": other.url} if name == "extra_headers" else f"{other.url}/v1"
        for ask in (ai.chat, ai.embed):
            try:
                await ask("openai:m", "hi", **{name: wish})
            except AccelError:
                continue  # an embedding is no completion, and some names are refused
        assert (other.accepted, other.requests) == (0, [])
        for request in server.requests:
            assert request.path in {"/v1/chat/completions", "/v1/embeddings"}
            assert request.header("authorization") == f"Bearer {KEY}"
            assert request.header("host") == server.url.removeprefix("http://")
            assert name not in json.loads(request.body) or json.loads(request.body)[name] == wish


@scenario("G04")
@pytest.mark.sockets
@pytest.mark.parametrize("model", ["openai:{}/v1", "openai:m@{}", "openai:{}#m", "{}:m", "openai://{}"])
async def test_an_address_in_a_models_name_is_not_gone_to(server: FaultServer, model: str) -> None:
    """A name that is an address, or has one in it: part of the body, or refused."""
    async with FaultServer() as other, watched(server, max_retries=0) as ai:
        for host in (other.url, other.url.removeprefix("http://")):
            try:
                await ai.chat(model.format(host), "hi")
            except AccelError:
                continue
        assert other.accepted == 0
        assert {request.path for request in server.requests} <= {"/v1/chat/completions"}
        await ai.chat("openai:m", "hi")


@scenario("G04")
@pytest.mark.sockets
@pytest.mark.parametrize("path", ["//{}/v1", "/..//{}", "{}/v1", "/\\{}", "@{}/", "/%2e%2e/{}"])
async def test_a_path_cannot_be_another_host(server: FaultServer, path: str) -> None:
    """Of a raw request: refused, or a path below the base URL."""
    async with FaultServer() as other, watched(server, max_retries=0) as ai:
        for host in (other.url, other.url.removeprefix("http://")):
            try:
                await ai.request("openai", "GET", path.format(host))
            except AccelError:
                continue
        assert other.accepted == 0
        assert all(request.path.startswith("/v1/") for request in server.requests)
        await ai.chat("openai:m", "hi")


UNPACKERS = {"tarfile", "zipfile", "unpack_archive", "zipimport", "lzma", "bz2", "py7zr", "rarfile", "patoolib"}
DECODERS = {"zlib", "gzip", "brotli", "zstandard", "zstd"}


@scenario("G09")
def test_nothing_in_the_package_unpacks_archives() -> None:
    """No module knows how; content encodings are undone in one place, under the cap, into memory."""
    root = Path(ipfs_accel_async.__file__).parent
    inflating: set[str] = set()
    for path in root.rglob("*.py"):
        words = {
            word
            for node in ast.walk(ast.parse(path.read_text("utf-8")))
            for word in (
                [alias.name.split(".")[0] for alias in node.names]
                if isinstance(node, ast.Import)
                else [(node.module or "").split(".")[0], *[alias.name for alias in node.names]]
                if isinstance(node, ast.ImportFrom)
                else [node.attr]
                if isinstance(node, ast.Attribute)
                else []
            )
        }
        assert not words & UNPACKERS, path
        if words & DECODERS and "simulator" not in path.parts:
            inflating.add(path.relative_to(root).as_posix())
    assert inflating == {"wire/inflate.py"}


def a_tar() -> bytes:
    """A member above the folder, an absolute one, a link out and a device."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        for name in ("../outside", "/tmp/absolute"):
            archive.addfile(tarfile.TarInfo(name))
        for name, kind in (("link", tarfile.SYMTYPE), ("device", tarfile.CHRTYPE)):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, "../.."
            archive.addfile(member)
    return made.getvalue()


def a_zip() -> bytes:
    """The same, and forty megabytes of zeros."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../outside", "x")
        archive.writestr("zeros", bytes(40 * 2**20))
    return made.getvalue()


@scenario("G09", "G08")
@pytest.mark.sockets
@pytest.mark.parametrize(("name", "make"), [("model.tar.gz", a_tar), ("model.zip", a_zip)])
async def test_an_archive_is_stored_as_it_is(name: str, make: Any, tmp_path: Path) -> None:
    """Fetched from S3 into a folder: one file with these very bytes, and nothing beside it."""
    packed = make()

    def serve(request: web.BaseRequest) -> web.Response:
        if "list-type" in request.raw_path:
            row = f"<Contents><Key>m/{name}</Key><Size>{len(packed)}</Size></Contents>"
            return web.Response(text=f"<ListBucketResult>{row}</ListBucketResult>", content_type="application/xml")
        return web.Response(body=packed, content_type="application/gzip", headers={"etag": '"e"'})

    folder = tmp_path / "below" / "models"
    async with s3_peer(serve) as peer:
        urls = {"s3_kit": peer.url.removeprefix("s3+")}
        async with Client(keys={"s3_kit": "AKID:secret"}, base_urls=urls, max_retries=0) as ai:
            await ai.s3_kit.download_dir("bucket", "m/", folder)
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()] == [
        f"below/models/{name}"
    ]
    assert (folder / name).read_bytes() == packed
