"""Bad input: one typed line, and nothing is sent."""

from __future__ import annotations

from typing import Any

import pytest

from ipfs_accel_async import (
    Client,
    ConfigError,
    InvalidRequestError,
)
from tests.answering import Server


@pytest.mark.parametrize(
    ("call", "kind", "hint"),
    [
        (lambda ai: ai.chat("nobody:m", "hi"), ConfigError, "there is no provider 'nobody'"),
        (lambda ai: ai.chat("opnai:m", "hi"), ConfigError, "did you mean 'openai'"),
        (lambda ai: ai.chat("gpt-4.1", "hi"), InvalidRequestError, "write 'provider:model'"),
        (lambda ai: ai.chat("openai:", "hi"), InvalidRequestError, "names no provider"),
        (lambda ai: ai.chat("openai:m", []), InvalidRequestError, "messages is empty"),
        (lambda ai: ai.chat("openai:m", ""), InvalidRequestError, "every message is empty"),
        (lambda ai: ai.chat("openai:m", "hi", timeout=-1), InvalidRequestError, "timeout must be"),
        (lambda ai: ai.chat("openai:m", "hi", timeout=float("nan")), InvalidRequestError, "timeout must be"),
        (lambda ai: ai.chat("openai:m", "hi", priority="urgent"), InvalidRequestError, "HIGH"),
        (lambda ai: ai.chat("groq:m", "hi"), ConfigError, "set GROQ_API_KEY"),
        (lambda ai: ai.embed("openai:m", []), InvalidRequestError, "texts is empty"),
        (lambda ai: ai.request("openai", "GET", "/../x"), InvalidRequestError, "dot segment"),
    ],
)
async def test_bad_input_gets_one_line_and_nothing_is_sent(call: Any, kind: type[Exception], hint: str) -> None:
    """Each is a typed error of one line that says what to do, before anything is sent."""
    server = Server()
    async with server.client() as ai:
        with pytest.raises(kind, match=hint) as caught:
            await call(ai)
    assert "\n" not in str(caught.value)
    assert server.mock.requests == []


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        ({"keys": {"openai": "sk-a\nsk-b"}}, "line break"),
        ({"keys": {"openai": ""}}, "empty"),
        ({"keys": {"nobody": "sk"}}, "there is no provider"),
        ({"base_urls": {"openai": "https://user:pass@host/v1"}}, "credentials"),
        ({"base_urls": {"openai": "ftp://host"}}, "http"),
        ({"max_concurrent_requests": 0}, "max_concurrent_requests"),
        ({"queue": 3}, "there is no setting 'queue'"),
        ({"providers": {"openai": {"timeout": -1}}}, "timeout"),
        ({"providers": {"openai": {"connect_timeout": 1}}}, "a setting of the client"),
        ({"keys": "sk-test"}, "a mapping by provider"),
        ({"http_client": object(), "transport": object()}, "not both"),
        ({"max_total_concurrent_requests": 0}, "at least 1"),
    ],
)
def test_a_client_is_checked_when_built(options: dict[str, Any], hint: str) -> None:
    """A wrong key, address or setting is refused by the constructor, in one line, without the secret."""
    with pytest.raises(ConfigError, match=hint) as caught:
        Client(**options)
    assert "\n" not in str(caught.value)
    assert "sk-a" not in str(caught.value)
    assert "pass@" not in str(caught.value)
