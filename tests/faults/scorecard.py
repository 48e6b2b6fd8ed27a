"""``python -m tests.faults.scorecard``: the same faults for several clients, and who gets through them.

Each row is a fault and what a caller needs of it: an error instead of half an answer, no wait beyond the two seconds
that were asked for, no key sent elsewhere, no memory without bound. Clients that are not installed are left out.
"""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import sys
import tracemalloc
import warnings
from collections.abc import Awaitable, Callable
from typing import Any

from tests.answering import error_body
from tests.faults.http import BODY, CUT_BODIES, answer, chunk, encoded, raw, refusal, zipped
from tests.faults.rivals import KEY, RIVALS, SECONDS
from tests.faults.script import close, repeat, send, sleep
from tests.faults.server import FaultServer
from tests.faults.streaming import DONE, event

HEAD = raw("200 OK", "content-type: text/event-stream", "transfer-encoding: chunked")
LAST = send(b"0\r\n\r\n")
MIB = 2**20


def stream_of(*parts: bytes) -> tuple[Any, ...]:
    """A stream that ends cleanly."""
    return (send(HEAD), *[send(chunk(part)) for part in parts], LAST)


async def ended(call: Awaitable[str]) -> str | Exception:
    """The text, or the error; a wait far beyond what was asked for is a TimeoutError of our own."""
    try:
        async with asyncio.timeout(SECONDS * 4):
            return await call
    except Exception as error:
        return error


async def errs(kind: Any, script: Any, *, stream: bool = False, most: float = SECONDS * 1.5) -> bool:
    """Whether a fault that stays ends in an error, in time."""
    async with FaultServer() as server:
        server.always = script
        client = kind(server.url)
        began = asyncio.get_running_loop().time()
        end = await ended(client.stream() if stream else client.chat())
        took = asyncio.get_running_loop().time() - began
        await client.close()
    return isinstance(end, Exception) and took < most


async def stays_here(kind: Any) -> bool:
    """A redirect to another host: neither key nor prompt arrives there."""
    async with FaultServer() as other, FaultServer() as server:
        server.always = (send(answer(b"", f"location: {other.url.replace('127.0.0.1', 'localhost')}/x", status=307)),)
        client = kind(server.url)
        await ended(client.chat())
        await client.close()
        return not other.requests


async def bounded(kind: Any, script: Any, *, stream: bool) -> bool:
    """Whether a flood ends in an error with less than 100 MiB held."""
    tracemalloc.start()
    try:
        failed = await errs(kind, script, stream=stream, most=SECONDS * 4)
        return failed and tracemalloc.get_traced_memory()[1] < 100 * MIB
    finally:
        tracemalloc.stop()


async def same_text(kind: Any) -> bool:
    """A stream with U+2028 and U+0085 in its text."""
    text = "a\u2028b\u0085c"
    data = event(text).decode().encode().replace(rb"\u2028", "\u2028".encode()).replace(rb"\u0085", "\u0085".encode())
    async with FaultServer(stream_of(data, DONE)) as server:
        client = kind(server.url)
        end = await ended(client.stream())
        await client.close()
    return end == text


async def soon(kind: Any, value: str) -> bool:
    """A Retry-After that nobody would wait for: the call ends within its time."""
    return await errs(kind, refusal(429, f"retry-after: {value}"), most=SECONDS * 2)


async def asked_once(kind: Any) -> bool:
    """A 429 that means an empty account is not tried again."""
    async with FaultServer() as server:
        server.always = refusal(429, code="insufficient_quota")
        client = kind(server.url)
        await ended(client.chat())
        await client.close()
        return len(server.requests) == 1


