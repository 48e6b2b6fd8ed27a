"""The Gemini twin: content in one piece and streamed, embeddings, token counts, models, files, caches, batches.

Source: Gemini API reference; Vertex AI reference. Versions v1, v1beta and v1alpha are one, and so are a project's
models on Vertex AI.
"""

from collections.abc import Callable, Collection
from typing import Any

from .answers import MISSING_MODEL, complete, count
from .gemini_answers import MODELS, card, chunks, page, publisher_card, text_tokens, written
from .gemini_batches import Batches
from .gemini_caches import Caches
from .gemini_errors import failed
from .gemini_files import Files
from .gemini_media import media, predicted
from .gemini_requests import file_names, get, read, read_texts
from .limits import Verdict
from .twin import Answer, Ask, Frames, RejectError, Twin, Whole, dumps, fields
from .vectors import vector

_VERSIONS = {"v1", "v1beta", "v1alpha", "v1beta1"}
_PUBLISHER = "/{version}/projects/{project}/locations/{location}/publishers/google/models/{model}"
_MODELS = ("/{version}/models/{model}", _PUBLISHER, "/{version}/tunedModels/{model}")
_LISTED = "/{version}/publishers/google/models"
_STOPS = {"length": "MAX_TOKENS"}
_DIMENSIONS = 3072
_NO_JSON = "Invalid JSON payload received."


