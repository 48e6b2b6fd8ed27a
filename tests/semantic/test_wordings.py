"""An entry remembers in which words it was asked: what was found to agree once is not read again."""

from __future__ import annotations

from typing import Any

import pytest

from ipfs_accel_async.semantic import similar
from ipfs_accel_async.semantic.entries import WORDINGS
from tests.semantic.asking import AGAIN, ASKED, OTHER, vector_of
from tests.semantic.test_similar import SPACE, a_cache, finds, keep


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The questions that were taken apart to be compared."""
    seen: list[str] = []
    plain = similar.read

    def counted(question: str) -> Any:
        seen.append(question)
        return plain(question)

    monkeypatch.setattr(similar, "read", counted)
    return seen


async def test_a_paraphrase_is_read_once(readings: list[str]) -> None:
    """The entry's own words never, those of another question each time."""
    cache = a_cache()
    keep(cache, ASKED)
    for _ in range(3):
        assert await finds(cache, ASKED)
        assert await finds(cache, AGAIN)
        assert not await finds(cache, OTHER)
    assert readings == [AGAIN, OTHER, OTHER, OTHER]


async def test_the_vector_must_be_near_all_the_same(readings: list[str]) -> None:
    """Words that are known do not stand in for it, and are not learnt from a question that is not near."""
    cache = a_cache()
    keep(cache, ASKED)
    assert not await finds(cache, AGAIN, floor=0.999)
    assert await finds(cache, AGAIN)
    assert not await finds(cache, AGAIN, floor=0.999)
    assert await cache.find(SPACE, AGAIN, vector_of("something else altogether"), 0.5) is None
    assert readings == [AGAIN]


async def test_so_many_are_remembered(readings: list[str]) -> None:
    """Memory stays bounded: beyond them it begins anew."""
    cache = a_cache()
    keep(cache, ASKED)
    several = [f"{ASKED}{'?' * more}" for more in range(1, WORDINGS + 2)]
    for question in (*several, several[-1]):
        assert await finds(cache, question)
    assert readings == several
    assert await finds(cache, several[0])
    assert readings == [*several, several[0]]
    (entry,) = (entry for _, entry in cache._entries.items())
    assert entry.words == {several[-1], several[0]}


async def test_a_new_answer_has_been_asked_in_its_own_words_alone(readings: list[str]) -> None:
    """What took the place of an entry was not compared with anything yet."""
    cache = a_cache()
    for _ in range(2):
        keep(cache, ASKED)
        assert await finds(cache, AGAIN)
    assert readings == [AGAIN, AGAIN]
