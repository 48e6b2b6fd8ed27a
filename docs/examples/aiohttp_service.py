"""An aiohttp service: python docs/examples/aiohttp_service.py."""

from collections.abc import AsyncIterator

from aiohttp import web

from ipfs_accel_async import Client

AI = web.AppKey("AI", Client)


async def client(app: web.Application) -> AsyncIterator[None]:
    async with Client(max_concurrent_requests=20) as app[AI]:  # one for the life of the service
        yield


async def chat(request: web.Request) -> web.Response:
    ai = request.app[AI]
    reply = await ai.chat(request.query["model"], request.query["prompt"], timeout=30)
    return web.json_response({"text": reply.text, "queue": ai.report()["queue"]})


async def stream(request: web.Request) -> web.StreamResponse:
    async with request.app[AI].stream(request.query["model"], request.query["prompt"]) as answer:
        response = web.StreamResponse(headers={"Content-Type": "text/plain"})
        await response.prepare(request)
        async for delta in answer:
            await response.write(delta.text.encode())
        await response.write_eof()
    return response


app = web.Application()
app.cleanup_ctx.append(client)
app.add_routes([web.get("/chat", chat), web.get("/stream", stream)])

if __name__ == "__main__":
    web.run_app(app, handler_cancellation=True)  # a browser that leaves cancels its handler, wherever it waits
