"""The model-server protocol over values: a method, a path and a JSON body in, a status and a JSON value out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import orjson

from ipfs_accel_async.errors import AccelError, AuthenticationError, ClientClosedError, ConfigError
from ipfs_accel_async.transport.llvm import arrays
from ipfs_accel_async.transport.llvm.model import SIZES
from ipfs_accel_async.transport.llvm.refusals import invalid

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from ipfs_accel_async.transport.llvm.engine import Engine
    from ipfs_accel_async.transport.llvm.execution import Execution
    from ipfs_accel_async.transport.llvm.model import Model

    Body = dict[str, Any]
    Route = Callable[[Engine, str, Body], Awaitable[Any]]


async def answer(engine: Engine, method: str, path: str, body: bytes = b"", *, trusted: bool) -> tuple[int, Any]:
    """Answer one request; errors are answers too: ``{"error": {"message", "code"}}``.

    Args:
        engine: Does the work.
        method: HTTP method.
        path: Without query, quoted as it came.
        body: JSON, for POST.
        trusted: Whether the caller may run and change code; others may only use the models as they are.

    Returns:
        HTTP status, and the value to write as JSON.

    Raises:
        ConfigError: No worker can be started: nothing that a caller could change.
        ClientClosedError: The engine is closed.
    """
    try:
        name, model = _named(path)
        route = _ROUTES.get((method, name))
        if route is None:
            known = [verb for verb, there in _ROUTES if there == name]
            message = f"{path} takes {', '.join(known)}, not {method}" if known else f"there is no {path}"
            return 405 if known else 404, failure(message, "method_not_allowed" if known else "not_found")
        if name in _GUARDED and not trusted:
            raise AuthenticationError("a valid Bearer token is needed to run or change code", status=401, code="token")
        return 200, await route(engine, model, _parsed(body) if method == "POST" else {})
    except (ConfigError, ClientClosedError):
        raise
    except AccelError as error:
        return error.status or 500, failure(error.message, error.code or "internal")


def failure(message: str, code: str) -> dict[str, Any]:
    """An error as this protocol tells it."""
    return {"error": {"message": message, "code": code}}


def _named(path: str) -> tuple[str, str]:
    """The route of a path, with ``{id}`` for the model, and the model."""
    parts = path.strip("/").split("/")
    if parts[0] == "models" and 2 <= len(parts) <= 3 and parts[1]:
        return "/".join(["models", "{id}", *parts[2:]]), unquote(parts[1])
    return path.strip("/"), ""


def _parsed(body: bytes) -> Body:
    try:
        value = orjson.loads(body) if body else {}
    except orjson.JSONDecodeError as error:
        raise invalid("bad_request", f"the body is no JSON: {error}") from None
    if not isinstance(value, dict):
        raise invalid("bad_request", "the body must be a JSON object")
    return value


def _required(body: Body, name: str, kind: type = object) -> Any:
    if name not in body or not isinstance(body[name], kind):
        what = " (a list)" if kind is list else ""
        raise invalid("bad_request", f"the body must have {name!r}{what}")
    return body[name]


async def _models(engine: Engine, _: str, __: Body) -> Any:
    return {"models": [_described(model) for model in engine.models]}


async def _model(engine: Engine, name: str, _: Body) -> Any:
    return {**_described(engine.model(name)), "level": engine.statistics(name)["level"]}


async def _infer(engine: Engine, name: str, body: Body) -> Any:
    engine.model(name)
    made = await engine.infer(name, _typed(_required(body, "input"), body), body.get("parameters") or {})
    return {"outputs": _json(made), "dtypes": _types(engine, name)}


async def _batch_infer(engine: Engine, name: str, body: Body) -> Any:
    engine.model(name)
    results = await engine.batch_infer(name, _required(body, "inputs", list), body.get("parameters") or {})
    told = [_told(one) if isinstance(one, AccelError) else _json(one) for one in results]
    return {"results": told, "dtypes": _types(engine, name)}


async def _statistics(engine: Engine, name: str, _: Body) -> Any:
    return engine.statistics(name)


async def _optimize_model(engine: Engine, name: str, body: Body) -> Any:
    kind = body.get("optimization_type", "balanced")
    made = await engine.optimize_model(name, kind if isinstance(kind, str) else repr(kind))
    facts = {"compile_seconds": made.seconds, "object_bytes": len(made.data)}
    return {"model": name, "optimization_type": kind, "level": engine.statistics(name)["level"], **facts}


async def _reload(engine: Engine, name: str, _: Body) -> Any:
    return {"model": name, "reloaded": True, "digest": (await engine.reload_model(name)).digest}


async def _status(engine: Engine, _: str, __: Body) -> Any:
    return await engine.status()


async def _health(engine: Engine, _: str, __: Body) -> Any:
    return {"status": "ok", "models": len(engine.models)}


async def _execute(engine: Engine, _: str, body: Body) -> Any:
    return _executed(await engine.execute_code(_required(body, "code"), body.get("options") or {}))


async def _batch_execute(engine: Engine, _: str, body: Body) -> Any:
    common, codes = body.get("options") or {}, []
    for item in _required(body, "code_batch", list):
        own = item if isinstance(item, dict) else {"code": item}
        options = own.get("options") or {}
        if not isinstance(common, dict) or not isinstance(options, dict):
            raise invalid("bad_request", "options must be an object")
        codes.append((own.get("code", ""), {**common, **options}))
    done = await engine.batch_execute(codes)
    return {
        "results": [None if isinstance(one, AccelError) else _executed(one) for one in done],
        "errors": [_told(one)["error"] if isinstance(one, AccelError) else None for one in done],
        "execution_times": [None if isinstance(one, AccelError) else one.execution_time for one in done],
    }


async def _optimize(engine: Engine, _: str, body: Body) -> Any:
    made = await engine.optimize_code(_required(body, "code"), body.get("optimization_level", "O2"))
    return {
        "optimized_code": made.code,
        "optimization_passes": list(made.passes),
        "errors": [],
        "assembly": made.assembly,
        "optimization_level": made.level,
        "triple": made.triple,
        "cpu": made.cpu,
        "seconds": made.seconds,
    }


def _described(model: Model) -> dict[str, Any]:
    return {"id": model.name, **model.manifest(), "digest": model.digest}


def _typed(value: Any, body: Body) -> Any:
    """Inputs as arrays of the types in ``dtypes``, so that a caller's doubles are not rounded behind its back."""
    dtypes = body.get("dtypes") or {}
    if not isinstance(value, dict) or not isinstance(dtypes, dict):
        return value
    if unknown := next(
        (name for name, dtype in dtypes.items() if not isinstance(dtype, str) or dtype not in SIZES), None
    ):
        raise invalid("bad_dtype", f"input {unknown!r} has a dtype that is none of {', '.join(SIZES)}")
    return {
        name: arrays.as_array(given, dtypes[name], f"input {name!r}") if name in dtypes else given
        for name, given in value.items()
    }


