"""What OpenAI, Groq and vLLM have in common: chat/completions, embeddings and models.

Source: OpenAI API reference. The vendors' own traits are in their modules, as overrides.
"""

from collections.abc import Callable, Collection
from typing import Any, ClassVar

from .answers import REFUSAL_TEXT, Completion, Question, complete, count, pieces
from .openai_requests import chat_question, inputs_of, model_of
from .twin import Answer, Ask, Frames, RejectError, Twin, Whole, dumps, fields
from .vectors import encoded, vector

SSE = "text/event-stream; charset=utf-8"
DONE = b"data: [DONE]\n\n"
_FINISH = {
    "stop": "stop",
    "stop_sequence": "stop",
    "length": "length",
    "tool": "tool_calls",
    "refusal": "content_filter",
}
MODEL_MADE_AT = 1_750_000_000


def event(value: Any) -> bytes:
    """Return a value as one server-sent event."""
    return b"data: " + dumps(value) + b"\n\n"


class OpenAIDialect(Twin):
    """A service that speaks OpenAI's chat/completions."""

    context: ClassVar[int] = 128_000
    dimensions: ClassVar[int] = 1536
    models: ClassVar[tuple[str, ...]] = ()
    may_refuse: ClassVar[bool] = False
    strict_json: ClassVar[bool] = True

    def __init__(self, seed: int, clock: Callable[[], float], keys: Collection[str] | None) -> None:
        super().__init__(seed, clock, keys)
        base = self.base_path
        self.routes |= {
            ("POST", f"{base}/chat/completions"): self.chat,
            ("POST", f"{base}/embeddings"): self.embeddings,
            ("GET", f"{base}/models"): self.list_models,
        }

    def other(self, ask: Ask) -> Answer:
        """Answer /models/{id}."""
        prefix = f"{self.base_path}/models/"
        if ask.path.startswith(prefix) and ask.method == "GET":
            return Whole(dumps(self.model_card(model_of({"model": ask.path.removeprefix(prefix)}))))
        return super().other(ask)

    def authorise(self, ask: Ask) -> None:
        """Want a Bearer token, one of the accepted keys when there are any."""
        if not ask.bearer:
            raise RejectError(401, "You didn't provide an API key: send it as 'Authorization: Bearer'.")
        if self.keys is not None and ask.bearer not in self.keys:
            raise RejectError(401, "Incorrect API key provided.", code="invalid_api_key")

    # -- what vendors change ------------------------------------------------------------------------

    def understand(self, body: dict[str, Any]) -> Question:
        """Read a chat request."""
        question = chat_question(body, self.context, strict_json=self.strict_json)
        question.may_refuse = self.may_refuse
        return question

    def usage(self, answer: Completion, cached: int) -> dict[str, Any]:
        """Count the tokens of an answer."""
        return {
            "prompt_tokens": answer.prompt_tokens,
            "completion_tokens": answer.completion_tokens,
            "total_tokens": answer.prompt_tokens + answer.completion_tokens,
            "prompt_tokens_details": {"cached_tokens": cached, "audio_tokens": 0},
            "completion_tokens_details": {
                "reasoning_tokens": answer.thinking_tokens,
                "audio_tokens": 0,
                "accepted_prediction_tokens": 0,
                "rejected_prediction_tokens": 0,
            },
        }

    def thoughts(self, body: dict[str, Any], answer: Completion) -> str:
        """Return the reasoning that the answer shows; OpenAI shows none."""
        return ""

    def message(self, answer: Completion) -> dict[str, Any]:
        """Return the assistant's message without its tool calls."""
        return {"role": "assistant", "content": answer.text or None, "refusal": None, "annotations": []}

    def decorate(self, reply: dict[str, Any], ask: Ask, answer: Completion) -> None:
        """Add the vendor's own fields to a whole reply."""
        reply |= {"service_tier": "default", "system_fingerprint": "fp_synthetic"}

    def decorate_stream(
        self, chunks: list[dict[str, Any]], ask: Ask, answer: Completion, usage: dict[str, Any]
    ) -> None:
        """Add the vendor's own fields to the chunks of a stream."""
        for chunk in chunks:
            chunk |= {"service_tier": "default", "system_fingerprint": "fp_synthetic"}

    def model_card(self, model: str) -> dict[str, Any]:
        """Describe a model."""
        return {"id": model, "object": "model", "created": MODEL_MADE_AT, "owned_by": "simulator"}

    # -- endpoints ----------------------------------------------------------------------------------

    def chat(self, ask: Ask) -> Answer:
        """POST chat/completions."""
        body = fields(ask, "We could not parse the JSON body of your request.")
        question = self.understand(body)
        answer = complete(self.seed, self.name, question)
        refusal = answer.finish == "refusal" and question.schema is not None
        cached = question.tokens // 128 * 128 if self.cached(question.text, question.tokens) else 0
        usage = self.usage(answer, cached)
        calls = [
            {
                "id": self.ident(f"call_{i}", ask),
                "type": "function",
                "function": {"name": name, "arguments": dumps(arguments).decode()},
            }
            for i, (name, arguments) in enumerate(answer.calls)
        ]
        base = {
            "id": self.ident("chatcmpl-", ask),
            "object": "chat.completion.chunk",
            "created": int(self.clock()),
            "model": question.model,
        }
        finish = "stop" if refusal else _FINISH[answer.finish]
        tokens = answer.prompt_tokens + answer.completion_tokens
        thoughts = self.thoughts(body, answer)
        if body.get("stream"):
            deltas = _deltas(answer, calls, thoughts, refusal=refusal)
            chunks = [base | {"choices": [_choice(delta, None)]} for delta in deltas]
            chunks.append(base | {"choices": [_choice({}, finish)]})
            if (body.get("stream_options") or {}).get("include_usage"):
                chunks = [chunk | {"usage": None} for chunk in chunks]
                chunks.append(base | {"choices": [], "usage": usage})
            self.decorate_stream(chunks, ask, answer, usage)
            return Frames([*map(event, chunks), DONE], SSE, tokens=tokens)
        message = self.message(answer)
        if calls:
            message["tool_calls"] = calls
        if thoughts:
            message["reasoning"] = thoughts
        if refusal:
            message["refusal"] = REFUSAL_TEXT
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish}
        reply = base | {"object": "chat.completion", "choices": [choice], "usage": usage}
        self.decorate(reply, ask, answer)
        return Whole(dumps(reply), tokens=tokens)

    def embeddings(self, ask: Ask) -> Answer:
        """POST embeddings."""
        body = fields(ask, "We could not parse the JSON body of your request.")
        model, texts = model_of(body), inputs_of(body)
        size = body.get("dimensions") or self.dimensions
        if not isinstance(size, int) or not 1 <= size <= 4096:
            raise RejectError(400, "Invalid 'dimensions': must be from 1 to 4096.", param="dimensions")
        form = body.get("encoding_format") or "float"
        if form not in ("float", "base64"):
            raise RejectError(400, "'encoding_format' must be float or base64.", param="encoding_format")
        data = [
            {
                "object": "embedding",
                "index": i,
                "embedding": encoded(vector(self.seed, self.name, model, text, size), form),
            }
            for i, text in enumerate(texts)
        ]
        tokens = sum(map(count, texts))
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        reply = {"object": "list", "data": data, "model": model, "usage": usage}
        return Whole(dumps(self.embedded(reply, ask)), tokens=tokens)

    def embedded(self, reply: dict[str, Any], ask: Ask) -> dict[str, Any]:
        """Add the vendor's own fields to an embeddings reply."""
        return reply

    def list_models(self, ask: Ask) -> Answer:
        """GET models."""
        return Whole(dumps({"object": "list", "data": [self.model_card(model) for model in self.models]}))


def _choice(delta: dict[str, Any], finish: str | None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}


def _deltas(answer: Completion, calls: list[dict[str, Any]], thoughts: str, *, refusal: bool) -> list[dict[str, Any]]:
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": None if calls else ""}]
    deltas += [{"reasoning": piece} for piece in pieces(thoughts)]
    deltas += [{"content": piece} for piece in pieces(answer.text)]
    if refusal:
        deltas += [{"refusal": piece} for piece in pieces(REFUSAL_TEXT)]
    for i, call in enumerate(calls):
        head = {"name": call["function"]["name"], "arguments": ""}
        deltas.append({"tool_calls": [{**call, "index": i, "function": head}]})
        arguments = call["function"]["arguments"]
        for at in range(0, len(arguments), 8):
            deltas.append({"tool_calls": [{"index": i, "function": {"arguments": arguments[at : at + 8]}}]})
    return deltas
