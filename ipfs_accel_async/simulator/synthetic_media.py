"""Small files that are what they say: a PNG, a WAV, an MP3. Made of a few parameters, the same in every run.

A WAV of ours keeps the words it stands for in a comment chunk, so that what was spoken can be heard again.
"""

import math
import struct
import zlib
from array import array

RATE = 8_000
WORDS_A_SECOND = 2.5
_MP3_FRAME = bytes.fromhex("fff344c4") + bytes(140)  # MPEG-2 layer III, 32 kbit/s, 16 kHz, mono: 36 ms of silence
_MP3_SECONDS = 0.036
_COMMENT = b"ICMT"


def png(width: int, height: int, noise: bytes, *, clear: bool = False) -> bytes:
    """Return an image of two colours, one bit a pixel, that the noise decides; transparent if `clear`."""
    row = b"\0" + bytes(noise[place % len(noise)] for place in range((width + 7) // 8))
    head = struct.pack(">IIBBBBB", width, height, 1, 3, 0, 0, 0)
    chunks = [_chunk(b"IHDR", head), _chunk(b"PLTE", noise[:6])]
    if clear:
        chunks.append(_chunk(b"tRNS", b"\0"))
    chunks += [_chunk(b"IDAT", zlib.compress(row * height, 1)), _chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def seconds_of(text: str, speed: float = 1.0) -> float:
    """Return how long a text takes to say."""
    return max(0.2, len(text.split()) / WORDS_A_SECOND / speed)


def pcm(text: str, speed: float = 1.0) -> bytes:
    """Return a text said as a soft tone: 16-bit samples, little-endian, mono, `RATE` a second."""
    period = array("h", (round(900 * math.sin(place * math.tau / 40)) for place in range(40)))
    count = int(seconds_of(text, speed) * RATE)
    return (period * (count // 40 + 1))[:count].tobytes()


def wav(text: str, speed: float = 1.0) -> bytes:
    """Return the same as a WAV file that remembers its words."""
    words, samples = text.encode(), pcm(text, speed)
    note = b"INFO" + _COMMENT + struct.pack("<I", len(words)) + words + bytes(len(words) % 2)
    form = struct.pack("<HHIIHH", 1, 1, RATE, RATE * 2, 2, 16)
    body = b"WAVE" + b"".join(
        name + struct.pack("<I", len(data)) + data
        for name, data in ((b"fmt ", form), (b"LIST", note), (b"data", samples))
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body


def mp3(text: str, speed: float = 1.0) -> bytes:
    """Return as much silence as the text takes to say."""
    return _MP3_FRAME * max(1, round(seconds_of(text, speed) / _MP3_SECONDS))


def heard(audio: bytes) -> tuple[str, float]:
    """Return the words that a WAV of ours remembers, empty for any other file, and the seconds that a file lasts."""
    if audio[:4] != b"RIFF" or audio[8:12] != b"WAVE":
        return "", len(audio) / (2 * RATE)
    words, rate, size, at = "", 2 * RATE, 0, 12
    while at + 8 <= len(audio):
        name, length = audio[at : at + 4], int.from_bytes(audio[at + 4 : at + 8], "little")
        data = audio[at + 8 : at + 8 + length]
        if name == b"fmt " and len(data) >= 12:
            rate = int.from_bytes(data[8:12], "little") or rate
        elif name == b"data":
            size = len(data)
        elif name == b"LIST" and data[4:8] == _COMMENT:
            words = data[12 : 12 + int.from_bytes(data[8:12], "little")].decode("utf-8", "replace")
        at += 8 + length + length % 2
    return words, size / rate


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
