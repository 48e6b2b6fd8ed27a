"""All calls of OpenAI's resources, and a client to make them with."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from ipfs_accel_async import Client, MockTransport
from tests.native.openai.assistant_calls import ASSISTANT_CALLS
from tests.native.openai.case import ANSWER
from tests.native.openai.file_calls import FILE_CALLS, TRAINING_CALLS
from tests.native.openai.response_calls import RESPONSE_CALLS
from tests.native.openai.store_calls import STORE_CALLS, VIDEO_CALLS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ipfs_accel_async.native.openai import OpenAIHandle

CASES = [*RESPONSE_CALLS, *VIDEO_CALLS, *FILE_CALLS, *TRAINING_CALLS, *STORE_CALLS, *ASSISTANT_CALLS]
IDS = [f"{case.row}-{number}" for number, case in enumerate(CASES)]
KEY = "sk-resources"


class Told:
    """A transport that gives prepared answers in turn, the last one again and again: JSON, or a Response."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers) or [ANSWER]
        self.mock = MockTransport(self._answer)

    def _answer(self, request: Any) -> Any:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return MockTransport.reply(answer) if isinstance(answer, (dict, list)) else answer


@asynccontextmanager
async def told(*answers: Any, **settings: Any) -> AsyncIterator[tuple[OpenAIHandle, MockTransport]]:
    """OpenAI's handle on prepared answers, and what it sends."""
    transport = Told(*answers).mock
    async with Client(transport=transport, keys={"openai": KEY}, **settings) as ai:
        yield ai.openai, transport


def stream(*frames: bytes) -> Any:
    """A streamed answer."""
    return MockTransport.reply(body=b"".join(frames), headers={"content-type": "text/event-stream"})
