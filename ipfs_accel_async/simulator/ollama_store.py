"""The models on the Ollama twin's machine: they come, change names and go.

Source: Ollama API reference: tags, ps, pull, push, create, copy, delete, blobs.
"""

import hashlib
from collections.abc import Callable, Iterable
from typing import Any

from .answers import MISSING_MODEL, digest
from .ollama_models import MODELS, entry, running
from .twin import Answer, Ask, Frames, RejectError, Whole, dumps, fields

_SIZE = 1_321_098_329
_STEPS = 4
_ABSENT = "pull model manifest: file does not exist"


class Store:
    """What is on the machine and in its memory.

    Args:
        clock: Wall clock.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._models = {model: entry(model) for model in MODELS}
        self._loaded = {MODELS[0]: True}
        self._blobs: set[str] = set()

    def routes(self) -> dict[tuple[str, str], Callable[[Ask], Answer]]:
        """What it serves."""
        return {
            ("GET", "/api/ps"): self.ps,
            ("POST", "/api/pull"): self.pull,
            ("POST", "/api/push"): self.push,
            ("POST", "/api/create"): self.create,
            ("POST", "/api/copy"): self.copy,
            ("DELETE", "/api/delete"): self.delete,
            ("HEAD", "/api/blobs/{digest}"): self.has_blob,
            ("POST", "/api/blobs/{digest}"): self.take_blob,
        }

    def use(self, model: str, *, stays: bool) -> None:
        """Load a model into memory, or take it out."""
        self._loaded.pop(model, None)
        if stays:
            self._loaded[model] = True

    def tags(self, ask: Ask) -> Answer:
        """GET /api/tags."""
        return Whole(dumps({"models": list(self._models.values())}))

    def ps(self, ask: Ask) -> Answer:
        """GET /api/ps."""
        return Whole(dumps({"models": [running(model, self._clock()) for model in self._loaded]}))

    def pull(self, ask: Ask) -> Answer:
        """POST /api/pull: every model is in the registry but one."""
        body = body_of(ask)
        model = _name(body)
        if model == MISSING_MODEL:
            return _told(body, [{"status": "pulling manifest"}], _ABSENT)
        layer = digest(model).hex()[:12]
        moved = [
            {"status": f"pulling {layer}", "digest": f"sha256:{digest(model).hex()[:64]}", "total": _SIZE}
            | ({"completed": _SIZE * step // _STEPS} if step else {})
            for step in range(_STEPS + 1)
        ]
        self._models[model] = entry(model)
        ends = ("verifying sha256 digest", "writing manifest", "success")
        return _told(body, [{"status": "pulling manifest"}, *moved, *({"status": word} for word in ends)])

    def push(self, ask: Ask) -> Answer:
        """POST /api/push: only to a name of one's own."""
        body = body_of(ask)
        model = self._find(_name(body))
        if "/" not in model:
            return _told(body, [{"status": "retrieving manifest"}], "you are not authorized to push to this namespace")
        words = ("retrieving manifest", f"pushing {digest(model).hex()[:12]}", "pushing manifest", "success")
        return _told(body, [{"status": word} for word in words])

    def create(self, ask: Ask) -> Answer:
        """POST /api/create, from a model or from blobs."""
        body = body_of(ask)
        model, files = _name(body), body.get("files") or {}
        if body.get("from"):
            model_of({"model": body["from"]})
        elif not files:
            raise RejectError(400, "neither 'from' or 'files' was specified")
        for blob in (*files.values(), *(body.get("adapters") or {}).values()):
            if blob not in self._blobs:
                raise RejectError(400, f"blob {blob!r} not found")
        self._models[model] = entry(model)
        words = ["using existing layer" if body.get("from") else "parsing GGUF"]
        words += [f"quantizing to {body['quantize']}"] if body.get("quantize") else []
        return _told(body, [{"status": word} for word in (*words, "writing manifest", "success")])

    def copy(self, ask: Ask) -> Answer:
        """POST /api/copy."""
        body = body_of(ask)
        source, destination = body.get("source"), body.get("destination")
        if not (isinstance(destination, str) and destination):
            raise RejectError(400, "destination is required")
        self._find(str(source))
        self._models[destination] = entry(destination)
        return Whole(b"")

    def delete(self, ask: Ask) -> Answer:
        """DELETE /api/delete."""
        model = self._find(_name(body_of(ask)))
        del self._models[model]
        self._loaded.pop(model, None)
        return Whole(b"")

    def has_blob(self, ask: Ask) -> Answer:
        """HEAD /api/blobs/{digest}."""
        if ask.args["digest"] not in self._blobs:
            raise RejectError(404)
        return Whole(b"")

    def take_blob(self, ask: Ask) -> Answer:
        """POST /api/blobs/{digest}: only bytes that have it."""
        named = ask.args["digest"]
        if named in self._blobs:
            return Whole(b"")
        if f"sha256:{hashlib.sha256(ask.raw).hexdigest()}" != named:
            raise RejectError(400, "digest mismatch")
        self._blobs.add(named)
        return Whole(b"", 201)

    def _find(self, model: str) -> str:
        found = next((name for name in (model, f"{model}:latest") if name in self._models), None)
        if found is None:
            raise RejectError(404, f"model '{model}' not found")
        return found


def _told(body: dict[str, Any], events: Iterable[dict[str, Any]], error: str = "") -> Answer:
    """Progress, line by line or only its end."""
    told = list(events)
    if body.get("stream") is False:
        if error:
            raise RejectError(500, error)
        return Whole(dumps(told[-1]))
    return Frames([line(each) for each in [*told, *([{"error": error}] if error else [])]], "application/x-ndjson")


def _name(body: dict[str, Any]) -> str:
    """The model; older clients say ``name``."""
    model = body.get("model") or body.get("name")
    if not isinstance(model, str) or not model:
        raise RejectError(400, "model is required")
    return model


def line(value: dict[str, Any]) -> bytes:
    """One line of a stream."""
    return dumps(value) + b"\n"


def body_of(ask: Ask) -> dict[str, Any]:
    """The body as an object."""
    return fields(ask, "missing request body" if ask.body == b"" else "invalid character in request body")


def model_of(body: dict[str, Any]) -> str:
    """The model that a body names; one does not exist."""
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise RejectError(400, "model is required")
    if model == MISSING_MODEL:
        raise RejectError(404, f"model '{model}' not found")
    return model
