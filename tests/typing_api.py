"""The public API as a type checker sees it: read by mypy in strict mode, never run."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, assert_type

import httpx
import numpy as np
import pydantic
from numpy.typing import NDArray

from ipfs_accel_async import (
    AccelError,
    AllKeysExhaustedError,
    AllTargetsFailedError,
    APIError,
    CallError,
    Client,
    ConfigError,
    Delta,
    Embeddings,
    Image,
    Key,
    Keys,
    Message,
    MockTransport,
    ModelInfo,
    ModelList,
    NativeAnswer,
    NativePart,
    Priority,
    RejectedError,
    Reply,
    RequestTimeoutError,
    Secret,
    Stream,
    StreamIncompleteError,
    Target,
    Text,
    Thinking,
    Tool,
    ToolCall,
    Usage,
    __version__,
    assistant,
    system,
    tool,
    user,
)
from ipfs_accel_async.metrics.report import Report
from ipfs_accel_async.wire.http import Request, Response

if TYPE_CHECKING:
    pass


class Answer(pydantic.BaseModel):
    """A structured answer."""

    n: int


def clients() -> None:
    """Every way to make a client."""
    assert_type(Client(), Client)
    Client(keys={"openai": "sk-a", "claude": Secret("sk-b"), "groq": Keys("sk-c", Secret("sk-d")), "vllm": ["sk-e"]})
    Client(base_urls={"openai": "http://localhost:8000/v1"}, providers={"openai": {"max_concurrent_requests": 50}})
    Client(http_client=httpx.AsyncClient())
    Client(transport=MockTransport(lambda request: MockTransport.reply({"data": []})))
    Client(transport=MockTransport(answer, chunk_size=1), credentials_file=os.curdir, max_total_concurrent_requests=9)
    Client(max_concurrent_requests=5, queue_size=100, max_retries=5, initial_retry_delay=1, timeout=20.5)
    Client({})  # type: ignore[call-arg,misc,unused-ignore]  # everything is by name
    Client(keys="sk-a")  # type: ignore[arg-type]  # keys are by provider


async def answer(request: Request) -> Response:
    """A handler of a mock may wait."""
    assert_type(request.headers, tuple[tuple[bytes, bytes], ...])
    return MockTransport.reply(body=request.body, status=200, headers={"x-request-id": request.url})


async def chats(ai: Client) -> None:
    """Chat takes conversations in every form and gives replies."""
    reply = await ai.chat("openai:m", "hi")
    assert_type(reply, Reply)
    assert_type(reply.text, str)
    assert_type(reply.reasoning, str)
    assert_type(reply.tool_calls, tuple[ToolCall, ...])
    assert_type(reply.usage, Usage)
    assert_type(reply.usage.total_tokens, int)
    assert_type(reply.target, Target)
    assert_type(reply.finish_reason, str)
    assert_type(reply.provider_request_id, str | None)
    assert_type(reply.request_id, str)
    assert_type(reply.attempts, int)
    assert_type(reply.message, Message)
    await ai.chat(
        "openai:m", [system("s"), user("look", Image("https://h/x.png"), Text("b")), {"role": "user"}, "more"]
    )
    await ai.chat("openai:m", [user("q"), reply.message, *(tool(call, "4") for call in reply.tool_calls)])
    await ai.chat("openai:m", assistant(Thinking("hm", "s"), NativePart({}), tool_calls=[ToolCall("c", "f", "{}")]))
    await ai.chat(
        "openai:m",
        {"role": "user", "content": "hi"},
        tools=[Tool("f", "Does it.", {"type": "object"}, strict=True), {"type": "web_search"}],
        tool_choice="auto",
        response_format=Answer,
        max_tokens=5,
        temperature=0,
        stop=["a", "b"],
        seed=1,
        priority=Priority.HIGH,
        timeout=20,
        fallbacks=["claude:m"],
        tags={"team": "a"},
        logit_bias={"1": 2},
    )
    await ai.chat("openai:m", "hi", response_format={"type": "object"}, stop="a", priority="low", fallbacks=())
    await ai.chat("openai:m", 5)  # type: ignore[arg-type]
    await ai.chat("openai:m")  # type: ignore[call-arg]
    await ai.chat("openai:m", "hi", [])  # type: ignore[call-arg,misc,unused-ignore]  # options are by name
    reply.text = "x"  # type: ignore[misc]  # answers are frozen


async def streams(ai: Client) -> None:
    """A stream is a context manager whose items are deltas."""
    async with ai.stream("openai:m", "hi", priority=Priority.LOW, timeout=5) as stream:
        assert_type(stream, Stream)
        async for delta in stream:
            assert_type(delta, Delta)
            assert_type(delta.text, str)
            assert_type(delta.usage, Usage | None)
        assert_type(stream.reply, Reply)
        assert_type(stream.partial, Reply)
        assert_type(await stream.collect(), Reply)
        assert_type(await anext(stream), Delta)
    await ai.stream("openai:m", "hi")  # type: ignore[misc]  # it is entered, not awaited


async def pieces(ai: Client) -> AsyncIterator[str]:
    """A stream inside a generator, as a web framework wants it."""
    async with ai.stream("openai:m", "hi") as stream:
        async for delta in stream:
            yield delta.text


async def others(ai: Client) -> None:
    """Embeddings, models, native requests and the report."""
    made = await ai.embed("openai:m", ["a", "b"], dimensions=8)
    assert_type(made, Embeddings)
    assert_type(made.vectors, NDArray[np.float32])
    assert_type((await ai.embed("openai:m", "a", fallbacks=["vllm:m"])).usage.input_tokens, int)
    found = await ai.models("openai", timeout=5)
    assert_type(found, ModelList)
    assert_type(found.models, tuple[ModelInfo, ...])
    assert_type(found.models[0].id, str)
    native = await ai.request("ollama", "POST", "/api/show", json={"model": "m"}, query={"a": "b"}, idempotent=True)
    assert_type(native, NativeAnswer)
    assert_type(native.status, int)
    assert_type(native.body, bytes)
    assert_type(native.raw, Any)
    assert_type(ai.report(), Report)
    assert_type(ai.report().to_json(indent=True), str)
    assert_type(await ai.aclose(), None)
    async with ai as same:
        assert_type(same, Client)


async def errors(ai: Client) -> str:
    """What an except clause knows of an error."""
    try:
        await ai.chat("openai:m", "hi")
    except StreamIncompleteError as error:
        assert_type(error.partial, Reply | None)
    except AllTargetsFailedError as error:
        assert_type(error.causes, tuple[AccelError, ...])
    except (APIError, RequestTimeoutError) as error:
        assert_type(error.status, int | None)
        assert_type(error.code, str | None)
        assert_type(error.retry_after, float | None)
    except (CallError, RejectedError) as error:
        assert_type(error.target, Target | None)
        assert_type(error.retryable, bool)
        assert_type(error.attempts, int)
        assert_type(error.phase, str | None)
    except ConfigError as error:
        return error.message
    return __version__


def keys_at_run_time(ai: Client, error: AllKeysExhaustedError) -> None:
    """A provider's keys: listed, changed, counted."""
    view = ai.keys("openai")
    view.add("b", Secret("sk-b"), rpm=500, tpm=1_000, max_concurrent=3, quota_group="org", weight=2, tier=1)
    for status in view:
        assert_type(status.alias, str)
        assert_type(status.parked, dict[str, float])
    assert_type(view.usage()["b"].cost, float | None)
    assert_type(error.reasons, dict[str, str])


def keys() -> None:
    """Secrets and keys."""
    assert_type(Secret("sk-a").reveal(), str)
    assert_type(Secret("sk-a").masked, str)
    assert_type(Secret("sk-a").header("Bearer"), bytes)
    assert_type(Keys("sk-a", Secret("sk-b"))[0], Secret)
    assert_type(len(Keys("sk-a")), int)
    Keys(5)  # type: ignore[arg-type]
    Keys(Key("sk-a", name="a", rpm=500), Key(lambda: "token"), strategy="per-user", quota_group="org")
    Keys("sk-a", strategy="any")  # type: ignore[arg-type]
    {Secret("sk-a"): 1}  # a Secret has no hash at run time; a type checker cannot say so
    assert_type(Priority.HIGH < Priority.LOW, bool)
