"""Objects to files: all or nothing, taken up again where they broke, verified."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from ipfs_accel_async.errors import (
    InvalidRequestError,
    NotFoundError,
    ResponseValidationError,
    ServerError,
    StreamIncompleteError,
)
from tests.native.s3_kit.twin import BUCKET, s3_twin

pytestmark = pytest.mark.sockets
DATA = os.urandom(300_000)


def names(folder: Path) -> list[str]:
    """What is in a folder, hidden files included."""
    return sorted(path.name for path in folder.iterdir())


async def test_a_file_is_written_whole(tmp_path: Path) -> None:
    """To a path whose folders are made, or under its own name into a folder; nothing else is left there."""
    told: list[tuple[int, int | None]] = []
    async with s3_twin() as (s3, _, _):
        await s3.put(BUCKET, "a/model.bin", DATA)
        info = await s3.download_file(
            BUCKET, "a/model.bin", tmp_path / "new" / "x", progress=lambda *now: told.append(now)
        )
        await s3.download_file(BUCKET, "a/model.bin", tmp_path)
        await s3.put(BUCKET, "empty", b"")
        await s3.download_file(BUCKET, "empty", str(tmp_path / "empty"))
    assert info.size == len(DATA)
    assert told[-1] == (len(DATA), len(DATA))
    assert (tmp_path / "new" / "x").read_bytes() == (tmp_path / "model.bin").read_bytes() == DATA
    assert (tmp_path / "empty").read_bytes() == b""
    assert names(tmp_path) == ["empty", "model.bin", "new"]


async def test_a_connection_that_breaks_is_taken_up_again(tmp_path: Path) -> None:
    """The rest is asked for by range, and only if the object is still the same."""
    async with s3_twin() as twin:
        await twin.s3.put(BUCKET, "k", DATA)
        twin.sim.requests.clear()
        twin.sim.faults = [None, "cut", None]
        await twin.s3.download_file(BUCKET, "k", tmp_path / "k")
        again = twin.sim.requests[-1].headers
        assert 0 < int(again["range"].removeprefix("bytes=").rstrip("-")) < len(DATA)
        assert again["if-match"].startswith('"')
    assert (tmp_path / "k").read_bytes() == DATA


async def test_a_file_that_cannot_be_finished_is_not_there(tmp_path: Path) -> None:
    """After streams that break without a byte the error is raised; an older file stays as it was."""
    (tmp_path / "k").write_bytes(b"old")
    async with s3_twin(max_retries=0) as twin:
        await twin.s3.put(BUCKET, "k", DATA)
        twin.sim.requests.clear()
        twin.sim.faults = [None, "cut@0*20"]
        with pytest.raises(StreamIncompleteError):
            await twin.s3.download_file(BUCKET, "k", tmp_path / "k")
        assert len(twin.paths("GET")) == 3
    assert names(tmp_path) == ["k"]
    assert (tmp_path / "k").read_bytes() == b"old"


async def test_a_download_that_was_cut_is_gone_on_with(tmp_path: Path) -> None:
    """With ``resume`` what has come stays beside the target, and the next call asks for the rest only."""
    async with s3_twin(max_retries=0) as twin:
        await twin.s3.put(BUCKET, "k", DATA)
        twin.sim.faults = [None, "cut", "500"]
        with pytest.raises(ServerError):
            await twin.s3.download_file(BUCKET, "k", tmp_path / "k", resume=True)
        (partial,) = names(tmp_path)
        size = (tmp_path / partial).stat().st_size
        assert 0 < size < len(DATA)
        twin.sim.faults = None
        await twin.s3.download_file(BUCKET, "k", tmp_path / "k", resume=True)
        assert twin.sim.requests[-1].headers["range"] == f"bytes={size}-"
    assert names(tmp_path) == ["k"]
    assert (tmp_path / "k").read_bytes() == DATA


async def test_what_came_of_another_object_is_not_gone_on_with(tmp_path: Path) -> None:
    """A new object of the same name begins anew."""
    async with s3_twin(max_retries=0) as twin:
        await twin.s3.put(BUCKET, "k", DATA)
        twin.sim.faults = [None, "cut", "500"]
        with pytest.raises(ServerError):
            await twin.s3.download_file(BUCKET, "k", tmp_path / "k", resume=True)
        twin.sim.faults = None
        await twin.s3.put(BUCKET, "k", DATA[::-1])
        await twin.s3.download_file(BUCKET, "k", tmp_path / "k", resume=True)
    assert (tmp_path / "k").read_bytes() == DATA[::-1]


async def test_a_download_that_is_cancelled_leaves_nothing(tmp_path: Path) -> None:
    """Unless it is to be resumed, what has come is deleted."""
    async with s3_twin() as twin:
        await twin.s3.put(BUCKET, "k", DATA)
        twin.sim.requests.clear()
        twin.sim.faults = [None, "stall"]
        began = asyncio.Event()
        task = asyncio.ensure_future(
            twin.s3.download_file(BUCKET, "k", tmp_path / "k", progress=lambda *_: began.set())
        )
        await began.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert names(tmp_path) == []


async def test_files_are_verified_by_their_cid(tmp_path: Path) -> None:
    """An object that is not what its name promises is never a file."""
    async with s3_twin() as (s3, _, _):
        put = await s3.put(BUCKET, "", DATA, cid=True)
        await s3.download_file(BUCKET, put.key, tmp_path / "good", verify=True)
        await s3.put(BUCKET, put.key, DATA[:-1])
        with pytest.raises(ResponseValidationError):
            await s3.download_file(BUCKET, put.key, tmp_path / "bad", resume=True)
        await s3.download_file(BUCKET, put.key, tmp_path / "unverified", verify=False)
        await s3.put(BUCKET, "k", b"")
        with pytest.raises(InvalidRequestError, match="CID"):
            await s3.download_file(BUCKET, "k", tmp_path / "x", verify=True)
    assert names(tmp_path) == ["good", "unverified"]


async def test_where_no_file_can_be_written(tmp_path: Path) -> None:
    """A target below a file, or a missing object, is a typed error and leaves nothing."""
    (tmp_path / "file").write_bytes(b"")
    async with s3_twin() as (s3, _, _):
        await s3.put(BUCKET, "k", DATA)
        await s3.put(BUCKET, "a/..", DATA)
        with pytest.raises(InvalidRequestError, match="cannot be written"):
            await s3.download_file(BUCKET, "k", tmp_path / "file" / "x")
        with pytest.raises(InvalidRequestError, match="no name of a file"):
            await s3.download_file(BUCKET, "a/..", tmp_path)
        with pytest.raises(NotFoundError):
            await s3.download_file(BUCKET, "nothing", tmp_path / "x")
    assert names(tmp_path) == ["file"]
