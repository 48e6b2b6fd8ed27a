"""One call per wire, written by hand, and the raw client that sends it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ipfs_accel_async.simulator import Simulator

PROVIDERS = ("openai", "groq", "vllm", "claude", "ollama", "hf_tgi", "gemini", "ovms")
PATHS = {
    "openai": "/v1/chat/completions",
    "groq": "/openai/v1/chat/completions",
    "vllm": "/v1/chat/completions",
    "claude": "/v1/messages",
    "ollama": "/api/chat",
    "hf_tgi": "/v1/chat/completions",
    "hf_tei": "/embed",
    "gemini": "/v1/models/m:generateContent",
    "ovms": "/v3/chat/completions",
    "opea": "/v1/chatqna",
}
STREAM_PATHS = PATHS | {"gemini": "/v1/models/m:streamGenerateContent?alt=sse"}
HEADERS = {"authorization": "Bearer sk-test", "anthropic-version": "2026-10-21"}
TERMINAL = {
    "openai": b"data: [DONE]",
    "groq": b"data: [DONE]",
    "vllm": b"data: [DONE]",
    "claude": b"event: message_stop",
    "ollama": b'"done":true',
    "hf_tgi": b"data: [DONE]",
    "gemini": b'"finishReason":',
    "ovms": b"data: [DONE]",
}


def chat_body(provider: str, text: str = "Name three primes.", *, stream: bool = False, **more: Any) -> dict[str, Any]:
    """Return a chat request in the provider's wire; one to embed where there is no chat."""
    if provider == "hf_tei":
        return {"inputs": text, **more}
    if provider == "gemini":  # whether it streams is a matter of the path
        return {"contents": [{"role": "user", "parts": [{"text": text}]}], **more}
    body = {"model": "m", "messages": [{"role": "user", "content": text}], "stream": stream, **more}
    return {"max_tokens": 512, **body} if provider == "claude" else body


@asynccontextmanager
async def raw_client() -> AsyncIterator[aiohttp.ClientSession]:
    """Yield an HTTP client that retries nothing."""
    async with aiohttp.ClientSession(headers=HEADERS, timeout=aiohttp.ClientTimeout(total=10)) as session:
        yield session


async def chat(
    session: aiohttp.ClientSession, sim: Simulator, provider: str, fault: str | None = None, *, stream: bool = False
) -> tuple[int, aiohttp.typedefs.LooseHeaders, bytes]:
    """Send one chat call; return status, headers and body."""
    headers = {"X-Sim-Fault": fault} if fault else {}
    url = sim.root_urls[provider] + (STREAM_PATHS if stream else PATHS)[provider]
    body = chat_body(provider, stream=stream)
    async with session.post(url, json=body, headers=headers) as reply:
        return reply.status, reply.headers, await reply.read()
