"""Single words: stems, synonyms, numbers, contractions, and what tells a language."""

from __future__ import annotations

import pytest

from ipfs_accel_async.policy.agreement import synonyms
from ipfs_accel_async.policy.agreement.language import language
from ipfs_accel_async.policy.agreement.numbers import number, unit
from ipfs_accel_async.policy.agreement.phrases import expand
from ipfs_accel_async.policy.agreement.stems import stem
from ipfs_accel_async.policy.agreement.synonyms import meaning
from ipfs_accel_async.policy.agreement.words import among

PLURALS = """
cats:cat boxes:box classes:class watches:watch dishes:dish buzzes:buzz potatoes:potato cities:city tries:try cars:car
children:child movies:movie gases:gase lies:lie dog's:dog cats's:cat pies:pie vies:vie
"""
NO_PLURALS = "bus glass tennis cds news cafés yes is means virus analysis"
IN_ING = """
running:run making:make walking:walk falling:fall passing:pass stopping:stop fixing:fix playing:play rowing:row
judging:judge changing:change handling:handle filling:fill cooking:cook having:have baking:bake trying:try
"""
NOT_IN_ING = "bring string sing wing king ping"
IN_ED = """
stopped:stop baked:bake tried:try filled:fill fixed:fix played:play rowed:row boiled:boil reversed:reverse erased:erase
focused:focus caused:cause used:use written:write parked:park
"""
NOT_IN_ED = "speed need freed agreed seed red bed shred"


def pairs(text: str) -> list[tuple[str, str]]:
    """Words and what becomes of them."""
    return [(word, form) for word, _, form in (pair.partition(":") for pair in text.split())]


@pytest.mark.parametrize(("word", "form"), pairs(PLURALS + IN_ED))
def test_plurals_and_participles_share_a_form(word: str, form: str) -> None:
    """Of a verb or not."""
    assert stem(word) == stem(word, verb=False) == form


@pytest.mark.parametrize(("word", "form"), pairs(IN_ING))
def test_in_ing_is_a_form_of_a_verb_where_it_is_one(word: str, form: str) -> None:
    """Else it is a word by itself, but for those that are known."""
    assert stem(word) == form
    assert stem(word, verb=False) == ("have" if word == "having" else word)


@pytest.mark.parametrize("word", [*NO_PLURALS.split(), *NOT_IN_ING.split(), *NOT_IN_ED.split()])
def test_what_only_looks_like_another_form_stays(word: str) -> None:
    """Too short, without a vowel before its end, or with an end of its own."""
    assert stem(word) == word


@pytest.mark.parametrize(
    ("british", "american"), [("organise", "organize"), ("summarise", "summarize"), ("realise", "realize")]
)
def test_british_spelling(british: str, american: str) -> None:
    """Long words in -ise are those in -ize; short ones are words of their own."""
    assert stem(british) == stem(american)
    assert (stem("raise"), stem("noise"), stem("advise"), stem("rise")) == ("raise", "noise", "advise", "rise")


def test_synonyms_have_one_meaning_in_any_form() -> None:
    """Stemmed before they are looked up; a word without synonyms means its stem."""
    assert meaning("repairing") == meaning("mends") == meaning("fixed") == "fix"
    assert meaning("movies") == meaning("films") == "film"
    assert (meaning("cats"), meaning("marketing", verb=False), meaning("marketing")) == ("cat", "marketing", "market")
    assert meaning("shipping") == meaning("delivery") == "ship"


def test_a_group_of_synonyms_stands_for_its_first_word() -> None:
    """Each of its words by its stem; no word is in two groups, which would make one of all their words."""
    table = synonyms._table()
    groups = [[stem(word) for word in group.split()] for group in synonyms._GROUPS.split(",")]
    assert table == {word: group[0] for group in groups for word in group}
    assert (table["mend"], table["repair"], table["fix"], table["postgre"]) == ("fix", "fix", "fix", "postgresql")
    assert len(groups) > 80


def test_sets_of_words_are_written_as_sentences() -> None:
    """Each word once, however it is spaced."""
    assert among(" a b\n  c a ") == frozenset(("a", "b", "c"))
    assert among("") == frozenset()


NUMBERS = """
two:2 hundred:100 half:1/2 twice:2x first:#1 II:2 XX:20 10:10 1,000:1000 1st:#1 22nd:#22 10th:#10 03:3 0:0 00:0 -5:-5
5%:5 $5:5 $-5:-5 3.50:3.50 3.5:3.5 0.50:0.50 -1,000.10:-1000.10 -0.5:-0.5 100:100 10.0:10.0 010:10
"""


@pytest.mark.parametrize(("word", "form"), pairs(NUMBERS))
def test_a_number_has_one_form(word: str, form: str) -> None:
    """In digits, in words, as an ordinal, in Roman numerals; a zero at the end of a fraction counts, as in versions."""
    assert number(word) == form


@pytest.mark.parametrize("word", ["one", "x", "5x", "1.2.3", "ii", "", "th", "$", "-", "cat"])
def test_other_words_are_no_numbers(word: str) -> None:
    """Nor is one, which is an article as often."""
    assert number(word) == ""


def test_units_stand_before_or_behind() -> None:
    """Each in its word; without one there is none."""
    assert [unit(word) for word in ("$5", "€5", "£5", "¥5", "5%", "5", "five")] == [
        "usd",
        "eur",
        "gbp",
        "yen",
        "percent",
        "",
        "",
    ]


EXPANDED = [
    ("can't", "can not"),
    ("cannot", "can not"),
    ("won't", "will not"),
    ("dont", "do not"),
    ("let's", "let us"),
    ("don't", "do not"),
    ("isn't", "is not"),
    ("they're", "they are"),
    ("i've", "i have"),
    ("he'll", "he will"),
    ("i'd", "i would"),
    ("i'm", "i am"),
    ("what's", "what is"),
    ("she's", "she is"),
    ("john's", "john"),
    ("students'", "students"),
    ("rock'n'roll", "rock'n'roll"),
    ("cat", "cat"),
    ("is", "is"),
]


@pytest.mark.parametrize(("word", "full"), EXPANDED)
def test_contractions_are_written_in_full(word: str, full: str) -> None:
    """A genitive is its noun, and every other word stays as it is."""
    assert expand(word) == full


LANGUAGES = [
    ("what is the cat", "en"),
    ("was ist das", "de"),
    ("le chat est", "fr"),
    ("cómo está el gato", "es"),
    ("che posso", "it"),
    ("het een", "nl"),
    ("não posso", "pt"),
    ("was is", "en"),
    ("was will die", "en"),
    ("was der und das", "de"),
    ("what ist das", "de"),
    ("paris london", "?"),
    ("naïve über", "?"),
    ("", "?"),
    ("кот что", "CYRILLIC"),
    ("the кот", "CYRILLIC"),
    ("x кот 今日", "CJK+CYRILLIC"),
    ("the \U00017000", "?"),  # a letter without a name
]


@pytest.mark.parametrize(("words", "code"), LANGUAGES)
def test_small_words_and_scripts_tell_the_language(words: str, code: str) -> None:
    """The one with most small words, English where it has as many; other scripts by their names, in order."""
    assert language(words.split()) == code


def test_a_word_counts_once_and_signs_are_of_no_script() -> None:
    """However often it is said; what is no letter tells nothing."""
    assert language(["der", "der", "der", "the", "is"]) == "en"
    assert language(["§1", "°", "the"]) == "en"
