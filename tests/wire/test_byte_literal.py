"""Text in Python's bytes literals, with Python itself as the oracle."""

from __future__ import annotations

import ast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ipfs_accel_async.wire.byte_literal import literal_text


@given(text=st.text())
@example(text="it's")
@example(text='it\'s "both"')
@example(text="\\n is no \n, \\x41 no A")
@example(text="\x00\x7f\x80\u2028\U0001f9ca")
def test_what_repr_writes_is_read(text: str) -> None:
    """Any text, through the bytes of its UTF-8, comes back the same."""
    assert literal_text(repr(text.encode()).encode("ascii")) == text


@given(raw=st.binary())
def test_bytes_are_those_of_python(raw: bytes) -> None:
    """Any bytes give the text that Python's own parser and decoder give, or an error where these have one."""
    written = repr(raw).encode("ascii")
    try:
        expected = ast.literal_eval(written.decode()).decode("utf-8")
    except UnicodeDecodeError:
        with pytest.raises(ValueError, match="no UTF-8"):
            literal_text(written)
    else:
        assert literal_text(written) == expected


@pytest.mark.parametrize(
    ("pasted", "text"),
    [(b"b'don't'", "don't"), (b"b'caf\xc3\xa9'", "café"), (b'b"say "hi""', 'say "hi"'), (b"b'''", "'")],
)
def test_text_that_was_pasted_between_the_quotes_is_read(pasted: bytes, text: str) -> None:
    """Some services write the text as it is."""
    assert literal_text(pasted) == text


@pytest.mark.parametrize(
    "broken",
    [
        b"", b"b", b"b'", b"b\"'", b"'a'", b"b'a", b"b'a\"", b"b'a' ", b"B'a'", b"rb'a'", b"[DONE]",
        b"b'\\'", b"b'a\\'", b"b'\\x4'", b"b'\\xg0'", b"b'\\u0041'", b"b'\\d'", b"b'\\\n'", b"b'\\xff'", b"b'\xff'",
    ],
)  # fmt: skip
def test_what_is_no_literal_is_an_error_without_its_text(broken: bytes) -> None:
    """A lost quote, an escape that Python does not write, bytes that are no text."""
    with pytest.raises(ValueError, match=r"^it(s bytes are| does not| has)") as caught:
        literal_text(broken)
    assert "object" not in vars(caught.value)
    assert caught.value.__context__ is None


@given(raw=st.binary(max_size=40))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    """Whatever stands between the quotes: a text or a ValueError, never another error."""
    for data in (raw, b"b'" + raw + b"'"):
        try:
            assert isinstance(literal_text(data), str)
        except ValueError:
            continue


def test_many_escapes_take_linear_time() -> None:
    """A megabyte of them is read in one pass."""
    text = "\\'\"\n\x00é" * 60_000
    assert literal_text(repr(text.encode()).encode()) == text
