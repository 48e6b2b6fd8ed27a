"""A voice turn: three calls, one conversation."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ipfs_accel_async import (
    AuthenticationError,
    Client,
    InvalidRequestError,
    MockTransport,
    ServerError,
    system,
    user,
)
from ipfs_accel_async.simulator import simulate
from ipfs_accel_async.simulator.synthetic_media import heard, wav
from ipfs_accel_async.wire.http import Request, Response
from tests.forms import fields, sent

WAV = ("hello.wav", b"RIFF$\0\0\0WAVEfmt ")
CALL = {"id": "c1", "type": "function", "function": {"name": "clock", "arguments": "{}"}}
SAID = {"role": "assistant", "content": "Noon."}


def answering(text: str = "What time is it?", message: Any = SAID, failing: str = "") -> MockTransport:
    """A service that hears `text` and answers `message`; one of its endpoints may fail."""

    def answer(request: Request) -> Response:
        if failing and request.url.endswith(failing):
            return MockTransport.reply({"error": {"message": "It failed.", "code": None}}, status=500)
        if request.url.endswith("/audio/transcriptions"):
            return MockTransport.reply({"text": text})
        if request.url.endswith("/chat/completions"):
            return MockTransport.reply({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})
        return MockTransport.reply(body=b"\xff\xf3", headers={"content-type": "audio/mpeg"})

    return MockTransport(answer)


def client(mock: MockTransport) -> Client:
    """A client of that service."""
    return Client(transport=mock, keys={"openai": "sk-voice"}, max_retries=0)


async def test_a_turn_hears_thinks_and_speaks() -> None:
    """What was heard is the user's turn, the reply is spoken, and the conversation goes on with both."""
    mock = answering()
    async with client(mock) as ai:
        turn = await ai.openai.voice_turn(
            WAV,
            messages=[system("Be brief.")],
            chat_model="gpt-4.1",
            transcribe_model="whisper-1",
            speech_model="tts-1",
            voice="nova",
            speech_format="mp3",
            language="en",
            chat_params={"temperature": 0},
            speech_params={"speed": 1.5},
        )
    hear, think, speak = mock.requests
    assert fields(sent(hear)) == {"model": "whisper-1", "language": "en"}
    assert json.loads(think.body) == {
        "model": "gpt-4.1",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "What time is it?"},
        ],
        "temperature": 0,
    }
    assert json.loads(speak.body) == {
        "model": "tts-1",
        "input": "Noon.",
        "voice": "nova",
        "response_format": "mp3",
        "speed": 1.5,
    }
    assert turn.speech is not None
    assert (turn.heard.text, turn.reply.text, turn.speech.data) == ("What time is it?", "Noon.", b"\xff\xf3")
    assert turn.messages == (system("Be brief."), user("What time is it?"), turn.reply.message)


async def test_a_reply_without_words_is_not_spoken() -> None:
    """A model that only calls a tool says nothing; the conversation has its turn."""
    mock = answering(message={"role": "assistant", "content": None, "tool_calls": [CALL]})
    async with client(mock) as ai:
        turn = await ai.openai.voice_turn(WAV)
    assert turn.speech is None
    assert turn.messages[-1].tool_calls[0].name == "clock"
    assert len(mock.requests) == 2


async def test_silence_is_no_turn() -> None:
    """Nothing was said: a typed error, and no model is asked."""
    mock = answering(text=" \n")
    async with client(mock) as ai:
        with pytest.raises(InvalidRequestError, match="nothing was said"):
            await ai.openai.voice_turn(WAV)
    assert len(mock.requests) == 1


@pytest.mark.parametrize(
    ("failing", "model"),
    [
        ("/audio/transcriptions", "gpt-4o-mini-transcribe"),
        ("/chat/completions", "gpt-4.1-mini"),
        ("/audio/speech", "gpt-4o-mini-tts"),
    ],
)
async def test_an_error_says_which_call_failed(failing: str, model: str) -> None:
    """Its target is the model of that call, and nothing is asked after it."""
    mock = answering(failing=failing)
    async with client(mock) as ai:
        with pytest.raises(ServerError, match="It failed") as caught:
            await ai.openai.voice_turn(WAV)
    assert str(caught.value.target) == f"openai:{model}"
    assert mock.requests[-1].url.endswith(failing)


async def test_a_file_that_cannot_be_read_is_refused() -> None:
    """Before anything is sent; so is a conversation that is none."""
    mock = answering()
    async with client(mock) as ai:
        with pytest.raises(InvalidRequestError, match="cannot be read"):
            await ai.openai.voice_turn("no-such-file.wav")
        with pytest.raises(InvalidRequestError, match="messages"):
            await ai.openai.voice_turn(WAV, messages=[7])
    assert mock.requests == []


@pytest.mark.sockets
async def test_a_conversation_is_spoken_over_sockets() -> None:
    """Two turns over the twin: the second knows the first, and what is spoken can be heard again."""
    async with simulate("openai") as sim, Client(keys={"openai": "k"}, base_urls=sim.base_urls) as ai:
        first = await ai.openai.voice_turn(wav("Name three primes."), speech_format="wav")
        assert first.heard.text == "Name three primes."
        assert first.speech is not None
        words, seconds = heard(first.speech.data)
        assert words == first.reply.text
        assert seconds > 0
        second = await ai.openai.voice_turn(first.speech.data, messages=first.messages)
        assert [message.role for message in second.messages] == ["user", "assistant", "user", "assistant"]
        assert second.heard.text == first.reply.text


@pytest.mark.sockets
async def test_a_refused_key_stops_the_turn() -> None:
    """A typed error of the first call, over sockets too."""
    async with simulate("openai", keys="right") as sim, Client(keys={"openai": "no"}, base_urls=sim.base_urls) as ai:
        with pytest.raises(AuthenticationError):
            await ai.openai.voice_turn(wav("Hello."))
