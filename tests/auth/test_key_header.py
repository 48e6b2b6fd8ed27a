"""The header that carries the key: another name, another word before it, for gateways that want that."""

from __future__ import annotations

from typing import Any

import pytest

from ipfs_accel_async import Client, ConfigError, MockTransport
from ipfs_accel_async.config import settings
from tests.canary import CANARY, leaks, shows

CHAT = {"choices": [{"message": {"role": "assistant", "content": "ok"}, "finish_reason": "stop"}]}
CLAUDE = {
    "id": "m",
    "model": "m",
    "role": "assistant",
    "content": [{"type": "text", "text": "ok"}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 1, "output_tokens": 1},
}
GEMINI = {"candidates": [{"content": {"role": "model", "parts": [{"text": "ok"}]}, "finishReason": "STOP"}]}
VERTEX = "https://europe-west1-aiplatform.googleapis.com/v1/projects/p/locations/europe-west1"
USUAL = {b"authorization", b"x-api-key", b"api-key", b"x-goog-api-key"}


async def sent(model: str, answer: Any, url: str = "", **own: Any) -> dict[bytes, str]:
    """The headers of one chat that may carry a key, as text."""
    mock = MockTransport(lambda _: MockTransport.reply(answer))
    provider = model.partition(":")[0]
    urls = {provider: url} if url else {}
    async with Client(transport=mock, providers={provider: own}, keys={provider: "sk-key"}, base_urls=urls) as ai:
        await ai.chat(model, "hi", max_tokens=5)
    headers = dict(mock.requests[0].headers)
    wanted = USUAL | {str(own.get("key_header", "")).lower().encode()}
    return {name: str(bytes(value), "ascii") for name, value in headers.items() if name in wanted}


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ({"key_header": "X-Api-Key"}, {b"x-api-key": "sk-key"}),
        ({"key_header": "X-Api-Key", "key_scheme": ""}, {b"x-api-key": "sk-key"}),
        ({"key_header": "X-Gateway", "key_scheme": "Token"}, {b"x-gateway": "Token sk-key"}),
        ({"key_scheme": "Token"}, {b"authorization": "Token sk-key"}),
        ({"key_scheme": ""}, {b"authorization": "sk-key"}),
        ({"key_header": "Authorization"}, {b"authorization": "Bearer sk-key"}),
        ({}, {b"authorization": "Bearer sk-key"}),
    ],
)
async def test_the_key_goes_where_the_settings_say(own: dict[str, str], expected: dict[bytes, str]) -> None:
    """In that header alone, behind that word."""
    assert await sent("openai:m", CHAT, **own) == expected


@pytest.mark.parametrize(
    ("model", "answer", "url"),
    [
        ("claude:m", CLAUDE, ""),
        ("gemini:m", GEMINI, ""),
        ("gemini:m", GEMINI, VERTEX),
        ("azure_openai:m", CHAT, "https://r.openai.azure.com"),
        ("hf_tgi:m", CHAT, "http://tgi:80"),
        (
            "ollama:m",
            {"model": "m", "message": {"role": "assistant", "content": "ok"}, "done": True, "done_reason": "stop"},
            "",
        ),
    ],
)
async def test_services_with_a_header_of_their_own_follow_too(model: str, answer: Any, url: str) -> None:
    """Their own is left out."""
    assert await sent(model, answer, url, key_header="X-Gateway-Key") == {b"x-gateway-key": "sk-key"}


async def test_one_client_does_not_change_another() -> None:
    """Codecs of a process are shared until a client has settings of its own."""
    await sent("openai:m", CHAT, key_header="X-Other")
    assert await sent("openai:m", CHAT) == {b"authorization": "Bearer sk-key"}


@pytest.mark.parametrize(
    "own",
    [
        {"key_header": "X Api"},
        {"key_header": ""},
        {"key_header": "Content-Type"},
        {"key_header": "x-org", "headers": {"X-Org": "a"}},
        {"key_scheme": "Two Words"},
        {"key_scheme": "Line\nbreak"},
        {"key_header": 3},
    ],
)
def test_what_cannot_be_a_header_is_refused(own: dict[str, Any]) -> None:
    """One line that names the setting, before anything is sent."""
    with pytest.raises(ConfigError, match=r"^openai: key_(header|scheme)|key_(header|scheme)") as caught:
        settings({}, own, "openai")
    assert "\n" not in str(caught.value)


def test_a_service_that_signs_has_no_such_header() -> None:
    """S3's key never travels."""
    with pytest.raises(ConfigError, match="signs with its key"):
        Client(providers={"s3_kit": {"key_header": "X-Key"}}, keys={"s3_kit": "a:b"})._engine.provider("s3_kit")


async def test_the_key_is_shown_nowhere_in_its_new_place() -> None:
    """A crash reporter that prints the locals of frames sees the header's name alone."""

    def broken(request: Any) -> Any:
        raise RuntimeError(f"{request.headers}")

    async with Client(
        transport=MockTransport(broken),
        providers={"openai": {"key_header": "X-K", "max_retries": 0}},
        keys={"openai": CANARY},
    ) as ai:
        with pytest.raises(Exception) as caught:  # noqa: PT011 - whatever it is, it must not show the key
            await ai.chat("openai:m", "hi")
        assert not shows(repr(ai._engine.provider("openai").codec.auth_headers))
    assert leaks(caught.value, own_frames_only=True) == []
