"""Which endpoint has seen the beginning of a prompt: there its tokens may still be cached."""

from __future__ import annotations

from collections import OrderedDict
from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

BLOCK = 256
"""Characters that are compared together; servers cache blocks of 16 tokens or more."""


def chain(pieces: Iterable[str], most: int = 64) -> list[bytes]:
    """Digests of ever longer beginnings of a prompt, a block longer each; what is left over at its end has none.

    Args:
        pieces: The prompt, in order.
        most: Blocks that are looked at.
    """
    digests: list[bytes] = []
    state = blake2b(digest_size=12)
    open_ = ""
    for piece in pieces:
        open_ += f"{len(piece)}:{piece}"  # where pieces end is part of what is compared
        while len(open_) >= BLOCK:
            if len(digests) == most:
                return digests
            state.update(open_[:BLOCK].encode("utf-8", "surrogatepass"))
            digests.append(state.digest())
            open_ = open_[BLOCK:]
    return digests


class Prefixes:
    """Remembers who served which beginnings; the ones unused for longest go first.

    Args:
        most: Beginnings that are remembered.
    """

    __slots__ = ("_known", "_most")

    def __init__(self, most: int = 20_000) -> None:
        if most < 1:
            raise ValueError("prefixes remember at least one beginning")
        self._most = most
        self._known: OrderedDict[bytes, str] = OrderedDict()

    def home(self, digests: list[bytes]) -> str:
        """The endpoint that has the longest of these beginnings; empty if none has any."""
        for digest in reversed(digests):
            name = self._known.get(digest)
            if name is not None:
                self._known.move_to_end(digest)
                return name
        return ""

    def note(self, digests: list[bytes], name: str) -> None:
        """Remember that `name` serves these beginnings now."""
        for digest in digests:
            self._known[digest] = name
            self._known.move_to_end(digest)
        while len(self._known) > self._most:
            self._known.popitem(last=False)

    def __len__(self) -> int:
        return len(self._known)
