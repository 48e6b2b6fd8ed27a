"""What a worker does to itself before it runs foreign code: limits, and its output into files. Runs in a worker."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
import tempfile
from typing import BinaryIO

MAX_OUTPUT = 1024 * 1024
_GRACE = 2.0
_LIBC = ctypes.CDLL(None)


def take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Our ends of the pipes, moved out of the way of code that reads from 0 and prints to 1."""
    inbound, outbound = os.dup(0), os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nowhere, 0)
    os.close(nowhere)
    return os.fdopen(inbound, "rb"), os.fdopen(outbound, "wb")


def limit(memory: int) -> None:
    """Cap the address space, and what can be written to a file; leave no core dumps.

    Args:
        memory: Bytes; 0 is no cap.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (MAX_OUTPUT, MAX_OUTPUT))
    if memory and sys.platform == "linux":  # macOS has the limit, but refuses it
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


def alarm(seconds: float) -> None:
    """End this process after the time limit, should the engine that is to do it be gone; 0 calls it off."""
    signal.setitimer(signal.ITIMER_REAL, seconds + _GRACE if seconds else 0.0)


class Output:
    """What code prints: descriptors 1 and 2 lead into files, each cut at `MAX_OUTPUT` bytes."""

    def __init__(self) -> None:
        self._files = [tempfile.TemporaryFile(), tempfile.TemporaryFile()]  # noqa: SIM115 - they live as long as it
        for descriptor, file in zip((1, 2), self._files, strict=True):
            os.dup2(file.fileno(), descriptor)

    def take(self) -> tuple[str, str]:
        """What was printed to standard output and standard error since the last time."""
        _LIBC.fflush(None)
        texts = []
        for descriptor in (1, 2):
            size = os.lseek(descriptor, 0, os.SEEK_END)
            texts.append(os.pread(descriptor, size, 0).decode("utf-8", "replace") if size else "")
            if size:
                os.ftruncate(descriptor, 0)
            os.lseek(descriptor, 0, os.SEEK_SET)
        return texts[0], texts[1]
