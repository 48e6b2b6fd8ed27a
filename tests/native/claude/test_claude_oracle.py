"""The official Anthropic SDK as the oracle of Claude's own operations: its requests and its parsed answers are ours."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from ipfs_accel_async import Client
from ipfs_accel_async.fold import fold
from ipfs_accel_async.providers.claude import codec
from ipfs_accel_async.simulator.forms import parse_form
from ipfs_accel_async.types import ChatRequest, Message, Tool
from tests.providers.recorded import call_of, deltas_of, fixture, headers_of
from tests.recorder import Recorder, recording

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

anthropic = pytest.importorskip("anthropic", reason="it is in the extra dev, which is not installed")
pytestmark = pytest.mark.sockets

KEY = "sk-ant-oracle"
NEW = {"claude": {"options": {"api_version": "2026-10-21"}}}
HELLO: Any = [{"role": "user", "content": "Hello"}]
PARAMS: Any = {"model": "claude-x", "max_tokens": 5, "messages": HELLO}
TIME = "2026-03-14T09:27:00Z"
BATCH = {
    "id": "msgbatch_1",
    "type": "message_batch",
    "processing_status": "ended",
    "request_counts": {"processing": 0, "succeeded": 1, "errored": 1, "canceled": 0, "expired": 0},
    "created_at": TIME,
    "expires_at": TIME,
    "results_url": "/v1/messages/batches/msgbatch_1/results",
}
FILE = {
    "id": "file_1",
    "type": "file",
    "filename": "a.txt",
    "mime_type": "text/plain",
    "size_bytes": 5,
    "created_at": TIME,
}
PAGE = {"data": [FILE], "next_page": None}
MODEL = {**fixture("claude", "models")["body"]["data"][0]}


@asynccontextmanager
async def both(answer: Any) -> AsyncIterator[tuple[Recorder, Any, Any]]:
    """A recorder that gives this answer, the SDK and our handle on it."""
    async with recording() as recorder:
        recorder.answer(answer)
        async with (
            anthropic.AsyncAnthropic(api_key=KEY, base_url=recorder.base_url, max_retries=0) as sdk,
            Client(keys={"claude": KEY}, base_urls={"claude": recorder.base_url}, providers=NEW, max_retries=0) as ai,
        ):
            yield recorder, sdk, ai.claude


def parts(path: str) -> tuple[str, list[tuple[str, str]]]:
    """A path and its query, in whatever order that is written."""
    split = urlsplit(path)
    return split.path, sorted(parse_qsl(split.query))


async def last(pages: Any) -> Any:
    """What the SDK has read of a list."""
    return [item async for item in pages]


CALLS: list[Any] = [
    (
        "count",
        lambda sdk: sdk.messages.count_tokens(model="claude-x", messages=HELLO, system="Be brief."),
        lambda ours: ours.messages.count_tokens("claude-x", HELLO, system="Be brief."),
        {"input_tokens": 3},
    ),
    (
        "message",
        lambda sdk: sdk.messages.create(**PARAMS, thinking={"type": "adaptive"}, cache_control={"type": "ephemeral"}),
        lambda ours: ours.messages.create(
            "claude-x", HELLO, max_tokens=5, thinking={"type": "adaptive"}, cache_control={"type": "ephemeral"}
        ),
        fixture("claude", "chat")["body"],
    ),
    (
        "batch",
        lambda sdk: sdk.messages.batches.create(requests=[{"custom_id": "a", "params": PARAMS}]),
        lambda ours: ours.batches.create({"a": PARAMS}),
        BATCH,
    ),
    ("batch get", lambda sdk: sdk.messages.batches.retrieve("b 1"), lambda ours: ours.batches.get("b 1"), BATCH),
    ("batch cancel", lambda sdk: sdk.messages.batches.cancel("b"), lambda ours: ours.batches.cancel("b"), BATCH),
    (
        "batch delete",
        lambda sdk: sdk.messages.batches.delete("b"),
        lambda ours: ours.batches.delete("b"),
        {"id": "b", "type": "message_batch_deleted"},
    ),
    (
        "batch list",
        lambda sdk: last(sdk.messages.batches.list(limit=2, after_id="a")),
        lambda ours: ours.batches.list(limit=2, after_id="a"),
        {"data": [BATCH], "has_more": False, "first_id": None, "last_id": None},
    ),
    ("file get", lambda sdk: sdk.files.retrieve_metadata("f"), lambda ours: ours.files.get("f"), FILE),
    ("file list", lambda sdk: last(sdk.files.list(limit=2)), lambda ours: ours.files.list(limit=2), PAGE),
    (
        "file delete",
        lambda sdk: sdk.files.delete("f"),
        lambda ours: ours.files.delete("f"),
        {"id": "f", "type": "file_deleted"},
    ),
    ("file content", lambda sdk: sdk.files.download("f"), lambda ours: ours.files.download("f"), b"bytes"),
    ("model", lambda sdk: sdk.models.retrieve("claude-x"), lambda ours: ours.models.get("claude-x"), MODEL),
    (
        "model list",
        lambda sdk: last(sdk.models.list(limit=5)),
        lambda ours: ours.models.list(limit=5),
        fixture("claude", "models")["body"],
    ),
]


@pytest.mark.parametrize(("theirs", "ours", "answer"), [pytest.param(*call[1:], id=call[0]) for call in CALLS])
async def test_a_request_is_the_sdks(theirs: Callable[[Any], Any], ours: Callable[[Any], Any], answer: Any) -> None:
    """Method, path with its query, body, version, key and beta names are equal."""
    async with both(answer) as (recorder, sdk, handle):
        await theirs(sdk)
        await ours(handle)
        first, second = recorder.requests
    assert (second.method, parts(second.path), second.body) == (first.method, parts(first.path), first.body)
    for name in ("authorization", "anthropic-version", "anthropic-beta"):
        assert second.headers.get(name) == first.headers.get(name)


async def test_an_upload_is_the_sdks() -> None:
    """The same parts: name, type and bytes of the file, and the time that it is kept."""
    async with both(FILE) as (recorder, sdk, handle):
        theirs = await sdk.files.upload(file=("a.txt", b"Salt.", "text/plain"), expires_in_seconds=3600)
        ours = await handle.files.upload(("a.txt", b"Salt."), expires_in_seconds=3600)
        forms = [parse_form(seen.headers["content-type"], seen.body) for seen in recorder.requests]
    assert forms[0] == forms[1]
    assert recorder.requests[0].path == recorder.requests[1].path
    assert (theirs.id, theirs.size_bytes) == (ours["id"], ours["size_bytes"])


async def test_results_are_read_alike() -> None:
    """Each line's id and kind, the message of one that succeeded, the error of one that failed."""
    error = {"type": "error", "error": {"type": "invalid_request_error", "message": "max_tokens"}, "request_id": "r"}
    lines = [
        {"custom_id": "a", "result": {"type": "succeeded", "message": fixture("claude", "chat")["body"]}},
        {"custom_id": "b", "result": {"type": "errored", "error": error}},
        {"custom_id": "c", "result": {"type": "canceled"}},
    ]
    raw = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    async with both(BATCH) as (recorder, sdk, handle):
        batch = await sdk.messages.batches.retrieve("msgbatch_1")
        recorder.answer(raw)
        found = await handle.batches.collect(batch.id)
        asked = recorder.last
    async with both(BATCH) as (recorder, sdk, _):
        told = [BATCH]

        def answer() -> None:
            recorder.answer(told.pop() if told else raw)

        answer()
        retrieve = sdk.messages.batches.retrieve

        async def then(*args: Any, **options: Any) -> Any:
            batch = await retrieve(*args, **options)
            answer()
            return batch

        sdk.messages.batches.retrieve = then
        theirs = [line async for line in await sdk.messages.batches.results("msgbatch_1")]
        assert (recorder.last.method, recorder.last.path) == (asked.method, asked.path)
    assert [(line.custom_id, line.result.type) for line in theirs] == [(r.custom_id, r.kind) for r in found.values()]
    assert found["a"].reply is not None
    message = theirs[0].result.message
    assert found["a"].reply.text == next(block.text for block in message.content if block.type == "text")
    assert (found["a"].reply.id, found["a"].reply.signature) == (message.id, message.content[0].signature)
    assert found["b"].error is not None
    assert found["b"].error.message == theirs[1].result.error.error.message


