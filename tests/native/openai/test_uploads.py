"""Files in parts: what is read, what is sent, and what becomes of an upload that fails."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from ipfs_accel_async import Client, InvalidRequestError, MockTransport, ServerError
from ipfs_accel_async.native.openai.uploads import PART_SIZE
from tests.forms import sent
from tests.native.openai.resource_calls import KEY, told

ONE = {"id": "u1", "status": "pending"}


async def test_parts_are_sent_in_order(tmp_path: Path) -> None:
    """Created with the whole size, one part after another, completed by their ids."""
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"abcdefg")
    parts = [{"id": f"p{n}"} for n in range(3)]
    async with told(ONE, *parts, {"id": "u1", "status": "completed"}) as (openai, transport):
        await openai.uploads.upload_file(path, "fine-tune", part_size=3, media_type="text/jsonl")
    create, *sends, complete = transport.requests
    assert create.body == b'{"filename":"a.jsonl","purpose":"fine-tune","bytes":7,"mime_type":"text/jsonl"}'
    assert [sent(request)["data"][0][0] for request in sends] == [b"abc", b"def", b"g"]
    assert complete.body == b'{"part_ids":["p0","p1","p2"]}'


async def test_a_failed_part_cancels_the_upload(tmp_path: Path) -> None:
    """The error is the part's; the cancellation's own failure does not hide it."""
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    broken = MockTransport.reply({"error": {"message": "Broken."}}, status=500)
    async with told(ONE, broken, broken, max_retries=0) as (openai, transport):
        with pytest.raises(ServerError, match="Broken"):
            await openai.uploads.upload_file(path, "batch")
    assert [request.url.rpartition("/v1")[2] for request in transport.requests] == [
        "/uploads",
        "/uploads/u1/parts",
        "/uploads/u1/cancel",
    ]


@pytest.mark.sockets
async def test_a_cancelled_caller_cancels_the_upload(tmp_path: Path) -> None:
    """Cancellation passes through, and the service is told."""
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    reached = asyncio.Event()

    async def answer(request: Any) -> Any:
        if request.url.endswith("/parts"):
            reached.set()
            await asyncio.Event().wait()
        return MockTransport.reply(ONE)

    transport = MockTransport(answer)
    async with Client(transport=transport, keys={"openai": KEY}) as ai:
        task = asyncio.ensure_future(ai.openai.uploads.upload_file(path, "batch"))
        await reached.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert transport.requests[-1].url.endswith("/uploads/u1/cancel")


async def test_a_file_that_shrinks_is_refused(tmp_path: Path) -> None:
    """What was promised is not there: the upload is cancelled."""
    path = tmp_path / "a"
    path.write_bytes(b"abcdef")

    def answer(request: Any) -> Any:
        if request.url.endswith("/uploads"):
            path.write_bytes(b"ab")
        return MockTransport.reply(ONE)

    transport = MockTransport(answer)
    async with Client(transport=transport, keys={"openai": KEY}) as ai:
        with pytest.raises(InvalidRequestError, match="changes while it is uploaded"):
            await ai.openai.uploads.upload_file(path, "batch", part_size=3)
    assert transport.requests[-1].url.endswith("/cancel")


@pytest.mark.parametrize("size", [0, -1, PART_SIZE + 1])
async def test_a_part_has_a_size_that_the_service_takes(tmp_path: Path, size: int) -> None:
    """From one byte to 64 MB; nothing is sent otherwise."""
    async with told() as (openai, transport):
        with pytest.raises(InvalidRequestError, match="part_size"):
            await openai.uploads.upload_file(tmp_path / "a", "batch", part_size=size)
    assert transport.requests == []


@pytest.mark.parametrize("path", ["none", ".", "a\0b"])
async def test_a_path_that_cannot_be_read_is_refused(tmp_path: Path, path: str) -> None:
    """Missing, a folder, or no path at all."""
    async with told() as (openai, transport):
        with pytest.raises(InvalidRequestError, match="cannot be read"):
            await openai.uploads.upload_file(f"{tmp_path}/{path}", "batch")
    assert transport.requests == []
