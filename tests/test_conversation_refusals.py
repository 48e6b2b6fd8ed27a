"""What is no conversation: refused in one line that names the place."""

from __future__ import annotations

from typing import Any

import pytest

from ipfs_accel_async import Client, InvalidRequestError, Message, MockTransport, system, tool, user

BAD: list[tuple[Any, str]] = [
    ([], "messages is empty"),
    (iter(()), "messages is empty"),
    ("", "messages has no text"),
    ([""], "messages has no text"),
    ([user(""), system("")], "messages has no text"),
    ([user(), {"role": "user"}], "messages has no text"),
    (None, "messages must be a string or a list of messages, not NoneType"),
    (5, "messages must be a string or a list of messages, not int"),
    (b"hi", "messages[0] is int"),
    (["hi", None], "messages[1] is NoneType"),
    ([["hi"]], "messages[0] is list"),
    ([{"content": "hi"}], "messages[0] has the role ''"),
    ([{"role": "human", "content": "hi"}], "messages[0] has the role 'human'"),
    ([{"role": "us\ner", "content": "hi"}], "messages[0] has the role"),
    ([{"role": ["user"], "content": "hi"}], "messages[0] has the role"),
    ([Message("bot", "hi")], "messages[0] has the role 'bot'"),  # type: ignore[arg-type]
    ([{"role": "user", "content": 5}], "messages[0].content must be text or a list"),
    ([{"role": "user", "content": b"hi"}], "messages[0].content must be text or a list"),
    ([{"role": "user", "content": {"type": "text", "text": "hi"}}], "messages[0].content must be text or a list"),
    ([{"role": "user", "content": [5]}], "messages[0].content has a part of type int"),
    (
        [{"role": "user", "content": [{"type": "text", "text": 5}]}],
        "messages[0].content has a text part whose text is int",
    ),
    ([Message("user", ["hi"])], "messages[0].content must be text or a tuple"),  # type: ignore[arg-type]
    ([Message("user", ("hi",))], "messages[0].content must be text or a tuple"),  # type: ignore[arg-type]
    ([Message("user", None)], "messages[0].content must be text or a tuple"),  # type: ignore[arg-type]
    ([tool("c", {"a": 1})], "messages[0].content must be text or a tuple"),  # type: ignore[arg-type]
    ([{"role": "assistant", "tool_calls": 5}], "messages[0].tool_calls must be a list"),
    ([{"role": "assistant", "tool_calls": ["c"]}], "messages[0].tool_calls must hold"),
    ([{"role": "assistant", "tool_calls": {"id": "c"}}], "messages[0].tool_calls must hold"),
    ([{"role": "assistant", "tool_calls": [{"id": "c"}]}], "messages[0].tool_calls must hold"),
    (
        [{"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": {1, 2}}}]}],
        "messages[0].tool_calls has arguments that JSON has no word for",
    ),
]
BAD_IMAGES = [
    ("", "without a url"),
    (None, "without a url"),
    ("data:", "data: URL that is not base64"),
    ("data:image/png;base64,", "data: URL that is not base64, or empty"),
    ("data:image/png,abc", "data: URL that is not base64"),
    ("data:image/png;base64", "data: URL that is not base64"),
    ("data:image/png;base64,a", "broken base64"),
    ("data:image/png;base64,a b=", "broken base64"),
    ("data:image/png;base64,ab\ncd", "broken base64"),
    ("data:image/png;base64,_-_-", "broken base64"),
    ("data:image/png;base64,\u00e4\u00e4\u00e4\u00e4", "broken base64"),
]
BAD += [
    ([{"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]}], says)
    for url, says in BAD_IMAGES
]


@pytest.mark.parametrize(("messages", "says"), BAD, ids=range(len(BAD)))
async def test_what_is_no_conversation_is_refused(messages: Any, says: str) -> None:
    """In one line that names the place; nothing is sent."""
    mock = MockTransport(lambda _: MockTransport.reply({}))
    async with Client(transport=mock) as ai:
        with pytest.raises(InvalidRequestError) as caught:
            await ai.chat("vllm:m", messages)
    assert says in caught.value.message
    assert str(caught.value).isprintable()
    assert caught.value.__cause__ is None
    assert mock.requests == []
