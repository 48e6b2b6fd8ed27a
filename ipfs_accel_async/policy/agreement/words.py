"""Sets of words, written as a sentence."""

from __future__ import annotations


def among(words: str) -> frozenset[str]:
    """The words of a text, as a set."""
    return frozenset(words.split())
