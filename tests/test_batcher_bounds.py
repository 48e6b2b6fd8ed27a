"""How a server is asked for its own bounds."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ipfs_accel_async.answers import NativeAnswer
from ipfs_accel_async.batching.bounds import ask_bounds
from ipfs_accel_async.batching.rules import Rules
from ipfs_accel_async.batching.texts import Texts
from ipfs_accel_async.call import Call
from ipfs_accel_async.errors import ServerError
from ipfs_accel_async.options import Options
from ipfs_accel_async.policy.batch import Bounds
from ipfs_accel_async.providers._operation import Batchable
from ipfs_accel_async.types import NativeRequest
from tests.doubles import a_call


def rules() -> Rules:
    """Those of a server that tells its bounds, and has not yet."""
    table = Batchable("texts", 32, told_by="info", fields=("most_items", "most_tokens"))
    return Rules(Texts(), Bounds(32), 0.1, 5, 10.0, 100, False, "info", table, False, True)


def telling(raw: Any, asked: list[Call]) -> Any:
    """Answers with `raw`."""

    async def answer(call: Call) -> NativeAnswer:
        asked.append(call)
        return NativeAnswer(target=call.target, raw=raw)

    return answer


async def test_it_is_asked_as_urgently_and_in_time_for_who_waits() -> None:
    """By the waiting call's own key and tags, under an id of its own."""
    asked: list[Call] = []
    await asyncio.sleep(1)
    waits = a_call(priority=0, timeout=7.0, tags={"tenant": "a"}, options=Options(key="team"))
    learns = rules()
    await ask_bounds(waits, learns, telling({"most_items": 8, "most_tokens": 100}, asked))
    (call,) = asked
    same = ("target", "priority", "deadline", "submitted", "tags", "options")
    assert [getattr(call, name) for name in same] == [getattr(waits, name) for name in same]
    assert (call.operation, call.payload) == ("info", NativeRequest())
    assert call.request_id not in {"", None, waits.request_id}
    assert call.trace is not waits.trace
    assert (learns.bounds, learns.told_by) == (Bounds(8, tokens=100), "")


@pytest.mark.parametrize("raw", [None, [], "most_items", {"most_items": "8"}, {}])
async def test_what_tells_nothing_changes_nothing(raw: Any) -> None:
    """What is usual holds, and it is not asked again."""
    learns = rules()
    await ask_bounds(a_call(), learns, telling(raw, []))
    assert (learns.bounds, learns.told_by) == (Bounds(32), "")


@pytest.mark.parametrize("error", [ServerError("down"), RuntimeError("a mistake")])
async def test_a_server_that_fails_is_not_asked_again(error: Exception) -> None:
    """The calls that wait go on with what is usual, whatever it was."""

    async def fail(call: Call) -> NativeAnswer:
        raise error

    learns = rules()
    await ask_bounds(a_call(), learns, fail)
    assert (learns.bounds, learns.told_by) == (Bounds(32), "")
