"""Server-sent events: the standard's rules, any cut, bounded memory."""

from __future__ import annotations

import itertools
import re
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async.errors import ResponseTooLargeError
from ipfs_accel_async.wire.frames import Frame
from ipfs_accel_async.wire.sse import SSEDecoder

RECORDED = (
    "\ufeff: welcome\n\n"
    'data: {"text":"caf\u00e9 \u4e16\u754c \U0001f642"}\n\n'
    'event: content_block_delta\r\ndata: {"a":1}\r\n\r\n'
    "id: 7\rretry: 10\rdata: one\rdata:two\r\r"
    ': ping\n\nevent: lonely\n\ndata: {"ls":"\u2028\u0085\u000b\u000c"}\n\n'
    "unknown: x\ndata\n\ndata:  two spaces\n\n"
    "data: [DONE]\n\ndata: cut off"
).encode()


def decode(body: bytes, *cuts: int, cap: int = 16 * 2**20) -> list[Frame]:
    """Decode a body fed in pieces cut at the given places."""
    decoder, frames = SSEDecoder(cap), []
    places = [0, *sorted(cuts), len(body)]
    for start, end in itertools.pairwise(places):
        frames += decoder.feed(body[start:end])
    return frames + decoder.close()


def oracle(body: bytes) -> list[Frame]:
    """The standard's algorithm, a line at a time over the whole body."""
    lines = re.split(rb"\r\n|\r|\n", body.removeprefix(b"\xef\xbb\xbf"))
    frames, event, data = [], "", None
    for line in lines[:-1]:
        if line == b"":
            if data is not None:
                frames.append(Frame(event, data[:-1]))
            event, data = "", None
            continue
        name, _, value = line.partition(b":")
        value = value[1:] if value[:1] == b" " else value
        if name == b"event":
            event = value.decode("utf-8", "replace")
        elif name == b"data":
            data = (data or b"") + value + b"\n"
    return frames


