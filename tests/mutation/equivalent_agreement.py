"""Mutants of the reading of questions that change nothing anyone could notice, each with the reason."""

from __future__ import annotations

CASELESS = 'kept.append(" ".join((found.group(1) or found.group(2)).casefold().split()).strip("{0}.,!?{0}"))'
DOUBLED = 'if rest[-1] == rest[-2] and rest[-{0}] not in "{1}lsz{1}":'

AGREEMENT: dict[str, list[tuple[str, str, str]]] = {
    "policy/agreement/compare.py": [
        (
            'if apart and not (roles <= _PLACES and one.asked == "how to"):  # on Linux, in Linux',
            'if apart and not (roles < _PLACES and one.asked == "how to"):  # on Linux, in Linux',
            "two roles are never all three",
        ),
        (
            'return one.words[-1] if one.asked and one.words[-1] in _LEFT else ""',
            'return one.words[-1] if one.asked and one.words[-1] in _LEFT else "XXXX"',
            "it is no word that could be left",
        ),
    ],
    "policy/agreement/phrases.py": [
        (
            'while (rest := _GROUP.sub(" ", outline)) != outline:',
            'while (rest := _GROUP.sub("XX XX", outline)) != outline:',
            "capitals part the words of a pattern as well",
        ),
        (
            """return word.removesuffix("'s").strip("'")""",
            """return word.removesuffix("'s").strip("XX'XX")""",
            "no word has capitals",
        ),
        (
            "if needed in text and (not first or pattern.match(text)):",
            "if needed in text or (not first or pattern.match(text)):",
            "what is tried in vain changes nothing, it only takes longer",
        ),
    ],
    "policy/agreement/reading.py": [
        (
            "if len(word) > 1 and number(word):  # a Roman numeral",
            "if len(word) >= 1 and number(word):  # a Roman numeral",
            "no single letter is a number here",
        ),
        ('role = before = ""', "role = before = None", "None is as empty"),
        ('role = ""', "role = None", "None is as empty"),
        (
            'follows = words[place + 1] if place + 1 < len(words) else ""',
            'follows = words[place + 1] if place + 1 < len(words) else "XXXX"',
            "it is no measure either",
        ),
    ],
    "policy/agreement/stems.py": [
        (DOUBLED.format(1, ""), DOUBLED.format(2, ""), "they are the same there"),
        (DOUBLED.format(1, ""), DOUBLED.format(1, "XX"), "no word has capitals"),
    ],
    "policy/agreement/verbatim.py": [
        (CASELESS.format(""), CASELESS.format("XX"), "no capitals are left"),
    ],
}
"""By file: what stands there, what it became, and why that changes nothing."""
