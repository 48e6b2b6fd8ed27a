"""The clients that the scorecard compares: ours, and those that people use, each as its documentation shows it."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

KEY = "sk-scorecard-0123456789abcdef"
RETRIES = 2
SECONDS = 2.0
ASKED: list[dict[str, str]] = [{"role": "user", "content": "hi"}]


class Ours:
    """This package, as ``pip install`` gives it but for the deadline."""

    def __init__(self, url: str, key: str = KEY) -> None:
        from ipfs_accel_async import Client

        options: dict[str, Any] = {"timeout": SECONDS, "max_retries": RETRIES, "max_concurrent_requests": 20}
        self._client = Client(keys={"openai": key}, base_urls={"openai": f"{url}/v1"}, queue_size=5_000, **options)

    async def chat(self) -> str:
        """Ask and give the text."""
        return (await self._client.chat("openai:m", "hi")).text

    async def stream(self) -> str:
        """Ask and give the text of all deltas."""
        async with self._client.stream("openai:m", "hi") as stream:
            return "".join([delta.text async for delta in stream])

    async def close(self) -> None:
        """Close."""
        await self._client.aclose()


class OpenAISDK:
    """The openai package."""

    def __init__(self, url: str, key: str = KEY) -> None:
        from openai import AsyncOpenAI

        self._client = AsyncOpenAI(api_key=key, base_url=f"{url}/v1", timeout=SECONDS, max_retries=RETRIES)

    async def chat(self) -> str:
        """Ask and give the text."""
        made: Any = await self._client.chat.completions.create(model="m", messages=ASKED)  # type: ignore[call-overload]
        return str(made.choices[0].message.content)

    async def stream(self) -> str:
        """Ask and give the text of all deltas."""
        create: Any = self._client.chat.completions.create
        made = await create(model="m", messages=ASKED, stream=True)
        return "".join([chunk.choices[0].delta.content or "" async for chunk in made if chunk.choices])

    async def close(self) -> None:
        """Close."""
        await self._client.close()


class TenacityHttpx:
    """httpx in tenacity's loop, the usual twenty lines."""

    def __init__(self, url: str, key: str = KEY) -> None:
        import httpx
        import tenacity

        limits = httpx.Limits(max_connections=20)
        headers = {"authorization": f"Bearer {key}"}
        self._http = httpx.AsyncClient(
            base_url=url, headers=headers, timeout=SECONDS, limits=limits, follow_redirects=True, trust_env=False
        )
        self._again: Callable[[Any], Any] = tenacity.retry(
            retry=tenacity.retry_if_exception_type((httpx.TransportError, httpx.HTTPStatusError)),
            stop=tenacity.stop_after_attempt(RETRIES + 1),
            wait=tenacity.wait_random_exponential(multiplier=0.1, max=1),
            reraise=True,
        )

    async def chat(self) -> str:
        """Ask and give the text."""

        async def once() -> str:
            answer = await self._http.post("/v1/chat/completions", json={"model": "m", "messages": ASKED})
            answer.raise_for_status()
            return str(answer.json()["choices"][0]["message"]["content"])

        return str(await self._again(once)())

    async def stream(self) -> str:
        """Ask and give the text of all deltas."""
        text = ""
        body = {"model": "m", "messages": ASKED, "stream": True}
        async with self._http.stream("POST", "/v1/chat/completions", json=body) as answer:
            answer.raise_for_status()
            async for line in answer.aiter_lines():
                data = line.removeprefix("data: ")
                if not line.startswith("data: ") or data == "[DONE]":
                    continue
                for choice in json.loads(data)["choices"]:
                    text += choice["delta"].get("content") or ""
        return text

    async def close(self) -> None:
        """Close."""
        await self._http.aclose()


class LiteLLM:
    """litellm's functions, over the same wire."""

    def __init__(self, url: str, key: str = KEY) -> None:
        import litellm

        litellm.suppress_debug_info = True
        litellm.telemetry = False
        self._ask: Any = litellm.acompletion
        self._options = {"model": "openai/m", "messages": ASKED, "api_base": f"{url}/v1", "api_key": key}
        self._options |= {"timeout": SECONDS, "num_retries": RETRIES}

    async def chat(self) -> str:
        """Ask and give the text."""
        return str((await self._ask(**self._options)).choices[0].message.content)

    async def stream(self) -> str:
        """Ask and give the text of all deltas."""
        made = await self._ask(**self._options, stream=True)
        return "".join([chunk.choices[0].delta.content or "" async for chunk in made])

    async def close(self) -> None:
        """Drop the clients that it keeps for the next call."""
        import litellm

        litellm.in_memory_llm_clients_cache.flush_cache()
        close = getattr(litellm, "close_litellm_async_clients", None)
        if close is not None:
            with suppress(Exception):
                await close()


RIVALS: dict[str, tuple[str, Any]] = {
    "ours": ("ipfs_accel_async", Ours),
    "openai": ("openai", OpenAISDK),
    "tenacity + httpx": ("tenacity", TenacityHttpx),
    "LiteLLM": ("litellm", LiteLLM),
}
