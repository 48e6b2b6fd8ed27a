"""A question taken apart, part by part."""

from __future__ import annotations

from typing import Any

import pytest

from ipfs_accel_async.policy.agreement import Reading, differs, read


def parts(text: str) -> dict[str, Any]:
    """What there is in a question, without what is empty and without the words themselves."""
    return {name: part for name, part in read(text)._asdict().items() if part and name not in {"language", "words"}}


TAKEN_APART = "what should i pay 5% of 1,000 dollars if it will not rain in paris verbatim"


def test_a_question_has_all_its_parts() -> None:
    """Each in its place."""
    assert read("What should I pay, 5% of 1,000 dollars, if it will not rain in Paris `x`?") == Reading(
        language="en",
        verbatim=("x",),
        words=tuple(TAKEN_APART.split()),
        numbers=("5", "1000"),
        asked="what",
        modal="should",
        person="i",
        time="future",
        negations=1,
        content=("dollar", "if", "paris", "pay", "percent", "rain", "verbatim"),
        order=("pay", "rain"),
        roles=(("of", "dollar"), ("of", "if"), ("in", "paris"), ("in", "verbatim")),
    )


def test_what_a_question_lacks_is_empty() -> None:
    """Not None."""
    assert read("The cat") == Reading("en", (), ("the", "cat"), content=("cat",), order=("cat",))


@pytest.mark.parametrize("other", ["What is the box from?", "What is the box?", "What of the box?"])
def test_a_preposition_left_at_the_end_tells_questions_apart(other: str) -> None:
    """What it depends on stands at the beginning."""
    asked = read("What is the box for?")
    assert differs(asked, read(other)) == differs(read(other), asked) == "direction"
    assert differs(asked, read("what's the box for")) == ""


def test_of_another_language_only_its_words_are_known() -> None:
    """In lower case, as they stand."""
    assert read("Was ist 2 das XIV?") == Reading("de", (), ("was", "ist", "2", "das", "14"))
    assert read("") == Reading("?", (), ())
    assert read("5 %") == Reading("?", ("5", "%"), ("verbatim",))


ROLES = [
    ("How do I get from Paris to London?", ("get",), (("from", "paris"), ("to", "london"))),
    ("Is a cat faster than the dog?", ("cat", "quickly"), (("than", "dog"),)),
    ("Put it into the box", ("put",), (("to", "box"),)),
    ("Is it as old as 5 trees", (), (("as", "old"), ("as", "tree"))),
    ("Who is the head of the house and who is the cook?", ("head", "cook"), (("of", "house"),)),
    ("Is it for you dogs", ("dog",), ()),
    ("The key of the 2 doors", ("key",), (("of", "door"),)),
    ("Before the rain in May", ("before",), (("before", "rain"), ("in", "may_"))),
    ("I want to swim", ("want", "swim"), ()),
    ("to London", (), (("to", "london"),)),
    ("What is the best cat?", ("cat",), ()),
    ("Is it the tallest house?", ("house",), ()),
    ("Was the house built by Bob?", ("house", "bob", "build"), ()),
    ("Did Bob build the house?", ("bob", "build", "house"), ()),
    ("Was the house built in Rome?", ("house",), (("in", "rome"),)),
    ("Who was it painted by", ("paint",), ()),
    ("Was big old new house built", ("big", "old", "new", "house", "build"), ()),
    ("Was old new house built", ("old", "new", "house"), ()),
    ("I have painted houses", ("paint", "house"), ()),
]


@pytest.mark.parametrize(("text", "order", "roles"), ROLES)
def test_roles_are_told_from_order(text: str, order: tuple[str, ...], roles: tuple[tuple[str, str], ...]) -> None:
    """What follows a preposition up to the next small word has its role; who acts stands before what is done."""
    found = parts(text)
    assert (found.get("order", ()), found.get("roles", ())) == (order, roles)


