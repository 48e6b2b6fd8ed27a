"""Tokens that a callable gives: asked by one for all, in one loop after another."""

from __future__ import annotations

import asyncio

import pytest

from ipfs_accel_async import ConfigError
from ipfs_accel_async.keys import Bearer, Token


async def test_a_plain_callable_is_asked_each_time() -> None:
    """It keeps what it has by itself; what it gives goes into the header for tokens."""
    tokens = iter("ab")
    token = Token(lambda: next(tokens))
    assert [(await token.current()).reveal(), (await token.current()).reveal()] == ["a", "b"]
    assert isinstance(await Token(lambda: "c").current(), Bearer)


async def test_whoever_comes_while_it_is_asked_gets_the_same() -> None:
    """Then it is asked anew."""
    asked = 0

    async def source() -> str:
        nonlocal asked
        asked += 1
        number = asked
        await asyncio.sleep(1)
        return f"t{number}"

    token = Token(source)
    first = asyncio.gather(*(token.current() for _ in range(3)))
    await asyncio.sleep(0.5)
    late = await token.current()
    assert {one.reveal() for one in (*await first, late)} == {"t1"}
    assert (await token.current()).reveal() == "t2"


async def test_when_the_one_who_asks_is_cancelled_another_asks() -> None:
    """One of those who wait, once for all of them; a cancelled one of them is nobody's loss."""
    asked = 0

    async def source() -> str:
        nonlocal asked
        asked += 1
        await asyncio.sleep(10)
        return "t"

    token = Token(source)
    first, second, third, fourth = (asyncio.ensure_future(token.current()) for _ in range(4))
    await asyncio.sleep(1)
    second.cancel()
    first.cancel()
    assert [one.reveal() for one in await asyncio.gather(third, fourth)] == ["t", "t"]
    assert (asked, asyncio.get_running_loop().time()) == (2, 11.0)
    assert first.cancelled()
    assert second.cancelled()


async def test_a_fault_is_everybodys_and_is_not_kept() -> None:
    """The next one asks anew."""
    answers: list[str | Exception] = [OSError("away"), "t"]

    async def source() -> str:
        await asyncio.sleep(1)
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    token = Token(source)
    ended = await asyncio.gather(*(token.current() for _ in range(3)), return_exceptions=True)
    assert [type(one) for one in ended] == [ConfigError] * 3
    assert len({id(one) for one in ended}) == 3  # each has its own traceback
    assert (await token.current()).reveal() == "t"


def test_a_loop_that_died_while_it_asked_leaves_nobody_waiting() -> None:
    """The next loop asks by itself."""

    async def source() -> str:
        await asyncio.sleep(0 if asked else 3_600)
        return "t"

    async def hasty() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.001):
                await token.current()

    asked = False
    token = Token(source)
    loop = asyncio.new_event_loop()
    task = loop.create_task(token.current())
    loop.run_until_complete(asyncio.sleep(0))
    asked = True
    assert asyncio.run(token.current()).reveal() == "t"  # while the other loop stands still
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        loop.run_until_complete(task)
    loop.close()
    asked = False
    asyncio.run(hasty())
    asked = True
    assert asyncio.run(token.current()).reveal() == "t"
