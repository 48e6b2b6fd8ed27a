"""The OPEA twin: megaservices and microservices on one port.

Source: GenAIExamples (ChatQnA, CodeGen, CodeTrans, DocSum) and GenAIComps, API protocol. ChatQnA and its kin stream
Python bytes literals, the others hand on the chunks of the model server behind them. A stream that fails ends as one
that is complete: with [DONE], or with nothing.
"""

from collections.abc import Callable, Collection
from typing import Any

from .answers import Completion, complete
from .forms import parse_form
from .limits import Verdict
from .opea_micro import BLOCKED, OPEAMicro, spoken
from .opea_retrieval import BAD_BODY
from .opea_stores import OPEAStores
from .openai_dialect import DONE, SSE, event
from .openai_requests import chat_question
from .twin import Answer, Ask, Frames, RejectError, Whole, dumps, fields

LITERAL = ("chatqna", "docsum", "graphrag", "hybridrag")
CHUNKED = ("codegen", "faqgen", "searchqna", "visualqna", "videoqna", "multimodalqna")
SOURCES = {"codetrans": "source_code", "translation": "source_language"}
CONTEXT, SLICE = 32_768, 6
_MODEL = "meta-llama/Meta-Llama-3-8B-Instruct"
_WORDS = {401: "Invalid token signature.", 404: "Not Found", 405: "Method Not Allowed", 503: "Service Unavailable"}


class OPEA(OPEAMicro, OPEAStores):
    """A gateway before every service; it wants a token only when it was given keys."""

    name = "opea"

    def __init__(self, seed: int, clock: Callable[[], float], keys: Collection[str] | None) -> None:
        super().__init__(seed, clock, keys)
        self.routes |= {("POST", f"/v1/{service}"): self.serve for service in (*LITERAL, *CHUNKED, *SOURCES)}
        self.routes |= {
            **self.store_routes(),
            ("POST", "/v1/audioqna"): self.converse,
            ("GET", "/v1/health_check"): self.health,
            ("GET", "/v1/statistics"): self.statistics,
            ("GET", "/v1/list_service"): lambda ask: Whole(dumps({"llm/MicroService": {"endpoint": "/v1/chat"}})),
            ("GET", "/v1/list_parameters"): lambda ask: Whole(dumps({"max_tokens": 1024, "top_k": 10})),
            ("GET", "/health"): lambda ask: Whole(b""),
            ("GET", "/metrics"): lambda ask: Whole(b"# HELP http_requests_total\n", media="text/plain; version=0.0.4"),
        }

    def authorise(self, ask: Ask) -> None:
        """Check the token when keys are set."""
        if self.keys is not None and ask.bearer not in self.keys:
            raise RejectError(401)

    def serve(self, ask: Ask) -> Answer:
        """POST /v1/{service}: streamed unless told not to; the model is the service's own, whatever is asked for."""
        service = _service(ask)
        body = _documents(ask) if service == "docsum" and not isinstance(ask.body, dict) else fields(ask, BAD_BODY)
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
        if service == "chatqna" and BLOCKED in question.text.lower():
            answer.text = "Violated policies: Violent Crimes, please check your input."
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

    def converse(self, ask: Ask) -> Answer:
        """POST /v1/audioqna: speech in, speech out, both in base64."""
        body = fields(ask, BAD_BODY)
        if not isinstance(body.get("audio"), str):
            raise RejectError(422, "Field required", param="audio")
        question = chat_question(
            {"model": _MODEL, "messages": [{"role": "user", "content": body["audio"]}]}, CONTEXT, strict_json=False
        )
        return Whole(spoken(complete(self.seed, self.name, question).text))

    def statistics(self, ask: Ask) -> Answer:
        """GET /v1/statistics."""
        told = {"p50_latency": 0.1, "p99_latency": 0.4, "average_latency": 0.2}
        return Whole(dumps({"opea_service@llm": told}))

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


def _documents(ask: Ask) -> dict[str, Any]:
    """Read a form of documents as one message."""
    form = parse_form(ask.headers.get("content-type", ""), ask.raw)
    body: dict[str, Any] = {name: parts[0].text for name, parts in form.items() if name != "files"}
    texts = [part.data.decode("utf-8", "replace") for part in form.get("files", [])]
    body["messages"] = "\n".join([body.get("messages") or "", *texts])
    body["stream"] = body.get("stream", "true") != "false"
    if "max_tokens" in body:
        body["max_tokens"] = int(body["max_tokens"])
    return body


def _service(ask: Ask) -> str:
    return ask.path.removeprefix("/v1/")


def _slices(text: str) -> list[str]:
    """Cut a text into pieces of some letters; the last one takes the rest."""
    cuts = range(0, max(1, len(text) - SLICE + 1), SLICE)
    return [text[at : at + SLICE] if at != cuts[-1] else text[at:] for at in cuts]
