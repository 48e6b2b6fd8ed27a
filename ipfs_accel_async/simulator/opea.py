"""The OPEA twin: megaservices on one port, the embedding microservice beside them.

Source: GenAIExamples (ChatQnA, CodeGen, CodeTrans, DocSum) and GenAIComps, API protocol. ChatQnA and its kin stream
Python bytes literals, the others hand on the chunks of the model server behind them. A stream that fails ends as one
that is complete: with [DONE], or with nothing.
"""

from collections.abc import Callable, Collection
from typing import Any

from .answers import Completion, complete, count
from .limits import Verdict
from .openai_dialect import DONE, SSE, event
from .openai_requests import chat_question, inputs_of
from .twin import Answer, Ask, Frames, RejectError, Twin, Whole, dumps, fields
from .vectors import vector

LITERAL = ("chatqna", "docsum", "audioqna", "graphrag")
CHUNKED = ("codegen", "faqgen", "searchqna", "visualqna")
SOURCES = {"codetrans": "source_code", "translation": "source_language"}
CONTEXT, DIMENSIONS, SLICE = 32_768, 768, 6
_MODEL = "meta-llama/Meta-Llama-3-8B-Instruct"
_WORDS = {401: "Invalid token signature.", 404: "Not Found", 405: "Method Not Allowed", 503: "Service Unavailable"}


class OPEA(Twin):
    """A gateway before every service; it wants a token only when it was given keys."""

    name = "opea"

    def __init__(self, seed: int, clock: Callable[[], float], keys: Collection[str] | None) -> None:
        super().__init__(seed, clock, keys)
        self.routes |= {("POST", f"/v1/{service}"): self.serve for service in (*LITERAL, *CHUNKED, *SOURCES)}
        self.routes |= {
            ("POST", "/v1/embeddings"): self.embeddings,
            ("GET", "/v1/health_check"): self.health,
            ("GET", "/health"): lambda ask: Whole(b""),
        }

    def authorise(self, ask: Ask) -> None:
        """Check the token when keys are set."""
        if self.keys is not None and ask.bearer not in self.keys:
            raise RejectError(401)

    def serve(self, ask: Ask) -> Answer:
        """POST /v1/{service}: streamed unless told not to; the model is the service's own, whatever is asked for."""
        service = _service(ask)
        body = fields(ask, "Input should be a valid dictionary")
        messages = body.get(SOURCES.get(service, "messages"))
        if service in SOURCES and not (body.get("language_from") and body.get("language_to")):
            raise RejectError(422, "Field required", param="language_from")
        if service == "docsum" and not body.get("type"):
            raise RejectError(422, "Field required", param="type")
        if isinstance(messages, str):
            messages = [{"role": "user", "content": messages}]
        taken: dict[str, Any] = {name: body.get(name) or None for name in ("max_tokens", "temperature", "top_p")}
        try:
            question = chat_question({"model": _MODEL, "messages": messages, **taken}, CONTEXT, strict_json=False)
        except RejectError as reject:
            raise RejectError(422, reject.message, param=reject.param) from reject
        answer = complete(self.seed, self.name, question)
        tokens = answer.prompt_tokens + answer.completion_tokens
        if service not in SOURCES and body.get("stream") is False:
            return Whole(self._whole(ask, service, answer), tokens=tokens)
        if service in LITERAL:
            frames = [b"data: " + repr(piece.encode()).encode() + b"\n\n" for piece in _slices(answer.text)]
        else:
            frames = [event(chunk) for chunk in self._chunks(ask, service, answer)]
        return Frames([*frames, DONE], SSE, tokens=tokens)

    def _whole(self, ask: Ask, service: str, answer: Completion) -> bytes:
        message = {"role": "assistant", "content": answer.text, "audio": None}
        return dumps(
            {
                "id": self.ident("chatcmpl-", ask),
                "object": "chat.completion",
                "created": int(self.clock()),
                "model": service,
                "choices": [{"index": 0, "message": message, "finish_reason": "stop", "metadata": None}],
                "usage": {"prompt_tokens": 0, "total_tokens": 0, "completion_tokens": 0},
            }
        )

    def _chunks(self, ask: Ask, service: str, answer: Completion) -> list[dict[str, Any]]:
        finish = "length" if answer.finish == "length" else "stop"
        base = {"id": self.ident("chatcmpl-", ask), "created": int(self.clock()), "model": _MODEL}
        parts: list[tuple[str, str | None]] = [*((piece, None) for piece in _slices(answer.text)), ("", finish)]
        if service in SOURCES:
            base["object"] = "text_completion"
            return [base | {"choices": [{"index": 0, "text": text, "finish_reason": end}]} for text, end in parts]
        base["object"] = "chat.completion.chunk"
        return [
            base | {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": end}]} for text, end in parts
        ]

    def embeddings(self, ask: Ask) -> Answer:
        """POST /v1/embeddings: numbers, whatever encoding is asked for."""
        body = fields(ask, "Input should be a valid dictionary")
        try:
            texts = inputs_of(body)
        except RejectError as reject:
            raise RejectError(422, reject.message, param="input") from reject
        model, tokens = str(body.get("model") or ""), sum(map(count, texts))
        data = [
            {"index": i, "object": "embedding", "embedding": vector(self.seed, self.name, model, text, DIMENSIONS)}
            for i, text in enumerate(texts)
        ]
        usage = {"prompt_tokens": tokens, "total_tokens": tokens, "completion_tokens": 0}
        return Whole(dumps({"object": "list", "model": model, "data": data, "usage": usage}), tokens=tokens)

    def health(self, ask: Ask) -> Answer:
        """GET /v1/health_check."""
        said = {"Service Title": "ChatQnA", "Version": "1.5", "Service Description": "OPEA megaservice"}
        return Whole(dumps(said))

    def failure(self, ask: Ask, reject: RejectError) -> Whole:
        """``{"detail": text}``, a list of faults for a bad request, plain text for a fault of the server."""
        if reject.status == 500:
            return Whole(b"Internal Server Error", 500, "text/plain; charset=utf-8")
        words = reject.message or _WORDS.get(reject.status, "Bad Request")
        if reject.status == 422:
            fault = {"type": "value_error", "loc": ["body", reject.param or "body"], "msg": words, "input": {}}
            return Whole(dumps({"detail": [fault]}), 422)
        return Whole(dumps({"detail": words}), reject.status)

    def error_frames(self, ask: Ask, reject: RejectError) -> list[bytes]:
        """Nothing tells it: the services that write literals end as ever, the others stop."""
        return [DONE] if _service(ask) in LITERAL else []

    def overloaded(self, verdict: Verdict) -> RejectError:
        """It knows no 429."""
        return RejectError(503)

    def retry_headers(self, wait: float) -> dict[str, str]:
        """It does not say when to come back."""
        return {}


def _service(ask: Ask) -> str:
    return ask.path.removeprefix("/v1/")


def _slices(text: str) -> list[str]:
    """Cut a text into pieces of some letters; the last one takes the rest."""
    cuts = range(0, max(1, len(text) - SLICE + 1), SLICE)
    return [text[at : at + SLICE] if at != cuts[-1] else text[at:] for at in cuts]
