"""Counting tokens by a vocabulary on this machine."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from ipfs_accel_async import Client, ConfigError, MockTransport
from ipfs_accel_async.tokenizer import counter_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def vocabulary(tmp_path: Path) -> str:
    """A file of a vocabulary that has each character as a token."""
    tokenizers = pytest.importorskip("tokenizers", reason="the extra tokens is not installed")
    made = tokenizers.Tokenizer(tokenizers.models.BPE({"a": 0, "b": 1, "?": 2}, [], unk_token="?"))
    path = tmp_path / "tokenizer.json"
    made.save(str(path))
    return str(path)


def client(**settings: object) -> Client:
    """A client that sends nothing."""
    mock = MockTransport(lambda _: MockTransport.reply({}))
    return Client(transport=mock, keys={"groq": "k"}, providers={"groq": settings})


def test_the_vocabulary_counts(vocabulary: str) -> None:
    """As the model would, and the file is read once."""
    count = counter_of(vocabulary)
    assert (count(""), count("abba"), count("a?b")) == (0, 4, 3)
    assert counter_of(vocabulary) is count


async def test_the_setting_counts_the_tokens_of_a_provider(vocabulary: str) -> None:
    """For the estimates of calls and for limits."""
    async with client() as plain, client(tokenizer=vocabulary) as exact:
        words = "ab" * 30
        rule = (await plain.count_tokens("groq:m", words)).tokens
        assert (await exact.count_tokens("groq:m", words)).tokens == rule + 60 - 10


async def test_a_file_that_is_none_is_refused(vocabulary: str, tmp_path: Path) -> None:
    """Absent, or something else: the error names the file, and nothing is downloaded."""
    other = tmp_path / "other.json"
    other.write_text("{}")
    for path, words in (
        (str(tmp_path / "absent.json"), "no file"),
        (str(other), "no tokenizer.json"),
        ("gpt2", "no file"),
    ):
        with pytest.raises(ConfigError, match=words):
            await client(tokenizer=path).count_tokens("groq:m", "hi")


def test_without_the_extra_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library loads on first use, and may be absent."""
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    counter_of.cache_clear()
    with pytest.raises(ConfigError, match=r"pip install 'ipfs-accel-async\[tokens\]'"):
        counter_of("some.json")
