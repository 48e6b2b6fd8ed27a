"""The TGI twin: OpenAI's chat with TGI's quirks, and its own routes.

Source: Text Generation Inference, OpenAPI description and its router. Streams begin with status 200 whatever happens:
what the server refuses or fails at is told as an event.
"""

from collections.abc import Callable, Collection
from typing import Any

from .answers import Completion, complete, pieces
from .hf_tgi_further import INFO, VERSION, completions, metrics, prompts_of, templated
from .hf_tgi_native import event, events, tokens, whole
from .hf_tgi_requests import MODEL, SHAPE, body_of, chat, generate
from .limits import Verdict
from .openai_dialect import DONE
from .twin import Answer, Ask, Frames, RejectError, Twin, Whole, dumps

_TEXT = "text/plain; charset=utf-8"
_SSE = "text/event-stream"
_CHAT = "/v1/chat/completions"
_TEXTS = "/v1/completions"
_OPEN = {"/health", "/ping", "/info", "/metrics"}
_ERRORS = {
    400: ("validation", "Input validation error: the request is malformed"),
    422: ("validation", "Input validation error: the request is not valid"),
    424: ("generation", "Request failed during generation: Server error: transport error"),
    429: ("overloaded", "Model is overloaded"),
    500: ("incomplete_generation", "Incomplete generation"),
    503: ("healthcheck", "unhealthy"),
}
_IN_STREAM = {"validation", "overloaded"}


class HfTgi(Twin):
    """A TGI server with one model; it wants a key only when it was given keys."""

    name = "hf_tgi"
    trouble = 424

    def __init__(self, seed: int, clock: Callable[[], float], keys: Collection[str] | None) -> None:
        super().__init__(seed, clock, keys)
        self.routes |= {
            ("POST", _CHAT): self.chat,
            ("POST", "/generate"): self.generate,
            ("POST", "/generate_stream"): self.generate,
            ("POST", "/"): self.generate,
            ("POST", "/tokenize"): self.tokenize,
            ("POST", "/chat_tokenize"): self.chat_tokenize,
            ("POST", _TEXTS): self.completions,
            ("GET", "/metrics"): lambda ask: Whole(metrics(ask.number), media=_TEXT),
            ("GET", "/v1/models"): self.list_models,
            ("GET", "/info"): lambda ask: Whole(dumps(INFO)),
            ("GET", "/health"): lambda ask: Whole(b"", media=_TEXT),
            ("GET", "/ping"): lambda ask: Whole(b"", media=_TEXT),
            ("GET", "/"): lambda ask: Whole(b"", media=_TEXT),
        }

    def authorise(self, ask: Ask) -> None:
        """Want a key only when keys are set, and never for health and info; case does not matter."""
        if self.keys is None or ask.path in _OPEN or (ask.method, ask.path) == ("GET", "/"):
            return
        if ask.bearer.lower() not in {key.lower() for key in self.keys}:
            raise RejectError(401)

    def chat(self, ask: Ask) -> Answer:
        """POST /v1/chat/completions."""
        body = body_of(ask.body)
        question = chat(body)
        answer = complete(self.seed, self.name, question)
        base = {
            "object": "chat.completion",
            "id": "",
            "created": int(self.clock()),
            "model": question.model,
            "system_fingerprint": f"{VERSION}-native",
        }
        usage = {
            "prompt_tokens": answer.prompt_tokens,
            "completion_tokens": answer.completion_tokens,
            "total_tokens": answer.prompt_tokens + answer.completion_tokens,
        }
        spent = usage["total_tokens"]
        if body.get("stream"):
            base["object"] = "chat.completion.chunk"
            chunks = [base | {"choices": [choice], "usage": None} for choice in _choices(answer, _call_id(body))]
            if (body.get("stream_options") or {}).get("include_usage"):
                chunks.append(base | {"choices": [], "usage": usage})
            return Frames([*map(event, chunks), DONE], _SSE, _spent(answer, stream=True), tokens=spent)
        message: dict[str, Any] = {"role": "assistant"}
        if answer.calls:
            name, arguments = answer.calls[0]
            function = {"description": None, "name": name, "arguments": dumps(arguments).decode()}
            message["tool_calls"] = [{"id": "0", "type": "function", "function": function}]
        else:
            message["content"] = answer.text
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": _finish(answer)}
        return Whole(dumps(base | {"choices": [choice], "usage": usage}), headers=_spent(answer), tokens=spent)

    def generate(self, ask: Ask) -> Answer:
        """POST /generate, /generate_stream, and / which answers with a list, or streams when asked to."""
        body = body_of(ask.body)
        question, parameters = generate(body)
        answer = complete(self.seed, self.name, question)
        spent = answer.prompt_tokens + answer.completion_tokens
        if _streams(ask):
            frames = events(answer, question.text, parameters)
            return Frames(frames, _SSE, _spent(answer, stream=True), tokens=spent)
        reply = whole(answer, question.text, parameters)
        return Whole(dumps([reply] if ask.path == "/" else reply), headers=_spent(answer), tokens=spent)

    def tokenize(self, ask: Ask) -> Answer:
        """POST /tokenize."""
        return Whole(dumps(tokens(generate(body_of(ask.body))[0].text)))

    def chat_tokenize(self, ask: Ask) -> Answer:
        """POST /chat_tokenize: a chat through the model's template."""
        return Whole(dumps(templated(chat(body_of(ask.body)).text)))

    def completions(self, ask: Ask) -> Answer:
        """POST /v1/completions: one choice for each prompt."""
        body = body_of(ask.body)
        answers = [complete(self.seed, self.name, generate(each)[0]) for each in prompts_of(body)]
        spent = sum(answer.prompt_tokens + answer.completion_tokens for answer in answers)
        base = {
            "object": "text_completion",
            "id": "",
            "created": int(self.clock()),
            "model": MODEL,
            "system_fingerprint": f"{VERSION}-native",
        }
        told = completions(answers, base, stream=_streams(ask))
        return Frames(told, _SSE, tokens=spent) if isinstance(told, list) else Whole(dumps(told), tokens=spent)

    def list_models(self, ask: Ask) -> Answer:
        """GET /v1/models: the one model, of which the server does not know since when."""
        card = {"id": MODEL, "object": "model", "created": 0, "owned_by": MODEL}
        return Whole(dumps({"object": "list", "data": [card]}))

    def failure(self, ask: Ask, reject: RejectError) -> Whole:
        """``{"error", "error_type"}``; nothing at all for a bad key; text for a bad shape; an event for a stream."""
        if reject.status == 401 or reject.message.startswith(("Unknown URL", f"Method {ask.method} ")):
            return Whole(b"", reject.status, _TEXT)
        if reject.code == SHAPE:
            return Whole(reject.message.encode(), reject.status, _TEXT)
        if reject.code in _IN_STREAM and _streams(ask):
            return Whole(b"".join(self.error_frames(ask, reject)), media=_SSE)
        return Whole(dumps(_error(reject)), reject.status)

    def error_frames(self, ask: Ask, reject: RejectError) -> list[bytes]:
        """The same object; in a chat one that claims a 422, whatever it is, and then [DONE]."""
        error = _error(reject)
        if ask.path in (_CHAT, _TEXTS):
            return [event({"error": {"message": error["error"], "http_status_code": 422}}), DONE]
        return [event(error)]

    def overloaded(self, verdict: Verdict) -> RejectError:
        """It counts requests in flight and says no more than this."""
        return RejectError(429, "Model is overloaded", code="overloaded")

    def retry_headers(self, wait: float) -> dict[str, str]:
        """It does not say when to come back."""
        return {}


