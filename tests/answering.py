"""A server of the OpenAI wire without a network, for tests of the client."""

from __future__ import annotations

import asyncio
from typing import Any

from ipfs_accel_async import Client, MockTransport
from ipfs_accel_async.wire.http import Request, Response

JSON = {"content-type": "application/json"}
SSE = {"content-type": "text/event-stream"}


def completion(text: str = "hello", **more: Any) -> dict[str, Any]:
    """A chat completion of the OpenAI wire."""
    message = {"role": "assistant", "content": text}
    usage = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
    choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
    return {
        "id": "c1",
        "object": "chat.completion",
        "created": 1,
        "model": "m-1",
        "choices": choices,
        "usage": usage,
    } | more


def error_body(message: str, code: str | None = None) -> dict[str, Any]:
    """An error body of the OpenAI wire."""
    return {"error": {"message": message, "type": "x", "param": None, "code": code}}


class Server:
    """Answers from a list, then with a completion for ever."""

    def __init__(self, *answers: Response, seconds: float = 0.0) -> None:
        self.answers = list(answers)
        self.seconds = seconds
        self.mock = MockTransport(self.answer)
        self.now = 0
        self.peak = 0

    async def answer(self, request: Request) -> Response:
        self.now += 1
        self.peak = max(self.peak, self.now)
        try:
            await asyncio.sleep(self.seconds)
        finally:
            self.now -= 1
        return self.answers.pop(0) if self.answers else MockTransport.reply(completion(), headers=JSON)

    def client(self, **more: Any) -> Client:
        """A client of it, with a key for OpenAI."""
        return Client(transport=self.mock, **{"keys": {"openai": "sk-test"}, **more})


def header(request: Request, name: str) -> str | None:
    """A header of a request."""
    return next((value.decode() for key, value in request.headers if key.decode() == name), None)
