"""Nothing that a caller passes changes the shape of a request: every byte, in every position, in every place."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import pytest

from ipfs_accel_async import AccelError, Client, InvalidRequestError
from ipfs_accel_async.keys import Secret
from ipfs_accel_async.types import NativeRequest
from ipfs_accel_async.wire.multipart import Upload, encode
from tests.providers.codecs import CODECS
from tests.providers.recorded import call_of
from tests.providers.test_contract_native import SENT, names_in
from tests.transport.raw_server import raw_server, read_request, response

if TYPE_CHECKING:
    from ipfs_accel_async.wire.http import Request

FORMS = ("{}bc", "a{}c", "ab{}")
BYTES = [form.format(chr(code)) for code in range(256) for form in FORMS]
ODD = [
    "\u2028x",
    "x\u0085",
    "\uff0e\uff0e\uff0fx",
    "\u202e/x",
    "..%2f..%2fx",
    "%2e%2e/x",
    "a\r\nHost: evil",
    "\ud800x",
    "x" * 9_000,
]
URL = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")


def sound(request: Request, values: list[str]) -> None:
    """The request line and the headers can be written as they are, and the path has as many steps as its row."""
    assert URL.fullmatch(request.url), request.url
    parts = urlsplit(request.url)
    assert not {".", ".."} & set(parts.path.split("/"))
    for name, value in request.headers:
        assert re.fullmatch(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name), name
        assert re.fullmatch(rb"[\t\x20-\x7e\x80-\xff]*", bytes(value)), name
    steps = [unquote(step, errors="strict") for step in parts.path.split("/")]
    for value in values:
        assert any(value in step for step in steps), (value, parts.path)


@pytest.mark.parametrize(("name", "row"), [(n, r) for n, r in SENT if "{" in CODECS[n].native[r].path])
def test_arguments_of_native_paths_stay_one_step(name: str, row: str) -> None:
    """Whatever is in an id, it is one quoted step of the path, or it is refused."""
    codec = CODECS[name]
    for value in [*BYTES[:: 1 if row == "models.retrieve" else 17], *ODD]:
        args = dict.fromkeys(names_in(codec.native[row].path), value)
        args.pop("model", None)
        try:
            request = codec.build_request(call_of(codec, NativeRequest(json={}, args=args), row), Secret("k"))
        except InvalidRequestError:
            assert not value.strip(" .\t\r\n\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0") or "\ud800" in value
        else:
            sound(request, [value] if args else [])


@pytest.mark.parametrize("name", CODECS)
def test_queries_and_headers_of_native_calls_cannot_break_out(name: str) -> None:
    """A query is quoted; a header value with a line break is refused, and so is a name that is none."""
    codec = CODECS[name]
    for value in [*BYTES, *ODD]:
        for payload in (
            NativeRequest("GET", "/x", query={value: "1", "b": value, "c": (value, value)}),
            NativeRequest("POST", "/x", json={value: value}),
            NativeRequest("POST", "/x", headers=(("x-own", value),)),
            NativeRequest("POST", "/x", headers=((value, "1"),)),
            NativeRequest("POST", "/x", content=b"x", content_type=value),
        ):
            try:
                request = codec.build_request(call_of(codec, payload, "request"), Secret("k"))
            except InvalidRequestError:
                continue
            sound(request, [])
            assert urlsplit(request.url).path.endswith("" if name == "s3_kit" else "/x")  # there the path is boto's


def test_forms_have_their_parts_and_no_other() -> None:
    """Field names, file names and media types cannot end their line: each part has the headers that it should."""
    for value in [*BYTES, *ODD]:
        form = [(value, value), ("file", Upload(value, b"data", value)), ("last", "one")]
        try:
            body, kind = encode(form)
        except InvalidRequestError:
            assert "\ud800" in value
            continue
        parts = body.split(b"--" + kind.partition("boundary=")[2].encode())
        assert len(parts) == 5
        for part, headers in zip(parts[1:4], (1, 2, 1), strict=True):
            head = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")[0]
            assert len(re.split(rb"\r\n|\r|\n", head)) == headers
            quotes = 4 if b"; filename=" in head else 2
            assert head.count(b'"') == quotes or (quotes == 4 and '"' in value)  # a media type may have its own


NAMES = [*BYTES, *ODD]


@pytest.mark.sockets
async def test_on_the_wire_a_request_has_its_own_lines_only() -> None:
    """Model names in a path and in a body, ids, queries and file names: refused, or one request of the usual shape."""
    heads: list[bytes] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            heads.append((await read_request(reader))[0])
            writer.write(response(b"{}", "content-type: application/json"))

    async with raw_server(script) as url:
        urls = dict.fromkeys(("gemini", "openai", "ollama"), url)
        patient = {"max_retries": 0, "failure_threshold": 10**6, "failure_rate_calls": 10**6}
        async with Client(base_urls=urls, keys=dict.fromkeys(urls, "k"), **patient) as ai:
            usual: dict[str, set[bytes]] = {}
            for value in NAMES:
                for what, call in (
                    ("path", ai.chat(f"gemini:{value}", "hi")),
                    ("body", ai.chat(f"openai:{value}", value)),
                    ("id", ai.openai.files.get(value)),
                    ("name", ai.openai.files.create((value, b"x"), purpose=value)),
                    ("query", ai.request("ollama", "GET", "/x", query={value: value})),
                    ("json", ai.ollama.show(value)),
                ):
                    before = len(heads)
                    try:
                        await call
                    except AccelError:
                        pass
                    assert len(heads) - before <= 1, (what, value)
                    for head in heads[before:]:
                        line, *lines = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
                        assert re.fullmatch(rb"[A-Z]+ /[!-~]* HTTP/1\.1", line), (what, value, line)
                        assert b"\r" not in head.replace(b"\r\n", b"")
                        names = {one.partition(b":")[0].lower() for one in lines}
                        assert names == usual.setdefault(f"{what} {line[:3]!r}", names), (what, value)
    assert len(heads) > 2_000
