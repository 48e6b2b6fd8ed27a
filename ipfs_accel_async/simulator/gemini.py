"""The Gemini twin: content in one piece and streamed, embeddings, token counts, models.

Source: Gemini API reference: generateContent, streamGenerateContent, batchEmbedContents, countTokens, models. Versions
v1, v1beta and v1alpha are one.
"""

import base64
import re
from collections.abc import Callable, Collection, Iterable
from typing import Any

from .answers import MISSING_MODEL, Completion, complete, count, digest, pieces
from .gemini_errors import failed
from .gemini_requests import CONTEXT, get, read, read_texts
from .limits import Verdict
from .twin import Answer, Ask, Frames, RejectError, Twin, Whole, dumps, fields
from .vectors import vector

_PATH = re.compile(r"/(?P<version>v1|v1beta|v1alpha)/(?P<model>(?:models|tunedModels)/[^/:]+)(?::(?P<method>\w+))?")
_LISTS = {f"/{version}/models" for version in ("v1", "v1beta", "v1alpha")}
_STOPS = {"length": "MAX_TOKENS"}
_MODELS = {
    "gemini-2.5-flash": "Gemini 2.5 Flash",
    "gemini-2.5-pro": "Gemini 2.5 Pro",
    "gemini-embedding-001": "Gemini Embedding 001",
}
_DIMENSIONS = 3072
_NO_JSON = "Invalid JSON payload received."


class Gemini(Twin):
    """The Gemini API; it takes the key in x-goog-api-key, in the query, or as a Bearer token."""

    name = "gemini"
    trouble = 503

    def __init__(self, seed: int, clock: Callable[[], float], keys: Collection[str] | None) -> None:
        super().__init__(seed, clock, keys)
        self.routes |= {("GET", path): self.list_models for path in _LISTS}
        self._methods: dict[str | None, Callable[[Ask, str], Answer]] = {
            "generateContent": self.generate,
            "streamGenerateContent": self.stream,
            "countTokens": self.count_tokens,
            "embedContent": self.embed,
            "batchEmbedContents": self.embed,
        }

    def other(self, ask: Ask) -> Answer:
        """Answer ``models/{id}`` and ``models/{id}:{method}``."""
        found = _PATH.fullmatch(ask.path)
        method = self._methods.get(found["method"]) if found else None
        wanted = "GET" if found and found["method"] is None else "POST"
        if found is None or (method is None and found["method"]) or ask.method != wanted:
            raise RejectError(404, f"The requested URL {ask.path} was not found on this server.")
        model = found["model"].partition("/")[2]
        if model == MISSING_MODEL:
            raise RejectError(404, f"{found['model']} is not found for API version {found['version']}.")
        return Whole(dumps(_card(model))) if method is None else method(ask, model)

    def credential(self, ask: Ask) -> str:
        """Return the key, wherever it is."""
        return ask.headers.get("x-goog-api-key") or ask.query.get("key") or ask.bearer

    def authorise(self, ask: Ask) -> None:
        """Want a key, one of the accepted ones when there are any."""
        key = self.credential(ask)
        if not key:
            raise RejectError(403, "Method doesn't allow unregistered callers: use an API key.")
        if self.keys is not None and key not in self.keys:
            message = "API key not valid. Please pass a valid API key."
            raise RejectError(400, message, code="API_KEY_INVALID")

    def generate(self, ask: Ask, model: str) -> Answer:
        """POST models/{model}:generateContent."""
        reply, tokens = self._reply(ask, model)
        return Whole(dumps(reply), tokens=tokens)

    def stream(self, ask: Ask, model: str) -> Answer:
        """POST models/{model}:streamGenerateContent: events with ``alt=sse``, else one JSON array."""
        reply, tokens = self._reply(ask, model)
        chunks = [dumps(chunk) for chunk in _chunks(reply)]
        if ask.query.get("alt") == "sse":
            return Frames([b"data: " + chunk + b"\r\n\r\n" for chunk in chunks], "text/event-stream", tokens=tokens)
        array = [(b"," if place else b"[") + chunk + b"\r\n" for place, chunk in enumerate(chunks)]
        return Frames([*array, b"]"], "application/json", tokens=tokens)

    def count_tokens(self, ask: Ask, model: str) -> Answer:
        """POST models/{model}:countTokens."""
        body = fields(ask, _NO_JSON)
        inner = body.get("generateContentRequest")
        question = read(inner or body, model)
        return Whole(dumps({"totalTokens": question.tokens, "promptTokensDetails": _text_tokens(question.tokens)}))

    def embed(self, ask: Ask, model: str) -> Answer:
        """POST models/{model}:embedContent for one text, :batchEmbedContents for many."""
        body = fields(ask, _NO_JSON)
        many = ask.path.endswith(":batchEmbedContents")
        items = read_texts(body, model, many=many, most=_DIMENSIONS)
        found = [{"values": vector(self.seed, self.name, model, text, size or _DIMENSIONS)} for text, size in items]
        tokens = sum(count(text) for text, _ in items)
        return Whole(dumps({"embeddings": found} if many else {"embedding": found[0]}), tokens=tokens)

    def list_models(self, ask: Ask) -> Answer:
        """GET models, in pages; the token of the next page is the place it begins at."""
        try:
            size, start = int(ask.query.get("pageSize") or 50), int(ask.query.get("pageToken") or 0)
        except ValueError:
            raise RejectError(400, "page_size or page_token is not valid.") from None
        if size < 0 or start < 0:
            raise RejectError(400, "page_size must not be negative.")
        names = list(_MODELS)
        end = start + (min(size, 1000) or 50)
        page: dict[str, Any] = {"models": [_card(name) for name in names[start:end]]}
        return Whole(dumps(page | ({"nextPageToken": str(end)} if end < len(names) else {})))

    def failure(self, ask: Ask, reject: RejectError) -> Whole:
        """``{"error": {code, message, status, details}}``."""
        return Whole(dumps(failed(reject)), reject.status)

    def error_frames(self, ask: Ask, reject: RejectError) -> list[bytes]:
        """One event with the error."""
        return [b"data: " + dumps(failed(reject)) + b"\r\n\r\n"]

    def overloaded(self, verdict: Verdict) -> RejectError:
        """Name the quota; how long to wait stands in the body, and a day's quota is spent."""
        message = "You exceeded your current quota, please check your plan and billing details."
        return RejectError(429, message, quota=verdict.short == "day", wait=verdict.wait)

    def retry_headers(self, wait: float) -> dict[str, str]:
        """It tells that in the body."""
        return {}

    def _reply(self, ask: Ask, model: str) -> tuple[dict[str, Any], int]:
        body = fields(ask, _NO_JSON)
        question = read(body, model)
        answer = complete(self.seed, self.name, question)
        reply: dict[str, Any] = {}
        usage: dict[str, Any] = {"promptTokenCount": answer.prompt_tokens}
        if self.cached(question.text, answer.prompt_tokens):
            usage["cachedContentTokenCount"] = count(question.text)
        if answer.finish == "refusal":
            reply["promptFeedback"] = {"blockReason": "PROHIBITED_CONTENT"}
            answer.completion_tokens = 0
        else:
            shown = bool(get(body, "generationConfig", "thinkingConfig", "includeThoughts"))
            content = {"parts": self._parts(ask, answer, shown=shown), "role": "model"}
            reply["candidates"] = [{"content": content, "finishReason": _STOPS.get(answer.finish, "STOP"), "index": 0}]
            usage["candidatesTokenCount"] = answer.completion_tokens - answer.thinking_tokens
        if answer.thinking_tokens:
            usage["thoughtsTokenCount"] = answer.thinking_tokens
        tokens = answer.prompt_tokens + answer.completion_tokens
        usage |= {"totalTokenCount": tokens, "promptTokensDetails": _text_tokens(answer.prompt_tokens)}
        return reply | {"usageMetadata": usage, "modelVersion": model, "responseId": self.ident("", ask)}, tokens

    def _parts(self, ask: Ask, answer: Completion, *, shown: bool) -> list[dict[str, Any]]:
        """Thoughts only when asked for; the first call or else the text bears the signature of what was thought."""
        parts: list[dict[str, Any]] = []
        if answer.thoughts and shown:
            parts.append({"text": answer.thoughts, "thought": True})
        signed: dict[str, Any] = {}
        if answer.text or not answer.calls:
            signed = {"text": answer.text}
            parts.append(signed)
        for place, (name, arguments) in enumerate(answer.calls):
            call = {"id": self.ident(f"fc{place}", ask), "name": name, "args": arguments}
            parts.append({"functionCall": call})
        if answer.thoughts:
            signed = parts[-len(answer.calls)] if answer.calls else signed
            signed["thoughtSignature"] = base64.b64encode(digest(answer.thoughts)).decode()
        return parts


