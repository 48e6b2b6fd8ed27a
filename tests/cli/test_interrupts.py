"""Ctrl-C of a command that waits for nothing else."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from ipfs_accel_async.cli.interrupts import heed_interrupts

pytestmark = pytest.mark.sockets


def test_a_signal_reaches_the_selector_before_any_handler_runs() -> None:
    """It is written to a socket that the loop waits on, so a loop that is about to sleep does not."""

    async def wakeup() -> int:
        heed_interrupts()
        found = signal.set_wakeup_fd(-1)
        signal.set_wakeup_fd(found, warn_on_full_buffer=False)
        return found

    assert asyncio.run(wakeup()) != -1


def test_ctrl_c_ends_it_as_before_and_its_handler_goes_with_it() -> None:
    """The task is cancelled and cleans up; who comes after it hears Ctrl-C as before."""
    before, tidied = signal.getsignal(signal.SIGINT), []

    async def forever() -> None:
        heed_interrupts()
        os.kill(os.getpid(), signal.SIGINT)
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            tidied.append(True)

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(forever())
    assert (tidied, signal.getsignal(signal.SIGINT)) == ([True], before)


def test_ctrl_c_again_does_not_wait_for_the_end() -> None:
    """Who presses it twice has no time for cleaning up."""

    async def stubborn() -> None:
        heed_interrupts()
        os.kill(os.getpid(), signal.SIGINT)
        try:
            await asyncio.Event().wait()
        finally:
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.sleep(3_600)

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(stubborn())
