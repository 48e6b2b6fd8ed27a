"""OpenAI's handle and its twin over loopback: files, batches, fine-tuning, vector stores, containers, videos."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ipfs_accel_async import (
    APIError,
    BadRequestError,
    Client,
    InvalidRequestError,
    NotFoundError,
    PermissionDeniedError,
)
from ipfs_accel_async.simulator import simulate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ipfs_accel_async.native.openai import OpenAIHandle

pytestmark = pytest.mark.sockets

TALK = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello!"}]
POLL: Any = {"poll": 0.001}


@pytest.fixture
async def openai() -> AsyncIterator[OpenAIHandle]:
    """The handle, on a twin of its own."""
    async with simulate("openai") as sim, Client(keys={"openai": "k"}, base_urls={"openai": sim.base_url}) as ai:
        yield ai.openai


async def test_a_file_goes_and_comes_back(openai: OpenAIHandle, tmp_path: Path) -> None:
    """From a path; its bytes are the same, whole and in pieces; deleted, it is not found."""
    (tmp_path / "data.txt").write_bytes(bytes(range(256)) * 1000)
    made = await openai.files.create(tmp_path / "data.txt", "user_data")
    assert (made["filename"], made["bytes"]) == ("data.txt", 256_000)
    assert (await openai.files.wait(made["id"], **POLL))["status"] == "processed"
    assert await openai.files.content(made["id"]) == (tmp_path / "data.txt").read_bytes()
    async with openai.files.stream(made["id"]) as stream:
        assert b"".join([chunk async for chunk in stream]) == (tmp_path / "data.txt").read_bytes()
    assert (await openai.files.delete(made["id"]))["deleted"] is True
    with pytest.raises(NotFoundError, match="No such File object"):
        await openai.files.get(made["id"])


async def test_all_files_are_iterated(openai: OpenAIHandle) -> None:
    """Page after page, in order, each once."""
    made = [(await openai.files.create(f"{n}".encode(), "batch"))["id"] for n in range(5)]
    found = [file["id"] async for file in openai.files.iterate(purpose="batch", limit=2, order="asc")]
    assert found == made


async def test_a_file_in_parts(openai: OpenAIHandle, tmp_path: Path) -> None:
    """Three parts, put together in order."""
    path = tmp_path / "big.jsonl"
    path.write_bytes(b"abcdefgh")
    done = await openai.uploads.upload_file(path, "batch", part_size=3)
    assert done["status"] == "completed"
    assert done["file"]["filename"] == "big.jsonl"
    assert await openai.files.content(done["file"]["id"]) == b"abcdefgh"


async def test_a_refused_part_cancels_the_upload(openai: OpenAIHandle, tmp_path: Path) -> None:
    """The service's own error is raised, and nothing is left pending."""
    path = tmp_path / "a.txt"
    path.write_bytes(b"abc")
    with pytest.raises(BadRequestError, match="purpose"):
        await openai.uploads.upload_file(path, "fun")
    upload = await openai.uploads.create(filename="a", purpose="batch", size=1)
    assert (await openai.uploads.cancel(upload["id"]))["status"] == "cancelled"


async def test_a_batch_is_submitted_waited_for_and_read(openai: OpenAIHandle) -> None:
    """Each request's reply or typed error comes back under its own id."""
    body = {"messages": [{"role": "user", "content": "Hi"}]}
    batch = await openai.batches.submit({"a": body, "b": {**body, "model": "missing-model"}}, model="gpt-4.1")
    assert (await openai.batches.wait(batch["id"], **POLL))["request_counts"]["failed"] == 1
    results = {result.custom_id: result async for result in openai.batches.results(batch["id"])}
    assert results["a"].ok
    assert results["a"].reply is not None
    assert results["a"].reply.text.startswith("Synthetic")
    assert results["a"].reply.usage.output_tokens > 0
    assert isinstance(results["b"].error, NotFoundError)
    assert results["b"].status == 404
    assert [found["id"] async for found in openai.batches.iterate()] == [batch["id"]]


async def test_a_batch_of_embeddings(openai: OpenAIHandle) -> None:
    """Other endpoints give their JSON."""
    batch = await openai.batches.submit({"a": {"model": "m", "input": "x"}}, endpoint="/v1/embeddings")
    await openai.batches.wait(batch["id"], **POLL)
    (result,) = [result async for result in openai.batches.results(batch["id"])]
    assert (result.ok, result.reply, result.body["object"]) == (True, None, "list")


async def test_a_failed_batch_raises_its_reason(openai: OpenAIHandle) -> None:
    """What the service says of the file is the error's message; there are no results."""
    file = await openai.files.create(b"{\n", "batch")
    batch = await openai.batches.create(file["id"])
    with pytest.raises(APIError, match="is failed: Line 1 of the input file") as caught:
        await openai.batches.wait(batch["id"], **POLL)
    assert caught.value.code == "invalid_json_line"
    with pytest.raises(APIError, match="is failed and has no results"):
        _ = [result async for result in openai.batches.results(batch["id"])]


