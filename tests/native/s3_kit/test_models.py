"""Saved models: a manifest that comes last, files verified by CID, both ways gone on with where they were cut."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from ipfs_accel_async.errors import InvalidRequestError, NotFoundError, ResponseValidationError, ServerError
from tests.native.s3_kit.twin import BUCKET, s3_twin

pytestmark = pytest.mark.sockets
FILES = {"config.json": b"{}", "weights/1.bin": bytes(100_000), "weights/2.bin": bytes(50_000)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model's directory."""
    for name, content in FILES.items():
        (tmp_path / "model" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "model" / name).write_bytes(content)
    return tmp_path / "model"


def tree(root: Path) -> dict[str, bytes]:
    """Every file below a folder, hidden ones included."""
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


async def test_a_model_is_saved_and_loaded(folder: Path, tmp_path: Path) -> None:
    """The same files come back; the manifest says their sizes and CIDs; progress ends with all bytes."""
    told: list[tuple[int, int | None]] = []
    async with s3_twin() as (s3, _, _):
        saved = await s3.save_model(folder, BUCKET, "m/1", progress=lambda *now: told.append(now))
        loaded = await s3.load_model(BUCKET, "m/1", tmp_path / "copy", progress=lambda *now: told.append(now))
        written = orjson.loads((await s3.get(BUCKET, "m/1/manifest.json")).data)
    assert saved == loaded
    assert tree(tmp_path / "copy") == FILES
    assert [file["path"] for file in written["files"]] == sorted(FILES)
    assert all(file["cid"].startswith("bafkrei") for file in written["files"])
    assert (saved.size, told[2], told[-1]) == (150_002, (150_002, 150_002), (150_002, 150_002))


async def test_a_save_that_was_cut_goes_on_where_it_was(folder: Path) -> None:
    """Files that are there are not sent again, and without its manifest a model is not there."""
    async with s3_twin(max_retries=0) as twin:
        twin.sim.faults = [None, None, None, "500*9"]
        with pytest.raises(ServerError):
            await twin.s3.save_model(folder, BUCKET, "m", parallel=1)
        twin.sim.faults = None
        with pytest.raises(NotFoundError):
            await twin.s3.load_model(BUCKET, "m", folder.parent / "x")
        twin.sim.requests.clear()
        await twin.s3.save_model(folder, BUCKET, "m")
        sent = [path.removeprefix(f"PUT /{BUCKET}/m/") for path in twin.paths("PUT")]
        assert sorted(sent) == ["manifest.json", "weights/1.bin", "weights/2.bin"]
        twin.sim.requests.clear()
        await twin.s3.save_model(folder, BUCKET, "m")
        assert len(twin.paths("PUT")) == 1


async def test_a_load_that_was_cut_goes_on_where_it_was(folder: Path, tmp_path: Path) -> None:
    """Files that are right are not fetched again, and of one that was cut only the rest is."""
    async with s3_twin(max_retries=0) as twin:
        await twin.s3.save_model(folder, BUCKET, "m")
        twin.sim.faults = [None, None, None, None, "cut", "500*9"]
        with pytest.raises(ServerError):
            await twin.s3.load_model(BUCKET, "m", tmp_path / "copy", parallel=1)
        twin.sim.faults = None
        twin.sim.requests.clear()
        await twin.s3.load_model(BUCKET, "m", tmp_path / "copy", parallel=1)
        fetched = [seen for seen in twin.sim.requests if seen.method == "GET"]
        assert [seen.path for seen in fetched[1:]] == [f"/{BUCKET}/m/weights/1.bin", f"/{BUCKET}/m/weights/2.bin"]
        assert "range" in fetched[1].headers
    assert tree(tmp_path / "copy") == FILES


async def test_a_file_that_has_changed_is_found_out(folder: Path, tmp_path: Path) -> None:
    """An object that is not what the manifest says is an error, and no file."""
    async with s3_twin() as (s3, _, _):
        await s3.save_model(folder, BUCKET, "m")
        await s3.put(BUCKET, "m/weights/1.bin", b"other")
        with pytest.raises(ResponseValidationError, match=r"weights/1\.bin"):
            await s3.load_model(BUCKET, "m", tmp_path / "copy")
    assert "weights/1.bin" not in tree(tmp_path / "copy")


@pytest.mark.parametrize(
    "manifest",
    [
        b"",
        b"[]",
        {"version": 2, "files": []},
        {"version": 1},
        {"version": 1, "files": [{"path": "a"}]},
        {"version": 1, "files": [{"path": "a", "size": "x", "cid": "c"}]},
    ],
)
async def test_a_manifest_that_is_none(manifest: Any, tmp_path: Path) -> None:
    """Anything else under its name is a ResponseValidationError."""
    async with s3_twin() as (s3, _, _):
        data = manifest if isinstance(manifest, bytes) else orjson.dumps(manifest)
        await s3.put(BUCKET, "m/manifest.json", data)
        with pytest.raises(ResponseValidationError, match="manifest"):
            await s3.load_model(BUCKET, "m", tmp_path / "copy")


async def test_a_manifest_that_leads_elsewhere(tmp_path: Path) -> None:
    """A path out of the directory is refused before anything is written."""
    evil = {"version": 1, "files": [{"path": "../x", "size": 1, "cid": "c"}]}
    async with s3_twin() as (s3, _, _):
        await s3.put(BUCKET, "m/manifest.json", orjson.dumps(evil))
        with pytest.raises(InvalidRequestError, match="leads out"):
            await s3.load_model(BUCKET, "m", tmp_path / "copy")
    assert tree(tmp_path) == {}


async def test_a_directory_with_a_manifest_of_its_own(folder: Path) -> None:
    """The name is taken: the save is refused before anything is sent."""
    (folder / "manifest.json").write_bytes(b"{}")
    async with s3_twin() as twin:
        with pytest.raises(InvalidRequestError, match="manifest"):
            await twin.s3.save_model(folder, BUCKET, "m")
        assert twin.paths() == []