class Gemini(Twin):
    """The Gemini API; it takes the key in x-goog-api-key, in the query, or as a Bearer token."""

    name = "gemini"
    trouble = 503

    def __init__(self, seed: int, clock: Callable[[], float], keys: Collection[str] | None) -> None:
        super().__init__(seed, clock, keys)
        self._files, self._caches = Files(clock, self.ident), Caches(clock, self.ident)
        batches = Batches(clock, self.ident, self._files, self._one)
        methods: dict[str, Callable[[Ask, str], Answer]] = {
            "generateContent": self.generate,
            "streamGenerateContent": self.stream,
            "countTokens": self.count_tokens,
            "embedContent": self.embed,
            "batchEmbedContents": self.embed,
            "predict": self.predict,
            "batchGenerateContent": batches.create,
            "asyncBatchEmbedContent": batches.create,
        }
        for name, method in methods.items():
            self.routes |= {("POST", f"{path}:{name}"): _of_model(method) for path in _MODELS}
        self.routes |= {
            ("GET", "/{version}/models"): lambda ask: page(ask, "models", [card(name) for name in MODELS]),
            ("GET", _LISTED): lambda ask: page(ask, "publisherModels", [publisher_card(name) for name in MODELS]),
            ("GET", f"{_LISTED}/{{model}}"): _of_model(lambda _, model: Whole(dumps(publisher_card(model)))),
            ("GET", _MODELS[0]): _of_model(lambda _, model: Whole(dumps(card(model)))),
        }
        self.routes |= self._files.routes() | self._caches.routes() | batches.routes()

    def answer(self, ask: Ask) -> Answer:
        """Answer a request; a version that there is not has nothing."""
        steps = ask.path.split("/")
        if _VERSIONS.isdisjoint(steps[1:3]):
            self.authorise(ask)
            return self.other(ask)
        return super().answer(ask)

    def other(self, ask: Ask) -> Answer:
        """Answer a path that is not in the table, or not with this method: the service knows no 405."""
        raise RejectError(404, f"The requested URL {ask.path} was not found on this server.")

    def credential(self, ask: Ask) -> str:
        """Return the key, wherever it is."""
        return ask.headers.get("x-goog-api-key") or ask.query.get("key") or ask.bearer

    def authorise(self, ask: Ask) -> None:
        """Want a key, one of the accepted ones when there are any; an upload that has begun is known by its id."""
        if ask.path.startswith("/upload/") and "upload_id" in ask.query:
            return
        key = self.credential(ask)
        if not key:
            raise RejectError(403, "Method doesn't allow unregistered callers: use an API key.")
        if self.keys is not None and key not in self.keys:
            message = "API key not valid. Please pass a valid API key."
            raise RejectError(400, message, code="API_KEY_INVALID")

    def generate(self, ask: Ask, model: str) -> Answer:
        """POST models/{model}:generateContent."""
        reply, tokens = self._reply(ask, model, fields(ask, _NO_JSON))
        return Whole(dumps(reply), tokens=tokens)

    def stream(self, ask: Ask, model: str) -> Answer:
        """POST models/{model}:streamGenerateContent: events with ``alt=sse``, else one JSON array."""
        reply, tokens = self._reply(ask, model, fields(ask, _NO_JSON))
        pieces = [dumps(chunk) for chunk in chunks(reply)]
        if ask.query.get("alt") == "sse":
            return Frames([b"data: " + chunk + b"\r\n\r\n" for chunk in pieces], "text/event-stream", tokens=tokens)
        array = [(b"," if place else b"[") + chunk + b"\r\n" for place, chunk in enumerate(pieces)]
        return Frames([*array, b"]"], "application/json", tokens=tokens)

    def count_tokens(self, ask: Ask, model: str) -> Answer:
        """POST models/{model}:countTokens."""
        body = fields(ask, _NO_JSON)
        inner = body.get("generateContentRequest")
        tokens = read(inner or body, model).tokens + self._caches.tokens(get(inner or body, "cachedContent"), model)
        return Whole(dumps({"totalTokens": tokens, "promptTokensDetails": text_tokens(tokens)}))

    def embed(self, ask: Ask, model: str) -> Answer:
        """POST models/{model}:embedContent for one text, :batchEmbedContents for many."""
        body = fields(ask, _NO_JSON)
        many = ask.path.endswith(":batchEmbedContents")
        items = read_texts(body, model, many=many, most=_DIMENSIONS, named="project" not in ask.args)
        found = [{"values": self._vector(model, text, size)} for text, size in items]
        tokens = sum(count(text) for text, _ in items)
        return Whole(dumps({"embeddings": found} if many else {"embedding": found[0]}), tokens=tokens)

    def predict(self, ask: Ask, model: str) -> Answer:
        """POST models/{model}:predict: images of Imagen, vectors of the older embedding models."""
        body = fields(ask, _NO_JSON)
        if model.startswith("imagen"):
            return Whole(dumps({"predictions": predicted(self.seed, body)}))
        size = (body.get("parameters") or {}).get("outputDimensionality") or 768
        if not isinstance(size, int) or not 1 <= size <= _DIMENSIONS:
            raise RejectError(400, f"outputDimensionality must be from 1 to {_DIMENSIONS}")
        found = []
        for one in body["instances"]:
            told = {"token_count": count(one["content"]), "truncated": False}
            values = self._vector(model, one["content"], size)
            found.append({"embeddings": {"values": values, "statistics": told}})
        return Whole(dumps({"predictions": found}))

    def failure(self, ask: Ask, reject: RejectError) -> Whole:
        """``{"error": {code, message, status, details}}``."""
        return Whole(dumps(failed(reject)), reject.status)

    def error_frames(self, ask: Ask, reject: RejectError) -> list[bytes]:
        """One event with the error."""
        return [b"data: " + dumps(failed(reject)) + b"\r\n\r\n"]

    def overloaded(self, verdict: Verdict) -> RejectError:
        """Name the quota; how long to wait stands in the body, and a day's quota is spent."""
        message = "You exceeded your current quota, please check your plan and billing details."
        limit = "" if verdict.short == "tokens" else str(verdict.shortest.limit)
        return RejectError(429, message, quota=verdict.short == "day", wait=verdict.wait, param=limit)

    def retry_headers(self, wait: float) -> dict[str, str]:
        """It tells that in the body."""
        return {}

    def _vector(self, model: str, text: str, size: int) -> Any:
        return vector(self.seed, self.name, model, text, size or _DIMENSIONS)

    def _one(self, ask: Ask, model: str, request: dict[str, Any]) -> dict[str, Any]:
        """The answer to one request of a batch."""
        if "content" in request:
            ((text, size),) = read_texts(request, model, many=False, most=_DIMENSIONS)
            return {"embedding": {"values": self._vector(model, text, size)}}
        return self._reply(ask, model, request)[0]

    def _reply(self, ask: Ask, model: str, body: dict[str, Any]) -> tuple[dict[str, Any], int]:
        question = read(body, model)
        for name in file_names(body):
            self._files.check(name)
        kept = self._caches.tokens(get(body, "cachedContent"), model)
        answer = complete(self.seed, self.name, question)
        reply: dict[str, Any] = {}
        prompt = answer.prompt_tokens + kept
        usage: dict[str, Any] = {"promptTokenCount": prompt}
        if kept or self.cached(question.text, answer.prompt_tokens):
            usage["cachedContentTokenCount"] = kept or count(question.text)
        if answer.finish == "refusal":
            reply["promptFeedback"] = {"blockReason": "PROHIBITED_CONTENT"}
            answer.completion_tokens = 0
        else:
            shown = bool(get(body, "generationConfig", "thinkingConfig", "includeThoughts"))
            made = media(self.seed, question, body)
            if made is not None:
                answer.completion_tokens = made[1]
            ids = [self.ident(f"fc{place}", ask) for place in range(len(answer.calls))]
            content = {"parts": made[0] if made else written(answer, ids, shown=shown), "role": "model"}
            reply["candidates"] = [{"content": content, "finishReason": _STOPS.get(answer.finish, "STOP"), "index": 0}]
            usage["candidatesTokenCount"] = answer.completion_tokens - answer.thinking_tokens
        if answer.thinking_tokens:
            usage["thoughtsTokenCount"] = answer.thinking_tokens
        tokens = prompt + answer.completion_tokens
        usage |= {"totalTokenCount": tokens, "promptTokensDetails": text_tokens(prompt)}
        return reply | {"usageMetadata": usage, "modelVersion": model, "responseId": self.ident("", ask)}, tokens


def _of_model(method: Callable[[Ask, str], Answer]) -> Callable[[Ask], Answer]:
    """A method of a model as a route."""

    def route(ask: Ask) -> Answer:
        model, version = ask.args["model"], ask.args["version"]
        if model == MISSING_MODEL:
            raise RejectError(404, f"models/{model} is not found for API version {version}.")
        return method(ask, model)

    return route