async def test_a_model_is_fine_tuned(openai: OpenAIHandle) -> None:
    """Conversations in, a model of one's own out; events, checkpoints, and its deletion."""
    job = await openai.fine_tuning.submit("gpt-4.1-mini", [TALK] * 10, validation=[TALK], suffix="me")
    assert job["validation_file"]
    done = await openai.fine_tuning.jobs.wait(job["id"], **POLL)
    assert done["fine_tuned_model"].startswith("ft:gpt-4.1-mini")
    assert len((await openai.fine_tuning.jobs.events(job["id"]))["data"]) == 4
    assert (await openai.fine_tuning.jobs.checkpoints(job["id"]))["data"][0]["step_number"] == 1
    assert [found["id"] async for found in openai.fine_tuning.jobs.iterate()] == [job["id"]]
    assert (await openai.models.delete(done["fine_tuned_model"]))["deleted"] is True
    with pytest.raises(PermissionDeniedError):
        await openai.models.delete("gpt-4.1")


async def test_a_job_is_paused_resumed_and_cancelled(openai: OpenAIHandle) -> None:
    """A cancelled job raises when it is waited for; a job of too few examples fails."""
    file = await openai.files.create(b'{"messages": []}\n', "fine-tune")
    job = await openai.fine_tuning.jobs.create("m", file["id"])
    assert (await openai.fine_tuning.jobs.pause(job["id"]))["status"] == "paused"
    assert (await openai.fine_tuning.jobs.resume(job["id"]))["status"] == "queued"
    assert (await openai.fine_tuning.jobs.cancel(job["id"]))["status"] == "cancelled"
    with pytest.raises(APIError, match="is cancelled"):
        await openai.fine_tuning.jobs.wait(job["id"], **POLL)
    job = await openai.fine_tuning.jobs.create("m", file["id"])
    with pytest.raises(APIError, match="at least 10 examples"):
        await openai.fine_tuning.jobs.wait(job["id"], **POLL)


async def test_a_vector_store_is_filled_and_searched(openai: OpenAIHandle) -> None:
    """The chunk with the query's words is first; a file that is no text fails with the reason."""
    cats = await openai.files.create(("cats.txt", b"Cats purr and sleep."), "assistants")
    dogs = await openai.files.create(("dogs.txt", b"Dogs bark."), "assistants")
    store = await openai.vector_stores.create("pets", file_ids=[cats["id"]])
    await openai.vector_stores.wait(store["id"], **POLL)
    batch = await openai.vector_stores.file_batches.create(store["id"], [dogs["id"]], attributes={"kind": "dog"})
    assert (await openai.vector_stores.file_batches.wait(store["id"], batch["id"], **POLL))["file_counts"]["total"] == 1
    assert [f["id"] async for f in openai.vector_stores.file_batches.iterate(store["id"], batch["id"])] == [dogs["id"]]
    found = await openai.vector_stores.search(store["id"], "do cats purr", max_num_results=1)
    assert (found["data"][0]["filename"], found["has_more"]) == ("cats.txt", True)
    content = await openai.vector_stores.files.content(store["id"], cats["id"])
    assert content["data"][0]["text"] == "Cats purr and sleep."
    binary = await openai.files.create(("x.bin", b"\xff\xfe\x00"), "assistants")
    await openai.vector_stores.files.create(store["id"], binary["id"])
    with pytest.raises(APIError, match="file type is not supported") as caught:
        await openai.vector_stores.files.wait(store["id"], binary["id"], **POLL)
    assert caught.value.code == "unsupported_file"
    ids = [f["id"] async for f in openai.vector_stores.files.iterate(store["id"], filter="completed", order="asc")]
    assert ids == [cats["id"], dogs["id"]]
    assert (await openai.vector_stores.files.delete(store["id"], dogs["id"]))["deleted"] is True
    assert (await openai.vector_stores.delete(store["id"]))["deleted"] is True


async def test_containers_and_videos(openai: OpenAIHandle) -> None:
    """A container keeps files; a video is made, taken and made again from itself."""
    box = await openai.containers.create("box")
    file = await openai.containers.files.create(box["id"], ("a.txt", b"abc"))
    assert await openai.containers.files.content(box["id"], file["id"]) == b"abc"
    assert (await openai.containers.delete(box["id"])).status == 200
    video = await openai.videos.create("A cat", seconds=4, input_reference=("a.png", b"PNG"))
    with pytest.raises(NotFoundError, match="not ready"):
        await openai.videos.content(video["id"])
    await openai.videos.wait(video["id"], **POLL)
    data = await openai.videos.content(video["id"])
    async with openai.videos.stream(video["id"]) as stream:
        assert stream.answer.media_type == "video/mp4"
        assert await stream.collect() == data
    assert (await openai.videos.remix(video["id"], "A dog"))["remixed_from_video_id"] == video["id"]


async def test_a_file_that_cannot_be_read_is_not_sent(openai: OpenAIHandle, tmp_path: Path) -> None:
    """Missing or empty: an error that names it."""
    with pytest.raises(InvalidRequestError, match="cannot be read"):
        await openai.files.create(tmp_path / "none", "batch")
    with pytest.raises(InvalidRequestError, match="cannot be read"):
        await openai.uploads.upload_file(tmp_path / "none", "batch")
    (tmp_path / "empty").touch()
    with pytest.raises(InvalidRequestError, match="is empty"):
        await openai.uploads.upload_file(tmp_path / "empty", "batch")
