"""Whether two answers to one question say the same, as far as vectors and numbers tell."""

from __future__ import annotations

import re

SHORT = 300
"""Characters up to which two answers must name the same numbers; longer ones may tell them in other ways."""
NEAR = 0.8
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


def alike(kept: str, live: str, cosine: float) -> bool:
    """Whether the kept answer would have done for the live one.

    Args:
        kept: One answer.
        live: The other.
        cosine: Of their vectors.
    """
    if cosine < NEAR:
        return False
    if max(len(kept), len(live)) > SHORT:
        return True
    return set(_NUMBER.findall(kept)) == set(_NUMBER.findall(live))
