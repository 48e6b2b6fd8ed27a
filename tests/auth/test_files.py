"""Tokens in files that somebody else renews."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from ipfs_accel_async import ConfigError
from ipfs_accel_async.auth import token_file
from tests.canary import CANARY, leaks, shows


def wall() -> float:
    """The clock of the running loop."""
    return asyncio.get_running_loop().time()


async def test_a_renewed_file_is_read_again(tmp_path: Path) -> None:
    """After a minute at the latest; the white space at its end is no part of the token."""
    path = tmp_path / "token"
    path.write_text("first\n")
    source = token_file(path, clock=wall)
    assert await source() == "first"
    path.write_text("second\n")
    assert await source() == "first"
    await asyncio.sleep(60.0)
    assert await source() == "second"


async def test_after_a_refusal_it_is_read_at_once(tmp_path: Path) -> None:
    """The service knows of the new token before the minute is over."""
    path = tmp_path / "token"
    path.write_text("first")
    source = token_file(path, clock=wall)
    await source()
    path.write_text("second")
    source.forget()
    assert await source() == "second"


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "FileNotFoundError"), (b"\xff", "UnicodeDecodeError"), (b"x" * 70_000, "too long"), (b" \n", "is empty")],
)
async def test_a_file_that_is_none_is_a_typed_error(tmp_path: Path, content: bytes | None, said: str) -> None:
    """It says what is wrong, not where the file is or what is in it."""
    path = tmp_path / CANARY.replace("/", "_")
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=said) as caught:
        await token_file(path, clock=wall)()
    assert leaks(caught.value) == []


def test_the_file_is_not_shown_and_every_is_checked(tmp_path: Path) -> None:
    """Its repr names no path; a time that is none is refused."""
    assert not shows(repr(token_file(tmp_path / CANARY)))
    with pytest.raises(ConfigError, match="every is seconds above 0"):
        token_file(tmp_path, every=0)
