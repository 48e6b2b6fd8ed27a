"""Ollama's own SDK pulls, makes and deletes models at the Ollama twin."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import ollama
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async.simulator import simulate
from ipfs_accel_async.simulator.answers import MISSING_MODEL
from ipfs_accel_async.simulator.mount import Mount
from ipfs_accel_async.simulator.twin import JSON, Ask
from tests.simulator.calls import raw_client

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

ANYTHING = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.lists(st.text(max_size=3), max_size=2)


@asynccontextmanager
async def sdk() -> AsyncIterator[tuple[ollama.AsyncClient, Any]]:
    """Yield the SDK pointed at the twin, and close its connections, for which it has no method."""
    async with simulate("ollama") as sim:
        client = ollama.AsyncClient(host=sim.root_url)
        try:
            yield client, sim
        finally:
            await client._client.aclose()


@pytest.mark.sockets
async def test_a_pull_whole_and_streamed() -> None:
    """The last status is success either way, and the model is there."""
    async with sdk() as (client, _):
        parts = [part async for part in await client.pull("tiny", stream=True)]
        assert [part.status for part in (parts[0], parts[-1])] == ["pulling manifest", "success"]
        assert parts[-4].completed == parts[-4].total
        assert (await client.pull("tiny")).status == "success"
        assert "tiny" in [model.model for model in (await client.list()).models]
        with pytest.raises(ollama.ResponseError, match="file does not exist") as caught:
            await client.pull(MISSING_MODEL)
        assert caught.value.status_code == 500
        with pytest.raises(ollama.ResponseError, match="file does not exist"):
            [part async for part in await client.pull(MISSING_MODEL, stream=True)]


@pytest.mark.sockets
async def test_a_model_is_made_and_deleted(tmp_path: Path) -> None:
    """Of a blob, under another name, and no more."""
    path = tmp_path / "m.gguf"
    path.write_bytes(b"gguf")
    async with sdk() as (client, _):
        digest = await client.create_blob(path)
        assert (await client.create("mine", files={"m.gguf": digest})).status == "success"
        await client.copy("mine", "me/mine")
        assert (await client.push("me/mine")).status == "success"
        await client.delete("mine")
        with pytest.raises(ollama.ResponseError, match="not found"):
            await client.delete("mine")
        with pytest.raises(ollama.ResponseError, match="neither 'from' or 'files'"):
            await client.create("mine")


@pytest.mark.sockets
async def test_a_blob_of_other_bytes_is_refused() -> None:
    """Its name says what it must be."""
    async with (
        simulate("ollama") as sim,
        raw_client() as session,
        session.post(f"{sim.root_url}/api/blobs/sha256:{'0' * 64}", data=b"x") as reply,
    ):
        assert (reply.status, await reply.json()) == (400, {"error": "digest mismatch"})


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/pull"),
        ("POST", "/api/push"),
        ("POST", "/api/create"),
        ("POST", "/api/copy"),
        ("DELETE", "/api/delete"),
    ],
)
@given(
    body=ANYTHING
    | st.dictionaries(st.sampled_from(["model", "name", "from", "files", "source", "destination", "stream"]), ANYTHING)
)
def test_any_json_gets_an_answer(method: str, path: str, body: Any) -> None:
    """A body of any shape is answered or refused; nothing breaks the twin."""
    mount = Mount("ollama", 0, lambda: 0.0, None, None)
    answer, out, _ = mount.answer(Ask(1, method, path, {}, {}, body), None, 0.0)
    assert answer.status in (200, 400, 404, 500)
    if answer.media == JSON and (text := b"".join(out.parts)):
        json.loads(text)
