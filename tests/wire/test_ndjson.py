"""Newline-delimited JSON: LF only, any cut, bounded lines."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async.errors import ResponseTooLargeError
from ipfs_accel_async.wire.frames import Frame
from ipfs_accel_async.wire.ndjson import NDJSONDecoder


def decode(body: bytes, *cuts: int, cap: int = 2**20) -> list[bytes]:
    """Decode a body fed in pieces cut at the given places."""
    decoder, frames = NDJSONDecoder(cap), []
    for start, end in itertools.pairwise([0, *sorted(cuts), len(body)]):
        frames += decoder.feed(body[start:end])
    frames += decoder.close()
    assert all(frame.event == "" for frame in frames)
    return [frame.data for frame in frames]


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        (b"", []),
        (b'{"a":1}\n{"b":2}\n', [b'{"a":1}', b'{"b":2}']),
        (b'{"a":1}\r\n{"b":2}\r\n', [b'{"a":1}', b'{"b":2}']),
        (b'{"a":1}\n{"done":true}', [b'{"a":1}', b'{"done":true}']),
        (b'{"a":1}\n{"done":true}\r', [b'{"a":1}', b'{"done":true}']),
        (b"\n\r\n \t\n1\n\n", [b"1"]),
        (b"1\n  ", [b"1"]),
        (b"1\r2\n", [b"1\r2"]),
        (b"1\r\r\n", [b"1\r"]),
        ('{"t":"\u2028\u0085\u000b\u000c"}\n'.encode(), ['{"t":"\u2028\u0085\u000b\u000c"}'.encode()]),
    ],
)
def test_lines(body, lines):
    """Only LF ends a line, one CR before it goes, blank lines are skipped, the last line needs no LF."""
    assert decode(body) == lines
    assert decode(body, *range(1, len(body))) == lines


bodies = st.lists(st.sampled_from([b"1", b'{"a":"\xc3\xa9"}', b"\n", b"\r\n", b"\r", b" "]), max_size=30).map(b"".join)


@given(bodies | st.binary(max_size=60), st.lists(st.integers(0, 200), max_size=8))
def test_any_bytes_in_any_cut_equal_a_plain_split(body, cuts):
    """The decoder equals splitting the whole body at LF."""
    expected = [line.removesuffix(b"\r") for line in body.split(b"\n") if line.strip()]
    assert decode(body, *(min(cut, len(body)) for cut in cuts)) == expected


json_values = st.recursive(
    st.none() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3), max_leaves=5
)


@given(st.lists(json_values), st.integers(1, 7), st.booleans())
def test_what_was_written_is_read(values, step, ascii_only):
    """Encoding values a line each and decoding them in small chunks gives the values back."""
    body = b"".join(json.dumps(value, ensure_ascii=ascii_only).encode() + b"\n" for value in values)
    assert [json.loads(line) for line in decode(body, *range(step, len(body), step))] == values


@given(bodies, st.lists(st.integers(0, 200), max_size=8), st.integers(1, 9))
def test_the_cap_does_not_depend_on_the_cuts(body, cuts, cap):
    """Under a small cap the same lines come out before the same error, however the body is cut."""

    def outcome(*places: int) -> tuple[list[Frame], bool]:
        decoder, frames = NDJSONDecoder(cap), []
        try:
            for start, end in itertools.pairwise([0, *sorted(places), len(body)]):
                frames += decoder.feed(body[start:end])
            frames += decoder.close()
        except ResponseTooLargeError:
            return frames, True
        return frames, False

    assert outcome(*(min(cut, len(body)) for cut in cuts)) == outcome() == outcome(*range(1, len(body)))


def test_an_endless_line_is_refused():
    """A line above the cap raises, and so does every later call; nothing of it is kept."""
    decoder = NDJSONDecoder(1000)
    assert decoder.feed(b"1\n" + b"x" * 1000) == [Frame("", b"1")]
    with pytest.raises(ResponseTooLargeError, match="cap of 1000 bytes"):
        decoder.feed(b"x")
    assert not decoder._line
    with pytest.raises(ResponseTooLargeError):
        decoder.feed(b"1\n")
    with pytest.raises(ResponseTooLargeError):
        decoder.close()


def test_a_line_of_exactly_the_cap_passes():
    """The cap is inclusive."""
    assert decode(b"x" * 100 + b"\n" + b"y" * 100, cap=100) == [b"x" * 100, b"y" * 100]


def test_a_long_line_fed_by_single_bytes_is_not_rescanned():
    """A half-megabyte line in one-byte chunks decodes in time proportional to its length."""
    body = b"x" * 500_000
    assert decode(body, *range(1, len(body))) == [body]