def _streams(ask: Ask) -> bool:
    if ask.path == "/generate_stream":
        return True
    return ask.path in (_CHAT, _TEXTS, "/") and isinstance(ask.body, dict) and bool(ask.body.get("stream"))


def _error(reject: RejectError) -> dict[str, str]:
    kind, message = _ERRORS.get(reject.status, ("", "The request failed"))
    kind = reject.code or kind
    error = {"error": reject.message or message}
    return error | {"error_type": kind} if kind else error


def _finish(answer: Completion) -> str:
    return answer.finish if answer.finish in ("length", "stop_sequence") else "stop"


def _call_id(body: dict[str, Any]) -> str:
    """Streamed calls are counted over the conversation, as long as its ids are numbers."""
    asked = [call.get("id") for message in body["messages"] for call in message.get("tool_calls") or ()]
    return str(max((int(key) + 1 for key in asked if isinstance(key, str) and key.isdecimal()), default=0))


def _choices(answer: Completion, call_id: str) -> list[dict[str, Any]]:
    """The choices of a stream's chunks. A tool call comes in pieces, and no piece says that it was the last."""
    if answer.calls:
        name, arguments = answer.calls[0]
        text = dumps(arguments).decode()
        parts = [text[:1], *(text[at : at + 8] for at in range(1, len(text), 8))]
        functions = [{"name": None if place else name, "arguments": part} for place, part in enumerate(parts)]
        calls = [{"index": 0, "id": call_id, "type": "function", "function": function} for function in functions]
        return [_choice({"tool_calls": [call]}) for call in calls]
    choices = [_choice({"content": piece}) for piece in pieces(answer.text)]
    if answer.finish == "stop" or not choices:
        choices.append(_choice({"content": ""}))  # the end-of-text token, which is not shown
    choices[-1]["finish_reason"] = _finish(answer)
    return choices


def _choice(delta: dict[str, Any]) -> dict[str, Any]:
    return {"index": 0, "delta": {"role": "assistant", **delta}, "logprobs": None, "finish_reason": None}


def _spent(answer: Completion, *, stream: bool = False) -> dict[str, str]:
    """Headers; milliseconds: 2,000 prompt tokens and 100 answer tokens a second. A stream cannot know them yet."""
    common = {"x-compute-type": "cpu", "x-compute-characters": str(answer.prompt_tokens * 4)}
    if stream:
        return common | {"x-accel-buffering": "no", "cache-control": "no-cache"}
    inference = answer.prompt_tokens // 2 + answer.completion_tokens * 10
    return common | {
        "x-compute-time": str(inference / 1000),
        "x-total-time": str(inference),
        "x-validation-time": "0",
        "x-queue-time": "0",
        "x-inference-time": str(inference),
        "x-time-per-token": "10",
        "x-prompt-tokens": str(answer.prompt_tokens),
        "x-generated-tokens": str(answer.completion_tokens),
    }
