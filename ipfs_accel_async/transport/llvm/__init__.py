"""A real engine for LLVM IR: models and posted code run in worker processes, over numpy arrays.

Running IR is running native code: the workers guard this process against crashes and endless loops, not this machine
against the code's author. llvmlite (extra ``llvm``) is imported in the workers alone.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ipfs_accel_async.transport.llvm.directory import load_directory, load_model
    from ipfs_accel_async.transport.llvm.engine import Engine
    from ipfs_accel_async.transport.llvm.execution import Execution
    from ipfs_accel_async.transport.llvm.model import Model, Scalar, Tensor
    from ipfs_accel_async.transport.llvm.objects import Optimized
    from ipfs_accel_async.transport.llvm.protocol import answer

__all__ = ["Engine", "Execution", "Model", "Optimized", "Scalar", "Tensor", "answer", "load_directory", "load_model"]

_HOMES = {
    "Engine": "engine",
    "Execution": "execution",
    "Model": "model",
    "Optimized": "objects",
    "Scalar": "model",
    "Tensor": "model",
    "answer": "protocol",
    "load_directory": "directory",
    "load_model": "directory",
}


def __getattr__(name: str) -> Any:
    """Load a public name's module on first use: a worker needs three of the files here and none of the rest."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
