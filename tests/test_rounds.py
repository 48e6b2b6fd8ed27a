"""The loop of function calling."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from ipfs_accel_async import (
    Client,
    ConfigError,
    InvalidRequestError,
    MockTransport,
    ResponseValidationError,
    RoundsExceededError,
)


def calls(*wanted: tuple[str, str]) -> dict[str, Any]:
    """An answer that calls functions."""
    asked = [
        {"id": f"call_{number}", "type": "function", "function": {"name": name, "arguments": arguments}}
        for number, (name, arguments) in enumerate(wanted)
    ]
    return answer({"role": "assistant", "content": None, "tool_calls": asked}, "tool_calls")


def answer(message: dict[str, Any], reason: str = "stop") -> dict[str, Any]:
    """A chat completion."""
    usage = {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12}
    return {
        "id": "x",
        "model": "m",
        "choices": [{"index": 0, "message": message, "finish_reason": reason}],
        "usage": usage,
    }


def says(text: str) -> dict[str, Any]:
    """An answer in words."""
    return answer({"role": "assistant", "content": text})


class Service:
    """Answers in turn and keeps what it was sent."""

    def __init__(self, *answers: dict[str, Any]) -> None:
        self.answers = list(answers)
        self.bodies: list[dict[str, Any]] = []

    def __call__(self, request: Any) -> Any:
        """One request."""
        self.bodies.append(json.loads(request.body))
        return MockTransport.reply(self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])


def client(service: Service) -> Client:
    """A client of it."""
    return Client(transport=MockTransport(service), keys={"openai": "k"})


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


async def test_functions_are_called_until_the_model_speaks() -> None:
    """The results go back under the ids of their calls, as JSON; tokens of all rounds are summed."""
    service = Service(calls(("add", '{"a":1,"b":2}'), ("add", '{"a":3,"b":4}')), says("3 and 7"))
    async with client(service) as ai:
        done = await ai.run_tools("openai:m", "Add.", [add], temperature=0)
    assert done.text == "3 and 7"
    assert (done.rounds, done.input_tokens, done.output_tokens) == (2, 20, 4)
    assert [turn["role"] for turn in service.bodies[1]["messages"]] == ["user", "assistant", "tool", "tool"]
    assert [(turn["tool_call_id"], turn["content"]) for turn in service.bodies[1]["messages"][2:]] == [
        ("call_0", "3"),
        ("call_1", "7"),
    ]
    assert all(body["tools"][0]["function"]["name"] == "add" and body["temperature"] == 0 for body in service.bodies)
    assert [message.role for message in done.messages] == ["user", "assistant", "tool", "tool", "assistant"]


async def test_calls_of_one_round_run_at_the_same_time() -> None:
    """Three that wait a second each take one second."""

    async def wait(seconds: float) -> str:
        """Wait."""
        await asyncio.sleep(seconds)
        return "done"

    service = Service(calls(*[("wait", '{"seconds":1}')] * 3), says("ok"))
    loop = asyncio.get_running_loop()
    async with client(service) as ai:
        started = loop.time()
        await ai.run_tools("openai:m", "Wait.", [wait])
    assert loop.time() - started == pytest.approx(1.0)


async def test_the_loop_is_bounded_and_loses_nothing() -> None:
    """A model that never stops calling is an error that has the whole conversation."""
    service = Service(calls(("add", '{"a":1,"b":2}')))
    async with client(service) as ai:
        with pytest.raises(RoundsExceededError, match="max_rounds") as caught:
            await ai.run_tools("openai:m", "Add.", [add], max_rounds=3)
    assert len(service.bodies) == 3
    assert [message.role for message in caught.value.messages] == ["user", *["assistant", "tool"] * 3]


@pytest.mark.parametrize(
    "wanted", [("add", "no json"), ("add", '{"a":1}'), ("add", '{"a":1,"b":"x"}'), ("subtract", '{"a":1,"b":2}')]
)
async def test_a_wrong_call_is_typed_or_told_to_the_model(wanted: tuple[str, str]) -> None:
    """By default it is an error; with tell_errors the model hears of it and may try again."""
    async with client(Service(calls(wanted))) as ai:
        with pytest.raises(ResponseValidationError, match=wanted[0]):
            await ai.run_tools("openai:m", "Add.", [add])
    service = Service(calls(wanted), says("sorry"))
    async with client(service) as ai:
        done = await ai.run_tools("openai:m", "Add.", [add], tell_errors=True)
    assert done.text == "sorry"
    assert service.bodies[1]["messages"][2]["content"].startswith("error: ")


async def test_a_functions_own_error_reaches_the_caller_unchanged() -> None:
    """Not wrapped in a group, and the calls beside it are cancelled."""
    cancelled: list[bool] = []

    def fails() -> None:
        """Fail."""
        raise LookupError("no such city")

    async def waits() -> None:
        """Wait for ever."""
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    async with client(Service(calls(("waits", ""), ("fails", "")))) as ai:
        with pytest.raises(LookupError, match="no such city"):
            await ai.run_tools("openai:m", "Go.", [fails, waits])
    assert cancelled == [True]


async def test_a_forced_choice_is_forced_once() -> None:
    """Else the model could never answer."""
    service = Service(calls(("add", '{"a":1,"b":2}')), says("3"))
    async with client(service) as ai:
        await ai.run_tools("openai:m", "Add.", [add], tool_choice="required")
    assert [body["tool_choice"] for body in service.bodies] == ["required", "auto"]


async def test_a_result_that_json_cannot_carry_is_refused() -> None:
    """The message says what to return instead."""

    def odd() -> object:
        """Return something odd."""
        return object()

    async with client(Service(calls(("odd", "")))) as ai:
        with pytest.raises(InvalidRequestError, match="return text"):
            await ai.run_tools("openai:m", "Go.", [odd])


@pytest.mark.parametrize("rounds", [0, -1, True, 1.5, "3"])
async def test_rounds_are_a_whole_number(rounds: Any) -> None:
    """Nothing is sent for another."""
    service = Service(says("x"))
    async with client(service) as ai:
        with pytest.raises(InvalidRequestError, match="max_rounds"):
            await ai.run_tools("openai:m", "Go.", [add], max_rounds=rounds)
        with pytest.raises(ConfigError, match="empty"):
            await ai.run_tools("openai:m", "Go.", [])
    assert not service.bodies
