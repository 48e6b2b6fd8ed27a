"""The store in a file: it stays, is bounded, is shared by processes, and is nobody else's to read."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from ipfs_accel_async.cache.disk import DiskStore
from ipfs_accel_async.cache.schema import APPLICATION

ROOT = Path(__file__).parents[2]


class Clock:
    """A wall clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


async def test_what_is_kept_is_there_in_the_next_process(tmp_path: Path) -> None:
    """Another store of the same file finds it, with its age."""
    clock = Clock()
    first = DiskStore(tmp_path / "new" / "cache.db", clock=clock)
    assert await first.set("k", b"data", 60, ("x", "y"))
    await first.aclose()
    clock.now += 10
    second = DiskStore(tmp_path / "new" / "cache.db", clock=clock)
    assert await second.get("k") == (b"data", 10.0)
    assert second.stats() == {"entries": 1, "bytes": 4, "evictions": 0}
    await second.aclose()


async def test_two_stores_of_one_file_agree(tmp_path: Path) -> None:
    """Each sees what the other one keeps and drops, and both count the same."""
    one, two = DiskStore(tmp_path / "c.db"), DiskStore(tmp_path / "c.db")
    await one.set("a", b"1", 60, ("t",))
    await two.set("b", b"22", 60, ("t", "u"))
    assert (await two.measure(), await one.measure()) == ({"entries": 2, "bytes": 3, "evictions": 0},) * 2
    assert await one.invalidate("u") == 1
    assert await two.get("b") is None
    assert await two.invalidate("t") == 1
    assert await one.measure() == {"entries": 0, "bytes": 0, "evictions": 0}
    await one.aclose()
    await two.aclose()


async def test_it_may_be_used_again_when_it_was_closed(tmp_path: Path) -> None:
    """Closing frees file and thread; the next use opens them again, as a client's next loop needs."""
    store = DiskStore(tmp_path / "c.db")
    await store.set("a", b"1", 60)
    await store.aclose()
    await store.aclose()
    assert await store.get("a") is not None
    assert await store.delete("a")
    assert not await store.delete("a")
    await store.aclose()


@pytest.mark.parametrize(("later", "hit"), [(0, True), (59.9, True), (60, False), (-0.1, False), (-1e9, False)])
async def test_an_entry_has_its_time(tmp_path: Path, later: float, hit: bool) -> None:
    """Before it was stored, as after a clock was put back, and when it is over, it is none and goes."""
    clock = Clock()
    store = DiskStore(tmp_path / "c.db", clock=clock)
    await store.set("k", b"data", 60)
    clock.now += later
    assert (await store.get("k") is not None) == hit
    assert store.stats()["entries"] == int(hit)
    await store.aclose()


async def test_its_bytes_are_bounded_and_the_least_used_goes(tmp_path: Path) -> None:
    """An entry that was read stays; one that is larger than everything is not kept."""
    clock = Clock()
    store = DiskStore(tmp_path / "c.db", max_bytes=300, clock=clock)
    for key in "abc":
        clock.now += 1
        assert await store.set(key, b"x" * 100, 1e6)
    clock.now += 1
    await store.get("a")
    clock.now += 1
    assert await store.set("d", b"x" * 150, 1e6)
    assert [key for key in "abcd" if await store.get(key)] == ["a", "d"]
    assert store.stats() == {"entries": 2, "bytes": 250, "evictions": 2}
    assert not await store.set("a", b"x" * 301, 1e6)
    assert not await store.set("d", b"x", 0)
    assert await store.measure() == {"entries": 0, "bytes": 0, "evictions": 2}
    await store.aclose()


async def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    """Answers are the user's: file, journal and folder are made for nobody else."""
    store = DiskStore(tmp_path / "new" / "c.db")
    await store.set("a", b"1", 60)
    made = [tmp_path / "new", *(tmp_path / "new").iterdir()]
    assert len(made) >= 3
    assert all(path.stat().st_mode & 0o077 == 0 for path in made)
    await store.aclose()


async def test_a_file_of_another_version_is_emptied(tmp_path: Path) -> None:
    """It is a cache: what an older version wrote is dropped, not guessed at."""
    with sqlite3.connect(tmp_path / "c.db") as old:
        old.execute(f"PRAGMA application_id = {APPLICATION}")
        old.execute("CREATE TABLE entries (key TEXT, pickled BLOB)")
        old.execute("INSERT INTO entries VALUES ('a', x'00')")
    old.close()
    store = DiskStore(tmp_path / "c.db")
    assert await store.get("a") is None
    assert await store.set("a", b"1", 60)
    await store.aclose()


async def test_another_programs_database_stays(tmp_path: Path) -> None:
    """Whatever its tables are called, nothing in it is touched, and the error says why."""
    with sqlite3.connect(tmp_path / "c.db") as theirs:
        theirs.execute("CREATE TABLE entries (diary TEXT)")
        theirs.execute("INSERT INTO entries VALUES ('dear diary')")
    store = DiskStore(tmp_path / "c.db")
    with pytest.raises(sqlite3.DatabaseError, match="another program"):
        await store.set("a", b"1", 60)
    await store.aclose()
    assert theirs.execute("SELECT diary FROM entries").fetchall() == [("dear diary",)]
    theirs.close()


async def test_a_file_that_is_no_database_raises_and_stays(tmp_path: Path) -> None:
    """Whoever named the wrong file does not lose it; the cache above goes on without a store."""
    path = tmp_path / "letter.txt"
    path.write_text("Dear Sir or Madam, " * 100)
    store = DiskStore(path)
    with pytest.raises(sqlite3.DatabaseError):
        await store.get("a")
    assert path.read_text().startswith("Dear Sir")
    await store.aclose()


async def test_processes_may_write_at_once(tmp_path: Path) -> None:
    """Two of them keep three hundred entries each beside ours, and every one is there."""
    source = (
        "import asyncio, sys\n"
        "from ipfs_accel_async.cache.disk import DiskStore\n"
        "async def main(path, name):\n"
        "    store = DiskStore(path)\n"
        "    for number in range(300):\n"
        "        while True:\n"
        "            try:\n"
        "                await store.set(f'{name}{number}', name.encode(), 1e6, (name,))\n"
        "                break\n"
        "            except Exception as error:\n"
        "                assert 'locked' in str(error), error\n"
        "    await store.aclose()\n"
        "asyncio.run(main(*sys.argv[1:]))\n"
    )
    path = tmp_path / "c.db"
    store = DiskStore(path)
    await store.set("ours", b"x", 1e6)
    others = [subprocess.Popen([sys.executable, "-c", source, str(path), name], cwd=ROOT) for name in "ab"]
    assert [other.wait(60) for other in others] == [0, 0]
    assert (await store.measure())["entries"] == 601
    assert await store.invalidate("a") == 300
    await store.aclose()


async def test_a_cancelled_caller_leaves_the_store_usable(tmp_path: Path) -> None:
    """What its thread does is finished; the next one is served."""
    store = DiskStore(tmp_path / "c.db")
    task = asyncio.create_task(store.set("a", b"1", 60))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await store.set("b", b"1", 60)
    assert await store.get("b") is not None
    await store.aclose()
