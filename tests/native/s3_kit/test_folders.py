"""Directories up and down, and what never leaves them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async.errors import InvalidRequestError, ServerError
from ipfs_accel_async.native.s3_kit._etags import etag_of
from ipfs_accel_async.native.s3_kit._paths import folder_prefix, path_below
from tests.native.s3_kit.twin import BUCKET, MIB, PART, s3_twin

FILES = {"a": b"1", "sub/b": b"22", "sub/deep/ü c": b"333", "empty": b""}
EVIL = ["../x", "a/../../x", "/etc/x", "a//b", "C:/x", "c:x", "a\\..\\x", "a\0b", ".", "..", "a/.", "link/x", "a/"]


def tree(root: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with files."""
    root = tmp_path / "here"
    for name, content in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root


@pytest.mark.sockets
async def test_a_folder_goes_up_and_comes_down_again(folder: Path, tmp_path: Path) -> None:
    """Every file, with its place; the report says which keys and how many bytes."""
    told: list[tuple[int, int | None]] = []
    async with s3_twin() as (s3, _, _):
        up = await s3.upload_dir(folder, BUCKET, "m/1", progress=lambda *now: told.append(now))
        assert sorted(up.transferred) == sorted(f"m/1/{name}" for name in FILES)
        assert (up.size, told[-1]) == (6, (6, 6))
        await s3.mkdir(BUCKET, "m/1/marker")
        down = await s3.download_dir(BUCKET, "m/1/", tmp_path / "there")
        assert (down.transferred, down.size) == (up.transferred, 6)
    assert tree(tmp_path / "there") == FILES


@pytest.mark.sockets
async def test_sync_sends_only_what_differs(folder: Path) -> None:
    """By size, then by content; with ``delete`` what is not here goes there too."""
    async with s3_twin() as twin:
        s3 = twin.s3
        first = await s3.sync(folder, BUCKET, "m")
        assert len(first.transferred) == 4
        again = await s3.sync(folder, BUCKET, "m")
        assert (again.transferred, len(again.unchanged), again.size) == ((), 4, 0)
        (folder / "a").write_bytes(b"2")
        (folder / "empty").unlink()
        (folder / "new").write_bytes(b"n")
        changed = await s3.sync(folder, BUCKET, "m")
        assert (changed.transferred, changed.deleted) == (("m/a", "m/new"), ())
        assert await s3.exists(BUCKET, "m/empty")
        deleted = await s3.sync(folder, BUCKET, "m", delete=True)
        assert (deleted.transferred, deleted.deleted) == ((), ("m/empty",))
        assert not await s3.exists(BUCKET, "m/empty")


@pytest.mark.sockets
async def test_sync_down(folder: Path) -> None:
    """The directory becomes like the prefix; other prefixes and, unless asked, other files stay as they are."""
    async with s3_twin() as (s3, _, _):
        await s3.put(BUCKET, "m/a", b"1")
        await s3.put(BUCKET, "m/new", b"n")
        await s3.put(BUCKET, "mother", b"x")
        down = await s3.sync(folder, BUCKET, "m", "down")
        assert (down.transferred, down.unchanged) == (("m/new",), ("m/a",))
        assert tree(folder) == {**FILES, "new": b"n"}
        gone = await s3.sync(folder, BUCKET, "m", "down", delete=True)
        assert sorted(gone.deleted) == ["m/empty", "m/sub/b", "m/sub/deep/ü c"]
    assert tree(folder) == {"a": b"1", "new": b"n"}


@pytest.mark.sockets
async def test_files_in_parts_are_compared_too(tmp_path: Path) -> None:
    """The ETag of an object in parts is computed from the file: it is not sent again."""
    (tmp_path / "big").write_bytes(bytes(11 * MIB))
    async with s3_twin() as (s3, _, _):
        assert (await s3.sync(tmp_path, BUCKET, part_size=PART)).transferred == ("big",)
        assert (await s3.sync(tmp_path, BUCKET, part_size=PART)).unchanged == ("big",)
        assert (await s3.sync(tmp_path, BUCKET, part_size=PART + 1)).transferred == ("big",)