async def after_cancels(kind: Any) -> bool:
    """Three thousand cancelled calls, then forty that must succeed."""
    async with FaultServer() as server:
        server.always = (sleep(0.002), send(answer()))
        client = kind(server.url)
        for turn in range(60):
            tasks = [asyncio.ensure_future(client.chat()) for _ in range(50)]
            await asyncio.sleep(0.001 * (turn % 7))
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        ends = await asyncio.gather(*(ended(client.chat()) for _ in range(40)))
        await client.close()
    return all(end == "hello" for end in ends)


async def hides_the_key(kind: Any) -> bool:
    """A key with the line end of its file: sent without it, or an error that does not show it."""
    async with FaultServer() as server:
        try:
            client = kind(server.url, f"{KEY}\n")
            end = await ended(client.chat())
            await client.close()
        except Exception as error:
            end = error
    seen, shown = end, ""
    while isinstance(seen, BaseException):
        shown += f"{seen!s}{seen!r}"
        seen = seen.__cause__ or seen.__context__
    return KEY not in shown


Check = Callable[[Any], Awaitable[bool]]
LATE = (send(HEAD), send(chunk(event("x"))), sleep(0.02), send(b"zz\r\nabc\r\n"), close())
ROWS: dict[str, Check] = {
    "B03 a body shorter than its length": lambda kind: errs(kind, CUT_BODIES["shorter than its length"]),
    "B03 a bad chunk in a later packet": lambda kind: errs(kind, LATE, stream=True),
    "B05 an empty answer under 200": lambda kind: errs(kind, (send(answer(b"")),)),
    "B05 a login page under 200": lambda kind: errs(kind, (send(answer(b"<html>", kind="content-type: text/html")),)),
    "B05 a list instead of an answer": lambda kind: errs(kind, (send(answer(b"[]")),)),
    "B06 an error object under 200": lambda kind: errs(kind, (send(answer(error_body("no", "server_error"))),)),
    "B13 a redirect to another host": stays_here,
    "B14 a bomb of 300 MiB": lambda kind: bounded(kind, encoded(zipped(300 * MIB), "gzip"), stream=False),
    "B02 a byte now and then": lambda kind: errs(
        kind, (send(raw("200 OK", f"content-length: {len(BODY)}")), *[send(b" "), sleep(0.2)] * 100)
    ),
    "S04 U+2028 inside a text": same_text,
    "S06 a line without an end": lambda kind: bounded(
        kind, (send(HEAD), repeat(chunk(b"data: " + b"x" * 65_000), 4_000)), stream=True
    ),
    "S08 a stream that just ends": lambda kind: errs(kind, stream_of(event("half")), stream=True),
    "S10 an error inside a stream": lambda kind: errs(
        kind, stream_of(event("x"), b'data: {"error":{"message":"no","code":500}}\n\n', DONE), stream=True
    ),
    "H02 Retry-After of a month": lambda kind: soon(kind, "2592000"),
    "H03 Retry-After: inf": lambda kind: soon(kind, "inf"),
    "H08 an empty account": asked_once,
    "X01 calls after many cancelled ones": after_cancels,
    "Z04 a key with a line end": hides_the_key,
}


async def card() -> dict[str, dict[str, bool]]:
    """Every row for every client that is installed."""
    names = [name for name, (module, _) in RIVALS.items() if importlib.util.find_spec(module)]
    made: dict[str, dict[str, bool]] = {}
    for row, check in ROWS.items():
        made[row] = {name: await check(RIVALS[name][1]) for name in names}
    return made


def lines(made: dict[str, dict[str, bool]]) -> list[str]:
    """The table."""
    names = list(next(iter(made.values())))
    shown = [f"{'':<40}" + "".join(f"{name:>18}" for name in names)]
    for row, marks in made.items():
        shown.append(f"{row:<40}" + "".join(f"{'yes' if marks[name] else '-':>18}" for name in names))
    sums = "".join(f"{sum(marks[name] for marks in made.values()):>18}" for name in names)
    return [*shown, f"{'of ' + str(len(made)):<40}{sums}"]


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    sys.stdout.write("\n".join(lines(asyncio.run(card()))) + "\n")
