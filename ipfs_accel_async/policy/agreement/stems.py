"""Words to the form that their plurals and participles share. Comparatives stay: larger and largest are not large."""

from __future__ import annotations

import re

from ipfs_accel_async.policy.agreement.words import among

_KNOWN = """
children:child men:man women:woman people:person feet:foot mice:mouse geese:goose teeth:tooth leaves:leaf wives:wife
knives:knife viruses:virus bacteria:bacterium criteria:criterion movies:movie cookies:cookie calories:calorie ties:tie
pies:pie selfies:selfie brownies:brownie smoothies:smoothie taxes:tax
used:use using:use spoken:speak written:write built:build made:make done:do given:give known:know seen:see taken:take
eaten:eat broken:break chosen:choose sung:sing paid:pay bought:buy sold:sell sent:send kept:keep found:find lost:lose
left:leave told:tell felt:feel grown:grow drawn:draw thrown:throw driven:drive held:hold does:do goes:go has:have
having:have dies:die lies:lie
data:data media:media series:series species:species lens:lens gas:gas glasses:glasses windows:windows means:means
goods:goods customs:customs pants:pants arms:arms news:news closed:closed married:married united:united
african:africa european:europe asian:asia
colour:color colours:color favourite:favorite centre:center neighbour:neighbor grey:gray
"""
_IRREGULAR = dict(pair.split(":") for pair in _KNOWN.split())
PARTICIPLES = among(
    "spoken written built made done given known seen taken eaten broken chosen sung paid bought sold sent kept found"
    " lost left told felt been grown drawn thrown driven held gone won"
)
_VOWEL = re.compile("[aeiouy]")
_ADDS_E = re.compile(r"(?:[vcuz]|dg|ang|[^aeo]at|[bdgkptz]l|rs|[^aeiou]as|[aeo]us)$")
_SHORT = re.compile(r"^[^aeiou]*[aeiouy][^aeiouwxy]$")


def stem(word: str, *, verb: bool = True) -> str:
    """The form that a word shares with its plural and its participles.

    A wrong form costs a hit and never makes one, as long as two different words keep two forms.

    Args:
        word: In lower case.
        verb: Whether one in -ing is a form of a verb here; else it is a noun: marketing is no market.
    """
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) < 4 or not word.isascii():
        return word
    if word.endswith("'s"):
        return stem(word[:-2])
    if word.endswith("ing"):
        return _bare(word, word[:-3]) if verb else word
    if word.endswith("ied"):
        return word[:-3] + "y"
    if word.endswith("ed") and not word.endswith("eed"):
        return _bare(word, word[:-2])
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "ches", "shes", "zzes", "oes")):
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word[:-3] + "ize" if word.endswith("ise") and len(word) > 6 else word


def _bare(word: str, rest: str) -> str:
    if len(rest) < 3 or not _VOWEL.search(rest):
        return word
    if rest[-1] == rest[-2] and rest[-1] not in "lsz":
        return rest[:-1]
    return rest + "e" if _ADDS_E.search(rest) or _SHORT.match(rest) else rest
