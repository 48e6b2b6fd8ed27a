"""The twins' files are what they say: others can read them."""

from __future__ import annotations

import io
import struct
import wave
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async.simulator.synthetic_media import RATE, heard, mp3, pcm, png, seconds_of, wav

NOISE = bytes(range(64))


@pytest.mark.parametrize(("width", "height"), [(1, 1), (13, 7), (1024, 1024)])
def test_an_image_has_its_size_and_its_pixels(width: int, height: int) -> None:
    """Every chunk has its checksum, and the pixels are as many as the head says."""
    data = png(width, height, NOISE)
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    chunks, at = {}, 8
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        name, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        assert struct.unpack(">I", data[at + 8 + length : at + 12 + length])[0] == zlib.crc32(name + body)
        chunks[name] = body
        at += 12 + length
    assert struct.unpack(">II", chunks[b"IHDR"][:8]) == (width, height)
    assert len(zlib.decompress(chunks[b"IDAT"])) == height * (1 + (width + 7) // 8)
    assert b"tRNS" not in chunks
    assert b"tRNS" in png(width, height, NOISE, clear=True)


def test_another_prompt_is_another_image() -> None:
    """The noise decides."""
    assert png(8, 8, NOISE) == png(8, 8, NOISE) != png(8, 8, NOISE[::-1])


def test_a_wav_is_read_by_others() -> None:
    """The standard library finds the samples, mono and 16 bits, as long as the words take."""
    text = "one two three four five"
    with wave.open(io.BytesIO(wav(text, 2.0))) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE)
        assert file.getnframes() == int(seconds_of(text, 2.0) * RATE)
        assert file.readframes(file.getnframes()) == pcm(text, 2.0)


@given(st.text())
def test_a_wav_remembers_its_words(text: str) -> None:
    """What was said can be heard, with how long it took."""
    words, seconds = heard(wav(text))
    assert words == text
    assert seconds == pytest.approx(seconds_of(text), abs=1 / RATE)


@given(st.binary(max_size=80))
def test_any_bytes_are_heard_without_a_crash(data: bytes) -> None:
    """Also those that begin as a WAV and break off; only ours remember words."""
    for audio in (data, b"RIFF" + data, b"RIFF\0\0\0\0WAVE" + data):
        assert heard(audio)[1] >= 0


def test_a_cut_wav_is_heard_as_far_as_it_goes() -> None:
    """Wherever it is cut: never more than was said."""
    whole = wav("a few words")
    for at in range(120):
        words, seconds = heard(whole[:at])
        assert "a few words".startswith(words)
        assert 0 <= seconds < 0.02


def test_an_mp3_is_whole_frames() -> None:
    """Each begins with the sync word, and longer texts have more."""
    data = mp3("one two three")
    assert {data[at : at + 2] for at in range(0, len(data), 144)} == {b"\xff\xf3"}
    assert len(mp3("one two three " * 9)) > len(data)
