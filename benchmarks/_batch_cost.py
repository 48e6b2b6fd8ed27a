"""What the batcher itself costs: the same calls through it, and past it to an answer that is there already."""

from __future__ import annotations

import asyncio
import json
import time
from functools import partial
from statistics import median
from typing import Any

from benchmarks._run import pin

SIZE = 64
ROUNDS = 60


async def measure() -> dict[str, float]:
    """Microseconds of CPU an item at a batch size of 64: gathering, merging, sharing out, traces and usage."""
    import numpy as np

    from ipfs_accel_async import Client, MockTransport
    from ipfs_accel_async.answers import Embeddings, Usage
    from ipfs_accel_async.call import Call
    from ipfs_accel_async.types import EmbedRequest

    vectors = np.zeros((SIZE, 256), np.float32)
    async with Client(transport=MockTransport(lambda _: MockTransport.reply({})), keys={"openai": "k"}) as ai:
        loop = asyncio.get_running_loop()
        target = ai._engine.target("openai:e", "embed")
        batcher = ai._engine.runtime()._batcher

        async def handler(call: Call) -> Embeddings:
            turn = loop.create_future()
            loop.call_soon(turn.set_result, None)
            await turn
            rows = len(call.payload.texts)  # type: ignore[attr-defined]
            return Embeddings(target=call.target, vectors=vectors[:rows], usage=Usage(7 * rows, 0, 7 * rows))

        answer = Embeddings(target=target, vectors=vectors[:1])

        async def past(call: Call) -> Embeddings:
            return answer

        async def calls(handle: Any, number: int) -> None:
            text = f"a text of some few words and of number {number}"  # equal ones would share a place
            for _ in range(ROUNDS):
                await handle(Call("embed", target, EmbedRequest((text,)), deadline=1e18))

        async def cost(handle: Any) -> float:
            start = time.process_time()
            await asyncio.gather(*(calls(handle, number) for number in range(SIZE)))
            return (time.process_time() - start) / (SIZE * ROUNDS) * 1e6

        through = partial(batcher, next=handler)
        await cost(through)
        pairs = [(await cost(through), await cost(past)) for _ in range(9)]
    return {"through": median(one for one, _ in pairs), "past": median(other for _, other in pairs)}


if __name__ == "__main__":
    pin(0)
    print(json.dumps(asyncio.run(measure())))
