"""Object code made callable, and called through the C ABI. Runs in a worker."""

from __future__ import annotations

import ctypes
from time import perf_counter
from typing import TYPE_CHECKING, Any

import llvmlite.binding as llvm  # type: ignore[import-untyped]

from ipfs_accel_async.transport.llvm.compiler import RefusedError, target_machine

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ALIGNMENT = 64
"""Bytes to which arrays are aligned: the widest vectors of today's processors."""

_C_TYPES: Mapping[str, Any] = {
    "void": None,
    "i1": ctypes.c_bool,
    "i8": ctypes.c_int8,
    "i16": ctypes.c_int16,
    "i32": ctypes.c_int32,
    "i64": ctypes.c_int64,
    "float": ctypes.c_float,
    "double": ctypes.c_double,
    "ptr": ctypes.c_void_p,
}


class Array:
    """Memory that code may read and write.

    Args:
        size: Bytes.
        data: What it begins with; zeros when absent.
    """

    def __init__(self, size: int, data: bytes | None = None) -> None:
        memory = bytearray(size + ALIGNMENT)
        self._holder = (ctypes.c_char * len(memory)).from_buffer(memory)
        start = -ctypes.addressof(self._holder) % ALIGNMENT
        self.view = memoryview(memory)[start : start + size]
        self.address = ctypes.addressof(self._holder) + start
        if data is not None:
            self.view[:] = data


class Linker:
    """Keeps what it linked: a model's object is linked once in each worker."""

    def __init__(self) -> None:
        self._jit = llvm.create_lljit_compiler(target_machine("O2"), suppress_errors=True)
        self._libraries: dict[tuple[str, str], Any] = {}
        self._count = 0

    def address(self, key: str, entry: str, data: bytes | None) -> int:
        """Address of a function.

        Args:
            key: Of the object.
            entry: The function's name.
            data: The object; None when this worker was given it before.

        Raises:
            RefusedError: ``unresolved``: it calls something that is nowhere.
        """
        library = self._libraries.get((key, entry))
        if library is None:
            if data is None:
                raise RefusedError("unresolved", "the object was never given to this worker")
            self._count += 1
            builder = llvm.JITLibraryBuilder().add_object_img(data).add_current_process().export_symbol(entry)
            try:
                library = builder.link(self._jit, f"library{self._count}")
            except RuntimeError as error:
                raise RefusedError("unresolved", " ".join(str(error).split())) from None
            self._libraries[key, entry] = library
        return int(library[entry])


def call(address: int, signature: Sequence[str], arguments: Sequence[Any]) -> tuple[Any, float]:
    """Call a function.

    Args:
        address: Of its code.
        signature: What it returns, then its arguments, as LLVM names the types.
        arguments: A number, an :class:`Array`, or bytes for a C string.

    Returns:
        What it returned, None for void; and the seconds it took.

    Raises:
        RefusedError: ``bad_arguments``: their number or a type is wrong.
    """
    returns, *wanted = signature
    if unknown := next((kind for kind in signature if kind not in _C_TYPES), None):
        raise RefusedError("bad_arguments", f"a function with {unknown!r} cannot be called: {', '.join(_C_TYPES)} can")
    if len(wanted) != len(arguments):
        raise RefusedError("bad_arguments", f"the function takes {len(wanted)} arguments, not {len(arguments)}")
    function = ctypes.CFUNCTYPE(_C_TYPES[returns], *(_C_TYPES[kind] for kind in wanted))(address)
    values = [_value(kind, given, at) for at, (kind, given) in enumerate(zip(wanted, arguments, strict=True))]
    started = perf_counter()
    result = function(*values)
    return result, perf_counter() - started


def _value(kind: str, given: Any, at: int) -> Any:
    if kind == "ptr":
        if isinstance(given, Array):
            return given.address
        if given is None:
            return None
        return ctypes.cast(ctypes.c_char_p(_expect(given, bytes, "an array or a text", kind, at)), ctypes.c_void_p)
    if kind in {"float", "double"}:
        return float(_expect(given, (int, float), "a number", kind, at))
    number = int(_expect(given, int, "a whole number", kind, at))
    bits = int(kind[1:])
    if not -(2 ** (bits - 1)) <= number < 2**bits:
        raise RefusedError("bad_arguments", f"argument {at} does not fit into {kind}")
    return number


def _expect(given: Any, kinds: Any, what: str, kind: str, at: int) -> Any:
    if not isinstance(given, kinds):
        raise RefusedError("bad_arguments", f"argument {at} must be {what}, as the function takes {kind} there")
    return given
