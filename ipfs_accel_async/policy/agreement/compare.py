"""Holds two readings against each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipfs_accel_async.policy.agreement.words import among

if TYPE_CHECKING:
    from ipfs_accel_async.policy.agreement.reading import Reading


def differs(one: Reading, other: Reading) -> str:
    """In what two questions part: ``numbers``, ``negations``, ``content`` ...; empty when they ask the same.

    It knows nothing of meaning: it says that they agree only if each word of one is accounted for by the other. Ask it
    of questions that an embedding has found alike.
    """
    if one.words == other.words and one.verbatim == other.verbatim:
        return ""
    for what in ("language", "verbatim", "numbers", "negations", "time", "asked", "content"):
        if getattr(one, what) != getattr(other, what):
            return what
    if one.asked == "whether" and one.modal != other.modal:
        return "modal"
    for what in ("modal", "person"):  # which may go unsaid
        mine, theirs = getattr(one, what), getattr(other, what)
        if mine and theirs and mine != theirs:
            return what
    if not one.content:  # nothing but small words, or a language whose small words are not known: to the letter
        return "words"
    return "direction" if _left(one) != _left(other) or _turned(one, other) else ""


_LEFT = among("from to than before after in on at for of with about by as into against under over between behind")
_ALIKE = frozenset(map(frozenset, (("of", "for"), ("of", "in"), ("about", "on"))))
_PLACES = frozenset(("in", "on", "at"))


def _left(one: Reading) -> str:
    """What stands alone at the end: what does it depend on, and what depends on it."""
    return one.words[-1] if one.asked and one.words[-1] in _LEFT else ""


def _turned(one: Reading, other: Reading) -> bool:
    """Whether a word has another role, or two that have none have changed places."""
    mine, theirs = ({word: role for role, word in each.roles} for each in (one, other))
    for word in mine.keys() & theirs.keys():
        roles = frozenset((mine[word], theirs[word]))
        apart = len(roles) == 2 and roles not in _ALIKE
        if apart and not (roles <= _PLACES and one.asked == "how to"):  # on Linux, in Linux
            return True
    for role in set(mine.values()) & set(theirs.values()):
        if [word for name, word in one.roles if name == role] != [word for name, word in other.roles if name == role]:
            return True
    kept = set(one.order) & set(other.order)
    return [word for word in one.order if word in kept] != [word for word in other.order if word in kept]
