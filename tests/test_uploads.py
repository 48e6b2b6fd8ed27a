"""Files as callers have them."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from ipfs_accel_async import InvalidRequestError, Upload
from ipfs_accel_async.uploads import as_upload


@pytest.mark.sockets
async def test_every_form_of_a_file_is_read(tmp_path: Path) -> None:
    """Bytes, paths, open files, named bytes and uploads, with the media type of the name's ending."""
    path = tmp_path / "hello.wav"
    path.write_bytes(b"RIFF")
    for given in (path, str(path)):
        made = await as_upload(given)
        assert (made.name, made.data, made.media_type) == ("hello.wav", b"RIFF", "audio/x-wav")
    with path.open("rb") as file:
        assert (await as_upload(file)).name == "hello.wav"
    assert await as_upload(io.BytesIO(b"x"), name="a.png") == Upload("a.png", b"x", "image/png")
    assert await as_upload(b"x", name="a.json") == Upload("a.json", b"x", "application/json")
    assert await as_upload(("b.txt", b"x")) == Upload("b.txt", b"x", "text/plain")
    assert await as_upload(b"x", media_type="audio/mpeg") == Upload("file", b"x", "audio/mpeg")
    assert await as_upload(made) is made


@pytest.mark.sockets
async def test_a_file_that_cannot_be_read_is_typed(tmp_path: Path) -> None:
    """The path and the reason, before anything is sent."""
    for path in (tmp_path / "absent.wav", tmp_path):
        with pytest.raises(InvalidRequestError, match="cannot be read") as caught:
            await as_upload(path)
        assert str(path) in str(caught.value)
    with pytest.raises(InvalidRequestError, match="cannot be read"):
        await as_upload("a\0b")
    with pytest.raises(InvalidRequestError, match="rb"):
        await as_upload(io.StringIO("text"))  # type: ignore[arg-type]
    closed = io.BytesIO(b"x")
    closed.close()
    with pytest.raises(InvalidRequestError, match="cannot be read"):
        await as_upload(closed)


@pytest.mark.parametrize("given", [None, 7, ["a"], ("a", "b"), ("a", b"b", "c")])
async def test_what_is_no_file_is_refused(given: Any) -> None:
    """The message says what a file is."""
    with pytest.raises(InvalidRequestError, match="a file is bytes"):
        await as_upload(given)
