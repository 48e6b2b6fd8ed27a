"""Anthropic's own SDK talks to the Claude twin: batches, files, documents, thinking that goes back."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import anthropic
import pytest

from ipfs_accel_async.simulator import simulate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.sockets
HELLO: Any = [{"role": "user", "content": "Name three primes."}]
PARAMS: Any = {"model": "claude-haiku-4-5", "max_tokens": 1000, "messages": HELLO}
TOOLS: Any = [{"name": name, "input_schema": {"type": "object", "properties": {}}} for name in ("weather", "clock")]


@asynccontextmanager
async def sdk() -> AsyncIterator[anthropic.AsyncAnthropic]:
    """Yield the SDK pointed at the twin."""
    async with (
        simulate("claude") as sim,
        anthropic.AsyncAnthropic(base_url=sim.root_url, api_key="sk-ant-test", max_retries=0) as client,
    ):
        yield client


async def test_a_batch_ends_and_has_results() -> None:
    """At the second look; the SDK follows its results_url."""
    async with sdk() as client:
        batches = client.messages.batches
        made = await batches.create(requests=[{"custom_id": name, "params": PARAMS} for name in "ab"])
        assert (made.processing_status, made.request_counts.processing, made.results_url) == ("in_progress", 2, None)
        assert (await batches.retrieve(made.id)).processing_status == "in_progress"
        assert (await batches.retrieve(made.id)).request_counts.succeeded == 2
        lines = [line async for line in await batches.results(made.id)]
        assert [(line.custom_id, line.result.type) for line in lines] == [("b", "succeeded"), ("a", "succeeded")]
        assert [batch.id async for batch in batches.list()] == [made.id]
        assert (await batches.delete(made.id)).type == "message_batch_deleted"


BAD_BATCHES: Any = [
    [],
    [{"custom_id": "a", "params": PARAMS}] * 2,
    [{"custom_id": "", "params": PARAMS}],
    [{"custom_id": "a", "params": {**PARAMS, "stream": True}}],
    [{"custom_id": "a", "params": None}],
]


async def test_bad_batches_are_refused() -> None:
    """Each is an invalid_request_error."""
    async with sdk() as client:
        for requests in BAD_BATCHES:
            with pytest.raises(anthropic.BadRequestError):
                await client.messages.batches.create(requests=requests)


async def test_files_in_pages() -> None:
    """Under the version without a beta header pages are numbered."""
    async with sdk() as client:
        made = [await client.files.upload(file=(f"made{n}.txt", b"x" * n)) for n in range(1, 4)]
        assert [file.id async for file in client.files.list(limit=2)] == [file.id for file in reversed(made)]
        assert (await client.files.retrieve_metadata(made[1].id)).size_bytes == 2
        assert await (await client.files.download(made[2].id)).read() == b"xxx"
        assert (await client.files.delete(made[0].id)).id == made[0].id
        with pytest.raises(anthropic.NotFoundError):
            await client.files.retrieve_metadata(made[0].id)
        with pytest.raises(anthropic.BadRequestError):
            _ = [file async for file in client.files.list(limit=0)]


async def test_documents_are_cited_and_bad_ones_refused() -> None:
    """Text and PDF, with citations where they are switched on."""
    text: Any = {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "High at noon."}}
    pdf: Any = {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}}
    async with sdk() as client:
        content: Any = [{**text, "citations": {"enabled": True}, "title": "Tides"}, pdf]
        async with client.messages.stream(**{**PARAMS, "messages": [{"role": "user", "content": content}]}) as stream:
            reply = await stream.get_final_message()
        (cited,) = reply.content[0].citations
        assert (cited.document_title, cited.cited_text) == ("Tides", "High at noon.")
        for source in ({"type": "ftp"}, {"type": "text", "data": "x"}, {**pdf["source"], "media_type": "text/html"}):
            with pytest.raises(anthropic.BadRequestError):
                wrong: Any = [{"role": "user", "content": [{"type": "document", "source": source}]}]
                await client.messages.create(**{**PARAMS, "messages": wrong})


async def test_thinking_goes_back_as_it_was_or_is_refused() -> None:
    """Each block has a signature of its own."""
    thinking: Any = {"type": "adaptive"}
    messages: Any = [{"role": "user", "content": "Both, in parallel."}]
    async with sdk() as client:
        more = {**PARAMS, "tools": TOOLS, "thinking": thinking}
        reply = await client.messages.create(**{**more, "messages": messages})
        assert [block.type for block in reply.content] == ["thinking", "tool_use"] * 2
        uses = [block for block in reply.content if block.type == "tool_use"]
        results = [{"type": "tool_result", "tool_use_id": use.id, "content": "x"} for use in uses]
        turns = [*messages, {"role": "assistant", "content": reply.content}, {"role": "user", "content": results}]
        assert (await client.messages.create(**{**more, "messages": turns})).stop_reason == "end_turn"
        reply.content[0].thinking += " And more."
        with pytest.raises(anthropic.BadRequestError, match="signature"):
            await client.messages.create(**{**more, "messages": turns})
