"""Putting what is large: in parts, several at once, gone on with or given up."""

from __future__ import annotations

import asyncio
import hashlib
import io
import os
import subprocess
from pathlib import Path

import pytest

from ipfs_accel_async.errors import InvalidRequestError, ServerError
from tests.native.s3_kit.twin import BUCKET, MIB, PART, s3_mock, s3_twin

pytestmark = pytest.mark.sockets
DATA = os.urandom(12 * MIB)
DIGESTS = [hashlib.md5(DATA[at : at + PART]).digest() for at in range(0, len(DATA), PART)]
ETAG = f"{hashlib.md5(b''.join(DIGESTS)).hexdigest()}-{len(DIGESTS)}"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file with the data."""
    made = tmp_path / "model.bin"
    made.write_bytes(DATA)
    return made


@pytest.mark.parametrize("form", ["bytes", "bytearray", "memoryview", "path", "text", "file", "buffer"])
async def test_whatever_holds_the_data(form: str, path: Path) -> None:
    """Bytes, a path and an open file all arrive whole, in parts of the size that was asked for."""
    with path.open("rb") as file:
        data = {
            "bytes": DATA,
            "bytearray": bytearray(DATA),
            "memoryview": memoryview(DATA),
            "path": path,
            "text": str(path),
            "file": file,
            "buffer": io.BytesIO(DATA),
        }[form]
        async with s3_twin() as twin:
            put = await twin.s3.put(BUCKET, "k", data, part_size=PART)  # type: ignore[arg-type]
            assert (put.etag, put.size) == (ETAG, len(DATA))
            assert (await twin.s3.get(BUCKET, "k")).data == DATA
            assert len(twin.paths("PUT")) == 3
            assert (await twin.s3.multipart.list(BUCKET)).get("Uploads") is None


@pytest.mark.parametrize("size", [0, 1, PART - 1, PART])
async def test_what_fits_into_a_part_goes_in_one_piece(size: int) -> None:
    """One PUT and no multipart upload, up to and with exactly a part's size."""
    async with s3_twin() as twin:
        for data in (DATA[:size], io.BytesIO(DATA[:size])):
            twin.sim.requests.clear()
            put = await twin.s3.put(BUCKET, "k", data, part_size=PART)
            assert put.size == size
            if size < PART or isinstance(data, bytes):
                assert twin.paths() == [f"PUT /{BUCKET}/k"]
            assert (await twin.s3.get(BUCKET, "k")).data == DATA[:size]


