"""Ctrl-C for commands that wait for nothing else."""

import asyncio
import signal
from contextlib import suppress


def heed_interrupts() -> None:
    """Let Ctrl-C wake the running loop whenever it comes; what it does then stays as it is.

    The handler that ``asyncio.run`` installs runs when the interpreter next executes code. A loop that has nothing to
    do may be about to sleep at that moment, and sleeps on; a signal that the loop itself listens to wakes it.
    """
    handler = signal.getsignal(signal.SIGINT)
    if callable(handler):
        with suppress(NotImplementedError):  # on Windows, whose loops wake by themselves
            asyncio.get_running_loop().add_signal_handler(signal.SIGINT, handler, signal.SIGINT, None)
