"""Claude's operations against its twin, on real sockets: round trips as users make them."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from ipfs_accel_async import (
    BadRequestError,
    Client,
    NativePart,
    NotFoundError,
    Tool,
    tool,
    user,
)
from ipfs_accel_async.simulator import simulate
from ipfs_accel_async.simulator.answers import MISSING_MODEL, REFUSAL_TRIGGER
from ipfs_accel_async.simulator.claude_prompt import PAUSING, REDACTING
from ipfs_accel_async.types import Message

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.sockets

MODEL = "claude:claude-sonnet-4-5"
THINK = {"type": "enabled", "budget_tokens": 1024}
VERSIONS = ["2023-06-01", "2026-10-21"]
SEARCH = {"type": "web_search_20250305", "name": "web_search"}


@asynccontextmanager
async def claude(version: str = "2023-06-01", beta: str = "", **settings: Any) -> AsyncIterator[Client]:
    """A client of the twin."""
    options = {"api_version": version, **({"beta": beta} if beta else {})}
    async with (
        simulate("claude", **settings) as sim,
        Client(
            base_urls={"claude": sim.base_url},
            keys={"claude": "sk-ant-test"},
            providers={"claude": {"options": options}},
            max_retries=0,
        ) as ai,
    ):
        yield ai


@pytest.mark.parametrize("version", VERSIONS)
async def test_files_come_and_go(version: str) -> None:
    """Uploaded, described, listed in pages, and gone; only what a tool made can be downloaded."""
    async with claude(version) as ai:
        files = ai.claude.files
        ids = [(await files.upload((f"made{n}.txt", b"Salt %d" % n)))["id"] for n in range(5)]
        assert [item["id"] async for item in files.iterate(limit=2)] == ids[::-1]
        known = await files.get(ids[3])
        assert (known["filename"], known["size_bytes"], known["mime_type"]) == ("made3.txt", 6, "text/plain")
        assert await files.download(ids[3]) == b"Salt 3"
        async with files.stream_download(ids[4]) as stream:
            assert await stream.collect() == b"Salt 4"
        assert (await files.delete(ids[0]))["type"] == "file_deleted"
        with pytest.raises(NotFoundError):
            await files.get(ids[0])
        mine = await files.upload(b"mine", name="mine.txt", expires_in_seconds=3600)
        assert mine["expires_at"] > mine["created_at"]
        with pytest.raises(BadRequestError, match="not downloadable"):
            await files.download(mine["id"])


async def test_a_chat_refers_to_a_file_and_cites_it() -> None:
    """The document's text is read, and the answer's citations are the same whole and streamed."""
    async with claude(beta="files-api-2025-04-14") as ai:
        key = (await ai.claude.files.upload(("tides.txt", b"The tide is high at noon.")))["id"]
        source = {"type": "file", "file_id": key}
        document = NativePart({"type": "document", "source": source, "citations": {"enabled": True}})
        question = user(document, "When is it high?")
        reply = await ai.chat(MODEL, question)
        async with ai.stream(MODEL, question) as stream:
            again = await stream.collect()
        assert reply.verbatim == again.verbatim
        assert reply.verbatim is not None
        (cited,) = reply.verbatim.blocks[0]["citations"]
        assert (cited["document_title"], cited["cited_text"]) == ("tides.txt", "The tide is high at noon.")
        with pytest.raises(NotFoundError, match="No such file"):
            await ai.chat(MODEL, user(NativePart({"type": "document", "source": {"type": "file", "file_id": "f"}})))


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_batch_from_its_beginning_to_its_end(version: str) -> None:
    """Created, waited for, read by ids, deleted; one request of it fails by itself."""
    async with claude(version) as ai:
        batches = ai.claude.batches
        good = batches.params("claude-haiku-4-5", "Name three primes.", max_tokens=64)
        bad = batches.params(MISSING_MODEL, "Hello")
        made = await batches.create({"good": good, "bad": bad})
        assert (made["processing_status"], made["request_counts"]["processing"]) == ("in_progress", 2)
        with pytest.raises(NotFoundError, match="no results yet"):
            await batches.collect(made["id"])
        with pytest.raises(BadRequestError, match="ended"):
            await batches.delete(made["id"])
        ended = await batches.wait(made["id"], poll=0.001)
        assert (ended["request_counts"]["succeeded"], ended["request_counts"]["errored"]) == (1, 1)
        results = [result async for result in batches.results(made["id"])]
        assert [result.custom_id for result in results] == ["bad", "good"]
        assert isinstance(results[0].error, NotFoundError)
        assert results[1].reply is not None
        assert results[1].reply.text.startswith("Synthetic")
        assert [item["id"] async for item in batches.iterate()] == [made["id"]]
        assert (await batches.delete(made["id"]))["id"] == made["id"]
        with pytest.raises(NotFoundError):
            await batches.get(made["id"])


async def test_a_cancelled_batch_ends_with_nothing_tried() -> None:
    """Its results say so one by one."""
    async with claude() as ai:
        batches = ai.claude.batches
        made = await batches.create({"a": batches.params("m", "Hello")})
        assert (await batches.cancel(made["id"]))["processing_status"] == "canceling"
        await batches.wait(made["id"], poll=0.001)
        assert (await batches.collect(made["id"]))["a"].kind == "canceled"
        with pytest.raises(BadRequestError):
            await batches.cancel(made["id"])


@pytest.mark.parametrize("stream", [False, True])
async def test_several_signed_thoughts_survive_a_round_trip(*, stream: bool) -> None:
    """The service takes its thinking blocks back one by one, and refuses them merged."""
    tools = [Tool("weather"), Tool("clock")]
    async with claude() as ai:
        question = user("Both, in parallel. " + REDACTING)
        if stream:
            async with ai.stream(MODEL, question, tools=tools, thinking=THINK) as pieces:
                reply = await pieces.collect()
        else:
            reply = await ai.chat(MODEL, question, tools=tools, thinking=THINK)
        assert reply.verbatim is not None
        kinds = [block["type"] for block in reply.verbatim.blocks]
        assert kinds == ["redacted_thinking", "thinking", "tool_use", "thinking", "tool_use"]
        answers = [tool(call, "done") for call in reply.tool_calls]
        last = await ai.chat(MODEL, [question, reply.message, *answers], tools=tools, thinking=THINK)
        assert last.finish_reason == "stop"
        joined = {"type": "thinking", "thinking": reply.reasoning, "signature": reply.signature}
        merged = Message("assistant", (NativePart(joined),), reply.tool_calls)
        with pytest.raises(BadRequestError, match="signature"):
            await ai.chat(MODEL, [question, merged, *answers], tools=tools, thinking=THINK)


async def test_a_paused_turn_is_gone_on_with() -> None:
    """The service's own search and its results go back with the turn; then the answer comes, with its sources."""
    async with claude() as ai:
        question = user(f"Search long. {PAUSING}")
        async with ai.stream(MODEL, question, tools=[SEARCH]) as stream:
            paused = await stream.collect()
        assert (paused.finish_reason, paused.text, paused.tool_calls) == ("pause_turn", "", ())
        reply = await ai.chat(MODEL, [question, paused.message], tools=[SEARCH])
        assert reply.finish_reason == "stop"
        assert reply.text
        found = await ai.chat(MODEL, "Search.", tools=[SEARCH])
        assert found.verbatim is not None
        assert found.verbatim.blocks[-1]["citations"][0]["url"] == "https://example.com/synthetic"


