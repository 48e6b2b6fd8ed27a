"""What the LLVM model server has, and where: the paths are the defaults, each may be set by an option."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from ipfs_accel_async.providers._batchable import LLVM_INFERENCES
from ipfs_accel_async.providers._operation import Operation

if TYPE_CHECKING:
    from collections.abc import Mapping

OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {
        "infer": Operation("POST", "/models/{model}/infer", idempotent=True, batchable=LLVM_INFERENCES),
        "models": Operation("GET", "/models"),
    }
)

NATIVE: Mapping[str, Operation] = MappingProxyType(
    {
        "info": Operation("GET", "/models/{model}"),
        "run": Operation("POST", "/models/{model}/infer", idempotent=True, fields=("outputs",), note="any JSON input"),
        "batch_infer": Operation("POST", "/models/{model}/batch_infer", idempotent=True, fields=("results",)),
        "statistics": Operation("GET", "/models/{model}/statistics"),
        "optimize": Operation("POST", "/models/{model}/optimize", idempotent=True, note="Needs the server's token."),
        "reload": Operation("POST", "/models/{model}/reload", idempotent=True, note="Needs the server's token."),
        "status": Operation("GET", "/status"),
        "health": Operation("GET", "/health"),
        "execute": Operation(
            "POST", "/execute", fields=("result",), note="Runs native code; needs the server's token."
        ),
        "batch_execute": Operation(
            "POST", "/batch_execute", fields=("results", "errors"), note="Runs native code; needs the server's token."
        ),
        "optimize_code": Operation(
            "POST", "/optimize", idempotent=True, fields=("optimized_code",), note="Needs the server's token."
        ),
    }
)

PATHS: Mapping[str, str] = MappingProxyType({f"{name}_path": name for name in (*OPERATIONS, *NATIVE) if name != "run"})
"""The option that sets the path of each row; ``run`` goes where ``infer`` goes."""

ENGINE: tuple[str, ...] = ("models_dir", "workers", "time_limit", "memory_limit")
"""Settings of the engine in this process, which a base URL of ``local://llvm`` means."""
