"""Group G: names, headers, addresses and files that somebody hostile has chosen."""

from __future__ import annotations

import asyncio
import importlib
import json
import math
import pkgutil
import re
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp import web

import ipfs_accel_async
from ipfs_accel_async import Client, Secret
from ipfs_accel_async.errors import AccelError, ConfigError, InvalidRequestError
from ipfs_accel_async.native.s3_kit._paths import path_below
from tests.faults.scenarios import scenario
from tests.faults.server import FaultServer
from tests.faults.watching import KEY, watched
from tests.providers.codecs import CHAT, CODECS, having
from tests.providers.recorded import call_of
from tests.transport.s3_peer import s3_peer

MODELS = [
    "a\r\nX-Injected: 1",
    "a\0b",
    "a?key=stolen",
    "a#fragment",
    "../../v1/files",
    "%2e%2e/%2e%2e/files",
    "..%2ffiles",
    "..\\files",
    "\uff0e\uff0e/files",
    "a b",
    "m:generateContent",
    "@evil.invalid/",
    "//evil.invalid/",
    "x" * 100_000,
]


@scenario("G01")
@pytest.mark.parametrize("name", having("chat"))
@pytest.mark.parametrize("model", MODELS, ids=lambda model: repr(model)[1:12])
def test_a_model_name_cannot_leave_its_place(name: str, model: str) -> None:
    """Refused, or quoted into the path or body that was meant: host, query and the path's begin stay the service's."""
    codec = CODECS[name]
    plain = codec.build_request(call_of(codec, CHAT, model="plain"), Secret(KEY))
    try:
        made = codec.build_request(call_of(codec, CHAT, model=model), Secret(KEY))
    except (InvalidRequestError, ConfigError):
        return
    was, now = urlsplit(plain.url), urlsplit(made.url)
    assert (now.scheme, now.netloc, now.query, now.fragment) == (was.scheme, was.netloc, was.query, was.fragment)
    assert made.url.isascii()
    assert not re.search(r"[\x00-\x20\\]", made.url)
    assert now.path.count("/") == was.path.count("/")
    assert not {".", ".."} & set(re.sub("%2e", ".", now.path, flags=re.IGNORECASE).split("/"))
    assert [header for header, _ in made.headers] == [header for header, _ in plain.headers]


@scenario("G01", "G02")
@pytest.mark.sockets
async def test_what_a_caller_passes_stays_in_the_body(server: FaultServer) -> None:
    """A model name with a line break is refused; prompt and parameters arrive as JSON, and make no header."""
    async with watched(server, max_retries=0) as ai:
        text = 'x"}\r\nX-Injected: 1\r\n\r\nGET /stolen HTTP/1.1\r\n\r\n'
        with pytest.raises(InvalidRequestError, match="control character"):
            await ai.chat("openai:m\r\nX-Injected: 1", "hi")
        await ai.chat("openai:../m?x#y", text, user=text)
        await ai.chat("openai:m", "hi")
    assert len(server.requests) == 2
    assert b"x-injected" not in server.requests[0].head.lower()
    assert json.loads(server.requests[0].body)["messages"][0]["content"] == text


@scenario("G02")
@pytest.mark.parametrize("byte", [*range(0x20), 0x7F])
def test_no_control_byte_gets_into_a_header(byte: int) -> None:
    """In the name or the value of a header of the settings."""
    for name, value in ((f"x-a{chr(byte)}b", "v"), ("x-a", f"v{chr(byte)}w")):
        with pytest.raises(ConfigError):
            Client(providers={"openai": {"headers": {name: value}}}, keys={"openai": "sk-test"})


@scenario("G03")
@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "ftp://h", "gopher://h", "http://", "http://u:p@h", "http://h#f", "http://h?q", "//h", "h"],
)
def test_an_address_that_is_none(url: str) -> None:
    """Refused when the client is made."""
    with pytest.raises(ConfigError):
        Client(base_urls={"openai": url}, keys={"openai": "sk-test"})


OUTSIDE = ["../x", "a/../../x", "/etc/x", "a//b", ".", "a/..", "C:\\x", "C:x", "..\\x", "a\0b", "a/./b"]


@scenario("G08")
@pytest.mark.parametrize("key", OUTSIDE, ids=repr)
def test_an_object_key_stays_below_its_folder(key: str, tmp_path: Path) -> None:
    """Refused, and nothing is made."""
    with pytest.raises(InvalidRequestError):
        path_below(tmp_path / "root", key)


