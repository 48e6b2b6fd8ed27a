"""What every codec must hold of streams; ``test_contract.py`` says of which."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from ipfs_accel_async.answers import Reply
from ipfs_accel_async.errors import (
    AccelError,
)
from ipfs_accel_async.fold import fold
from tests.providers.codecs import CODECS, STREAMS, recorded_call
from tests.providers.recorded import (
    deltas_of,
    fixture,
    headers_of,
    recorded_response,
    recorded_stream,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ipfs_accel_async.answers import Delta

EXHAUSTIVE = 8 * 1024


def streamed(name: str, kind: str, chunks: list[bytes]) -> list[Delta]:
    """The deltas of a recorded stream that comes in these chunks."""
    return deltas_of(CODECS[name], recorded_call(name, kind, stream=True), chunks)


@pytest.mark.parametrize(("name", "kind"), STREAMS)
def test_a_stream_folds_to_the_unary_reply(name: str, kind: str) -> None:
    """The law: ``fold(deltas) == reply``, and exactly the last delta is the end mark."""
    codec = CODECS[name]
    recorded = recorded_response(name, kind)
    deltas = streamed(name, kind, [recorded_stream(name, kind)])
    call = recorded_call(name, kind, stream=True)
    empty = codec.empty_reply(call, headers_of(fixture(name, kind)["headers"]))
    assert fold(deltas, empty) == codec.parse_response(recorded_call(name, kind), recorded)
    assert [delta.end for delta in deltas] == [False] * (len(deltas) - 1) + [True]


def splits(whole: bytes) -> Iterator[int]:
    """Every place to split it at, or every seventh of a long one."""
    return iter(range(1, len(whole), 1 if len(whole) <= EXHAUSTIVE else 7))


@pytest.mark.parametrize(("name", "kind"), STREAMS)
def test_every_split_gives_the_same_deltas(name: str, kind: str) -> None:
    """Where the network cuts the bytes changes nothing: in two anywhere, or one by one."""
    whole = recorded_stream(name, kind)
    expected = streamed(name, kind, [whole])
    assert streamed(name, kind, [whole[at : at + 1] for at in range(len(whole))]) == expected
    for at in splits(whole):
        assert streamed(name, kind, [whole[:at], whole[at:]]) == expected, f"split at byte {at}"


@pytest.mark.parametrize(("name", "kind"), STREAMS)
def test_a_truncated_stream_never_ends_well(name: str, kind: str) -> None:
    """A stream cut at any byte gives an end mark only when that came whole and all of the reply before it."""
    codec = CODECS[name]
    call = recorded_call(name, kind, stream=True)
    whole = recorded_stream(name, kind)
    empty = Reply(target=call.target)
    reply = fold(streamed(name, kind, [whole]), empty)
    for at in range(len(whole)):
        decoder = codec.decoder()
        deltas: list[Delta] = []
        try:
            for frame in [*decoder.feed(whole[:at]), *decoder.close()]:
                deltas.extend(codec.parse_event(call, frame))
        except AccelError:
            continue  # said aloud, which is all that is asked
        if any(delta.end for delta in deltas):
            assert not whole[at:].strip(), f"an end mark {len(whole) - at} bytes before the end"
            assert fold(deltas, empty) == reply


@pytest.mark.parametrize(("name", "kind"), STREAMS)
def test_a_malformed_frame_is_a_typed_error(name: str, kind: str) -> None:
    """A byte lost or changed in a frame, or a frame of another shape: deltas or a typed error, never a crash."""
    codec = CODECS[name]
    call = recorded_call(name, kind, stream=True)
    decoder = codec.decoder()
    for frame in decoder.feed(recorded_stream(name, kind)):
        for data in (frame.data[:-1], b"{}", b"[]", b"7", b"null", b'{"type":7}', frame.data.replace(b":{", b":[")):
            with suppress(AccelError):
                fold(codec.parse_event(call, frame._replace(data=data)), Reply(target=call.target))
