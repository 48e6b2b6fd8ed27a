"""stack and settle: order, and done exactly once."""

from __future__ import annotations

import asyncio

import pytest

from ipfs_accel_async.answers import Delta
from ipfs_accel_async.call import Call, Outcome
from ipfs_accel_async.core import Handler, settle, stack
from ipfs_accel_async.errors import ServerError, StreamIncompleteError
from tests.doubles import a_call, a_reply, a_stream


async def test_the_first_layer_is_outermost() -> None:
    """Layers run in the order they are listed, and unwind in reverse."""
    order: list[str] = []

    class Layer:
        def __init__(self, name: str) -> None:
            self.name = name

        async def __call__(self, call: Call, next: Handler) -> object:
            order.append(self.name)
            answer = await next(call)
            order.append(self.name.upper())
            return answer

    async def terminal(call: Call) -> object:
        order.append("-")
        return a_reply(call)

    await stack([Layer("a"), Layer("b")], terminal)(a_call())
    assert order == ["a", "b", "-", "B", "A"]


async def give(value: object) -> object:
    """An awaitable of a value or of an exception."""
    if isinstance(value, BaseException):
        raise value
    return value


@pytest.mark.parametrize(
    ("error", "kind"), [(ServerError("x"), "failed"), (asyncio.CancelledError(), "ignored"), (KeyError("x"), "ignored")]
)
async def test_an_error_settles_once_and_comes_through(error: BaseException, kind: str) -> None:
    """On an error the guard hears of it once, and the error goes on."""
    heard: list[Outcome] = []
    with pytest.raises(type(error)):
        await settle(give(error), heard.append)  # type: ignore[arg-type]
    assert [(one.kind, one.error) for one in heard] == [(kind, error)]


async def test_an_answer_settles_on_return() -> None:
    """A complete answer settles at once, as ok."""
    heard: list[Outcome] = []
    reply = a_reply(a_call())
    assert await settle(give(reply), heard.append) is reply  # type: ignore[arg-type]
    assert heard == [Outcome("ok", None, reply)]


END = (Delta("b"), Delta(end=True))


async def test_a_stream_settles_on_close_innermost_first() -> None:
    """Guards of a stream hear of it when it is closed, once each, in the order an exception would pass them."""
    heard: list[tuple[str, str]] = []
    stream, source = a_stream([Delta("a")], END)
    inner = settle(give(stream), lambda outcome: heard.append(("inner", outcome.kind)))  # type: ignore[arg-type]
    await settle(inner, lambda outcome: heard.append(("outer", outcome.kind)))
    assert [delta.text async for delta in stream] == ["a", "b", ""]
    await stream.aclose()
    await stream.aclose()
    assert heard == [("inner", "ok"), ("outer", "ok")]
    assert source.closed == 1


async def test_leaving_a_stream_early_is_nobodys_fault() -> None:
    """Breaking out settles as ignored, with what came so far."""
    heard: list[Outcome] = []
    stream, _ = a_stream([Delta("a")], END)
    async with stream:
        stream.on_close(heard.append)
        async for _delta in stream:
            break
    assert heard[0].kind == "ignored"
    assert heard[0].answer is not None
    assert heard[0].answer.text == "a"  # type: ignore[attr-defined]


async def test_a_broken_stream_is_a_failure_with_its_partial() -> None:
    """A stream that ends early settles as failed; its error carries the partial reply."""
    heard: list[Outcome] = []
    stream, source = a_stream([Delta("a")], StreamIncompleteError("cut"))
    stream.on_close(heard.append)
    with pytest.raises(StreamIncompleteError) as caught:
        await stream.collect()
    assert caught.value.partial is not None
    assert caught.value.partial.text == "a"
    assert heard[0].kind == "failed"
    assert source.closed == 1
