"""OpenAI's twin without a socket: requests in, answers out, each answer held against the description."""

from __future__ import annotations

import json
from typing import Any

from ipfs_accel_async.simulator.openai import OpenAI
from ipfs_accel_async.simulator.twin import Ask, Frames, RejectError
from ipfs_accel_async.wire import multipart
from ipfs_accel_async.wire.multipart import Upload
from tests.native.openai.described import COPIES, answer_faults

BETA = {"openai-beta": "assistants=v2"}


class Talk:
    """A twin and its questions, numbered."""

    def __init__(self) -> None:
        self.twin = OpenAI(7, lambda: 1_800_000_000.0, None)
        self._count = 0

    def raw(
        self, method: str, path: str, body: Any = None, *, form: Any = None, query: dict[str, str] | None = None
    ) -> Any:
        """The twin's answer as it is."""
        self._count += 1
        headers = {"authorization": "Bearer k", **BETA}
        raw = b"" if body is None else json.dumps(body).encode()
        if form is not None:
            raw, headers["content-type"] = multipart.encode(form)
        ask = Ask(self._count, method, f"/v1{path}", query or {}, headers, body, raw)
        return self.twin.answer(ask)

    def say(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """Its JSON, which the description allows."""
        answer = json.loads(self.raw(method, path, body, **more).body)
        if COPIES:
            assert answer_faults(method, path, answer) == [], path
        return answer

    def events(self, method: str, path: str, body: Any = None, **more: Any) -> list[tuple[str, Any]]:
        """The names and data of a stream's events."""
        answer = self.raw(method, path, body, **more)
        assert isinstance(answer, Frames)
        found = []
        for frame in answer.frames:
            name, data = frame.decode().removesuffix("\n\n").split("\n")
            text = data.removeprefix("data: ")
            found.append((name.removeprefix("event: "), None if text == "[DONE]" else json.loads(text)))
        return found

    def refused(self, method: str, path: str, body: Any = None, **more: Any) -> RejectError:
        """The refusal of a request that cannot be served."""
        try:
            self.raw(method, path, body, **more)
        except RejectError as reject:
            return reject
        message = f"{method} {path} was served"
        raise AssertionError(message)

    def upload(self, data: bytes, purpose: str, name: str = "a.jsonl") -> str:
        """The id of a new file."""
        made = self.say("POST", "/files", form=[("purpose", purpose), ("file", Upload(name, data))])
        return str(made["id"])
