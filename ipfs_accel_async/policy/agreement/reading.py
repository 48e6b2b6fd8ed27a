"""A question taken apart: what is asked, when, of what, in which order."""

from __future__ import annotations

import re
from typing import NamedTuple

from ipfs_accel_async.policy.agreement.language import language
from ipfs_accel_async.policy.agreement.numbers import number, unit
from ipfs_accel_async.policy.agreement.phrases import expand, framed
from ipfs_accel_async.policy.agreement.stems import PARTICIPLES
from ipfs_accel_async.policy.agreement.synonyms import meaning
from ipfs_accel_async.policy.agreement.verbatim import separate
from ipfs_accel_async.policy.agreement.words import among

_TOKEN = re.compile(
    r"[$€£¥]?(?:(?<![\w.])-)?\d[\d,]*(?:\.\d+)?(?![^\W\d_])%?|\d+(?:st|nd|rd|th)\b|[^\W_]+(?:'[^\W\d_]+)?|[$€£¥%°]"
)
_ASKS = among("what which who whose whom when where why how")
_HOW = among("many much long far tall old often big fast heavy deep high hot cold wide")
_PAST = among("was were did had been")
_FUTURE = among("will shall")
_PERFECT = among("has have had")
_BE = among("is are am be was were been")
_PASSIVE = _BE | among("get gets being")
_AUXILIARY = _PAST | _FUTURE | _BE | among("do does can could should would may must")
_MODAL = {"should": "should", "must": "must", "shall": "should", "can": "can", "could": "can", "may": "can"}
_NOT = frozenset(("not", "no", "nor"))
_ARTICLES = among("the a an my your our his her their this that these those its")
_ROLES = {
    name: name for name in ("from", "to", "than", "before", "after", "in", "on", "at", "for", "of", "with", "about")
}
_ROLES |= {"into": "to", "as": "as"}
_SMALL = among("i you we it me us there so very really just also actually simply any and per by yet please might")
_LIGHT = (
    _ASKS
    | _AUXILIARY
    | _NOT
    | _SMALL
    | (_ARTICLES - {"his", "her", "their"})  # which tell whose
    | (_ROLES.keys() - {"before", "after"})
)
_PERSONS = dict.fromkeys(["i", "me", "my", "we", "us", "our"], "i") | dict.fromkeys(("you", "your"), "you")
_INFINITIVE = among("how want need like able time way place have best allowed try going order")
_SUPERLATIVE = re.compile(r"(?:^best|^worst|.est)$")
_NOW = among("what who where whether")
_WHO = among("i you we they he she it")
_NAMES = among("May Will")
_SHOUTED = among("US IT WHO OR AM AN IS BE DO HE ME NO SO WE AS AT IN OF ON TO BY IF GO")


class Reading(NamedTuple):
    """What two questions must have in common for one answer to serve both.

    Args:
        language: Of its small words, or of its script.
        verbatim: Code and quotations, in order.
        words: All words, contractions in full and in the plainest frame.
        numbers: In order.
        asked: The question word with its measure, ``whether``, or nothing for a statement or an order.
        modal: ``should``, ``can``, ``must``, or nothing.
        person: ``i`` or ``you``, whoever comes first, or nothing.
        time: ``past``, ``future``, ``now`` for what is going on, or nothing for the present.
        negations: How many.
        content: The words that are left, each as the one that stands for its synonyms; sorted.
        order: Those of them whose place tells who does what to whom.
        roles: Which words something comes from, goes to, is compared with, and so on; in order.
    """

    language: str
    verbatim: tuple[str, ...]
    words: tuple[str, ...]
    numbers: tuple[str, ...] = ()
    asked: str = ""
    modal: str = ""
    person: str = ""
    time: str = ""
    negations: int = 0
    content: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    roles: tuple[tuple[str, str], ...] = ()


def read(text: str) -> Reading:
    """Take a question apart.

    Args:
        text: As it was asked.
    """
    prose, verbatim = separate(text)
    shouting = prose.isupper()
    plain = [_plain(word, shouting or not place) for place, word in enumerate(_TOKEN.findall(prose))]
    full = " ".join(expand(word) for word in plain)
    spoken = language([word for word in full.split() if word[0].isalpha()])  # what's is no French word beside plus
    if spoken != "en":
        return Reading(spoken, verbatim, tuple(plain))
    words = framed(full).split()
    numbers, content, order, roles = _parts(words)
    asked = _asked(words)
    return Reading(
        spoken,
        verbatim,
        tuple(words),
        numbers,
        asked,
        next((_MODAL[word] for word in words if word in _MODAL), ""),
        next((_PERSONS[word] for word in words if word in _PERSONS), ""),
        _time(words, asked),
        sum(word in _NOT for word in words),
        tuple(sorted(content)),
        order,
        roles,
    )


