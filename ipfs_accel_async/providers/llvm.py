"""LLVM: a model server for compiled code, and its compiler (the protocol of ``ipfs-accel llvm-serve``)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from ipfs_accel_async.answers import ModelInfo, ModelList
from ipfs_accel_async.errors import ConfigError, InvalidRequestError
from ipfs_accel_async.payloads import InferRequest
from ipfs_accel_async.providers._codec import Codec, Operation
from ipfs_accel_async.providers._errors import api_error
from ipfs_accel_async.providers._json import dumps, loads_or_none
from ipfs_accel_async.providers._llvm_arrays import decode, encode, is_binary
from ipfs_accel_async.providers._llvm_table import ENGINE, NATIVE, OPERATIONS, PATHS
from ipfs_accel_async.results import Tensors
from ipfs_accel_async.types import NOTHING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ipfs_accel_async.answers import Answer
    from ipfs_accel_async.errors import APIError
    from ipfs_accel_async.keys import Secret
    from ipfs_accel_async.providers._codec import CallFacts
    from ipfs_accel_async.wire.http import Request, Response

LOCAL = "local://"
SETTINGS_HEADER = b"x-local-engine"
_OWN_FAULT = frozenset({"time_limit", "worker_crashed"})
"""Codes by which the server says that the code it ran failed: the same code fails again, and the server is well."""


class LLVM(Codec):
    """A model server that runs LLVM IR: ``ipfs-accel llvm-serve``, or with the base URL ``local://llvm`` this process.

    A key is sent if there is one; the server wants it before it runs or changes code. Options:

    - ``infer_path``: where `infer` is, on a server that has it elsewhere
    - ``models_path``: where `models` is, on a server that has it elsewhere
    - ``info_path``: where `info` is, on a server that has it elsewhere
    - ``batch_infer_path``: where `batch_infer` is, on a server that has it elsewhere
    - ``statistics_path``: where `statistics` is, on a server that has it elsewhere
    - ``optimize_path``: where `optimize` is, on a server that has it elsewhere
    - ``reload_path``: where `reload` is, on a server that has it elsewhere
    - ``status_path``: where `status` is, on a server that has it elsewhere
    - ``health_path``: where `health` is, on a server that has it elsewhere
    - ``execute_path``: where `execute` is, on a server that has it elsewhere
    - ``batch_execute_path``: where `batch_execute` is, on a server that has it elsewhere
    - ``optimize_code_path``: where `optimize_code` is, on a server that has it elsewhere
    - ``models_dir``: for ``local://llvm``: directory of models
    - ``workers``: for ``local://llvm``: processes at once, 2 by default
    - ``time_limit``: for ``local://llvm``: seconds for a call, 10 by default
    - ``memory_limit``: for ``local://llvm``: bytes for a process, 2 GiB by default; 0 is no limit
    """

    name = "llvm"
    base_url = "http://localhost:8090"
    key_env = ("LLVM_API_KEY",)
    url_env = ("LLVM_API_URL", "LLVM_BASE_URL")
    file_keys = ("llvm_api_key",)
    file_urls = ("llvm_api_url", "llvm_base_url")
    key_required = False
    option_env: ClassVar[Mapping[str, tuple[str, ...]]] = {
        name: (f"LLVM_{name.upper()}",) for name in (*PATHS, *ENGINE)
    }
    operations: ClassVar[Mapping[str, Operation]] = OPERATIONS
    native: ClassVar[Mapping[str, Operation]] = NATIVE

    def __init__(self, *, headers: Iterable[tuple[str, str]] = (), options: Mapping[str, str] = NOTHING) -> None:
        super().__init__(headers=headers, options=options)
        paths = {PATHS[name]: value for name, value in self.options.items() if name in PATHS}
        if "infer" in paths:
            paths["run"] = paths["infer"]
        # on the instance they hide the tables of the class
        vars(self)["operations"] = {name: _at(row, paths.get(name)) for name, row in OPERATIONS.items()}
        vars(self)["native"] = {name: _at(row, paths.get(name)) for name, row in NATIVE.items()}
        settings = {name: self.options[name] for name in ENGINE if name in self.options}
        self._settings = dumps(settings) if settings else b""

    def build_request(self, call: CallFacts, key: Secret | None) -> Request:
        """With the engine's settings, where the engine is in this process."""
        request = super().build_request(call, key)
        if self._settings and request.url.startswith(LOCAL):
            return replace(request, headers=(*request.headers, (SETTINGS_HEADER, self._settings)))
        return request

    def build_body(self, call: CallFacts) -> dict[str, Any] | None:
        """The inputs by name, their types where the caller's arrays have them, and the model's parameters."""
        request = call.payload
        if not isinstance(request, InferRequest):
            return None
        if request.version:
            raise InvalidRequestError("llvm: models have no versions", target=call.target)
        inputs = {name: encode(array, f"inputs[{name!r}]") for name, array in request.inputs.items()}
        typed = {name: array.dtype.name for name, array in request.inputs.items() if name not in request.untyped}
        body: dict[str, Any] = {"input": inputs, "parameters": dict(request.params)}
        return {**body, "dtypes": typed} if typed else body

    def parse_answer(self, call: CallFacts, data: Any, response: Response) -> Answer:
        """Outputs by name, or the models; a 200 whose body is an error raises it."""
        if isinstance(data, dict) and data.get("error"):
            raise self.error(call, data, response)
        meta = self.meta(call, response.headers)
        if call.operation == "models":
            return ModelList(**meta, models=tuple(_model(one) for one in data["models"]), raw=data)
        found, types = data["outputs"], data.get("dtypes") or {}
        outputs = found if isinstance(found, dict) and not is_binary(found) else {"outputs": found}
        wanted = (call.payload.outputs if isinstance(call.payload, InferRequest) else ()) or tuple(outputs)
        arrays = {name: decode(outputs[name], types.get(name)) for name in wanted}
        return Tensors(**meta, model=call.target.model, outputs=arrays, raw=data)

    def parse_error(self, call: CallFacts, response: Response) -> APIError:
        """The typed error of a response."""
        return self.error(call, loads_or_none(response.body), response)

    def error(self, call: CallFacts, body: Any, response: Response) -> APIError:
        """``{"error": {"message", "code"}}``; other servers tell a text, or ``detail``."""
        told = body.get("error") or body.get("detail") or body.get("message") if isinstance(body, dict) else None
        code = told.get("code") if isinstance(told, dict) else None
        message = told.get("message") if isinstance(told, dict) else told
        error = api_error(
            call,
            response.status,
            response.headers,
            message=message if isinstance(message, str) else response.body.decode("utf-8", "replace"),
            codes=(code if isinstance(code, str) else None,),
        )
        if error.code in _OWN_FAULT:
            error.retryable, error.outcome = False, "ok"
        return error


def _at(row: Operation, path: str | None) -> Operation:
    """A row at another path, if one is given.

    Raises:
        ConfigError: The path is none, or lost the model.
    """
    if path is None:
        return row
    if not path.startswith("/") or ("{model}" in row.path) != ("{model}" in path):
        raise ConfigError(f"llvm: {path!r} cannot stand for {row.path!r}: begin with '/', keep '{{model}}'")
    return replace(row, path=path)


def _model(one: Any) -> ModelInfo:
    """A model of the list: its description, or its name alone."""
    if isinstance(one, str):
        return ModelInfo(one, raw=one)
    name = one.get("id") or one["name"]
    if not isinstance(name, str):
        raise TypeError("a model's id is no text")
    return ModelInfo(name, raw=one)


codec = LLVM()