@scenario("G08")
def test_a_link_does_not_lead_out(tmp_path: Path) -> None:
    """A folder below the root that is a link to somewhere else."""
    root = tmp_path / "root"
    root.mkdir()
    (root / "out").symlink_to(tmp_path)
    with pytest.raises(InvalidRequestError):
        path_below(root, "out/x")
    assert path_below(root, "in/x..y") == root / "in" / "x..y"


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
XML = {
    "entities": f'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY l0 "lol">{LAUGHS}]><r><Name>&l9;</Name></r>',
    "a file": '<!DOCTYPE r [<!ENTITY f SYSTEM "file:///etc/hostname">]><r><Name>&f;</Name></r>',
    "broken": "<ListBucketResult><Name>x",
    "deep": "<a>" * 50_000,
}


@scenario("G10")
@pytest.mark.sockets
@pytest.mark.parametrize("kind", XML)
async def test_xml_with_entities_is_refused(kind: str) -> None:
    """A list of objects that is a bomb, a way to a file, or broken: a typed error, soon."""
    body = XML[kind].encode()

    def bomb(_: web.BaseRequest) -> web.Response:
        return web.Response(body=body, content_type="application/xml")

    async with s3_peer(bomb) as peer:
        options: dict[str, Any] = {
            "keys": {"s3_kit": "AKIDEXAMPLE:secret"},
            "base_urls": {"s3_kit": peer.url.removeprefix("s3+")},
        }
        async with Client(max_retries=0, timeout=20, **options) as ai:
            began = time.process_time()
            with pytest.raises(AccelError):
                await ai.s3_kit.list("bucket")
            assert time.process_time() - began < 5


def patterns() -> list[re.Pattern[Any]]:
    """Every regular expression at the top of a module of the package that reads what comes from outside."""
    found: dict[str, re.Pattern[Any]] = {}
    for module in pkgutil.walk_packages(ipfs_accel_async.__path__, "ipfs_accel_async."):
        if re.search(r"simulator|llvm|__main__|cli|benchmarks", module.name):
            continue
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, re.Pattern):
                found[str(value.pattern)] = value
    return list(found.values())


HOSTILE = [
    "a" * 50_000,
    "1" * 50_000,
    " " * 50_000,
    "1h" * 25_000,
    '"\\' * 25_000,
    "%2e" * 16_000,
    "(" * 50_000,
    "-.:" * 16_000,
]


@scenario("G18")
def test_no_expression_is_slow() -> None:
    """Fifty kilobytes of what makes careless expressions explode take some four times as long as a quarter of them."""
    found = patterns()
    assert len(found) > 10
    for pattern in found:
        for text in HOSTILE:
            short, long = (taken(pattern, text[: len(text) // part]) for part in (4, 1))
            assert long <= 2.5**2 * max(short, 0.005), (pattern.pattern, text[:9])


def taken(pattern: re.Pattern[Any], text: str) -> float:
    """Seconds that an expression takes for a text, at best."""
    whole: Any = f"{text}\x00!" if isinstance(pattern.pattern, str) else f"{text}\x00!".encode()
    best = math.inf
    for _ in range(3):
        began = time.process_time()
        pattern.fullmatch(whole)
        pattern.match(whole)
        pattern.search(whole[-3_000:])  # searching is quadratic by nature where a match may begin anywhere
        best = min(best, time.process_time() - began)
        if best < 0.005:
            break
    return best


FILES = {
    "a YAML bomb": "a: &a [x, x]\nb: &b [*a, *a]\nopenai: *b\n",
    "an object of Python": "openai: !!python/object/apply:os.system ['touch pwned']\n",
    "depth": "[" * 100_000,
    "a number": '{"openai": ' + "9" * 5_000 + "}",
    "binary": "\x00\x01\x02",
}


@scenario("G19")
@pytest.mark.parametrize("kind", FILES)
def test_a_hostile_credentials_file_is_only_refused(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is JSON or nothing: a ConfigError, and nothing in it is run."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "credentials"
    path.write_text(FILES[kind])
    path.chmod(0o600)
    with pytest.raises(ConfigError):
        asyncio.run(Client(credentials_file=path).chat("openai:m", "hi"))
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["credentials"]
