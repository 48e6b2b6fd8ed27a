"""What must agree to the letter: where code begins and ends, and what is in quotation marks."""
# ruff: noqa: RUF001 - signs that look alike are what this is about

from __future__ import annotations

import pytest

from ipfs_accel_async.policy.agreement.verbatim import separate

PROSE = [
    "What is the capital of France?",
    "don't can't",
    "e.g. cats",
    "at 5 p.m. today",
    "U.S. law",
    "use i.e. this",
    "he said 'it's'",
    "the abc;X now",
    "is it 20° here",
]


@pytest.mark.parametrize("text", PROSE)
def test_prose_has_nothing_to_hold(text: str) -> None:
    """Abbreviations and apostrophes included."""
    assert separate(text) == (text, ())


QUOTED = [
    ("What does `git stash` do?", "What does verbatim do?", ("git stash",)),
    ("Run ```x = 1\ny``` now", "Run verbatim now", ("x = 1\ny",)),
    (" ```unclosed text", "verbatim", ("unclosed text",)),
    ("the `X` key", "the verbatim key", ("X",)),
    ("`a` and ` b `", "verbatim and verbatim", ("a", "b")),
    ('translate "Good  Morning!" please', "translate verbatim please", ("good morning",)),
    ("translate 'Hello.' and “Bye,”", "translate verbatim and verbatim", ("hello", "bye")),
    ("say «STRASSE» or „Straße”", "say verbatim or verbatim", ("strasse", "strasse")),
    ("say ‘yes’, 'no?'", "say verbatim , verbatim", ("yes", "no")),
]


@pytest.mark.parametrize(("text", "prose", "held"), QUOTED)
def test_marks_hold_what_is_between_them(text: str, prose: str, held: tuple[str, ...]) -> None:
    """Code as it is; what is quoted without capitals, its spaces and its last sign."""
    assert separate(text) == (prose, held)


CODE = [
    ("a || b", "verbatim", ("a", "||", "b")),
    ("explain what a || b means in C", "explain what verbatim means in C", ("a", "||", "b")),
    ("if a == b: print it", "if verbatim print it", ("a", "==", "b")),
    ("abc == xyz now", "abc verbatim xyz now", ("==",)),
    ("the ab == xy; now", "the verbatim now", ("ab", "==", "xy;")),
    ("== abc", "verbatim abc", ("==",)),
    ("the last ==", "the last verbatim", ("==",)),
    ("ab == the", "verbatim the", ("ab", "==")),
    ("how do I use C++?", "how do I use verbatim", ("C++",)),
    ("what does foo() return?", "what does verbatim return?", ("foo()",)),
    ("open file.txt now.", "open verbatim now.", ("file.txt",)),
    ("the .env file", "the verbatim file", (".env",)),
    ("the x;? now", "the verbatim now", ("x;",)),
    ("the abc;! now", "the verbatim now", ("abc;",)),
    ("set the #X", "set the verbatim", ("#X",)),
    ("and/or what", "verbatim what", ("and/or",)),
    ("run abc -r and then abc -l all", "run abc verbatim all", ("-r", "and", "then", "abc", "-l")),
    ("the #tag, ok? yes", "the verbatim yes", ("#tag,", "ok")),
    ("the #tag, (yes)? no", "the verbatim (yes)? no", ("#tag",)),
    ("what is `x` + y of it", "what is verbatim verbatim of it", ("x", "+", "y")),
    ("e.g == x", "e.g verbatim", ("==", "x")),
    ("is ! ok", "verbatim", ("is", "!", "ok")),
    ("the sum of 5+3?", "the sum verbatim", ("of", "5+3")),
]


@pytest.mark.parametrize(("text", "prose", "held"), CODE)
def test_bare_code_goes_from_its_first_sign_to_its_last(text: str, prose: str, held: tuple[str, ...]) -> None:
    """With a short word on either side, and without the sentence's own sign at its end."""
    assert separate(text) == (prose, held)


WRITTEN = [
    ("what is 3 x 4", "what is 3 times 4"),
    ("what is 3×4?", "what is 3 times 4?"),
    ("2*3 * 4", "2 times 3 times 4"),
    ("it—is–so‐on‑ly", "it is so-on-ly"),
    ("what’s soft\u00adhyphen", "what's softhyphen"),
    ("ﬁne  ＡＢ", "fine AB"),
    (" spaces \n gone ", "spaces gone"),
]


@pytest.mark.parametrize(("text", "prose"), WRITTEN)
def test_prose_is_written_one_way(text: str, prose: str) -> None:
    """Signs of multiplication, dashes, apostrophes, ligatures, and single spaces."""
    assert separate(text) == (prose, ())
