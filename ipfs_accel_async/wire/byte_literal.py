"""Text in the literal that Python's ``repr`` makes of its UTF-8 bytes, as OPEA streams it (Python reference, bytes)."""

from __future__ import annotations

import re

_ESCAPE = re.compile(rb"\\(?:x([0-9a-fA-F]{2})|(.)|\Z)", re.DOTALL)
_ONE_LETTER = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"\\": b"\\", b"'": b"'", b'"': b'"'}


def literal_text(data: bytes) -> str:
    r"""The text in ``b'...'`` or ``b"..."``; nothing is evaluated.

    All that ``repr`` writes is read. A quote that is not escaped, and bytes beyond ASCII, stand for themselves: some
    services paste text between the quotes as it is.

    Args:
        data: The literal, without white space around it.

    Raises:
        ValueError: It lacks a quote, has an escape that ``repr`` does not write (it writes ``\n \r \t \\ \' \xHH``), or
            its bytes are no UTF-8. The message has nothing of the text.
    """
    if len(data) < 3 or data[:2] not in (b"b'", b'b"') or data[-1] != data[1]:
        raise ValueError("it does not stand between b' and '")
    body = data[2:-1]
    if b"\\" in body:
        body = _ESCAPE.sub(_meaning, body)
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        pass
    raise ValueError("its bytes are no UTF-8")  # here: the decoder's own error holds the text


def _meaning(escape: re.Match[bytes]) -> bytes:
    digits, letter = escape.groups()
    if digits is not None:
        return bytes.fromhex(digits.decode("ascii"))
    if letter not in _ONE_LETTER:
        raise ValueError("it has an escape that Python does not write")
    return _ONE_LETTER[letter]
