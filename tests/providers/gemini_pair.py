"""The official google-genai SDK and our client, side by side at one recorder."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx

from ipfs_accel_async import Client
from tests.providers.gemini_calls import in_camel_case
from tests.recorder import recording

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.recorder import Recorded, Recorder

CACHE = {"name": "cachedContents/7", "model": "models/m", "expireTime": "2030-01-01T00:00:00Z"}


class Credentials:
    """Credentials that are a token."""

    token = "ya29.oracle"
    expired = False
    quota_project_id = None


@asynccontextmanager
async def both(answer: Any, *, vertex: bool = False) -> AsyncIterator[tuple[Any, Client, Recorder]]:
    """The SDK and our client, pointed at one recorder."""
    from google import genai

    async with recording() as recorder, httpx.AsyncClient() as http:
        recorder.answer(answer)
        options = genai.types.HttpOptions(base_url=recorder.base_url, httpx_async_client=http, api_version="v1")
        own: dict[str, Any] = {"api_key": "k"}
        if vertex:
            own = {"vertexai": True, "project": "p", "location": "l", "credentials": Credentials()}
        address = f"{recorder.base_url}/v1/projects/p/locations/l" if vertex else recorder.base_url
        with genai.Client(http_options=options, **own) as client:
            async with Client(keys={"gemini": "ya29.oracle"}, base_urls={"gemini": address}) as ai:
                yield client.aio, ai, recorder


def agree(theirs: Recorded, ours: Recorded) -> None:
    """Assert that two requests are one."""
    assert (ours.method, ours.path) == (theirs.method, theirs.path)
    assert (ours.body or {}) == (in_camel_case(theirs.body) or {})
