"""The clients that are compared, each behind the same three calls, with what its users would write inside.

Libraries are imported when a client is opened, so that one that is not installed is only skipped.
"""

from __future__ import annotations

import base64
from abc import ABC, abstractmethod
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, ClassVar, Self

from benchmarks._bodies import MODEL

if TYPE_CHECKING:
    from collections.abc import Mapping

KEY = "sk-benchmark-0123456789abcdef"
PROMPT = "Name the three smallest primes, and say why there is no smaller one."
EMBEDDER = "text-embedding-3-small"
HEADERS = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}


class Bench(ABC):
    """One client, opened with ``async with``.

    Args:
        url: Base URL of the server, up to ``/v1``.
        flight: Calls in flight at once, at most.
    """

    library: ClassVar[str]

    def __init__(self, url: str, flight: int) -> None:
        self.url = url
        self.flight = flight
        self._exits = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._exits.aclose()

    @abstractmethod
    async def open(self) -> None:
        """Import the library and make a client."""

    @abstractmethod
    async def chat(self) -> str:
        """Ask once; the answer's text."""


class Full(Bench):
    """One that streams and embeds too."""

    @abstractmethod
    async def stream(self) -> int:
        """Ask once and read the pieces; how many had text."""

    @abstractmethod
    async def embed(self, texts: list[str], encoding: str) -> Any:
        """Embed texts, sent over the wire as ``base64`` or ``float``; an array (n, d) of float32."""


class Ours(Full):
    """ipfs_accel_async with the whole stack on, over its default transport."""

    library = "ipfs_accel_async"

    async def open(self) -> None:
        """A client with keys and address given."""
        from ipfs_accel_async import Client

        made = Client(
            keys={"openai": KEY},
            base_urls={"openai": self.url},
            max_concurrent_requests=self.flight,
            queue_size=10 * self.flight,
        )
        self._client = await self._exits.enter_async_context(made)

    async def chat(self) -> str:
        """``Client.chat``."""
        return (await self._client.chat(f"openai:{MODEL}", PROMPT)).text

    async def stream(self) -> int:
        """``Client.stream``."""
        count = 0
        async with self._client.stream(f"openai:{MODEL}", PROMPT) as stream:
            async for delta in stream:
                if delta.text:
                    count += 1
        return count

    async def embed(self, texts: list[str], encoding: str) -> Any:
        """``Client.embed``."""
        return (await self._client.embed(f"openai:{EMBEDDER}", texts, encoding_format=encoding)).vectors


class Aiohttp(Full):
    """aiohttp and orjson by hand: the least that one could write."""

    library = "aiohttp"

    async def open(self) -> None:
        """A session without a limit on connections."""
        import aiohttp
        import orjson

        self._dumps, self._loads = orjson.dumps, orjson.loads
        connector = aiohttp.TCPConnector(limit=0)  # its stock limit of 100 would queue the thousand
        self._session = await self._exits.enter_async_context(aiohttp.ClientSession(connector=connector))

    async def _post(self, path: str, body: Mapping[str, Any]) -> Any:
        async with self._session.post(self.url + path, data=self._dumps(body), headers=HEADERS) as response:
            return self._loads(await response.read())

    async def chat(self) -> str:
        """A POST, its body read."""
        answer = await self._post("/chat/completions", {"model": MODEL, "messages": _messages()})
        return answer["choices"][0]["message"]["content"]  # type: ignore[no-any-return]

    async def stream(self) -> int:
        """A POST, read by the line."""
        count = 0
        data = self._dumps({"model": MODEL, "messages": _messages(), "stream": True})
        async with self._session.post(f"{self.url}/chat/completions", data=data, headers=HEADERS) as response:
            async for line in response.content:
                if line.startswith(b"data: {"):
                    count += "content" in self._loads(line[6:])["choices"][0]["delta"]
        return count

    async def embed(self, texts: list[str], encoding: str) -> Any:
        """A POST, decoded into an array."""
        body = {"model": EMBEDDER, "input": texts, "encoding_format": encoding}
        return decoded(await self._post("/embeddings", body), encoding)


