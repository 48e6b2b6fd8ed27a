"""The tables of a disk cache. Sums and tags follow the entries by triggers, so that processes agree on them."""

from __future__ import annotations

import os
import sqlite3
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

VERSION = 1
"""Of the tables: a file of another version is emptied, as it is a cache."""

APPLICATION = 0x69706663
"""Marks a file as ours (SQLite, application_id): tables of others, whatever their names, are left alone."""

BUSY_SECONDS = 0.05
"""How long an operation waits for another process: a call that is not cached loses less than one that waits."""

_TABLES = """
CREATE TABLE entries (
    key TEXT PRIMARY KEY, data BLOB NOT NULL, size INTEGER NOT NULL,
    stored REAL NOT NULL, expires REAL NOT NULL, used REAL NOT NULL
);
CREATE INDEX by_use ON entries (used);
CREATE TABLE tags (tag TEXT NOT NULL, key TEXT NOT NULL, PRIMARY KEY (tag, key)) WITHOUT ROWID;
CREATE INDEX tags_of_key ON tags (key);
CREATE TABLE totals (entries INTEGER NOT NULL, bytes INTEGER NOT NULL);
INSERT INTO totals VALUES (0, 0);
CREATE TRIGGER added AFTER INSERT ON entries BEGIN
    UPDATE totals SET entries = entries + 1, bytes = bytes + NEW.size;
END;
CREATE TRIGGER removed AFTER DELETE ON entries BEGIN
    UPDATE totals SET entries = entries - 1, bytes = bytes - OLD.size;
    DELETE FROM tags WHERE key = OLD.key;
END;
"""
_OURS = (("trigger", "added"), ("trigger", "removed"), ("table", "entries"), ("table", "tags"), ("table", "totals"))


def connect(path: Path, busy_seconds: float) -> sqlite3.Connection:
    """Open a file, and make what is not there; for the thread that uses it.

    Args:
        path: The file.
        busy_seconds: How long an operation waits for another process.

    Raises:
        OSError: The file cannot be made.
        sqlite3.Error: It is no database, another program's, or cannot be written.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    database = sqlite3.connect(path, timeout=busy_seconds, check_same_thread=False)
    try:
        if _marks(database)[0] != APPLICATION and database.execute("SELECT 1 FROM sqlite_master").fetchone():
            raise sqlite3.DatabaseError("this database is another program's")
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        if _marks(database) != (APPLICATION, VERSION):
            _make(database)
    except BaseException:
        database.close()
        raise
    return database


def _marks(database: sqlite3.Connection) -> tuple[int, int]:
    application, version = (
        database.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")
    )
    return application, version


def _make(database: sqlite3.Connection) -> None:
    dropped = "".join(f"DROP {kind} IF EXISTS {name};" for kind, name in _OURS)
    marked = f"PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {VERSION};"
    database.executescript(f"BEGIN IMMEDIATE; {dropped} {_TABLES} {marked} COMMIT;")


def totals(database: sqlite3.Connection) -> tuple[int, int]:
    """How many entries there are, and their bytes."""
    entries, size = database.execute("SELECT entries, bytes FROM totals").fetchone()
    return int(entries), int(size)


def evict(database: sqlite3.Connection, room_for: int) -> int:
    """Drop what was used longest ago until no more than so many bytes are left; how many entries went."""
    _, size = totals(database)
    gone = 0
    while size > room_for:
        key, bytes_of = database.execute("SELECT key, size FROM entries ORDER BY used LIMIT 1").fetchone()
        database.execute("DELETE FROM entries WHERE key = ?", (key,))
        size -= bytes_of
        gone += 1
    return gone
