"""Token counts without the service."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async import Client, Image, MockTransport, Text, Tool, tool, user
from ipfs_accel_async.conversation import as_messages
from ipfs_accel_async.estimates import estimate, tokens_of
from ipfs_accel_async.types import ChatRequest

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
