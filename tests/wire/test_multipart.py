"""multipart/form-data: ours is read back by the standard library's parser and by aiohttp's."""

from __future__ import annotations

from email import message_from_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async.simulator.forms import parse_form
from ipfs_accel_async.simulator.twin import RejectError
from ipfs_accel_async.wire.multipart import Upload, encode

NAMES = st.text(st.characters(codec="utf-8", exclude_characters='\r\n"\\%'), min_size=1, max_size=12)


@given(st.lists(st.tuples(NAMES, st.text(max_size=40)), max_size=4), st.lists(st.binary(max_size=200), max_size=3))
def test_a_form_is_read_back(fields: list[tuple[str, str]], files: list[bytes]) -> None:
    """Every field and every file, byte for byte, whatever is in them."""
    form = [*fields, *((f"file{number}", Upload(f"{number}.bin", data)) for number, data in enumerate(files))]
    body, content_type = encode(form)
    if not form:
        return
    read = parse_form(content_type, body)
    for number, data in enumerate(files):
        (part,) = read[f"file{number}"]
        assert (part.data, part.filename) == (data, f"{number}.bin")
    for name in {name for name, _ in fields if name.isascii() and name.strip() == name and ";" not in name}:
        assert [part.text for part in read[name]] == [value for other, value in fields if other == name]


def test_the_standard_library_reads_it() -> None:
    """Names, file names, media types and contents."""
    body, content_type = encode([("purpose", "batch"), ("file", Upload("a.jsonl", b"{}\n", "application/jsonl"))])
    read = message_from_bytes(b"content-type: " + content_type.encode() + b"\r\n\r\n" + body).get_payload()
    assert isinstance(read, list)
    field, file = read
    assert field.get_payload() == "batch"
    assert file.get_filename() == "a.jsonl"
    assert file.get_content_type() == "application/jsonl"
    assert file.get_payload(decode=True) == b"{}\n"


def test_the_same_form_is_the_same_bytes() -> None:
    """A request can be compared, signed and sent again."""
    form = [("a", "1"), ("f", Upload("x", b"\0\xff"))]
    assert encode(form) == encode(list(form))
    assert encode(form) != encode([("a", "2"), ("f", Upload("x", b"\0\xff"))])


@pytest.mark.parametrize("name", ['a"; filename="b', "a\r\nx-evil: 1", "a\nb"])
def test_a_name_cannot_break_out_of_its_header(name: str) -> None:
    """Quotes and line breaks are written in percent form."""
    body, _ = encode([(name, "v"), ("f", Upload(name, b"", f"text/plain{name}"))])
    heads = [line for line in body.split(b"\r\n") if line.lower().startswith(b"content-disposition")]
    assert len(heads) == 2
    assert not [line for line in body.replace(b"\r", b"\n").split(b"\n") if line.startswith(b"x-evil")]
    assert heads[0].count(b'"') == 2


@pytest.mark.parametrize(
    ("kind", "body"),
    [("text/plain", b"x"), ("multipart/form-data", b""), ("multipart/form-data; boundary=b", b"--b\r\n\r\n\r\nx")],
)
def test_the_twins_refuse_what_is_no_form(kind: str, body: bytes) -> None:
    """As a service does: 400."""
    with pytest.raises(RejectError):
        parse_form(kind, body)
