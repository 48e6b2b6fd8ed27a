"""One worker process as the engine sees it: started, asked, killed."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.errors import ClientClosedError, ConfigError, ServerError
from ipfs_accel_async.transport.llvm import frames, refusals

if TYPE_CHECKING:
    from asyncio import StreamReader, StreamWriter
    from asyncio.subprocess import Process
    from collections.abc import Sequence

START_SECONDS = 60.0
_PACKAGE = str(Path(__file__).parents[2])
# the package's own __init__ would load the whole client, which takes five times as long as all that a worker needs
_BOOT = """
import sys, types
package = types.ModuleType("ipfs_accel_async")
package.__path__ = [sys.argv[1]]
sys.modules[package.__name__] = package
from ipfs_accel_async.transport.llvm.worker import main
main(int(sys.argv[2]))
"""
# foreign code can read its environment: keys and tokens are not for it
_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PYTHONPATH", "TMPDIR", "LANG")


class WorkerProcess:
    """A worker; made by :meth:`start`.

    Attributes:
        facts: ``llvm`` (version), ``cpu`` and ``triple``.
        objects: Keys of the objects that it was given.
        busy: Whether it owes an answer; if nobody waits for that any more, it is of no further use.
    """

    def __init__(self, process: Process, stdin: StreamWriter, stdout: StreamReader) -> None:
        self._process = process
        self._stdin, self._stdout = stdin, stdout
        self.facts: dict[str, Any] = {}
        self.objects: set[str] = set()
        self.busy = False
        self._killed = False

    @classmethod
    async def start(cls, memory: int) -> WorkerProcess:
        """Start a process, which is :meth:`ready` a moment later.

        Args:
            memory: Cap on its address space in bytes; 0 is none.

        Raises:
            ConfigError: llvmlite is not installed, or this is Windows.
        """
        if sys.platform == "win32":
            raise ConfigError("the LLVM engine needs Linux or macOS: use a server's URL instead of local://llvm")
        if importlib.util.find_spec("llvmlite") is None:
            raise ConfigError("the LLVM engine needs llvmlite: pip install 'ipfs-accel-async[llvm]'")
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-c", _BOOT, _PACKAGE, str(memory)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
            start_new_session=True,  # Ctrl-C is for the engine; and what the code starts can be killed with it
            limit=1024 * 1024,
        )
        assert process.stdin is not None  # noqa: S101 - both are pipes, as asked
        assert process.stdout is not None  # noqa: S101
        return cls(process, process.stdin, process.stdout)

    async def ready(self) -> None:
        """Wait until it has loaded LLVM.

        Raises:
            ConfigError: It cannot, within its limits.
        """
        try:
            async with asyncio.timeout(START_SECONDS):
                self.facts, _ = await self._receive()
        except (asyncio.IncompleteReadError, frames.FrameError, TimeoutError):
            message = "an LLVM worker did not start: is memory_limit large enough, and does 'import llvmlite' work?"
            raise ConfigError(message) from None

    @property
    def alive(self) -> bool:
        """Whether it runs, as far as is known."""
        return self._process.returncode is None

    async def ask(
        self, head: dict[str, Any], buffers: Sequence[bytes | memoryview] = (), *, seconds: float
    ) -> tuple[dict[str, Any], list[bytes]]:
        """Send a message and wait for the answer.

        Args:
            head: Its ``op`` and what that needs.
            buffers: Objects, arrays, texts.
            seconds: The time limit.

        Raises:
            ServerError: ``time_limit`` or ``worker_crashed``.
            ClientClosedError: It was killed meanwhile.
            AccelError: The worker refused; its code says why.
        """
        self.busy = True
        try:
            async with asyncio.timeout(seconds):
                self._stdin.write(frames.pack({**head, "seconds": seconds}, buffers))
                self._stdin.writelines(buffers)
                await self._stdin.drain()
                answer, returned = await self._receive()
        except TimeoutError:
            raise refusals.time_limit(seconds) from None
        except (asyncio.IncompleteReadError, ConnectionError, frames.FrameError):
            if self._killed:
                raise ClientClosedError("the LLVM engine was closed during the call") from None
            raise await self._crashed() from None
        self.busy = False
        if error := answer.get("error"):
            raise refusals.refused(error["code"], error["message"])
        return answer, returned

    def kill(self) -> None:
        """End it, and whatever it started, at once."""
        self._killed = True
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass  # it has ended already
        self._stdin.close()

    async def ended(self) -> None:
        """Wait until it is gone and its pipes are closed."""
        await self._process.wait()
        try:
            await self._stdin.wait_closed()
        except ConnectionError:
            pass  # the pipe broke when it died

    async def _receive(self) -> tuple[dict[str, Any], list[bytes]]:
        length = frames.prefix(await self._stdout.readexactly(frames.PREFIX.size))
        head, sizes = frames.unpack(await self._stdout.readexactly(length))
        return head, [await self._stdout.readexactly(size) for size in sizes]

    async def _crashed(self) -> ServerError:
        """The error that tells how it ended; killed first, as it may only have closed its pipe."""
        status = self._process.returncode
        if status is None:
            try:
                async with asyncio.timeout(1.0):
                    status = await self._process.wait()
            except TimeoutError:
                self.kill()
        return refusals.crashed(status)
