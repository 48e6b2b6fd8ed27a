"""Where requests go and what they carry beside the key: addresses and extra headers."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async import Client, ConfigError
from ipfs_accel_async.config import checked_url, settings
from tests.canary import CANARY


def refusal(**given: Any) -> ConfigError:
    """The error that settings of a provider are refused with."""
    with pytest.raises(ConfigError) as caught:
        settings({}, given, "openai")
    assert "\n" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("https://api.example.com/v1/", "https://api.example.com/v1"),
        ("  https://h/v1\n", "https://h/v1"),
        ("HTTP://Host/x", "HTTP://Host/x"),
        ("http://[::1]:11434", "http://[::1]:11434"),
        ("http://[fe80::1%25eth0]:11434", "http://[fe80::1%25eth0]:11434"),
        ("http://my_host.local-1:80/v1", "http://my_host.local-1:80/v1"),
        ("http://h/a%20b/.well-known/..c", "http://h/a%20b/.well-known/..c"),
    ],
)
def test_a_sound_address_is_kept_without_its_slash(given: str, kept: str) -> None:
    """White space around it and the slash behind it go; the rest stays."""
    assert checked_url(given) == kept


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("", "must start with http:// or https://"),
        ("api.example.com", "must start with http:// or https://"),
        ("localhost:8000", "must start with http:// or https://"),
        ("ftp://host/x", "must start with http:// or https://"),
        ("file:///etc/passwd", "must start with http:// or https://"),
        ("gopher://host", "must start with http:// or https://"),
        ("//host/x", "must start with http:// or https://"),
        ("javascript:alert(1)", "must start with http:// or https://"),
        ("http://", "has no host"),
        ("http:///path", "has no host"),
        ("http://:80", "has no host"),
        (f"http://{CANARY}@host", "has a host with a character"),
        ("http://a+b/v1", "has a host with a character"),
        ("http://a,b/v1", "has a host with a character"),
        ("http://h:0/v1", "has no port"),
        ("http://h:/v1", "has no port"),
        ("http://h:65536", "is no URL"),
        ("http://h:port", "is no URL"),
        ("http://[::1", "is no URL"),
        ("http://user@host", "has credentials in it"),
        ("http://user:sk-CANARY@host", "has credentials in it"),
        ("http://user:a@sk-CANARY@host", "has credentials in it"),
        (f"http://user:a/{CANARY}@host", "is no URL"),
        (f"http://h/?api_key={CANARY}", "has a query"),
        ("http://h/v1?", "has a query"),
        (f"http://h/v1#{CANARY}", "has a query or fragment"),
        ("http://h/v1#", "has a query or fragment"),
        ("http://h/a\nb", "has a space"),
        ("http://h\r\nX-Evil: 1/", "is no URL"),
        ("http://h\r\n/v1", "has a space"),
        ("http://h/a\tb", "has a space"),
        ("http://h/a b", "has a space"),
        ("http://h/a\x00b", "has a space"),
        ("http://h/a\x7fb", "has a space"),
        ("http://h\\@evil/", "has credentials in it"),
        ("http://h/a\\b", "backslash"),
        ("http://h/\u00e4", "non-ASCII"),
        ("http://\u0430pple.com", "non-ASCII"),
        ("http://h/../admin", "dot segment"),
        ("http://h/v1/..", "dot segment"),
        ("http://h/./v1", "dot segment"),
        ("http://h/%2e%2E/v1", "dot segment"),
        ("http://h/.%2e/v1", "dot segment"),
        (CANARY, "must start with http:// or https://"),
    ],
)
def test_an_unsafe_address_is_refused_without_being_shown(url: str, says: str) -> None:
    """The fault is named, the value never is: a key may have been put there by mistake."""
    with pytest.raises(ConfigError) as caught:
        checked_url(url)
    assert says in caught.value.message
    assert "\n" not in str(caught.value)
    assert "CANARY" not in str(caught.value)
    assert refusal(base_url=url).message == caught.value.message
    with pytest.raises(ConfigError, match=r"^base_url "):
        Client(base_urls={"openai": url})


@pytest.mark.parametrize("url", [5, None, b"http://h", ["http://h"]])
def test_an_address_is_a_string(url: Any) -> None:
    """Other types are refused by type."""
    with pytest.raises(ConfigError, match="base_url is a string"):
        checked_url(url)


@given(st.text(max_size=30))
def test_any_text_is_a_safe_address_or_a_config_error(text: str) -> None:
    """Whatever is passed, what comes out starts with http and can stand in a request line."""
    for url in (text, f"http://{text}", f"https://h/{text}"):
        try:
            made = checked_url(url)
        except ConfigError as error:
            assert "\n" not in str(error)  # noqa: PT017 - either outcome is fine, each in its form
        else:
            assert made.lower().startswith(("http://", "https://"))
            assert made.isascii()
            assert made.isprintable()
            assert not set(" ?#\\") & set(made)


@pytest.mark.parametrize("form", [dict, tuple, list], ids=lambda form: form.__name__)
def test_headers_are_taken_as_mapping_or_pairs(form: Any) -> None:
    """A mapping, a tuple or a list of pairs mean the same."""
    assert settings({}, {"headers": form([("X-Org", "a b")])}, "openai").headers == (("X-Org", "a b"),)


@pytest.mark.parametrize("form", [dict, tuple, list], ids=lambda form: form.__name__)
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-A\r\nX-B", "c"),
        ("X-A: b", "c"),
        ("X A", "c"),
        ("", "c"),
        ("X-\u00c4", "c"),
        ("X-A", "b\r\nAuthorization: Bearer x"),
        ("X-A", "b\nc"),
        ("X-A", "b\x00"),
        ("X-A", "\u20ac"),
    ],
)
def test_a_header_that_would_inject_is_refused(form: Any, name: str, value: str) -> None:
    """Line breaks and other characters that no header may carry, in name or value and in every form."""
    assert "has a character that no header may carry" in refusal(headers=form([(name, value)])).message


def test_a_header_with_any_control_byte_is_refused() -> None:
    """All 32 control characters and DEL, in the name and in the value."""
    for code in (*range(32), 127):
        refusal(headers={f"X-{chr(code)}A": "b"})
        refusal(headers={"X-A": f"b{chr(code)}c"})


@pytest.mark.parametrize("name", ["Authorization", "x-api-key", "HOST", "Content-Length", "Transfer-Encoding"])
def test_headers_that_the_request_or_the_key_makes_are_refused(name: str) -> None:
    """An extra header never replaces the key's own, nor what frames the request."""
    message = refusal(headers={name: CANARY}).message
    assert name in message
    assert CANARY not in message


@pytest.mark.parametrize("value", [5, "X-A: b", [("X-A",)], [("X-A", "b", "c")], {"X-A": 5}, {"X-A": None}, [5]])
def test_headers_of_another_shape_are_refused(value: Any) -> None:
    """Anything but pairs of strings is a ConfigError."""
    assert refusal(headers=value).message.startswith("headers")
