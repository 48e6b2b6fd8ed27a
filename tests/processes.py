"""Programs that tests run in a process of their own, with a client of a small service that runs in the test's."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.transport.raw_server import raw_server, read_request, response

if TYPE_CHECKING:
    from collections.abc import Callable

PREAMBLE = """
import asyncio, gc, os, signal, sys
from ipfs_accel_async import *

async def a_client(**options):
    return Client(base_urls={"openai": os.environ["SERVICE"]}, keys={"openai": "sk-CANARY"}, max_retries=0, **options)

async def asked(ai, number):
    while sum(lane["active"] for lane in ai.statistics()["lanes"]) < number:
        await asyncio.sleep(0.005)

"""


class Ran(NamedTuple):
    """How a program ended."""

    status: int
    out: str
    err: str


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer a chat with its own words; ``slow 2`` after two seconds."""
    while True:
        _, body = await read_request(reader)
        words = json.loads(body)["messages"][0]["content"]
        await asyncio.sleep(float(words.partition("slow ")[2] or 0))
        message = {"message": {"role": "assistant", "content": words}, "finish_reason": "stop", "index": 0}
        answer = json.dumps({"id": "1", "model": "m", "choices": [message]}).encode()
        writer.write(response(answer, "content-type: application/json"))


async def run(
    program: str,
    *flags: str,
    seconds: float = 30,
    meanwhile: Callable[[asyncio.subprocess.Process], object] | None = None,
) -> Ran:
    """Run a program after the preamble.

    Args:
        program: Its source.
        flags: Of the interpreter.
        seconds: After which it is killed.
        meanwhile: Is called with the process once it has printed its first line.
    """
    source = PREAMBLE + textwrap.dedent(program)
    async with raw_server(_serve) as url:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *flags,
            "-c",
            source,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent), "SERVICE": url},
        )
        first = b""
        try:
            async with asyncio.timeout(seconds):
                if meanwhile is not None and process.stdout is not None:
                    first = await process.stdout.readline()
                    meanwhile(process)
                out, err = await process.communicate()
        except TimeoutError:
            process.kill()
            await process.wait()
            raise
    assert process.returncode is not None
    return Ran(process.returncode, (first + out).decode(), err.decode())
