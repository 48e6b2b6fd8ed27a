"""Token counts without the service."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async import Client, Image, MockTransport, Text, Tool, tool, user
from ipfs_accel_async.conversation import as_messages
from ipfs_accel_async.estimates import estimate, estimate_input, most_output, tokens_of
from ipfs_accel_async.payloads import ClassifyRequest, CompleteRequest, ModerateRequest, RerankRequest, SpeechRequest
from ipfs_accel_async.types import ChatRequest, EmbedRequest, NativeRequest

KNOWN = [
    ("The quick brown fox jumps over the lazy dog.", 10),
    ("Hello, world!", 4),
    ("I would like to know how many tokens there are in this sentence, please.", 16),
    ("An asynchronous client bounds every call in time, attempts and memory.", 13),
]
"""English prose and what a byte-pair vocabulary of 200,000 makes of it."""


@pytest.mark.parametrize(("text", "tokens"), KNOWN)
def test_prose_is_estimated_within_a_third(text: str, tokens: int) -> None:
    """An estimate, not a count: good enough to choose a model or to budget."""
    assert abs(tokens_of(text) - tokens) <= tokens / 3


@given(st.text(max_size=200), st.text(max_size=200))
def test_more_text_never_has_fewer_tokens(one: str, two: str) -> None:
    """Nothing is negative, nothing overflows, and two texts have at most a token more than their parts."""
    assert 0 <= tokens_of(one) <= tokens_of(f"{one}\n\n{two}")
    assert tokens_of(f"{one}\n\n{two}") <= tokens_of(one) + tokens_of(two) + 1


def test_everything_in_a_chat_counts() -> None:
    """Roles, images, tool calls and their answers, and the tools that are offered."""
    plain = estimate(ChatRequest(as_messages("Hello")))
    pictured = estimate(ChatRequest((user("Hello", Image(url="https://example.com/a.png")),)))
    offered = estimate(ChatRequest(as_messages("Hello"), (Tool("weather", "Tell the weather of a city."),)))
    answered = estimate(ChatRequest((*as_messages("Hello"), tool("call_1", "four degrees"))))
    assert plain < answered < pictured
    assert plain < offered
    assert estimate(ChatRequest((user(Text("Hello")),))) == plain


async def test_a_provider_that_cannot_count_gives_an_estimate_that_says_so() -> None:
    """Nothing is sent for it."""
    mock = MockTransport(lambda _: MockTransport.reply({}))
    async with Client(transport=mock, base_urls={"groq": "http://127.0.0.1:1"}, keys={"groq": "k"}) as ai:
        counted = await ai.count_tokens("groq:m", "Hello there")
    assert counted.estimated
    assert counted.tokens == estimate(ChatRequest(as_messages("Hello there")))
    assert not mock.requests


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", 0),
        (" ", 0),
        ("word", 1),
        ("extraordinary", 3),
        ("1234567", 3),
        ("a  b\n\n\nc", 5),
        ("\u043f\u0440\u0438\u0432\u0435\u0442", 2),
        ("\u4f60\u597d", 2),
        ("f(x);", 5),
    ],
)
def test_the_rule_of_the_estimate(text: str, tokens: int) -> None:
    """Words by six letters, numbers by three digits, other alphabets by three letters, signs and marks one each."""
    assert tokens_of(text) == tokens


def test_every_operation_has_an_estimate_of_its_input() -> None:
    """Texts count wherever they stand; data does not count as text."""
    assert estimate_input(EmbedRequest(("two words", "three more words"))) == 5
    assert estimate_input(CompleteRequest(("Once upon", "a time"), suffix="the end")) == 6
    assert estimate_input(RerankRequest("query", ("one", "two"))) == 3
    assert estimate_input(ModerateRequest(("some words",))) == 2
    assert estimate_input(ClassifyRequest((("one", "two"), "three"))) == 3
    assert estimate_input(SpeechRequest("say this")) == 2
    assert estimate_input(NativeRequest("POST", json={"input": ["a word", 5, None]})) == 4
    assert estimate_input(NativeRequest("GET")) == 0
    picture = {"image": "QUJD" * 250_000}
    assert estimate_input(NativeRequest("POST", json=picture)) <= 1_000


def test_the_most_output_that_is_asked_for() -> None:
    """The own field, the services' names for it, no bound, or no output at all."""
    chat = ChatRequest(as_messages("Hello"))
    assert most_output(chat) is None
    assert most_output(replace(chat, max_tokens=50)) == 50
    assert most_output(replace(chat, params={"max_completion_tokens": 70})) == 70
    assert most_output(replace(chat, params={"max_tokens": "many"})) is None
    assert most_output(NativeRequest("POST", json={"max_output_tokens": 9})) == 9
    assert most_output(NativeRequest("POST", json=[1])) is None
    assert most_output(EmbedRequest(("text",))) == 0
