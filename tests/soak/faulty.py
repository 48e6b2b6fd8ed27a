"""A server in a process of its own that meets a share of its requests with a fault, and tells what it saw.

``python -m tests.soak.faulty --share 0.1`` prints its port. A line of input is answered with one of figures; at the end
of the input it prints the ids of the calls that it saw, each with how often, and ends.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

from tests.answering import completion
from tests.faults.http import (
    CUT_BODIES,
    HALF,
    HEADER_FLOODS,
    JSON,
    LENGTHS,
    answer,
    chunk,
    encoded,
    raw,
    refusal,
    zipped,
)
from tests.faults.script import close, half_close, hang, reset, send, sleep, split
from tests.faults.server import FaultServer
from tests.faults.streaming import DONE, event

if TYPE_CHECKING:
    from tests.faults.script import Script
    from tests.faults.server import Seen

HEAD = raw("200 OK", "content-type: text/event-stream", "transfer-encoding: chunked")
END = b"0\r\n\r\n"
BOMB = zipped(8 * 2**20)

ANY: dict[str, Script] = {  # but no 401: it would put the two keys aside for minutes
    "reset": (reset(),),
    "closed": (close(),),
    "half-closed": (half_close(),),
    "silent": (hang(),),
    "no HTTP": (send(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"), close()),
    "a flood of headers": (send(HEADER_FLOODS["many headers"]), close()),
    "a redirect": (send(answer(b"", "location: http://127.0.0.1:9/", status=302)),),
    "429": refusal(429, "retry-after: 0"),
    **{str(status): refusal(status) for status in (400, 404, 408, 413, 422, 500, 502, 503, 504, 529)},
}
WHOLE: dict[str, Script] = {
    **{f"body {fault}": script for fault, script in CUT_BODIES.items()},
    **{f"length {fault}": script for fault, script in LENGTHS.items()},
    "reset in the body": (send(raw("200 OK", JSON, "content-length: 900", body=HALF)), sleep(0.001), reset()),
    "silent in the body": (send(raw("200 OK", JSON, "content-length: 900", body=HALF)), hang()),
    "a bomb": encoded(BOMB, "gzip"),
    "a broken encoding": encoded(BOMB[:40], "gzip"),
    "a login page": (send(answer(b"<html>please log in</html>", status=200)),),
    "an empty body": (send(answer(b"")),),
    "an error under 200": (send(answer({"error": {"message": "busy", "code": "server_error"}})),),
    "JSON cut": (send(answer(HALF)),),
}


def flow(*parts: bytes) -> bytes:
    """The beginning of a stream."""
    return HEAD + b"".join(chunk(part) for part in parts)


def flows(text: str) -> dict[str, Script]:
    """Streams that go wrong after their first token."""
    begun = flow(event(text))
    return {
        "cut after a token": (send(begun), sleep(0.001), close()),
        "reset after a token": (send(begun), sleep(0.001), reset()),
        "no end mark": (send(begun + END),),
        "a bad chunk": (send(begun), send(b"zz\r\n"), close()),
        "a malformed event": (send(begun + chunk(b'data: {"choices":[\n\n') + END),),
        "an error in the stream": (send(begun + chunk(b'data: {"error":{"message":"no"}}\n\n') + END),),
        "silent after a token": (send(begun), hang()),
        "one JSON body": (send(answer(completion(text))),),
    }


class Tally:
    """The requests that came: the last one, and how often each call was seen."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()
        self.last: Seen

    def append(self, request: Seen) -> None:
        """One more."""
        self.last = request
        self.seen[request.header("x-request-id") or ""] += 1


class Faulty(FaultServer):
    """Answers a chat with its own words; a share of the requests meets a fault instead.

    Args:
        share: Of the requests.
        slow: Most seconds before and within a good answer.
        seed: Of what is random.
    """

    def __init__(self, share: float, slow: float, seed: int) -> None:
        self.faults: Counter[str] = Counter()
        self._share, self._slow, self._rng = share, slow, random.Random(seed)
        super().__init__()
        self.tally = Tally()
        self.requests: Any = self.tally

    @property
    def always(self) -> Script:
        """The script of the request that has just come."""
        asked = json.loads(self.tally.last.body)
        text, streams = asked["messages"][0]["content"], bool(asked.get("stream"))
        if self._rng.random() < self._share:
            ways = ANY if self._rng.random() < 0.5 else flows(text) if streams else WHOLE
            name = self._rng.choice(list(ways))
            self.faults[name] += 1
            return ways[name]
        self.faults["none"] += 1
        wait = (sleep(self._slow * self._rng.random()),) if self._slow else ()
        if streams:
            return (*wait, send(flow(event(text))), *wait, send(chunk(event("!") + DONE) + END))
        whole = answer(completion(text))
        return (*wait, split(whole, 120)) if self._rng.random() < 0.02 else (*wait, send(whole))

    @always.setter
    def always(self, script: Script) -> None:
        """Nothing else is said."""


async def main() -> None:
    """Serve until the input ends."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak.faulty", description=__doc__)
    parser.add_argument("--share", type=float, default=0.1)
    parser.add_argument("--slow", type=float, default=0.0)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda *_: None)  # clients that leave while it writes are what it is here for
    async with Faulty(given.share, given.slow, given.seed) as server:
        _say(server.port)
        while await loop.run_in_executor(None, sys.stdin.readline):
            told = {"open": server.open, "accepted": server.accepted, "faults": server.faults}
            _say(told)
        _say(server.tally.seen)


def _say(what: Any) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main())