async def test_a_unified_count_is_the_sdks() -> None:
    """Tools and system included, without a limit of the answer."""
    messages = (Message("system", "Be brief."), Message("user", "Hello"))
    async with both({"input_tokens": 3}) as (recorder, sdk, _):
        tools = [{"name": "f", "input_schema": {"type": "object", "properties": {}}}]
        await sdk.messages.count_tokens(model="m", messages=HELLO, system="Be brief.", tools=tools)
        call = call_of(codec, ChatRequest(messages, (Tool("f"),)), "count_tokens", endpoint=recorder.base_url)
        request = codec.build_request(call, None)
        assert (request.method, request.url) == (recorder.last.method, recorder.base_url + recorder.last.path)
        assert json.loads(request.body) == recorder.last.body


async def test_blocks_of_a_stream_are_those_that_the_sdk_gathers() -> None:
    """Thinking, hidden thinking, citations and input, folded by both from one stream of events."""
    citation = {
        "type": "char_location", "cited_text": "x", "document_index": 0, "document_title": None,
        "start_char_index": 0, "end_char_index": 1, "file_id": None,
    }  # fmt: skip
    start = {**fixture("claude", "chat")["body"], "content": [], "stop_reason": None}
    blocks: list[tuple[dict[str, Any], list[dict[str, Any]]]] = [
        (
            {"type": "thinking", "thinking": "", "signature": ""},
            [{"type": "thinking_delta", "thinking": "Hm."}, {"type": "signature_delta", "signature": "c2ln"}],
        ),
        ({"type": "redacted_thinking", "data": "sealed"}, []),
        (
            {"type": "text", "text": "", "citations": []},
            [
                {"type": "text_delta", "text": "A"},
                {"type": "citations_delta", "citation": citation},
                {"type": "text_delta", "text": "B"},
            ],
        ),
        (
            {"type": "tool_use", "id": "t", "name": "f", "input": {}},
            [{"type": "input_json_delta", "partial_json": part} for part in ("", '{"a": ', "[1]}")],
        ),
    ]
    events: list[dict[str, Any]] = [{"type": "message_start", "message": start}]
    for index, (block, deltas) in enumerate(blocks):
        events.append({"type": "content_block_start", "index": index, "content_block": block})
        events += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
        events.append({"type": "content_block_stop", "index": index})
    end = {"stop_reason": "tool_use", "stop_sequence": None, "stop_details": None, "container": None}
    events += [{"type": "message_delta", "delta": end, "usage": {"output_tokens": 9}}, {"type": "message_stop"}]
    raw = b"".join(b"event: %s\ndata: %s\n\n" % (e["type"].encode(), json.dumps(e).encode()) for e in events)
    async with both(raw) as (_, sdk, _), sdk.messages.stream(**PARAMS) as stream:
        theirs = await stream.get_final_message()
    call = call_of(codec, ChatRequest((Message("user", "Hello"),), stream=True))
    ours = fold(deltas_of(codec, call, [raw]), codec.empty_reply(call, headers_of({})))
    assert ours.verbatim is not None
    wanted = [block.to_dict() for block in theirs.content]
    assert [dict(block) for block in ours.verbatim.blocks] == wanted