async def test_a_refusal_is_told_by_its_reason() -> None:
    """No text, `content_filter`, and the service's details in raw."""
    async with claude() as ai:
        reply = await ai.chat(MODEL, REFUSAL_TRIGGER)
        assert (reply.text, reply.finish_reason) == ("", "content_filter")
        assert reply.raw["stop_details"]["type"] == "refusal"


@pytest.mark.parametrize("version", VERSIONS)
async def test_tokens_are_counted_by_the_service(version: str) -> None:
    """The count is the usage that the chat will have."""
    async with claude(version) as ai:
        count = await ai.count_tokens(MODEL, "Name three primes.", tools=[Tool("f")])
        assert not count.estimated
        assert count.tokens == (await ai.chat(MODEL, "Name three primes.", tools=[Tool("f")])).usage.input_tokens
        native = await ai.claude.messages.count_tokens("m", [{"role": "user", "content": "Name three primes."}])
        assert 0 < native["input_tokens"] < count.tokens


@pytest.mark.parametrize("version", VERSIONS)
async def test_native_messages_and_models(version: str) -> None:
    """A message whole and as events, the models in pages and by id."""
    hello = [{"role": "user", "content": "Name three primes."}]
    async with claude(version) as ai:
        whole = await ai.claude.messages.create("m", hello, max_tokens=99)
        async with ai.claude.messages.stream("m", hello, max_tokens=99) as stream:
            events = await stream.collect()
        assert (events[0].name, events[-1].name) == ("message_start", "message_stop")
        spoken = [event.data["delta"]["text"] for event in events if event.name == "content_block_delta"]
        assert "".join(spoken) == whole["content"][0]["text"]
        models = [model["id"] async for model in ai.claude.models.iterate(limit=2)]
        assert models == [model.id for model in (await ai.models("claude")).models]
        assert (await ai.claude.models.get(models[0]))["max_input_tokens"] == 200_000
        with pytest.raises(NotFoundError):
            await ai.claude.models.get(MISSING_MODEL)