class Decode(Full):
    """No call at all: the body of an answer, decoded into an array. What a call costs beyond this is its own cost."""

    library = "numpy"

    async def open(self) -> None:
        """The two bodies."""
        import orjson

        from benchmarks._bodies import embeddings

        self._loads = orjson.loads
        ways = {"base64": True, "float": False}
        self._bodies = {way: embeddings(packed=packed).partition(b"\r\n\r\n")[2] for way, packed in ways.items()}

    async def chat(self) -> str:
        """Nothing to decode into an array."""
        raise LookupError("only embeddings are decoded")

    async def stream(self) -> int:
        """Likewise."""
        raise LookupError("only embeddings are decoded")

    async def embed(self, texts: list[str], encoding: str) -> Any:
        """The shortest way from bytes to an array."""
        return decoded(self._loads(self._bodies[encoding]), encoding)


class Httpx(Bench):
    """httpx and orjson by hand."""

    library = "httpx"

    async def open(self) -> None:
        """A client without a limit on connections."""
        import httpx
        import orjson

        self._dumps, self._loads = orjson.dumps, orjson.loads
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
        self._client = await self._exits.enter_async_context(httpx.AsyncClient(limits=limits, timeout=60))

    async def chat(self) -> str:
        """A POST, its body read."""
        body = self._dumps({"model": MODEL, "messages": _messages()})
        response = await self._client.post(f"{self.url}/chat/completions", content=body, headers=HEADERS)
        return self._loads(response.content)["choices"][0]["message"]["content"]  # type: ignore[no-any-return]


class OpenAI(Full):
    """OpenAI's own SDK as it comes, without retries."""

    library = "openai"

    async def open(self) -> None:
        """A client with the SDK's own limits."""
        from openai import AsyncOpenAI

        made = AsyncOpenAI(api_key=KEY, base_url=self.url, max_retries=0)
        self._client: Any = await self._exits.enter_async_context(made)

    async def chat(self) -> str:
        """``chat.completions.create``."""
        answer = await self._client.chat.completions.create(model=MODEL, messages=_messages())
        return answer.choices[0].message.content or ""

    async def stream(self) -> int:
        """``chat.completions.create(stream=True)``."""
        count = 0
        stream = await self._client.chat.completions.create(model=MODEL, messages=_messages(), stream=True)
        async for chunk in stream:
            if chunk.choices[0].delta.content:
                count += 1
        return count

    async def embed(self, texts: list[str], encoding: str) -> Any:
        """``embeddings.create``, made an array."""
        import numpy as np

        # base64 is what the SDK asks for by itself, and then decodes
        chosen: Any = {} if encoding == "base64" else {"encoding_format": encoding}
        answer = await self._client.embeddings.create(model=EMBEDDER, input=texts, **chosen)
        return np.array([item.embedding for item in answer.data], np.float32)


class LiteLLM(Bench):
    """LiteLLM's ``acompletion`` as it comes."""

    library = "litellm"

    async def open(self) -> None:
        """Nothing to open: the module is the client."""
        import litellm

        litellm.telemetry = False
        litellm.suppress_debug_info = True
        self._ask = litellm.acompletion

    async def chat(self) -> str:
        """``acompletion``."""
        answer = await self._ask(
            model=f"openai/{MODEL}", messages=_messages(), api_base=self.url, api_key=KEY, max_retries=0
        )
        return answer.choices[0].message.content or ""


CLIENTS: dict[str, type[Bench]] = {
    "ours": Ours,
    "decode": Decode,
    "aiohttp": Aiohttp,
    "httpx": Httpx,
    "openai": OpenAI,
    "litellm": LiteLLM,
}


def decoded(answer: Mapping[str, Any], encoding: str) -> Any:
    """The vectors of an answer as one array, as its users write it."""
    import numpy as np

    rows = [item["embedding"] for item in answer["data"]]
    if encoding == "base64":
        return np.array([np.frombuffer(base64.b64decode(row), "<f4") for row in rows])
    return np.array(rows, np.float32)


def _messages() -> list[dict[str, str]]:
    return [{"role": "user", "content": PROMPT}]
