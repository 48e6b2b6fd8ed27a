"""Files of every service that keeps them are uploaded by the same word."""

from __future__ import annotations

from typing import Any

import pytest

from ipfs_accel_async import Client
from ipfs_accel_async.simulator import simulate

pytestmark = pytest.mark.sockets


@pytest.mark.parametrize("name", ["openai", "groq", "claude", "gemini"])
async def test_a_file_is_uploaded_by_one_word(name: str) -> None:
    """``client.<provider>.files.upload`` with a name and bytes; the answer is the service's own."""
    async with simulate(name) as sim, Client(base_urls=sim.base_urls, keys={name: "k"}) as ai:
        handle: Any = ai.native(name)
        more = {"purpose": "batch"} if name in {"openai", "groq"} else {}
        file = await handle.files.upload(("lines.jsonl", b'{"custom_id": "a"}\n'), **more)
    assert file.raw
    assert {"id", "file", "name"} & set(file.raw)
