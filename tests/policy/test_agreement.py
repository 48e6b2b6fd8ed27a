"""Whether two questions ask the same, read from their words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async.policy.agreement import differs, read

SAME = [
    ("What is the capital of France?", "what's the capital of france"),
    ("How do I fix a flat tire?", "Please tell me how to repair a flat tire"),
    ("How many miles is 10 km?", "Convert 10 kilometers to miles"),
    ("What is 15% of 80?", "What is 15 percent of 80"),
    ("What does the liver do?", "What is the function of the liver?"),
    ("Which films were directed by Kubrick?", "What movies did Kubrick direct?"),
    ("How do I turn on two-factor authentication?", "How can I enable two factor authentication?"),
    ("In Python, how do I sort a list?", "How do I sort a list in Python?"),
    ("What is the reason the sky is blue?", "Why is the sky blue?"),
    ("Who won World War II?", "Who won World War 2?"),
    ("What does `git stash` do?", "Explain what `git stash` does"),
    ("How do I install it on Linux?", "How do I install it in Linux?"),
    ("How many players does a team have?", "How many players are there in a team?"),
    ("Why do people get migraines?", "What causes migraines?"),
    ("My phone won't charge", "My phone does not charge"),
    ("When should I plant garlic?", "What is the best time to plant garlic?"),
    ("How do AI and machine learning differ?", "What is the difference between AI and machine learning?"),
]
OTHER = {
    "numbers": [
        ("Is Python 3.1 out?", "Is Python 3.10 out?"),
        ("How cold is \u221210 degrees?", "How cold is 10 degrees?"),
        ("What is 15% of 80?", "What is 25% of 80?"),
        ("How do I split $10 between friends?", "How do I split $100 between friends?"),
        ("Who was the first king of Spain?", "Who was the third king of Spain?"),
        ("How do I subtract 5 from 12?", "How do I subtract 12 from 5?"),
        ("Is -5 a natural number?", "Is 5 a natural number?"),
        ("What is Python 3.9?", "What is Python 3.12?"),
    ],
    "content": [
        ("What is the capital of France?", "What is the capital of Germany?"),
        ("How do I enable it in the app?", "How do I disable it in the app?"),
        ("How much is $50 in yen?", "How much is €50 in yen?"),
        ("How many ounces are in a pound?", "How many grams are in a pound?"),
        ("Is it safe to eat raw eggs?", "Is it unsafe to eat raw eggs?"),
        ("What is the largest ocean?", "What is the smallest ocean?"),
        ("What is a large cat?", "What is the largest cat?"),
        ("How do I cook rice with a pot?", "How do I cook rice without a pot?"),
        ("How do I log in to my account?", "How do I log out of my account?"),
        ("Who is in charge in the US?", "Who is in charge of us?"),
        ("How do I clean a window?", "How do I clean Windows?"),
        ("What is marketing?", "What is a market?"),
        ("Is there parking near the station?", "Is there a park near the station?"),
        ("Is the pharmacy closed?", "Is the pharmacy close?"),
        ("What is a CPU?", "What does a CPU have?"),
        ("How do I use fork?", "How do I fork?"),
        ("How do I get a passport?", "How do I passport?"),
        ("How do I move in?", "How do I move on?"),
        ("How do I cook for one?", "How do I cook?"),
        ("Can some birds fly?", "Can birds fly?"),
        ("What happened in May?", "What happened in?"),
        ("Can he drive?", "Can she drive?"),
        ("Is it here?", "Is it there?"),
    ],
    "negations": [
        ("Which foods are rich in iron?", "Which foods are not rich in iron?"),
        ("Why does my code work?", "Why doesn't my code work?"),
        ("Which planets have moons?", "Which planets have no moons?"),
    ],
    "time": [
        ("Are you going to eat?", "Were you going to eat?"),
        ("Who is the president of Brazil?", "Who was the president of Brazil?"),
        ("What is the price of gold?", "What will the price of gold be?"),
        ("I fix the bug in the code", "I fixed the bug in the code"),
        ("What is the tallest building in the world?", "What was the tallest building in the world?"),
        ("What are you eating?", "What do you eat?"),
    ],
    "asked": [
        ("When was Mozart born?", "Where was Mozart born?"),
        ("How tall is the tower?", "How old is the tower?"),
        ("Why is the sky blue?", "Is the sky blue?"),
        ("Can I return an item?", "How do I return an item?"),
    ],
    "direction": [
        ("Who is Ann older than?", "Who is older than Ann?"),
        ("What does Java depend on?", "What depends on Java?"),
        ("Which company was Instagram bought by?", "Which company did Instagram buy?"),
        ("What cities are north of Oslo?", "What cities is Oslo north of?"),
        ("How do I get from Paris to London?", "How do I get from London to Paris?"),
        ("Is a cat faster than a dog?", "Is a dog faster than a cat?"),
        ("Why did Germany invade Poland?", "Why did Poland invade Germany?"),
        ("Who did Brutus kill?", "Who did kill Brutus?"),
        ("Is the cat in the house?", "Is the house in the cat?"),
        ("What do wolves hunt?", "What do hunt wolves?"),
        ("How do I get to the airport?", "How do I get from the airport?"),
        ("Which companies use Docker?", "Which companies does Docker use?"),
        ("What is on the box?", "What is in the box?"),
        ("What can I cook with kids?", "What can I cook for kids?"),
        ("Who is the mother of the president?", "Who is the president of the mother?"),
    ],
    "verbatim": [
        ("Who can have O+ blood?", "Who can have O- blood?"),
        ("What time is it in UTC+2?", "What time is it in UTC-2?"),
        ("Is 3 ≥ 2?", "Is 3 ≤ 2?"),
        ("What does 😀 mean?", "What does 😢 mean?"),
        ("What does `git stash` do?", "What does `git stash pop` do?"),
        ("What does x == y do?", "What does x = y do?"),
        ("Explain a || b in C", "Explain b || a in C"),
        ("What does ls -l do?", "What does ls -a do?"),
        ("Translate 'good morning' into French", "Translate 'good night' into French"),
        ("How do I use C++ here?", "How do I use C# here?"),
    ],
    "language": [
        ("What is a virus?", "Was ist ein Virus?"),
        ("How is the weather?", "今日の天気は"),
    ],
    "modal": [
        ("Do cats swim?", "Can cats swim?"),
        ("When should I take antibiotics?", "When can I take antibiotics?"),
    ],
    "person": [("Who are you?", "Who am I?"), ("Which movies do you like?", "Which movies do I like?")],
    "words": [("Kak dela?", "Kak dila?"), ("What is this?", "What is it?")],
}


@pytest.mark.parametrize(("one", "other"), SAME)
def test_the_same_in_other_words(one: str, other: str) -> None:
    """Frames, synonyms, word order, spelling of numbers and politeness make no difference."""
    assert differs(read(one), read(other)) == ""


@pytest.mark.parametrize(("why", "one", "other"), [(why, *pair) for why, pairs in OTHER.items() for pair in pairs])
def test_another_question(why: str, one: str, other: str) -> None:
    """What parts two questions is found, and named."""
    assert differs(read(one), read(other)) == why


@given(st.text(max_size=200))
def test_any_text_agrees_with_itself(text: str) -> None:
    """Whatever is asked, it asks what it asks; and nothing is raised."""
    assert differs(read(text), read(text)) == ""


SMALL = "how do i to from with the cat dog not never paris london 5 10 faster than is was will `x` enable why in"
WORDS = st.sampled_from(SMALL.split())


@given(st.lists(WORDS, max_size=8), st.lists(WORDS, max_size=8))
def test_agreement_is_mutual(one: list[str], other: list[str]) -> None:
    """What parts one question from another parts the other from the one."""
    first, second = read(" ".join(one)), read(" ".join(other))
    assert differs(first, second) == differs(second, first)


FRAMES = st.sampled_from(
    ["What is {} plus two?", "How do I cook for {} people?", "What happened in {}?", "Set a timer for {} minutes"]
)


@given(FRAMES, st.integers(2, 10_000), st.integers(2, 10_000))
def test_no_changed_number_is_overlooked(frame: str, one: int, other: int) -> None:
    """Two numbers in one frame agree only when they are one number."""
    same = differs(read(frame.format(one)), read(frame.format(f"{other:,}"))) == ""
    assert same == (one == other)


NAMES = st.text("abcdefghijklmnopqrstuvwxyz", min_size=4, max_size=9).map(lambda name: name + "zzo")


@given(NAMES, NAMES)
def test_no_changed_name_is_overlooked(one: str, other: str) -> None:
    """Two names in one frame agree only when they are one name."""
    asked = "What is the capital of {}?"
    assert (differs(read(asked.format(one)), read(asked.format(other.upper()))) == "") == (one == other)


@given(NAMES, NAMES)
def test_no_turned_direction_is_overlooked(one: str, other: str) -> None:
    """From here to there is not from there to here."""
    asked = "How do I drive from {} to {}?"
    agree = differs(read(asked.format(one, other)), read(asked.format(other, one))) == ""
    assert agree == (one == other)