async def test_a_pipe_is_put_too() -> None:
    """A file that cannot seek and gives its bytes by and by arrives whole; its CID cannot be known beforehand."""
    async with s3_twin() as (s3, _, _):
        with subprocess.Popen(["/bin/sh", "-c", "printf hello; printf world"], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            await s3.put(BUCKET, "k", process.stdout)
        assert (await s3.get(BUCKET, "k")).data == b"helloworld"
        with subprocess.Popen(["/bin/echo"], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            with pytest.raises(InvalidRequestError, match="reads the file twice"):
                await s3.put(BUCKET, "", process.stdout, cid=True)


async def test_progress_tells_bytes_that_have_arrived(path: Path) -> None:
    """It rises to the whole size; the total is None where nobody knows it."""
    async with s3_twin() as (s3, _, _):
        for data, total in ((path, len(DATA)), (io.BytesIO(DATA), None)):
            told: list[tuple[int, int | None]] = []
            await s3.put(BUCKET, "k", data, part_size=PART, progress=lambda *now, told=told: told.append(now))  # type: ignore[misc]
            assert [done for done, _ in told] == sorted(done for done, _ in told)
            assert (len(told), told[-1]) == (3, (len(DATA), total))


async def test_parts_in_flight_are_bounded() -> None:
    """No more parts at once than `parallel` says, and never more than the caps of the stack."""
    async with s3_twin(max_concurrent_requests=2) as twin:
        twin.sim.latency = 0.02
        await twin.s3.put(BUCKET, "k", DATA, part_size=PART, parallel=8)
        assert twin.sim.peak_in_flight == 2
        twin.sim.peak_in_flight = 0
        await twin.s3.put(BUCKET, "k", DATA, part_size=PART, parallel=1)
        assert twin.sim.peak_in_flight == 1


async def test_an_upload_that_fails_is_given_up() -> None:
    """The error is the caller's; the parts that had arrived are gone, and so is the upload."""
    async with s3_twin(max_retries=0) as twin:
        twin.sim.faults = [None, None, "500"]
        with pytest.raises(ServerError):
            await twin.s3.put(BUCKET, "k", DATA, part_size=PART, parallel=1)
        assert twin.paths()[-1] == f"DELETE /{BUCKET}/k"
        assert (await twin.s3.multipart.list(BUCKET)).get("Uploads") is None
        assert not await twin.s3.exists(BUCKET, "k")


async def test_an_upload_that_is_cancelled_is_given_up() -> None:
    """Cancelling the caller's task leaves no parts to be paid for."""
    async with s3_twin() as twin:
        twin.sim.faults = [None, "stall"]
        put = asyncio.ensure_future(twin.s3.put(BUCKET, "k", DATA, part_size=PART, parallel=1))
        while not twin.paths("PUT"):
            await asyncio.sleep(0)
        put.cancel()
        with pytest.raises(asyncio.CancelledError):
            await put
        assert (await twin.s3.multipart.list(BUCKET)).get("Uploads") is None


async def test_an_upload_that_was_cut_is_gone_on_with(path: Path) -> None:
    """With ``resume`` the parts stay, and the next put sends only what is missing or differs."""
    async with s3_twin(max_retries=0) as twin:
        twin.sim.faults = [None, None, None, "500"]
        with pytest.raises(ServerError):
            await twin.s3.put(BUCKET, "k", path, part_size=PART, parallel=1, resume=True)
        twin.sim.requests.clear()
        put = await twin.s3.put(BUCKET, "k", path, part_size=PART, resume=True)
        assert (put.etag, len(twin.paths("PUT"))) == (ETAG, 2)
        assert (await twin.s3.get(BUCKET, "k")).data == DATA


async def test_parts_of_another_file_are_not_taken_for_this_one(path: Path) -> None:
    """A part that is there but has other bytes is sent again."""
    async with s3_twin() as twin:
        upload = await twin.s3.multipart.create(BUCKET, "k")
        await twin.s3.multipart.part(BUCKET, "k", upload, 1, bytes(PART))
        await twin.s3.multipart.part(BUCKET, "k", upload, 2, DATA[PART : 2 * PART])
        twin.sim.requests.clear()
        put = await twin.s3.put(BUCKET, "k", path, part_size=PART, resume=True)
        assert (put.etag, len(twin.paths("PUT"))) == (ETAG, 2)


async def test_a_part_that_fails_is_sent_again() -> None:
    """Retries are per part: what has arrived is not sent twice."""
    async with s3_twin() as twin:
        twin.sim.faults = [None, None, "reset", "503"]
        put = await twin.s3.put(BUCKET, "k", DATA, part_size=PART, parallel=1)
        assert (put.etag, len(twin.paths("PUT"))) == (ETAG, 5)


async def test_a_named_checksum_goes_with_every_part() -> None:
    """The parts' checksums stand in the request that makes the object."""
    async with s3_twin() as twin:
        await twin.s3.put(BUCKET, "k", DATA, part_size=PART, checksum="SHA256")
        parts = [seen for seen in twin.sim.requests if seen.method == "PUT"]
        assert all("x-amz-checksum-sha256" in seen.headers for seen in parts)


async def test_more_parts_than_there_may_be_makes_larger_ones() -> None:
    """A file of 100 GiB in parts of 5 MiB would be over 10,000 of them: the parts grow."""
    from ipfs_accel_async.native.s3_kit._sources import Source

    taken: list[int] = []

    class Huge(Source):
        async def open(self) -> None:
            self.size = 100 * 2**30

        async def take(self, size: int) -> bytes:
            taken.append(size)
            return b""

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ipfs_accel_async.native.s3_kit._uploads.Source", Huge)
        async with s3_mock({"ETag": "e"}) as (s3, _):
            await s3.put(BUCKET, "k", b"")
    assert taken[0] * 10_000 >= 100 * 2**30


async def test_a_cid_of_a_file(path: Path) -> None:
    """Files are hashed in pieces before they are sent, and sent from their beginning."""
    async with s3_twin() as (s3, _, _):
        with path.open("rb") as file:
            by_file = await s3.put(BUCKET, "c/", file, cid=True)
        by_path = await s3.upload_file(path, BUCKET, "c/", cid=True)
        assert by_file.key == by_path.key
        assert (await s3.get(BUCKET, by_path.key)).cid == by_path.cid
        named = await s3.upload_file(path, BUCKET)
        assert (named.key, named.content_type) == ("model.bin", "application/octet-stream")
