"""What must agree to the letter: code, and what stands in quotation marks."""

from __future__ import annotations

import re
import unicodedata

_FENCED = re.compile(r"```.*?(?:```|\Z)|`[^`]+`", re.DOTALL)
_QUOTED = re.compile(r"[\"“„«]([^\"“”„«»]+)[\"”»]|(?<!\w)['\u2018]([^'\u2018\u2019]+)['\u2019](?!\w)")
_TIMES = re.compile(r"(?<=\d)\s*[x\u00d7*]\s*(?=\d)")
_CODE = re.compile(
    r"[=<>{}\[\]|&*^\\_#@~]|::|\+\+|\w\+|--|->"
    r"|\w\(|\(\)|^-[A-Za-z]|^[+\-*/%!]$|\w\.\w*[A-Za-z]\w|^\.\w|[\w.]/\w|\d[+*/]\d|;$"
)
_PROSE = re.compile(r"^(?:[eE]\.g|[iI]\.e|[aApP]\.m|[A-Z]\.[A-Z])\.?$")
_SYMBOLS = ("Sm", "So")  # of mathematics, and pictures
HELD = "verbatim"  # the word in the place of each
_EDGES = "\"'.,:?!¿¡…()"
_STRAIGHT = str.maketrans("\u2018\u2019\u2010\u2011\u2212\u2013\u2014", "''---  ", "\u00ad")


def separate(text: str) -> tuple[str, tuple[str, ...]]:
    """The prose of a text, and what must agree to the letter, in its order.

    Bare code counts from its first sign to its last, with a short word on either side: in ``a || b`` the operands
    matter as much as the sign.

    Args:
        text: A question as it was asked.
    """
    text = unicodedata.normalize("NFKC", text)
    kept: list[str] = []

    def take(found: re.Match[str]) -> str:
        kept.append(found.group().strip("`").strip())
        return f" {HELD} "

    def take_quoted(found: re.Match[str]) -> str:
        kept.append(" ".join((found.group(1) or found.group(2)).casefold().split()).strip(".,!?"))
        return f" {HELD} "

    prose = _QUOTED.sub(take_quoted, _FENCED.sub(take, text)).translate(_STRAIGHT)
    words = _TIMES.sub(" times ", prose).split()
    marks = [place for place, word in enumerate(words) if _is_code(word)]
    if not marks:
        return " ".join(words), tuple(kept)
    first, last = marks[0], marks[-1]
    if first and len(words[first - 1]) <= 2:
        first -= 1
    if last + 1 < len(words) and len(words[last + 1].rstrip(_EDGES)) <= 2:
        last += 1
    kept += [*words[first:last], words[last].rstrip(".,:?!")]
    return " ".join([*words[:first], HELD, *words[last + 1 :]]), tuple(kept)


def _is_code(word: str) -> bool:
    if word.isalnum():  # most are: letters and digits alone are no code
        return False
    if not word.isascii() and any(unicodedata.category(char) in _SYMBOLS and char != "°" for char in word):
        return True
    return bool(_CODE.search(word if len(word) < 3 else word.rstrip(".,:?!"))) and not _PROSE.match(word.strip(_EDGES))
