"""Thought signatures of Gemini: from the parts they came with to our one `signature`, and back (Gemini API, thoughts).

The service signs parts (a text, a tool call, a thought) and wants each signature back on the part it came with: some
models refuse a tool call whose signature is lost. A reply has one text, one reasoning and one signature, so that holds
the places too: ``call0:BASE64;text:BASE64;``.
"""

from __future__ import annotations

import re

TEXT = "text"
THOUGHT = "thought"
_ONE = r"(text|thought|call[0-9]+):([A-Za-z0-9+/_=-]+);"
_EACH, _ALL = re.compile(_ONE), re.compile(f"(?:{_ONE})+")


def place_of_call(index: int) -> str:
    """The place of the n-th tool call, from 0."""
    return f"call{index}"


def noted(place: str, signature: object) -> str:
    """A signature with its place.

    Raises:
        TypeError: It is no string.
        ValueError: It is no base64.
    """
    if not isinstance(signature, str):
        raise TypeError("thoughtSignature is no string")
    entry = f"{place}:{signature};"
    if not _EACH.fullmatch(entry):
        raise ValueError("thoughtSignature is no base64")
    return entry


def placed(signature: str) -> dict[str, str]:
    """Signatures by place; none where `signature` is of another service, which this one would refuse."""
    return dict(_EACH.findall(signature)) if _ALL.fullmatch(signature) else {}
