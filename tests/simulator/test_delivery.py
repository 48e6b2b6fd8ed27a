"""Damage to an answer, as bytes."""

from __future__ import annotations

import json

import pytest

from ipfs_accel_async.simulator.delivery import damage
from ipfs_accel_async.simulator.faults import fault
from ipfs_accel_async.simulator.twin import Frames, Whole

STREAM = [b'data: {"a":1}\n\n', b'data: {"a":2}\n\n', b'data: {"a":3}\n\n', b"data: [DONE]\n\n"]
ERROR = (b'{"error":"body"}', [b'data: {"error":"frame"}\n\n'])


def frames(spec: str) -> tuple[list[bytes], str]:
    """Apply a fault to the stream; return its parts and how they end."""
    out = damage(Frames(list(STREAM), "text/event-stream"), fault(spec), ERROR)
    assert out.length is None
    return out.parts, out.ending


def whole(spec: str) -> tuple[bytes, int | None, str]:
    """Apply a fault to a body; return its bytes, its announced length and how it ends."""
    out = damage(Whole(b'{"answer": 42}'), fault(spec), ERROR)
    return b"".join(out.parts), out.length, out.ending


@pytest.mark.parametrize("at", range(58))
def test_a_cut_stream_stops_at_its_byte(at: int) -> None:
    """The bytes before the cut are the good ones, and never all of them."""
    parts, ending = frames(f"cut@{at}")
    assert b"".join(parts) == b"".join(STREAM)[: min(at, 58)]
    assert ending == "close"


def test_a_stall_keeps_the_first_half() -> None:
    """Without an offset a fault strikes halfway."""
    parts, ending = frames("stall")
    assert (len(b"".join(parts)), ending) == (29, "silence")


@pytest.mark.parametrize(("spec", "kept"), [("truncate", 1), ("truncate@0", 0), ("truncate@9999", 3)])
def test_a_truncated_stream_ends_cleanly_without_its_last_frame(spec: str, kept: int) -> None:
    """Whole frames are kept, the terminal one never."""
    assert frames(spec) == (STREAM[:kept], "end")


@pytest.mark.parametrize(("spec", "kept"), [("error-in-200", 0), ("error-in-200@20", 1), ("error-in-200@99", 3)])
def test_an_error_comes_between_frames(spec: str, kept: int) -> None:
    """The vendor's error follows the good frames."""
    assert frames(spec) == (STREAM[:kept] + ERROR[1], "end")


@pytest.mark.parametrize("spec", ["malformed@0", "malformed@20", "malformed@99"])
def test_a_malformed_frame_is_one_frame(spec: str) -> None:
    """One frame has broken JSON, its line ends and the others stay."""
    parts, ending = frames(spec)
    changed = [(new, old) for new, old in zip(parts, STREAM, strict=True) if new != old]
    assert len(changed) == 1
    assert changed[0][0].endswith(b"\n\n")
    assert ending == "end"
    with pytest.raises(json.JSONDecodeError):
        json.loads(changed[0][0].removeprefix(b"data: "))


def test_a_body_in_one_piece_is_damaged_too() -> None:
    """Cut bodies keep the announced length; the other faults announce what they send."""
    assert whole("cut@5") == (b'{"ans', 14, "close")
    assert whole("stall@0") == (b"", 14, "silence")
    assert whole("truncate@5") == (b'{"ans', 5, "end")
    assert whole("error-in-200") == (ERROR[0], 16, "end")
    body, length, _ = whole("malformed")
    assert length == len(body) < 14


def test_a_clean_answer_goes_out_as_it_is() -> None:
    """No fault, no change."""
    assert damage(Frames(STREAM, "text/event-stream"), None).parts is STREAM
    assert damage(Whole(b"{}"), None).length == 2