def _plain(word: str, shouting: bool) -> str:  # the first word too is in capitals for no reason
    if shouting or not word.isupper():
        return f"{word.lower()}_" if word in _NAMES and not shouting else word.lower()
    if len(word) > 1 and number(word):  # a Roman numeral
        return number(word)
    return f"{word.lower()}_" if word in _SHOUTED else word.lower()  # US is not us, IT is not it


def _parts(
    words: list[str],
) -> tuple[tuple[str, ...], list[str], tuple[str, ...], tuple[tuple[str, str], ...]]:
    numbers: list[str] = []
    content: list[str] = []
    order: list[str] = []
    roles: list[tuple[str, str]] = []
    role = before = ""
    for place, word in enumerate(words):
        if found := number(word):
            numbers.append(found)
            if sign := unit(word):
                content.append(sign)
        light = bool(found) or _is_light(words, place)
        if not light:
            stem = meaning(word, verb=not word.endswith("ing") or _is_verb(words, place))
            content.append(stem)
            if role and word not in _ROLES:
                roles.append((role, stem))
            elif _passive(words, place):
                if words[place + 1 : place + 2] == ["by"]:
                    before = stem  # stands behind whoever does it, as in the active voice
            elif not _SUPERLATIVE.search(word):
                order.append(stem)
        if word in _ROLES:
            role = "" if word == "to" and place and words[place - 1] in _INFINITIVE else _ROLES[word]
        elif light and word not in _ARTICLES and not found:
            role = ""
    return tuple(numbers), content, (*order, before) if before else tuple(order), tuple(roles)


def _is_verb(words: list[str], place: int) -> bool:
    """Whether a word in -ing is what somebody does: it is parking; not what is there: there is parking."""
    for before in range(place - 1, max(-1, place - 4), -1):
        word = words[before]
        if word == "to":
            return True
        if word in _BE:
            return before < place - 1 or (before > 0 and words[before - 1] not in _ASKS)
        if word in _ARTICLES or word == "there":
            return False
    return False


def _is_light(words: list[str], place: int) -> bool:
    """Whether a word says nothing by itself here."""
    word, after = words[place], words[place + 1 : place + 4]
    if word in _PERFECT:  # has done, and not: has a dog
        return any(one.endswith("ed") or one in PARTICIPLES for one in after)
    if word == "one":  # one mile is a mile, but cooking for one is cooking for one
        return bool(after) and after[0] not in _LIGHT
    if word in _ROLES and not after and words[0] not in _ASKS - {"how"}:  # how do I move in
        return False
    return word in _LIGHT


def _passive(words: list[str], place: int) -> bool:
    word = words[place]
    return (word.endswith("ed") or word in PARTICIPLES) and any(
        past in _PASSIVE for past in words[max(0, place - 4) : place]
    )


def _asked(words: list[str]) -> str:
    for place, word in enumerate(words):
        if word in _ASKS:
            follows = words[place + 1] if place + 1 < len(words) else ""
            if word == "how" and (follows in _HOW or follows == "to"):
                return f"how {follows}"
            return {"which": "what", "whom": "who"}.get(word, word)
    return "whether" if words and words[0] in _AUXILIARY else ""


def _time(words: list[str], asked: str) -> str:
    seen = set(words)
    inflected = any(word.endswith("ed") or word in PARTICIPLES for word in words)
    if seen & _FUTURE:
        return "future then" if seen & _PAST else "future"  # were you going to
    if seen & _PAST or (seen & _PERFECT and inflected):
        return "past"
    if asked in _NOW and any(_goes_on(words[place : place + 3]) for place in range(len(words))):
        return "now"
    return "past" if inflected and not seen & _AUXILIARY and words[0] != "how" else ""


def _goes_on(words: list[str]) -> bool:
    """Whether they are of what is going on: are you eating; which is not: do you eat."""
    return len(words) == 3 and words[0] in _BE and words[1] in _WHO and words[2].endswith("ing")
