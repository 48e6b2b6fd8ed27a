"""Server-sent events with bare JSON between them, whole and in any split."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async.errors import ResponseTooLargeError
from ipfs_accel_async.wire.bare_json import BareJSONDecoder
from ipfs_accel_async.wire.frames import Frame
from ipfs_accel_async.wire.sse import SSEDecoder

ERROR = {"error": {"code": 503, "message": 'a "}" or a \\"{" \\', "details": [{"a": ["]", {}]}]}}
PRETTY = json.dumps(ERROR, indent=2).encode()
EVENT = b'data: {"n": 1}\r\n\r\n'


def decoded(chunks: list[bytes]) -> list[Frame]:
    """The frames of a body that comes in these chunks."""
    decoder = BareJSONDecoder()
    frames = [frame for chunk in chunks for frame in decoder.feed(chunk)]
    return [*frames, *decoder.close()]


def values(frames: list[Frame]) -> list[object]:
    """What the frames hold."""
    return [json.loads(frame.data) for frame in frames]


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("after", [b"", b"\n", b"\n\n", b"\n\ndata: 7\n\n"])
def test_bare_json_is_a_frame_of_its_own(line_end: bytes, after: bytes) -> None:
    """On one line or many, with and without a blank line after it, between events."""
    for text in (PRETTY, json.dumps(ERROR).encode(), b"[" + PRETTY + b"\n]"):
        body = (EVENT.replace(b"\r\n", b"\n") + text + after).replace(b"\n", line_end)
        found = values(decoded([body]))
        whole = [ERROR] if text.startswith(b"[") else ERROR
        assert found == [{"n": 1}, whole, 7][: 3 if after.endswith(b"7\n\n") else 2]


@pytest.mark.parametrize("text", [PRETTY, json.dumps(ERROR).encode()])
def test_it_is_there_as_soon_as_its_braces_balance(text: bytes) -> None:
    """A server that tells its error and then holds the connection is not waited for."""
    decoder = BareJSONDecoder()
    assert decoder.feed(EVENT + text)[1:] == []
    assert values(decoder.feed(b"\r\n")) == [ERROR]
    assert decoder.close() == []


@given(
    blocks=st.lists(st.sampled_from([EVENT, PRETTY + b"\n", PRETTY + b"\r\n\r\n", b"{}\n", b": ping\n\n"]), max_size=6),
    cuts=st.lists(st.integers(0, 500), max_size=8),
)
def test_where_the_body_is_cut_changes_nothing(blocks: list[bytes], cuts: list[int]) -> None:
    """Any split gives the same frames in the same order."""
    body = b"".join(blocks)
    places = [0, *sorted(min(cut, len(body)) for cut in cuts), len(body)]
    chunks = [body[start:end] for start, end in pairwise(places)]
    assert decoded(chunks) == decoded([body])


@given(body=st.binary(max_size=60) | st.text('data:{}[]"\\ \r\n', max_size=60).map(str.encode))
def test_any_bytes_are_survived(body: bytes) -> None:
    """Frames or none, cut anywhere, and the events of a body without bare JSON are those of the plain decoder."""
    frames = decoded([body[at : at + 1] for at in range(len(body))])
    assert frames == decoded([body])
    if b"{" not in body and b"[" not in body:
        assert frames == SSEDecoder().feed(body)


@pytest.mark.parametrize("at", [1, 20, len(PRETTY) - 1])
def test_what_the_end_cuts_off_is_a_frame_too(at: int) -> None:
    """Its JSON is broken, so that whoever parses it says so."""
    (frame,) = decoded([PRETTY[:at]])
    with pytest.raises(json.JSONDecodeError):
        json.loads(frame.data)


def test_events_between_its_lines_keep_their_place() -> None:
    """An event inside unfinished JSON comes through, and the JSON goes on."""
    first, rest = PRETTY.split(b"\n", 1)
    assert values(decoded([first + b"\n" + EVENT + rest + b"\n"])) == [{"n": 1}, ERROR]


def test_bare_json_has_a_cap() -> None:
    """JSON that never ends is not gathered for ever; neither is a line of escapes slow to read."""
    decoder = BareJSONDecoder(max_event_bytes=1000)
    with pytest.raises(ResponseTooLargeError):
        for _ in range(200):
            decoder.feed(b'{"a": "\\\\\\"\n')
    assert decoded([b'{"' + b'\\"' * 500_000 + b"\n"])
