"""Requests to any path: what may stand in a request line, and nothing that leaves the base URL."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async import Client, InvalidRequestError, MockTransport
from ipfs_accel_async.arguments import native_request


@pytest.mark.parametrize("method", ["GET", "get", "Post", "PURGE"])
def test_a_method_is_a_word_in_capitals(method: str) -> None:
    """Any word, made upper case."""
    assert native_request(method, "/x", None, {}).method == method.upper()


@pytest.mark.parametrize(
    "method",
    [
        "",
        " ",
        "GET ",
        "GET /evil HTTP/1.1\r\nX: ",
        "G\nET",
        "G\x00T",
        "GET1",
        "GE-T",
        "\u00dfX",
        "\uff27ET",
        None,
        5,
        b"GET",
    ],
)
def test_a_method_that_would_inject_is_refused(method: Any) -> None:
    """Spaces, line breaks, digits and letters of other alphabets."""
    with pytest.raises(InvalidRequestError, match="method must be a word such as GET") as caught:
        native_request(method, "/x", None, {})
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/v1/files/a-b_c.txt",
        "/a%20b",
        "/a//b",
        "/...",
        "/.hidden",
        "/a..b",
        "/%c3%a4",
        "/a;b=c",
        "/a:b@c",
        "//host/x",
    ],
)
async def test_a_quoted_path_is_sent_as_it_is(path: str) -> None:
    """Below the base URL, untouched, even where it looks like a host."""
    mock = MockTransport(lambda _: MockTransport.reply({}))
    async with Client(transport=mock, base_urls={"vllm": "http://h/base"}) as ai:
        await ai.request("vllm", "GET", path)
    assert mock.requests[0].url == f"http://h/base{path}"


@pytest.mark.parametrize(
    "path",
    [
        "",
        "x",
        "http://evil/x",
        "@evil/x",
        ".evil/x",
        ":80/x",
        "/a b",
        "/a\tb",
        "/a\r\nHost: evil",
        "/a\nb",
        "/a\x00b",
        "/a\x7fb",
        "/a?x=1",
        "/a#x",
        "/a\\b",
        "/\u00e4",
        "/\uff0e\uff0e/x",
        None,
        5,
        b"/x",
    ],
)
def test_a_path_that_cannot_stand_in_a_request_line_is_refused(path: Any) -> None:
    """The error says what to do: quote it, and pass parameters apart."""
    with pytest.raises(InvalidRequestError, match="path must start with / and be quoted; parameters go into query="):
        native_request("GET", path, None, {})


@pytest.mark.parametrize(
    "path",
    [
        "/..",
        "/.",
        "/../x",
        "/a/../b",
        "/a/./b",
        "/a/..",
        "/%2e%2e/x",
        "/%2E%2e/x",
        "/.%2e/x",
        "/%2e./x",
        "/%2e",
        "/..%2fx",
        "/a%2F..%2Fb",
        "/..%5cx",
        "/a%5C..%5Cb",
    ],
)
async def test_a_path_that_climbs_is_refused(path: str) -> None:
    """Dot segments in any spelling; the client refuses them too, and sends nothing."""
    with pytest.raises(InvalidRequestError, match="path has a dot segment"):
        native_request("GET", path, None, {})
    mock = MockTransport(lambda _: MockTransport.reply({}))
    async with Client(transport=mock) as ai:
        with pytest.raises(InvalidRequestError):
            await ai.request("vllm", "GET", path)
    assert mock.requests == []


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_text_is_a_request_line_or_is_refused(method: str, path: str) -> None:
    """What comes through has no space, line break, parameter or dot segment."""
    try:
        made = native_request(method or "GET", f"/{path}", None, {})
    except InvalidRequestError as error:
        assert str(error).isprintable()  # noqa: PT017 - either outcome is fine, each in its form
    else:
        assert made.method.isalpha()
        assert made.path.isascii()
        assert not set(" \r\n\t?#\\") & set(made.path)
        assert not {".", ".."} & set(made.path.split("/"))


async def test_query_and_body_are_quoted() -> None:
    """Parameters cannot break out of the query, nor the body out of JSON."""
    mock = MockTransport(lambda _: MockTransport.reply({}))
    async with Client(transport=mock, base_urls={"vllm": "http://h/v1"}) as ai:
        await ai.request("vllm", "POST", "/x", query={"a": "b&c=d\r\n#", "\u00e4": "/"}, json={"a": "\r\n"})
        await ai.request("vllm", "POST", "/x", json=[])
    assert mock.requests[0].url == "http://h/v1/x?a=b%26c%3Dd%0D%0A%23&%C3%A4=%2F"
    assert [request.body for request in mock.requests] == [b'{"a":"\\r\\n"}', b"[]"]


@pytest.mark.parametrize("json", [object(), {"a": {1, 2}}, "\ud800", float])
async def test_a_body_that_is_no_json_is_refused(json: Any) -> None:
    """One line that says so; nothing is sent."""
    mock = MockTransport(lambda _: MockTransport.reply({}))
    async with Client(transport=mock) as ai:
        with pytest.raises(InvalidRequestError, match="the request cannot be written as JSON") as caught:
            await ai.request("vllm", "POST", "/x", json=json)
    assert str(caught.value).isprintable()
    assert mock.requests == []
