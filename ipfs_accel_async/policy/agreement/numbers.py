"""Numbers in digits, in words, as ordinals, in Roman numerals: each in one form."""

from __future__ import annotations

import re
from functools import lru_cache

_COUNTED = """
zero:0 two:2 three:3 four:4 five:5 six:6 seven:7 eight:8 nine:9 ten:10 eleven:11 twelve:12 thirteen:13 fourteen:14
fifteen:15 sixteen:16 seventeen:17 eighteen:18 nineteen:19 twenty:20 thirty:30 forty:40 fifty:50 sixty:60 seventy:70
eighty:80 ninety:90 hundred:100 thousand:1000 million:1000000 billion:1000000000 dozen:12 half:1/2 single:1
once:1x twice:2x double:2x thrice:3x triple:3x first:#1 second:#2 third:#3 fourth:#4 fifth:#5 sixth:#6 seventh:#7
eighth:#8 ninth:#9 tenth:#10 eleventh:#11 twelfth:#12
"""
_WORDS = dict(pair.split(":") for pair in _COUNTED.split())
"""Without one, which is as often no number: one mile, a mile."""
_ROMAN = {"II": "2", "III": "3", "IV": "4", "VI": "6", "VII": "7", "VIII": "8", "IX": "9", "XI": "11", "XII": "12"}
_ROMAN |= {"XIII": "13", "XIV": "14", "XV": "15", "XVI": "16", "XVII": "17", "XVIII": "18", "XIX": "19", "XX": "20"}
_DIGITS = re.compile(r"([$€£¥]?)(-?)(\d[\d,]*(?:\.\d+)?)(st|nd|rd|th)?(%?)$")
_SIGNS = {"$": "usd", "€": "eur", "£": "gbp", "¥": "yen", "%": "percent"}


@lru_cache(4_096)
def number(word: str) -> str:
    """The number that a word is, in one form; empty for any other word.

    Args:
        word: In lower case, Roman numerals in capitals.
    """
    if word in _WORDS:
        return _WORDS[word]
    if word in _ROMAN:
        return _ROMAN[word]
    found = _DIGITS.match(word)
    if found is None:
        return ""
    _, minus, digits, ordinal, _ = found.groups()
    digits = digits.replace(",", "")  # and no zero less at the end: Python 3.1 is not 3.10
    plain = minus + (digits.lstrip("0") or "0" if "." not in digits else digits)
    return ("#" if ordinal else "") + plain


def unit(word: str) -> str:
    """The unit that a number is written with, as ``$`` and ``%``; empty for none.

    Args:
        word: As it is written.
    """
    return _SIGNS.get(word[0]) or _SIGNS.get(word[-1], "")
