"""Which language a question is in, as far as its small words and its script tell."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from ipfs_accel_async.policy.agreement.words import among

if TYPE_CHECKING:
    from collections.abc import Iterable

ENGLISH = among(
    "the what which who whose when where why how is are was were do does did can could should would will has have had"
    " my your his her their our of to for from with and this that these those it its be been not if than there i you"
    " we they me give list write explain summarize translate show tell name find make please recommend define describe"
    " suggest compare convert plan create answer calculate"
)
OTHERS = {
    "de": "der das ist und ein eine einen ich nicht wie wann wo warum welche welcher mein meine kann mit für von zu den"
    " dem des sich auf wird sind haben hat wer mir",
    "fr": "le les une des est et je ne pas que qui quoi quel quelle comment pourquoi où quand mon ma mes puis dans pour"
    " avec sur du ce cette sont vous nous c'est qu'est",
    "es": "el los las una y es en que qué cómo cuál cuándo dónde por para con mi mis puedo del se está son quién yo",
    "it": "il lo gli una è che di come quando dove perché quale posso mio mia per con del della sono chi stai",
    "pt": "o os as uma é que de como quando onde por para com meu minha posso do da em não são quem qual",
    "nl": "het een en ik niet hoe wanneer waar waarom welke mijn kan met voor van wat zijn wie wordt hoeveel",
}
_OTHERS = {name: among(words) for name, words in OTHERS.items()}


def language(words: Iterable[str]) -> str:
    """A language's code, ``?`` for a Latin script that no small word betrays, or the name of another script.

    Args:
        words: In lower case.
    """
    seen = set(words)
    scripts = {unicodedata.name(word[0], "?").split()[0] for word in seen if not word.isascii() and word[0].isalpha()}
    if scripts - {"LATIN"}:
        return "+".join(sorted(scripts))
    scores = {name: len(seen & small) for name, small in _OTHERS.items()}
    best = max(scores, key=lambda name: scores[name])
    english = len(seen & ENGLISH)
    if english and english >= scores[best]:
        return "en"
    return best if scores[best] else "?"
