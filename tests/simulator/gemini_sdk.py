"""Google's own SDK, pointed at the Gemini twin."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx
from google import genai
from google.genai import types

from ipfs_accel_async.simulator import simulate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ipfs_accel_async.simulator import Simulator

SCHEMA: dict[str, Any] = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
PARALLEL = "Both, in parallel."


@asynccontextmanager
async def sdk(key: str = "k", **options: Any) -> AsyncIterator[tuple[Any, Simulator]]:
    """Yield the SDK's models, pointed at the twin; the HTTP client is given, as the SDK's own one warns."""
    async with simulate("gemini", **options) as sim, httpx.AsyncClient() as http:
        made = types.HttpOptions(base_url=sim.root_url, httpx_async_client=http)
        with genai.Client(api_key=key, http_options=made) as client:
            yield client.aio.models, sim
