"""The worker process: reads a message, compiles or runs, answers; ends when its pipe does.

One process, one call at a time, no thread: whatever the code does, at worst this process dies of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import llvmlite.binding as llvm  # type: ignore[import-untyped]

from ipfs_accel_async.transport.llvm import compiler, frames, sandbox
from ipfs_accel_async.transport.llvm.compiler import RefusedError
from ipfs_accel_async.transport.llvm.jit import Array, Linker, call

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Answer = tuple[dict[str, Any], "Sequence[bytes | bytearray | memoryview]"]


class Worker:
    """What a worker can do, by the ``op`` of a message."""

    def __init__(self) -> None:
        self._linker = Linker()
        self._output = sandbox.Output()

    def answer(self, head: dict[str, Any], buffers: list[bytes]) -> Answer:
        """Do what a message asks; what cannot be done is an answer too."""
        work: Callable[[dict[str, Any], list[bytes]], Answer] = getattr(self, head["op"])
        sandbox.alarm(head["seconds"])
        try:
            return work(head, buffers)
        except RefusedError as refused:
            return {"error": {"code": refused.code, "message": str(refused)}}, ()
        except MemoryError:
            return {"error": {"code": "memory_limit", "message": "the worker's memory limit is too small for it"}}, ()
        finally:
            sandbox.alarm(0)

    def compile(self, head: dict[str, Any], buffers: list[bytes]) -> Answer:
        """IR to an object."""
        facts, data = compiler.compiled(buffers[0].decode(), head["level"])
        return facts, [data]

    def optimise(self, head: dict[str, Any], buffers: list[bytes]) -> Answer:
        """IR to better IR and assembly."""
        facts, text, assembly = compiler.optimised(buffers[0].decode(), head["level"])
        return facts, [text, assembly]

    def run(self, head: dict[str, Any], buffers: list[bytes]) -> Answer:
        """Call a function of an object.

        The first buffer is the object when ``linked`` is false. An argument is ``{"value"}``, ``{"zeros": bytes}``, or
        ``{"array": index}`` and ``{"text": index}`` of a buffer; arrays whose ``back`` is true are sent back.
        """
        address = self._linker.address(head["key"], head["entry"], None if head["linked"] else buffers[0])
        arguments, back = [], []
        for argument in head["arguments"]:
            value = _argument(argument, buffers)
            arguments.append(value)
            if argument.get("back"):
                back.append(value.view)
        self._output.take()
        result, seconds = call(address, head["signature"], arguments)
        output, errors = self._output.take()
        return {"result": result, "seconds": seconds, "output": output, "errors": errors}, back


def _argument(argument: dict[str, Any], buffers: list[bytes]) -> Any:
    if "zeros" in argument:
        return Array(argument["zeros"])
    if "array" in argument:
        data = buffers[argument["array"]]
        return Array(len(data), data)
    return buffers[argument["text"]] if "text" in argument else argument["value"]


def main(memory: int) -> None:
    """Serve until the pipe ends.

    Args:
        memory: Cap on the address space in bytes; 0 is none.
    """
    inbound, outbound = sandbox.take_pipes()
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    sandbox.limit(memory)
    worker = Worker()
    version = ".".join(map(str, llvm.llvm_version_info))
    frames.write(outbound, {"llvm": version, "cpu": llvm.get_host_cpu_name(), "triple": llvm.get_process_triple()})
    while (message := frames.read(inbound)) is not None:
        frames.write(outbound, *worker.answer(*message))