@pytest.mark.parametrize(
    ("body", "frames"),
    [
        (b"", []),
        (b"data: a\n\n", [("", b"a")]),
        (b"data:a\n\n", [("", b"a")]),
        (b"data:  a\n\n", [("", b" a")]),
        (b"data: a\ndata: b\n\n", [("", b"a\nb")]),
        (b"data: YHOO\ndata: +2\ndata: 10\n\n", [("", b"YHOO\n+2\n10")]),
        (b"data\n\ndata\ndata\n\ndata:", [("", b""), ("", b"\n")]),
        (b"data:test\n\ndata: test\n\n", [("", b"test"), ("", b"test")]),
        (b": test stream\n\ndata: first\nid: 1\n\ndata:second\nid\n\n", [("", b"first"), ("", b"second")]),
        (b"event: add\ndata: 73857293\n\nevent: remove\ndata: 2153\n\n", [("add", b"73857293"), ("remove", b"2153")]),
        (b"data: x\nevent: late\n\ndata: y\n\n", [("late", b"x"), ("", b"y")]),
        (b"event: a\nevent: b\ndata: x\n\n", [("b", b"x")]),
        (b"event: lonely\n\ndata: x\n\n", [("", b"x")]),
        (b"event:\ndata: x\n\n", [("", b"x")]),
        (b"event: \xff\ndata: x\n\n", [("\ufffd", b"x")]),
        (b"data: a\r\rdata: b\r\n\r\ndata: c\n\r\n", [("", b"a"), ("", b"b"), ("", b"c")]),
        (b"\xef\xbb\xbfdata: a\n\n", [("", b"a")]),
        (b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\ndata: b\n\n", [("", b"b")]),
        (b"data: a\n\n\xef\xbb\xbfdata: b\n\n", [("", b"a")]),
        (b"\n\n\n\ndata: a\n\n\n\n\n", [("", b"a")]),
        (b" data: a\n\nDATA: a\n\ndatas: a\n\n", []),
        (b"retry: 5\nid: 9\n:x\n\n", []),
        (b"data: a: b\n\n", [("", b"a: b")]),
        (b"data: never finished\n", []),
        (b"data: never finished", []),
    ],
)
def test_the_standards_rules(body, frames):
    """Each rule of the standard, on a body of its own, whole and byte by byte."""
    expected = [Frame(*frame) for frame in frames]
    assert decode(body) == expected == oracle(body)
    assert decode(body, *range(1, len(body))) == expected


def test_every_cut_of_a_recorded_stream_gives_the_same_frames():
    """No cut, inside a character or a line end or anywhere else, changes a frame."""
    expected = oracle(RECORDED)
    assert len(expected) == 7
    for cut in range(len(RECORDED) + 1):
        assert decode(RECORDED, cut) == expected
    for step in range(1, 40):
        assert decode(RECORDED, *range(step, len(RECORDED), step)) == expected


@pytest.mark.parametrize("ends", list(itertools.product([b"\n", b"\r", b"\r\n"], repeat=5)))
def test_line_ends_may_be_mixed(ends):
    """LF, CR and CRLF are equal, in any mixture."""
    lines = [b"event: e", b"data: 1", b": comment", b"data: 2", b"data: 3"]
    body = b"".join(line + end for line, end in zip(lines, ends, strict=True)) + b"\n\n"
    assert decode(body, *range(1, len(body))) == decode(body) == [Frame("e", b"1\n2\n3")]


pieces = st.sampled_from(
    [
        b"data: ",
        b"data:",
        b"data",
        b"event: ",
        b"event:",
        b":",
        b" ",
        b"x",
        b"{}",
        b"\n",
        b"\n\n",
        b"\r",
        b"\r\n",
        b"\xef\xbb\xbf",
    ]
)
bodies = st.lists(pieces, max_size=40).map(b"".join) | st.binary(max_size=60)


@given(bodies, st.lists(st.integers(0, 200), max_size=8))
def test_any_bytes_in_any_cut_equal_the_naive_decoder(body, cuts):
    """The decoder equals the standard's algorithm for whatever comes, however it is cut."""
    assert decode(body, *(min(cut, len(body)) for cut in cuts)) == oracle(body)


@given(bodies, st.integers(0, 200))
def test_the_frames_of_a_beginning_are_a_beginning_of_the_frames(body, cut):
    """Frames are never taken back when more comes."""
    frames = oracle(body)
    assert decode(body[:cut]) == frames[: len(decode(body[:cut]))]


@given(bodies, st.lists(st.integers(0, 200), max_size=8), st.integers(1, 12))
def test_the_cap_does_not_depend_on_the_cuts(body, cuts, cap):
    """Under a small cap the same frames come out before the same error, however the body is cut."""

    def outcome(*places: int) -> tuple[list[Frame], bool]:
        decoder, frames = SSEDecoder(cap), []
        try:
            for start, end in itertools.pairwise([0, *sorted(places), len(body)]):
                frames += decoder.feed(body[start:end])
            decoder.close()
        except ResponseTooLargeError:
            return frames, True
        return frames, False

    assert outcome(*(min(cut, len(body)) for cut in cuts)) == outcome() == outcome(*range(1, len(body)))


def test_an_event_of_exactly_the_cap_passes():
    """The cap bounds a line and the joined data, both inclusive."""
    assert decode(b"data: 1234\n\n", cap=10) == [Frame("", b"1234")]
    assert decode(b"data:12345\ndata:6789\n\n", cap=10) == [Frame("", b"12345\n6789")]
    for body in (b"data: 12345\n\n", b"data:12345\ndata:67890\n\n", b":2345678901", b"01234567890"):
        with pytest.raises(ResponseTooLargeError, match="cap of 10 bytes"):
            decode(body, cap=10)


def test_frames_before_the_one_over_the_cap_are_delivered():
    """What was complete is handed out first; then every call raises."""
    decoder = SSEDecoder(10)
    assert decoder.feed(b"data: a\n\n" + b"x" * 50) == [Frame("", b"a")]
    for _ in range(2):
        with pytest.raises(ResponseTooLargeError):
            decoder.feed(b"data: b\n\n")
        with pytest.raises(ResponseTooLargeError):
            decoder.close()


def peak_of(chunks) -> int:
    """Most memory held while the chunks are fed to a decoder with a cap of 256 KiB."""
    decoder = SSEDecoder(2**18)
    tracemalloc.start()
    try:
        for chunk in chunks:
            decoder.feed(chunk)
    except ResponseTooLargeError:
        pass
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    return peak


def test_an_endless_line_is_refused_in_bounded_memory():
    """A line without end raises before more than the cap and a chunk is held."""
    assert peak_of(b"x" * 2**16 for _ in range(1000)) < 2**18 + 5 * 2**16
    with pytest.raises(ResponseTooLargeError):
        SSEDecoder(2**16).feed(b"data: " + b"x" * 2**16)


def test_an_endless_event_is_refused_in_bounded_memory():
    """An event of ever more short or empty data lines is refused as well."""
    assert peak_of(b"data\n" * 1000 for _ in range(300)) < 3 * 2**18


def test_comments_and_blank_lines_take_no_memory():
    """Endless keep-alives, with or without blank lines between them, leave nothing behind."""
    assert peak_of(b": ping\n" * 1000 for _ in range(100)) < 2**17
    assert peak_of(b": ping\n\n\n" * 1000 for _ in range(30)) < 2**17


def test_a_long_line_fed_by_single_bytes_is_not_rescanned():
    """A half-megabyte event in one-byte chunks decodes in time proportional to its length."""
    body = b"data: " + b"x" * 500_000 + b"\n\n"
    assert decode(body, *range(1, len(body))) == [Frame("", b"x" * 500_000)]


def test_a_closed_decoder_holds_nothing():
    """Closing discards the unfinished event, as the standard says."""
    decoder = SSEDecoder()
    assert decoder.feed(b"event: e\ndata: x\n") == []
    assert decoder.close() == []
    assert not decoder._line
    assert decoder._data is None