@pytest.mark.sockets
async def test_a_file_that_fails_ends_the_transfer(folder: Path) -> None:
    """The error is the caller's; what was done is done, and nothing is deleted."""
    async with s3_twin(max_retries=0) as twin:
        await twin.s3.put(BUCKET, "m/old", b"")
        twin.sim.faults = [None, "500*9"]
        with pytest.raises(ServerError):
            await twin.s3.sync(folder, BUCKET, "m", delete=True)
        twin.sim.faults = None
        assert await twin.s3.exists(BUCKET, "m/old")


@pytest.mark.sockets
@pytest.mark.parametrize("key", ["../x", "a/../../x", "/etc/x", "C:/x", "a\\..\\x", "link/x"])
async def test_no_key_leads_out_of_the_folder(key: str, tmp_path: Path) -> None:
    """A key with dots, a drive, a backslash or through a link is refused before anything is written."""
    root = tmp_path / "root"
    (tmp_path / "outside").mkdir()
    root.mkdir()
    (root / "link").symlink_to(tmp_path / "outside")
    async with s3_twin() as (s3, sim, _):
        store = sim._mounts["s3_kit"].twin.store  # type: ignore[attr-defined]
        await s3.put(BUCKET, "m/good", b"good")
        store.buckets[BUCKET][f"m/{key}"] = store.buckets[BUCKET]["m/good"]
        with pytest.raises(InvalidRequestError, match="leads out of the folder"):
            await s3.download_dir(BUCKET, "m", root)
    assert tree(tmp_path) == {}


@pytest.mark.parametrize("key", EVIL)
def test_paths_that_are_refused(key: str, tmp_path: Path) -> None:
    """Each of them would be another file than its name says."""
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "link").symlink_to(tmp_path)
    with pytest.raises(InvalidRequestError):
        path_below(tmp_path / "root", key)


@given(st.text(st.sampled_from("ab./\\:\0ü"), max_size=12))
def test_a_path_is_below_its_root_or_refused(key: str) -> None:
    """Whatever the key, what comes out lies strictly below the root."""
    root = Path("/nowhere/root")
    try:
        path = path_below(root, key)
    except InvalidRequestError:
        return
    assert root in path.resolve().parents


@pytest.mark.parametrize(("prefix", "expected"), [("", ""), ("/", ""), ("a", "a/"), ("a/b//", "a/b/")])
def test_a_prefix_ends_where_a_folder_does(prefix: str, expected: str) -> None:
    """``m`` does not take ``mother`` along."""
    assert folder_prefix(prefix) == expected


@given(st.binary(max_size=100), st.integers(1, 40))
def test_the_etag_of_parts(data: bytes, part_size: int) -> None:
    """MD5 of the parts' MD5s, with their number; of a whole file its MD5."""
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "x"
        path.write_bytes(data)
        parts = [hashlib.md5(data[at : at + part_size]).digest() for at in range(0, len(data), part_size)]
        assert etag_of(path, part_size) == f"{hashlib.md5(b''.join(parts)).hexdigest()}-{len(parts)}"
        assert etag_of(path) == hashlib.md5(data).hexdigest()


@pytest.mark.sockets
async def test_what_the_system_refuses_is_typed(folder: Path) -> None:
    """A directory that is a file, or a file that is a directory, is an InvalidRequestError with its path."""
    async with s3_twin() as (s3, _, _):
        await s3.put(BUCKET, "m/sub", b"x")
        with pytest.raises(InvalidRequestError, match="cannot be written"):
            await s3.download_dir(BUCKET, "m", folder / "a")
        with pytest.raises(InvalidRequestError, match="cannot be written"):
            await s3.download_file(BUCKET, "m/sub", folder / "a" / "b")
        with pytest.raises(InvalidRequestError, match="cannot be read"):
            await s3.put(BUCKET, "k", "a\0b")
