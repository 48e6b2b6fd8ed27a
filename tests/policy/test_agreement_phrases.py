"""Questions in their plainest form: by example, and that no shortcut changes what the rules make of a text."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async.policy.agreement import phrases
from ipfs_accel_async.policy.agreement.phrases import framed

FRAMED = [
    ("please tell me how do i cook rice", "how to cook rice"),
    ("can you explain what is a cpu", "what is a cpu"),
    ("i want to know why is it cold", "why is it cold"),
    ("give me a list of rivers", "list rivers"),
    ("what is the best way to cook rice", "how to cook rice"),
    ("what does cpu mean", "what is cpu"),
    ("what does the liver do", "what is function of the liver"),
    ("what is the reason that it is cold", "why it is cold"),
    ("how is rice different from wheat", "what is difference between rice and wheat"),
    ("rice vs wheat", "what is difference between rice and wheat"),
    ("what is the height of it", "how tall it"),
    ("convert 10 km to miles", "how many miles is 10 km"),
    ("who is the author of it", "who wrote it"),
    ("how long does it take", "how long is it"),
    ("how do i turn on the light", "how to enable the light"),
    ("log in with a pull request", "login with a pullrequest"),
    ("how do i cook rice thanks", "how to cook rice"),
    ("the cat", "the cat"),
    ("", ""),
]


@pytest.mark.parametrize(("text", "plain"), FRAMED)
def test_a_question_in_its_plainest_form(text: str, plain: str) -> None:
    """What surrounds it goes, and each way to ask one thing becomes the same."""
    assert framed(text) == plain


def test_only_an_opening_is_taken_away() -> None:
    """The same words further on are part of the question."""
    assert framed("why do people say hello please") == "why do say hello"
    assert framed("cats help me to sleep") == "cats help me to sleep"
    assert framed("help me to sleep") == "sleep"


def plainly(text: str) -> str:
    """The same, rule by rule, with nothing left out."""
    text = phrases._PHRASE.sub(lambda found: phrases._PHRASES[found.group()], text)
    rules = [*(phrases._AROUND if text.split(" ")[0] in phrases._OPENING else []), *phrases._RULES]
    for pattern, put in rules:
        made, count = re.subn(pattern, put, text)
        if count:
            text = " ".join(made.split())
    return text


WORDS = re.findall(r"[a-z]{2,}", " ".join(pattern for pattern, _ in (*phrases._AROUND, *phrases._RULES)))
TEXTS = st.lists(st.sampled_from([*sorted(set(WORDS)), "i", "a", "cat", "10"]), min_size=1, max_size=9).map(" ".join)
STARTS = st.sampled_from(["", *(text for text, _ in FRAMED)])


@given(STARTS, TEXTS)
def test_no_shortcut_changes_what_comes_out(start: str, text: str) -> None:
    """Rules whose word is absent, or that belong to the beginning, are passed over: it is as if they were tried."""
    asked = f"{start} {text}".strip()
    assert framed(asked) == plainly(asked)


@pytest.mark.parametrize(("pattern", "put"), [*phrases._AROUND, *phrases._RULES])
def test_a_rule_knows_a_word_that_it_needs(pattern: str, put: str) -> None:
    """It stands in the pattern, outside of any choice; and what begins with a circumflex matches at the start alone."""
    rule = phrases._rule(pattern, put)
    assert (rule.pattern.pattern, rule.put) == (pattern, put)
    assert rule.needed in pattern
    if "|" not in re.sub(r"\([^()]*\)", "", re.sub(r"\([^()]*\)", "", pattern)):
        assert rule.first == pattern.startswith("^")


def test_what_a_rule_needs_is_its_longest_word() -> None:
    """None where there are two ways to match, or where the word may be absent."""
    needed = {
        r"^how (?:do|can) you like": "like",
        r"\bcost of living\b": "living",
        r"\bto be\b|\bor not\b": "",
        r"^(?:a|b)$": "",
        r"^to(?: be)? or nots?$": "to",
        r"(\w+)": "",
        r"^a (?:b (?:c|d))* longest word": "longest",
    }
    assert {pattern: phrases._rule(pattern, "").needed for pattern in needed} == needed
    first = {r"^a b": True, r"a b": False, r"^a|^b": True, r"^a|b": False, r"(?:^a|^b)": False}
    assert {pattern: phrases._rule(pattern, "").first for pattern in first} == first
