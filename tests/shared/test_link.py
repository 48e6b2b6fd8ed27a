"""The connection to Redis, as far as no Redis is needed for it: what is said while it is down, and how often."""

from __future__ import annotations

import asyncio
import logging

import pytest

from ipfs_accel_async.shared import Redis
from ipfs_accel_async.shared.link import DownError, Link


async def test_one_warning_a_minute_however_often_it_fails(caplog: pytest.LogCaptureFixture) -> None:
    """At once, and then after each whole minute; it names the kind of the fault and neither address nor password."""
    caplog.set_level(logging.WARNING, logger="ipfs_accel_async")
    link = Link(Redis("redis://:secret@127.0.0.1:1/0"), "me")
    for _ in range(240):
        link.failed(OSError("redis://:secret@127.0.0.1:1"))
        await asyncio.sleep(0.5)
    told = [record.getMessage() for record in caplog.records]
    assert told == ["shared state is down (OSError): each process goes on with its own share"] * 2
    link.failed(OSError())
    assert len(caplog.records) == 3
    await link.aclose()


async def test_who_waits_is_told_once() -> None:
    """When it goes down, and not each time it fails again; until it is back nothing is asked of it."""
    told: list[bool] = []
    link = Link(Redis("redis://127.0.0.1:1/0"), "me")
    link.on_down = lambda: told.append(link.down)
    for _ in range(3):
        link.failed(OSError())
    assert told == [True]
    with pytest.raises(DownError):
        await link.run("return 1", [], [])
    await link.aclose()
