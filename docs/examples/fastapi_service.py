"""A FastAPI service. Run it: uvicorn --app-dir docs/examples fastapi_service:app"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse, StreamingResponse

from ipfs_accel_async import AccelError, Client, RejectedError


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, Any]]:
    async with Client(max_concurrent_requests=20) as ai:  # one for the life of the service
        yield {"ai": ai}


app = FastAPI(lifespan=lifespan)
AI = Annotated[Client, Depends(lambda request: request.state.ai)]


@app.exception_handler(AccelError)
async def failed(request: Request, error: AccelError) -> JSONResponse:
    return JSONResponse({"error": str(error)}, 503 if isinstance(error, RejectedError) else 502)


@app.get("/chat")
async def chat(ai: AI, model: str, prompt: str) -> dict[str, Any]:
    reply = await ai.chat(model, prompt, timeout=30)
    return {"text": reply.text, "tokens": reply.usage.total_tokens, "request_id": reply.request_id}


@app.get("/stream")
async def stream(ai: AI, model: str, prompt: str) -> StreamingResponse:
    async def pieces() -> AsyncIterator[str]:
        async with ai.stream(model, prompt) as answer:  # a browser that leaves cancels this, wherever it waits
            async for delta in answer:
                yield delta.text

    return StreamingResponse(pieces(), media_type="text/plain")
