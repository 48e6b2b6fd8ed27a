"""Content encodings under a cap: round trips, bombs, cut and damaged bodies."""

from __future__ import annotations

import functools
import gzip
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async.errors import DecodeError, ResponseTooLargeError
from ipfs_accel_async.wire.inflate import ANY_RATIO, MAX_RATIO, Inflater


def raw_deflate(data: bytes) -> bytes:
    engine = zlib.compressobj(wbits=-15)
    return engine.compress(data) + engine.flush()


ENCODERS = {
    "gzip": ("gzip", gzip.compress),
    "x-gzip": ("X-GZip ", gzip.compress),
    "zlib": ("deflate", zlib.compress),
    "raw": ("Deflate", raw_deflate),
    "identity": ("identity", bytes),
    "none": ("", bytes),
}
encoders = pytest.mark.parametrize(("encoding", "encode"), ENCODERS.values(), ids=ENCODERS)


def inflate(encoding: str, body: bytes, limit: int = 2**20, step: int | None = None) -> bytes:
    """Decode a body in pieces of `step` bytes."""
    inflater = Inflater(encoding, limit)
    step = step or max(len(body), 1)
    pieces = [inflater.feed(body[at : at + step]) for at in range(0, len(body), step)]
    return b"".join(pieces) + inflater.close()


@encoders
@given(data=st.binary(max_size=5000), step=st.integers(1, 400))
def test_round_trip_in_any_cut(encoding, encode, data, step):
    """What was encoded is decoded, however the body is cut."""
    assert inflate(encoding, encode(data), step=step) == data


@encoders
def test_the_limit_is_inclusive(encoding, encode):
    """A body of exactly the limit passes, one byte more is refused."""
    body = encode(b"x" * 1000)
    assert inflate(encoding, body, limit=1000) == b"x" * 1000
    for step in (None, 1):
        with pytest.raises(ResponseTooLargeError, match="more than 999 bytes"):
            inflate(encoding, body, limit=999, step=step)


@pytest.mark.parametrize("name", ["gzip", "zlib", "raw"])
def test_a_bomb_is_refused_before_it_unfolds(name):
    """A body that inflates a thousandfold costs no more memory than its limit."""
    encoding, encode = ENCODERS[name]
    bomb = encode(b"\0" * 50_000_000)
    inflater = Inflater(encoding, 2**20)
    tracemalloc.start()
    with pytest.raises(ResponseTooLargeError):
        inflater.feed(bomb)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * 2**20
    with pytest.raises(ResponseTooLargeError):
        inflater.feed(bomb)


@functools.cache
def a_bomb(name):
    """200 MiB of zeros, encoded."""
    encoding, encode = ENCODERS[name]
    return encoding, encode(bytes(200 * 2**20))


@pytest.mark.parametrize("name", ["gzip", "zlib", "raw"])
@pytest.mark.parametrize("step", [1_000, 65_536, None])
def test_a_bomb_below_the_limit_is_refused_for_its_ratio(name, step):
    """199 KiB that inflate to 200 MiB cost a small share of that, however they arrive."""
    encoding, bomb = a_bomb(name)
    step = step or len(bomb)
    inflater = Inflater(encoding, 256 * 2**20)
    tracemalloc.start()
    with pytest.raises(ResponseTooLargeError, match=f"{MAX_RATIO} times its size"):
        for at in range(0, len(bomb), step):
            inflater.feed(bomb[at : at + step])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3 * max(ANY_RATIO, MAX_RATIO * len(bomb)) + 2**20


def test_a_small_body_may_have_shrunk_by_any_factor():
    """An answer of ANY_RATIO zeros is none too many; text of any length is far from the ratio."""
    assert len(inflate("gzip", gzip.compress(bytes(ANY_RATIO)), limit=ANY_RATIO)) == ANY_RATIO
    text = b"".join(b'{"index": %d, "text": "the quick brown fox"}' % number for number in range(500_000))
    assert len(text) > ANY_RATIO
    assert inflate("gzip", gzip.compress(text), limit=2 * len(text), step=65_536) == text


def test_the_limit_counts_over_all_members():
    """Many small gzip members together pass no more than the limit."""
    with pytest.raises(ResponseTooLargeError):
        inflate("gzip", gzip.compress(b"x" * 100) * 11, limit=1000)


@pytest.mark.parametrize("step", [1, 7, None])
def test_gzip_members_follow_each_other(step):
    """Concatenated members, with zero padding between and after them, are one body."""
    body = gzip.compress(b"one ") + gzip.compress(b"") + b"\0" * 5 + gzip.compress(b"two") + b"\0" * 3
    assert inflate("gzip", body, step=step) == b"one two"


def test_a_body_of_tiny_members_takes_linear_time():
    """Half a million bytes of empty members do not make us copy the rest for each."""
    assert inflate("gzip", gzip.compress(b"") * 25_000) == b""


@pytest.mark.parametrize("name", ["gzip", "zlib", "raw"])
def test_every_cut_off_body_is_an_error(name):
    """A body that ends early is never taken for a whole one; no body at all is fine."""
    encoding, encode = ENCODERS[name]
    body = encode(b"some text, some more text")
    for end in range(1, len(body)):
        with pytest.raises(DecodeError, match="cut off"):
            inflate(encoding, body[:end])
    assert inflate(encoding, b"") == b""


def test_a_second_member_that_is_cut_off_is_an_error():
    """The end is checked for the last member as well."""
    body = gzip.compress(b"one") + gzip.compress(b"two")
    with pytest.raises(DecodeError, match="cut off"):
        inflate("gzip", body[:-1])


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", b"plain text"),
        ("gzip", gzip.compress(b"text", mtime=0)[:-8] + b"\0" * 8),
        ("gzip", gzip.compress(b"text", mtime=0) + b"garbage"),
        ("deflate", b"\xff\xff\xff\xff"),
        ("deflate", zlib.compress(b"text")[:-1] + b"\0"),
        ("deflate", zlib.compress(b"text") + b"more"),
    ],
)
def test_a_damaged_body_is_an_error(encoding, body):
    """Wrong magic, checksum or trailing bytes raise, and the text of zlib's error is not passed on."""
    with pytest.raises(DecodeError) as caught:
        inflate(encoding, body, step=1)
    assert caught.value.__cause__ is None
    assert "\n" not in str(caught.value)


@given(st.sampled_from(["gzip", "deflate"]), st.binary(max_size=200), st.integers(1, 50))
def test_any_bytes_decode_or_raise_a_typed_error(encoding, body, step):
    """Whatever comes, nothing but our own errors comes out."""
    try:
        inflate(encoding, body, limit=10_000, step=step)
    except (DecodeError, ResponseTooLargeError):
        pass


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "compress", "x" * 10_000, "\r\nX-Evil: 1"])
def test_unknown_encodings_are_refused(encoding):
    """An encoding we did not ask for is an error at once, told in one short line."""
    with pytest.raises(DecodeError, match="content encoding") as caught:
        Inflater(encoding, 100)
    assert len(str(caught.value)) < 150
    assert "\n" not in str(caught.value)