def _chunks(reply: dict[str, Any]) -> Iterable[dict[str, Any]]:
    """The pieces of a reply, the last of which has the finish reason and a signature of the text."""
    if "candidates" not in reply:
        yield reply
        return
    (candidate,) = reply["candidates"]
    usage = {name: count for name, count in reply["usageMetadata"].items() if name.startswith(("prompt", "cached"))}
    usage["totalTokenCount"] = usage["promptTokenCount"]
    last: dict[str, Any] = {"text": ""}
    for part in candidate["content"]["parts"]:
        whole = "functionCall" in part
        if not whole and "thoughtSignature" in part:
            last["thoughtSignature"] = part["thoughtSignature"]
        for piece in [part] if whole else [_piece(part, text) for text in pieces(part["text"])]:
            content = {"parts": [piece], "role": "model"}
            yield reply | {"candidates": [{"content": content, "index": 0}], "usageMetadata": usage}
    yield reply | {"candidates": [candidate | {"content": {"parts": [last], "role": "model"}}]}


def _piece(part: dict[str, Any], text: str) -> dict[str, Any]:
    return {"text": text, "thought": True} if part.get("thought") else {"text": text}


def _text_tokens(tokens: int) -> list[dict[str, Any]]:
    return [{"modality": "TEXT", "tokenCount": tokens}]


def _card(model: str) -> dict[str, Any]:
    embeds = "embed" in model
    methods = ["embedContent"] if embeds else ["generateContent", "countTokens", "createCachedContent"]
    return {
        "name": f"models/{model}",
        "version": "001",
        "displayName": _MODELS.get(model, model),
        "description": "Simulated.",
        "inputTokenLimit": 2048 if embeds else CONTEXT,
        "outputTokenLimit": 1 if embeds else 65_536,
        "supportedGenerationMethods": methods,
    }
