"""Addresses that lead inside, in every notation that some resolver takes."""

from __future__ import annotations

import ipaddress
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async.wire.addresses import is_public, public_host
from ipfs_accel_async.wire.images import media_type

HTTPS = frozenset({"https"})
PUBLIC = ["8.8.8.8", "1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "2a00:1450:4001:82a::200e", "172.32.0.1"]
# fmt: off
INSIDE = [
    "127.0.0.1", "127.255.255.254", "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "172.16.0.1",
    "172.31.255.255", "192.168.0.1", "192.168.255.255", "169.254.169.254", "169.254.170.2", "169.254.0.1",
    "100.64.0.1", "100.100.100.200", "100.127.255.255", "168.63.129.16", "192.0.0.192", "192.0.2.1", "198.18.0.1",
    "198.19.255.255", "198.51.100.1", "203.0.113.1", "192.88.99.1", "224.0.0.1", "239.255.255.250", "240.0.0.1",
    "255.255.255.255", "::1", "::", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:8.8.8.8", "::127.0.0.1",
    "::8.8.8.8", "64:ff9b::a9fe:a9fe", "64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::1", "2002:7f00:1::",
    "2002:a9fe:a9fe::", "2001:0:7f00:1::", "2001:db8::1", "fe80::1", "fe80::1%eth0", "fec0::1", "fc00::1",
    "fd00::1", "fd00:ec2::254", "ff02::1", "ff0e::1", "100::1", "2001:10::1", "3fff::1", "5f00::1",
    "2606:4700::1%1",
]
# fmt: on
# fmt: off
ODD = [
    "127.1", "127.0.1", "0x7f000001", "0x7f.0.0.1", "0x7f.1", "2130706433", "0177.0.0.1", "017700000001", "0",
    "00", "0x0", "0.0", "127.0.0.1.", "127.000.000.001", "10.1", "0xa000001", "169.254.43518", "0xa9fea9fe",
    "2852039166", "0251.0376.0251.0376", "0xA9.0xFE.0xA9.0xFE", "8.8.8.8.", "8.8", "0x08080808", "1.2.3.4.5",
    "256.1.1.1", "1.2.3", "[127.0.0.1]", "[::1", "::1", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:169.254.169.254]",
    "[::1%25lo]", "[fe80::1%25eth0]",
]
# fmt: on
UNICODE = [
    "\u2460\u2461\u2466.\u24ea.\u24ea.\u2460",
    "127\u30020\u30020\u30021",
    "\uff11\uff12\uff17.0.0.1",
    "localhos\u2174",
    "\u24db\u24de\u24d2alhost",
    "b\u00fccher.example",
    "\u0430pple.com",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses(address: str) -> None:
    """What everybody reaches, as an address and as the host of a URL."""
    assert is_public(address)
    host = f"[{address}]" if ":" in address else address
    assert public_host(f"https://{host}/a.png", HTTPS) == (address, 443)


@pytest.mark.parametrize("address", INSIDE)
def test_addresses_that_lead_inside(address: str) -> None:
    """Every special range, and whatever carries an IPv4 address in an IPv6 one."""
    assert not is_public(address)
    host = f"[{address}]" if ":" in address else address
    assert isinstance(public_host(f"https://{host}/a.png", HTTPS), str)


@pytest.mark.parametrize("host", ODD + UNICODE)
def test_odd_notations_are_no_hosts(host: str) -> None:
    """A resolver takes many of them for an address; here they are neither that nor a name."""
    assert isinstance(public_host(f"https://{host}/a.png", HTTPS), str)


def test_some_odd_notations_are_loopback_to_the_resolver() -> None:
    """The reason for all this: what is no address to Python is one to the system."""
    for host in ("127.1", "0x7f000001", "2130706433", "0177.0.0.1"):
        with pytest.raises(ValueError, match="does not appear"):
            ipaddress.ip_address(host)
        assert socket.inet_ntoa(socket.inet_aton(host)) == "127.0.0.1"


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://example.com/a.png", "must start with https://"),
        ("ftp://example.com/a.png", "must start with"),
        ("file:///etc/passwd", "must start with"),
        ("gopher://example.com", "must start with"),
        ("data:image/png;base64,AAAA", "must start with"),
        ("//example.com/a.png", "must start with"),
        ("https://user@example.com/", "credentials"),
        ("https://example.com@127.0.0.1/", "credentials"),
        ("https://127.0.0.1#@example.com/", "host"),
        ("https://127.0.0.1?@example.com/", "host"),
        ("https://example.com\\@127.0.0.1/", "backslashes"),
        ("https://example.com:0/", "port"),
        ("https://example.com:/", "port"),
        ("https://example.com:99999/", "is no URL"),
        ("https:///a.png", "host"),
        ("https://", "host"),
        ("https://exa mple.com/", "without spaces"),
        ("https://example.com/\r\nHost: x", "without spaces"),
        ("https://example.com/\x00", "without spaces"),
        ("https://a..b/", "host"),
        ("https://-a.example/", "host"),
        (f"https://example.com/{'a' * 8_000}", "at most"),
        ("", "no URL"),
        (None, "no URL"),
        (b"https://example.com/", "no URL"),
    ],
)
def test_urls_that_are_refused(url: str, says: str) -> None:
    """Other schemes, credentials, and what two parsers may read in two ways."""
    told = public_host(url, HTTPS)
    assert isinstance(told, str)
    assert says in told


def test_urls_that_are_taken() -> None:
    """Names, with ports, queries and fragments; http only where it is allowed."""
    assert public_host("https://Example.com/a.png?x=1#y", HTTPS) == ("example.com", 443)
    assert public_host("https://xn--bcher-kva.example:8443/", HTTPS) == ("xn--bcher-kva.example", 8443)
    assert public_host("http://a_b.example.com./", frozenset({"http"})) == ("a_b.example.com.", 80)
    assert public_host("https://localhost/", HTTPS) == ("localhost", 443)  # what it resolves to is refused


@given(st.text(max_size=40))
def test_any_text_is_refused_or_is_a_name_or_a_public_address(text: str) -> None:
    """Nothing else comes out, and nothing raises."""
    assert not is_public(text) or ipaddress.ip_address(text).is_global
    for url in (text, f"https://{text}", f"https://{text}/x"):
        told = public_host(url, HTTPS)
        if not isinstance(told, str):
            host, port = told
            assert host.isascii()
            assert is_public(host) or not host.rstrip(".").rpartition(".")[2].isdigit()
            assert 0 < port < 65_536


@given(st.binary(max_size=40))
def test_bytes_are_an_image_by_how_they_begin(data: bytes) -> None:
    """Whatever follows; anything else is none."""
    assert media_type(b"\x89PNG\r\n\x1a\n" + data) == "image/png"
    assert media_type(b"RIFF\0\0\0\0WEBP" + data) == "image/webp"
    assert media_type(b"\0\0\0\x1cftypavif" + data) == "image/avif"
    for other in (b"<svg ", b"<?xml", b"%PDF", b"<html>", b"\0\0\0\x1cftypmp42", b"RIFF\0\0\0\0WAVE", b""):
        assert media_type(other) is None
