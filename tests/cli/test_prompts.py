"""Files of prompts, and the sample."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async.cli import prompts
from ipfs_accel_async.errors import InvalidRequestError
from ipfs_accel_async.types import Message

if TYPE_CHECKING:
    from pathlib import Path


def test_the_sample_has_sixty_prompts_of_many_lengths() -> None:
    """Each has an id of its own; the shortest have three words, the longest well over a hundred."""
    sample = prompts.sample()
    lengths = sorted(len(prompt.text.split()) for prompt in sample)
    assert len({prompt.id for prompt in sample}) == len({prompt.text for prompt in sample}) == 60
    assert lengths[0] == 3
    assert lengths[-1] > 150
    assert len(set(lengths)) > 30


def test_rows_of_the_sample_have_id_and_prompt_and_sometimes_instructions() -> None:
    """Nothing else, so that it serves as an example of the format."""
    text = files("ipfs_accel_async.cli").joinpath("prompts.jsonl").read_text("utf-8")
    rows = [json.loads(line) for line in text.splitlines()]
    assert all({"id", "prompt"} <= row.keys() <= {"id", "prompt", "system"} for row in rows)
    assert sum("system" in row for row in rows) >= 5


def test_text_is_a_prompt_a_line(tmp_path: Path) -> None:
    """Empty lines are skipped, ids are line numbers, and a byte order mark is no part of the first prompt."""
    path = tmp_path / "prompts.txt"
    path.write_bytes("\ufefffirst\r\n\r\n  second\u2028line  ".encode())
    found = prompts.read(path)
    assert [(prompt.id, prompt.text) for prompt in found] == [("1", "first"), ("3", "second\u2028line")]


def test_jsonl_takes_prompt_text_and_messages(tmp_path: Path) -> None:
    """With ids of its own, or line numbers; also in a file of another name."""
    rows = [
        {"id": "a", "prompt": "one", "system": "Be brief."},
        {"text": "two"},
        {"id": 7, "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "three"}]},
    ]
    path = tmp_path / "prompts.data"
    path.write_text("\n".join(json.dumps(row) for row in rows))
    found = prompts.read(path)
    assert [(prompt.id, prompt.text) for prompt in found] == [("a", "one"), ("2", "two"), ("7", "three")]
    assert found[0].messages == (Message("system", "Be brief."), Message("user", "one"))
    assert found[2].messages[0] == Message("system", "s")


def test_a_file_beyond_the_cap_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would fill the memory before the first call."""
    monkeypatch.setattr(prompts, "MAX_FILE_BYTES", 10)
    path = tmp_path / "prompts.txt"
    path.write_text("x" * 11)
    with pytest.raises(InvalidRequestError, match="pass a part of it"):
        prompts.read(path)


@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), min_size=1).filter(str.strip))
)
def test_any_text_comes_back_from_jsonl(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    """Line breaks and separators inside a prompt are no ends of lines."""
    path = tmp_path_factory.mktemp("any") / "prompts.jsonl"
    path.write_text("".join(json.dumps({"prompt": text}, ensure_ascii=False) + "\n" for text in texts), "utf-8")
    if texts:
        assert [prompt.text for prompt in prompts.read(path)] == texts
