"""A FastAPI service: uvicorn --app-dir docs/examples fastapi_service:app."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request
from fastapi.responses import StreamingResponse

from ipfs_accel_async import Client


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, Client]]:
    async with Client(max_concurrent_requests=20) as client:  # one for the life of the service
        yield {"ai": client}


def shared(request: Request) -> Client:
    return request.state.ai


app = FastAPI(lifespan=lifespan)
AI = Annotated[Client, Depends(shared)]


@app.get("/chat")
async def chat(ai: AI, model: str, prompt: str) -> dict[str, Any]:
    return {"text": (await ai.chat(model, prompt, timeout=30)).text, "queue": ai.report()["queue"]}


@app.get("/stream")
async def stream(ai: AI, model: str, prompt: str) -> StreamingResponse:
    async def pieces() -> AsyncIterator[str]:
        async with ai.stream(model, prompt) as answer:  # a browser that leaves cancels this, wherever it waits
            async for delta in answer:
                yield delta.text

    return StreamingResponse(pieces(), media_type="text/plain")
