"""The LLVM model server's twin: a linear model in numpy, and a compiler that understands straight-line arithmetic.

Source: the protocol of ``ipfs-accel llvm-serve``. It needs no LLVM, so its assembly and passes are of its own making.
"""

from collections.abc import Callable, Collection
from typing import Any

import numpy as np

from .answers import MISSING_MODEL
from .limits import Verdict
from .llvm_code import functions, optimised, run
from .twin import Answer, Ask, RejectError, Twin, Whole, dumps, fields

INPUTS, OUTPUTS = 4, 2
LEVELS = {"speed": "O3", "memory": "Os", "balanced": "O2"}
SECONDS = 0.000_25
"""What each call is said to have taken."""

_OPEN = {"/health"}


class LLVM(Twin):
    """A server with one linear model under any name: ``y`` of 2 is ``x`` of 4 times weights that the name decides."""

    name = "llvm"

    def __init__(self, seed: int, clock: Callable[[], float], keys: Collection[str] | None) -> None:
        super().__init__(seed, clock, keys)
        self._levels: dict[str, str] = {}
        self._counts: dict[str, int] = {}
        self._executions = 0
        self.routes |= {
            ("GET", "/models"): lambda ask: _json({"models": [self.describe(name) for name in ("linear", "m")]}),
            ("GET", "/models/{id}"): lambda ask: _json(self.describe(_name(ask))),
            ("POST", "/models/{id}/infer"): self.infer,
            ("POST", "/models/{id}/batch_infer"): self.batch_infer,
            ("GET", "/models/{id}/statistics"): self.statistics,
            ("POST", "/models/{id}/optimize"): self.optimize,
            ("POST", "/models/{id}/reload"): lambda ask: _json({"model": _name(ask), "reloaded": True}),
            ("GET", "/status"): self.status,
            ("GET", "/health"): lambda ask: _json({"status": "ok", "models": 2}),
            ("POST", "/execute"): self.execute,
            ("POST", "/batch_execute"): self.batch_execute,
            ("POST", "/optimize"): self.optimize_code,
        }

    def authorise(self, ask: Ask) -> None:
        """Want a key when there are any, but for health."""
        if self.keys is not None and ask.path not in _OPEN and ask.bearer not in self.keys:
            raise RejectError(401, "a valid Bearer token is needed here", code="token")

    def describe(self, name: str) -> dict[str, Any]:
        """Return what is told of a model."""
        return {
            "id": name,
            "name": name,
            "entry": "linear",
            "inputs": [{"name": "x", "dtype": "float32", "shape": [INPUTS]}],
            "outputs": [{"name": "y", "dtype": "float32", "shape": [OUTPUTS]}],
            "parameters": [{"name": "scale", "dtype": "float64", "default": 1.0}],
            "level": self._levels.get(name, "O2"),
        }

    def infer(self, ask: Ask) -> Answer:
        """POST infer: one row, or a batch."""
        name, body = _name(ask), fields(ask, "the body must be a JSON object")
        if "input" not in body:
            raise RejectError(400, "the body must have 'input'", code="bad_request")
        dtype = (body.get("dtypes") or {}).get("x", "float32")
        if not np.can_cast(np.dtype(dtype), np.float32, "safe"):
            raise RejectError(400, f"input 'x' must be float32, not {dtype}", code="bad_dtype")
        return _json({"outputs": self._outputs(name, body["input"], body), "dtypes": {"y": "float32"}})

    def batch_infer(self, ask: Ask) -> Answer:
        """POST batch_infer: what is wrong with one is its result."""
        name, body = _name(ask), fields(ask, "the body must be a JSON object")
        if not isinstance(body.get("inputs"), list):
            raise RejectError(400, "the body must have 'inputs' (a list)", code="bad_request")
        results: list[dict[str, Any]] = []
        for given in body["inputs"]:
            try:
                results.append(self._outputs(name, given, body))
            except RejectError as reject:
                results.append(_error(reject))
        return _json({"results": results, "dtypes": {"y": "float32"}})

    def _outputs(self, name: str, given: Any, body: dict[str, Any]) -> dict[str, Any]:
        if not isinstance(given, dict) or list(given) != ["x"]:
            raise RejectError(400, "input 'x' is missing: the model takes x", code="bad_request")
        try:
            x = np.array(given["x"], np.float32)
        except (ValueError, TypeError):
            raise RejectError(400, "input 'x' must be numbers that float32 can hold", code="bad_dtype") from None
        if x.ndim not in (1, 2) or x.shape[-1] != INPUTS:
            shape = str(x.shape)
            message = f"input 'x' must have the shape ({INPUTS},), or (n, {INPUTS}) as a batch, not {shape}"
            raise RejectError(400, message, code="bad_shape")
        parameters = body.get("parameters") or {}
        if unknown := next((key for key in parameters if key != "scale"), None):
            raise RejectError(400, f"unknown parameter {unknown!r}: the model has scale", code="bad_request")
        self._counts[name] = self._counts.get(name, 0) + 1
        return {"y": (x @ weights(name, self.seed) * np.float32(parameters.get("scale", 1.0))).tolist()}

    def statistics(self, ask: Ask) -> Answer:
        """GET statistics."""
        name = _name(ask)
        count = self._counts.get(name, 0)
        times = dict.fromkeys(("mean_seconds", "p50_seconds", "p95_seconds"), SECONDS if count else None)
        told = {"model": name, "level": self._levels.get(name, "O2"), "count": count, "failures": 0}
        return _json({**told, "total_seconds": count * SECONDS, **times})

    def optimize(self, ask: Ask) -> Answer:
        """POST optimize: another level."""
        name, kind = _name(ask), fields(ask, "the body must be a JSON object").get("optimization_type", "balanced")
        if kind not in LEVELS:
            raise RejectError(
                400, f"optimization_type {kind!r} is unknown: use {', '.join(LEVELS)}", code="bad_request"
            )
        self._levels[name] = LEVELS[kind]
        return _json({"model": name, "optimization_type": kind, "level": LEVELS[kind], "compile_seconds": SECONDS})

    def status(self, ask: Ask) -> Answer:
        """GET status."""
        workers = {"size": 2, "running": 1, "started": 1}
        counts = {"inferences": sum(self._counts.values()), "failures": 0, "executions": {"count": self._executions}}
        return _json({"status": "ok", "llvm": "0.0.0", "cpu": "simulated", "models": 2, "workers": workers, **counts})

    def execute(self, ask: Ask) -> Answer:
        """POST execute."""
        body = fields(ask, "the body must be a JSON object")
        return _json(self._executed(body.get("code"), body.get("options") or {}))

    def batch_execute(self, ask: Ask) -> Answer:
        """POST batch_execute: one that fails fails alone."""
        body = fields(ask, "the body must be a JSON object")
        results: list[dict[str, Any] | None] = []
        errors: list[dict[str, Any] | None] = []
        for item in body["code_batch"]:
            own = item if isinstance(item, dict) else {"code": item}
            options = {**(body.get("options") or {}), **(own.get("options") or {})}
            try:
                results.append(self._executed(own.get("code"), options))
                errors.append(None)
            except RejectError as reject:
                results.append(None)
                errors.append(_error(reject)["error"])
        return _json({"results": results, "errors": errors, "execution_times": [one and SECONDS for one in results]})

    def _executed(self, code: Any, options: dict[str, Any]) -> dict[str, Any]:
        result = run(functions(code), options.get("entry"), options.get("args") or [])
        self._executions += 1
        nothing: dict[str, Any] = {"arrays": [], "dtypes": [], "output": "", "errors": []}
        return {"result": result, **nothing, "execution_time": SECONDS}

    def optimize_code(self, ask: Ask) -> Answer:
        """POST optimize: unused steps are gone, but for O0."""
        body = fields(ask, "the body must be a JSON object")
        level = body.get("optimization_level", "O2")
        if level not in {"O0", "O1", "O2", "O3", "Os"}:
            raise RejectError(400, f"the optimization level {level!r} is unknown", code="bad_level")
        code = str(body.get("code") or "")
        better, changed = optimised(code)
        return _json(
            {
                "optimized_code": code if level == "O0" else better,
                "optimization_passes": ["DCEPass"] if changed and level != "O0" else [],
                "errors": [],
                "assembly": "".join(f"{name}:\n\tretq\n" for name in functions(code)),
                "optimization_level": level,
            }
        )

    def failure(self, ask: Ask, reject: RejectError) -> Whole:
        """``{"error": {"message", "code"}}``."""
        return Whole(dumps(_error(reject)), reject.status)

    def error_frames(self, ask: Ask, reject: RejectError) -> list[bytes]:
        """There are no streams."""
        return [dumps(_error(reject))]

    def overloaded(self, verdict: Verdict) -> RejectError:
        """Tell that the rate limit is used up."""
        return RejectError(429, f"too many requests: {verdict.short}", code="too_many_requests")


def weights(name: str, seed: int) -> Any:
    """Return the weights of a model: exact in float32, decided by its name and the seed."""
    start = sum(name.encode()) + seed
    return np.array(
        [[((start + 3 * i + 5 * j) % 17 - 8) / 8 for j in range(OUTPUTS)] for i in range(INPUTS)], np.float32
    )


def _name(ask: Ask) -> str:
    name = ask.args["id"]
    if name == MISSING_MODEL:
        raise RejectError(404, f"there is no model {name!r} (loaded: linear, m)", code="model_not_found")
    return name


def _json(value: Any) -> Whole:
    return Whole(dumps(value))


def _error(reject: RejectError) -> dict[str, Any]:
    message = reject.message or "the request failed"
    return {"error": {"message": message, "code": reject.code or "internal"}}
