"""An embedding service of the OpenAI wire without a network: its vectors tell their text, and it can be spoilt."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from ipfs_accel_async import Client, MockTransport
from ipfs_accel_async.wire.http import Request, Response
from tests.answering import JSON, error_body

Spoil = Callable[[dict[str, Any], dict[str, Any]], Any]
"""Given what was asked and the good answer: what to answer instead; a response goes out as it is."""
TOKENS = 5


class EmbeddingServer:
    """Vectors of a text: the length of the model's name, and the number at the text's end.

    Args:
        seconds: A request takes.
        refuses: The status for a request with a text that has ``poison`` in it.
        spoil: Changes answers.

    Attributes:
        sizes: Texts of each request, in order.
        asked: Bodies of the requests.
        now: Requests at this moment; `peak` the most of them.
        aborted: Requests whose client went away.
    """

    def __init__(self, seconds: float = 0.0, *, refuses: int = 400, spoil: Spoil | None = None) -> None:
        self.seconds = seconds
        self.refuses = refuses
        self.spoil = spoil
        self.asked: list[dict[str, Any]] = []
        self.requests: list[Request] = []
        self.times: list[float] = []
        self.now = self.peak = self.aborted = 0
        self.mock = MockTransport(self.answer)

    @property
    def sizes(self) -> list[int]:
        """Texts of each request."""
        return [len(body["input"]) for body in self.asked]

    def client(self, **more: Any) -> Client:
        """A client of it."""
        return Client(transport=self.mock, **{"keys": {"openai": "sk-test"}, "queue_size": 10_000, **more})

    async def answer(self, request: Request) -> Response:
        """Answer one request."""
        body = self.read(request)
        self.now += 1
        self.peak = max(self.peak, self.now)
        try:
            await asyncio.sleep(self.seconds)
        except asyncio.CancelledError:
            self.aborted += 1
            raise
        finally:
            self.now -= 1
        poison = [place for place, text in enumerate(body["input"]) if "poison" in text]
        if poison:
            error = error_body(f"input[{poison[0]}] is not acceptable", "bad_input")
            return MockTransport.reply(error, status=self.refuses, headers=JSON)
        made: Any = self.good(body)
        if self.spoil is not None:
            made = self.spoil(body, made)
        return made if isinstance(made, Response) else MockTransport.reply(made, headers=JSON)

    def read(self, request: Request) -> dict[str, Any]:
        """What is asked, noted down."""
        body: dict[str, Any] = json.loads(request.body)
        self.asked.append(body)
        self.requests.append(request)
        self.times.append(asyncio.get_running_loop().time())
        return body

    @staticmethod
    def good(body: dict[str, Any]) -> dict[str, Any]:
        """The answer that is right."""
        data = [{"index": place, "embedding": vector(body["model"], text)} for place, text in enumerate(body["input"])]
        tokens = TOKENS * len(data) + 1
        return {"data": data, "model": body["model"], "usage": {"prompt_tokens": tokens, "total_tokens": tokens}}


def vector(model: str, text: str) -> list[float]:
    """What a text's vector is, of a model by its bare name."""
    return [float(len(model)), float(text.split()[-1])]


def right(answer: Any, model: str, text: str) -> bool:
    """Whether an answer is that of its own text."""
    return bool(answer.vectors.tolist() == [vector(model, text)])