def _types(engine: Engine, name: str) -> dict[str, str]:
    """The outputs' types: a number in JSON has none."""
    return {tensor.name: tensor.dtype for tensor in engine.model(name).outputs}


def _json(outputs: Mapping[str, Any]) -> dict[str, Any]:
    return {name: arrays.to_json(array) for name, array in outputs.items()}


def _told(error: AccelError) -> dict[str, Any]:
    return failure(error.message, error.code or "internal")


def _executed(done: Execution) -> dict[str, Any]:
    return {
        "result": arrays.to_json(done.result),
        "arrays": [arrays.to_json(array) for array in done.arrays],
        "dtypes": [array.dtype.name for array in done.arrays],
        "output": done.output,
        "errors": list(done.errors),
        "execution_time": done.execution_time,
    }


_ROUTES: Mapping[tuple[str, str], Route] = {
    ("GET", "models"): _models,
    ("GET", "models/{id}"): _model,
    ("POST", "models/{id}/infer"): _infer,
    ("POST", "models/{id}/batch_infer"): _batch_infer,
    ("GET", "models/{id}/statistics"): _statistics,
    ("POST", "models/{id}/optimize"): _optimize_model,
    ("POST", "models/{id}/reload"): _reload,
    ("GET", "status"): _status,
    ("GET", "health"): _health,
    ("POST", "execute"): _execute,
    ("POST", "batch_execute"): _batch_execute,
    ("POST", "optimize"): _optimize,
}
_GUARDED = {"models/{id}/optimize", "models/{id}/reload", "execute", "batch_execute", "optimize"}