CONTENT = [
    ("How do I move in?", ("in", "move")),
    ("How do I move in the house?", ("house", "move")),
    ("What is it in", ()),
    ("It moves in", ("in", "move")),
    ("Who has a dog?", ("dog", "have")),
    ("Has he barked?", ("bark", "he")),
    ("Has the dog barked?", ("bark", "dog")),
    ("Has the old dog barked?", ("bark", "dog", "have", "old")),
    ("Has a dog barked?", ("bark", "dog")),
    ("Have you seen it?", ("see",)),
    ("Cook for one", ("cook", "one")),
    ("Is it one mile", ("mile",)),
    ("I like one that is cheap", ("cheap", "like", "one")),
    ("Is it his or her dog", ("dog", "her", "his", "or")),
    ("Is it 5% of $9", ("percent", "usd")),
]


@pytest.mark.parametrize(("text", "content"), CONTENT)
def test_small_words_are_no_content_where_they_say_nothing(text: str, content: tuple[str, ...]) -> None:
    """A perfect has its participle, one is an article before a noun, and a last word may change its verb."""
    assert parts(text).get("content", ()) == content


IN_ING = [
    ("What is marketing?", "marketing"),
    ("Is it parking?", "park"),
    ("It is parking", "park"),
    ("Is there parking?", "parking"),
    ("The parking is free", "parking"),
    ("I want to go parking", "park"),
    ("to parking", "park"),
    ("Is the parking free", "parking"),
    ("Are they parking", "park"),
    ("Parking is what", "parking"),
    ("Parking is what I go to", "parking"),
    ("Is parking free", "parking"),
    ("To a b c parking", "parking"),
    ("To a parking", "parking"),
    ("To b c parking", "park"),
    ("Is b c parking", "park"),
    ("Is b c d parking", "parking"),
    ("Where are you parking", "park"),
]


@pytest.mark.parametrize(("text", "word"), IN_ING)
def test_a_word_in_ing_is_a_verb_or_a_noun(text: str, word: str) -> None:
    """By the three words before it."""
    assert [one for one in parts(text)["content"] if one.startswith("park") or one == "marketing"] == [word]


TIMES = [
    ("Who was it", "past"),
    ("Have I cooked it", "past"),
    ("Have I a cook", ""),
    ("I cooked it", "past"),
    ("I have it built", "past"),
    ("How cooked it is", ""),
    ("How cooked the cat", ""),
    ("Do I like it cooked", ""),
    ("Will it be cooked", "future"),
    ("Shall we have it", "future"),
    ("Were you going to have it", "future then"),
    ("What are you eating", "now"),
    ("Where is he going", "now"),
    ("Where is he going there", "now"),
    ("Are they going", "now"),
    ("Why are you eating", ""),
    ("What are you", ""),
    ("What do you eat", ""),
    ("What is cooking", ""),
    ("I am eating", ""),
]


@pytest.mark.parametrize(("text", "time"), TIMES)
def test_the_time_is_told_by_small_words_first(text: str, time: str) -> None:
    """Then by what is going on, then by participles."""
    assert parts(text).get("time", "") == time


ASKED = [
    ("How many cats are there", "how many"),
    ("How to swim", "how to"),
    ("How is it", "how"),
    ("It is how", "how"),
    ("It is how many", "how many"),
    ("Which of the cats is it", "what"),
    ("To whom is it", "who"),
    ("Whose is it", "whose"),
    ("What to do", "what"),
    ("Do I know who it is", "who"),
    ("Is it old", "whether"),
    ("Give it to me", ""),
]


@pytest.mark.parametrize(("text", "asked"), ASKED)
def test_what_is_asked(text: str, asked: str) -> None:
    """The first question word with its measure; without any whether it is so, or nothing."""
    assert parts(text).get("asked", "") == asked


NAMES = [
    ("Is it for US", "us_"),
    ("Is it for us", "us"),
    ("US is it", "us"),
    ("IS IT FOR US", "us"),
    ("Is it in May", "may_"),
    ("May it be", "may"),
    ("Is it I", "i"),
    ("Is it XIV", "14"),
    ("Is it CIA", "cia"),
    ("Is it V", "v"),
    ("Is it Will", "will_"),
]


@pytest.mark.parametrize(("text", "word"), NAMES)
def test_capitals_tell_names_from_small_words(text: str, word: str) -> None:
    """But for the first word, and where all are in capitals."""
    assert word in read(text).words
