"""The Ollama twin: chat, generate, embed, and the care of models; streams are lines of JSON.

Source: Ollama API reference. It needs no key unless it was given keys, and has no rate-limit headers.
"""

from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import Any

from .answers import Completion, Question, complete, count, pieces, thinking_budget
from .limits import Verdict
from .ollama_models import shown
from .ollama_store import Store, body_of, line, model_of
from .twin import Answer, Ask, Frames, RejectError, Twin, Whole, dumps
from .vectors import vector

_MESSAGES = {
    400: "invalid request",
    401: "unauthorized",
    403: "this model requires a subscription",
    404: "not found",
    429: "you have reached your usage limit, please try again later",
    503: "server busy, please try again. maximum pending requests exceeded",
}
_ROLES = {"system", "user", "assistant", "tool"}
_DIMENSIONS = 384
_DONE = {"length": "length"}


class Ollama(Twin):
    """An Ollama server; a stream is the default."""

    name = "ollama"

    def __init__(self, seed: int, clock: Callable[[], float], keys: Collection[str] | None) -> None:
        super().__init__(seed, clock, keys)
        self._store = Store(clock)
        for method in ("GET", "HEAD"):
            self.routes |= {
                (method, "/"): lambda ask: Whole(b"Ollama is running", media="text/plain; charset=utf-8"),
                (method, "/api/version"): lambda ask: Whole(dumps({"version": "0.14.2"})),
                (method, "/api/tags"): self._store.tags,
            }
        self.routes |= {
            ("POST", "/api/chat"): self.chat,
            ("POST", "/api/generate"): self.generate,
            ("POST", "/api/embed"): self.embed,
            ("POST", "/api/show"): self.show,
        }
        self.routes |= self._store.routes()

    def authorise(self, ask: Ask) -> None:
        """Want a key only when keys are set."""
        if self.keys is not None and ask.bearer not in self.keys:
            raise RejectError(401)

    def chat(self, ask: Ask) -> Answer:
        """POST /api/chat; no messages just load the model."""
        body, question = self._question(ask)
        messages = body.get("messages") or []
        texts: list[str] = []
        for message in messages:
            if not isinstance(message, dict) or message.get("role") not in _ROLES:
                raise RejectError(400, "invalid message role: use system, user, assistant or tool")
            texts.append(str(message.get("content") or ""))
            texts += [dumps(call.get("function", {})).decode() for call in message.get("tool_calls") or ()]
            question.images += len(message.get("images") or ())
        question.text = "\n".join(texts)
        question.after_tool = bool(messages) and messages[-1]["role"] == "tool"
        for tool in body.get("tools") or ():
            function = tool.get("function", {}) if isinstance(tool, dict) else {}
            if not function.get("name"):
                raise RejectError(400, "invalid tool: function.name is required")
            question.tools.append((function["name"], function.get("parameters")))
        if not messages:
            return self._loaded(body, {"message": {"role": "assistant", "content": ""}})
        return self._reply(ask, body, question, _message)

    def generate(self, ask: Ask) -> Answer:
        """POST /api/generate; an empty prompt just loads the model."""
        body, question = self._question(ask)
        question.text = "\n".join(str(body[name]) for name in ("system", "prompt", "suffix") if body.get(name))
        question.images = len(body.get("images") or ())
        if not body.get("prompt"):
            return self._loaded(body, {"response": ""})
        return self._reply(ask, body, question, _response)

    def embed(self, ask: Ask) -> Answer:
        """POST /api/embed."""
        body = body_of(ask)
        model, texts, size = model_of(body), body.get("input"), body.get("dimensions") or _DIMENSIONS
        texts = [texts] if isinstance(texts, str) else texts or []
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            raise RejectError(400, "invalid input type")
        if not isinstance(size, int) or not 1 <= size <= 4096:
            raise RejectError(400, "invalid dimensions")
        vectors = [vector(self.seed, self.name, model, text, size) for text in texts]
        tokens = sum(map(count, texts))
        reply = {
            "model": model,
            "embeddings": vectors,
            "total_duration": 1_500_000 + 40_000 * tokens,
            "load_duration": 1_000_000,
            "prompt_eval_count": tokens,
        }
        return Whole(dumps(reply), tokens=tokens)

    def show(self, ask: Ask) -> Answer:
        """POST /api/show."""
        return Whole(dumps(shown(model_of(body_of(ask)))))

    def failure(self, ask: Ask, reject: RejectError) -> Whole:
        """``{"error": text}``; an unknown path is plain text."""
        if reject.message.startswith("Unknown URL"):
            return Whole(b"404 page not found", 404, "text/plain")
        return Whole(dumps({"error": _text(reject)}), reject.status)

    def error_frames(self, ask: Ask, reject: RejectError) -> list[bytes]:
        """One line with an error."""
        return [line({"error": _text(reject)})]

    def overloaded(self, verdict: Verdict) -> RejectError:
        """Its queue is full: a 503."""
        return RejectError(503)

    def retry_headers(self, wait: float) -> dict[str, str]:
        """It does not say when to come back."""
        return {}

    def _question(self, ask: Ask) -> tuple[dict[str, Any], Question]:
        body = body_of(ask)
        question, options = Question(model_of(body), ""), body.get("options") or {}
        limit, stop = options.get("num_predict"), options.get("stop") or []
        question.max_tokens = limit if isinstance(limit, int) and limit >= 0 else None
        question.stop = [stop] if isinstance(stop, str) else stop
        match body.get("format"):
            case None | "":
                pass
            case "json":
                question.json = True
            case dict() as schema:
                question.schema = schema
            case other:
                raise RejectError(400, f"invalid format: {other!r}; expected 'json' or a JSON schema")
        think = body.get("think")
        question.thinking = thinking_budget(think if isinstance(think, str) else "medium" if think else None)
        return body, question

    def _reply(self, ask: Ask, body: dict[str, Any], question: Question, part: Callable[..., dict[str, Any]]) -> Answer:
        answer = complete(self.seed, self.name, question)
        base = {"model": question.model, "created_at": self._now()}
        end = {"done": True, "done_reason": _DONE.get(answer.finish, "stop"), **_durations(answer)}
        tokens = answer.prompt_tokens + answer.completion_tokens
        calls = [
            {"id": self.ident(f"call_{i}", ask), "function": {"index": i, "name": name, "arguments": arguments}}
            for i, (name, arguments) in enumerate(answer.calls)
        ]
        if body.get("stream") is False:
            return Whole(dumps(base | part(answer.text, answer.thoughts, calls) | end), tokens=tokens)
        parts = [part("", piece) for piece in pieces(answer.thoughts)]
        parts += [part(piece) for piece in pieces(answer.text)]
        if calls:
            parts.append(part("", "", calls))
        lines = [line(base | each | {"done": False}) for each in parts]
        return Frames([*lines, line(base | part("") | end)], "application/x-ndjson", tokens=tokens)

    def _loaded(self, body: dict[str, Any], empty: dict[str, Any]) -> Answer:
        reason = "unload" if body.get("keep_alive") == 0 else "load"
        self._store.use(body["model"], stays=reason == "load")
        reply = {"model": body["model"], "created_at": self._now(), **empty, "done": True, "done_reason": reason}
        return Whole(dumps(reply))

    def _now(self) -> str:
        return f"{datetime.fromtimestamp(self.clock(), UTC):%Y-%m-%dT%H:%M:%S.%f}000Z"


def _text(reject: RejectError) -> str:
    return reject.message or _MESSAGES.get(reject.status, "internal server error")


def _message(text: str, thoughts: str = "", calls: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": text}
    if thoughts:
        message["thinking"] = thoughts
    if calls:
        message["tool_calls"] = calls
    return {"message": message}


def _response(text: str, thoughts: str = "", calls: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    return {"response": text, "thinking": thoughts} if thoughts else {"response": text}


def _durations(answer: Completion) -> dict[str, int]:
    """Nanoseconds: 2,000 prompt tokens and 100 answer tokens a second."""
    prompt, answered = answer.prompt_tokens * 500_000, answer.completion_tokens * 10_000_000
    load = 12_000_000
    return {
        "total_duration": load + prompt + answered,
        "load_duration": load,
        "prompt_eval_count": answer.prompt_tokens,
        "prompt_eval_duration": prompt,
        "eval_count": answer.completion_tokens,
        "eval_duration": answered,
    }
