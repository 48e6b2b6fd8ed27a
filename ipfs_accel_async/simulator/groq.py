"""The Groq twin: OpenAI's wire under /openai/v1, with Groq's timings, x_groq and day limits.

Source: Groq API reference: chat completions, embeddings, audio, files, batches, models, errors, rate limits. A guard
model calls prompts with the refusal trigger unsafe.
"""

from collections.abc import Callable, Collection
from typing import Any

import orjson

from .answers import MISSING_MODEL, REFUSAL_TRIGGER, Completion, Question, digest, filler, thinking_budget
from .forms import Part
from .limits import Verdict
from .openai import limit_headers, limit_words
from .openai_audio import OpenAIAudio
from .openai_dialect import OpenAIDialect, event
from .openai_resources import file_and_batch_routes
from .twin import Answer, Ask, RejectError, Whole, dumps

_TYPES: dict[int, tuple[str, str | None, str]] = {
    400: ("invalid_request_error", None, "The request is malformed."),
    401: ("invalid_request_error", "invalid_api_key", "Invalid API Key"),
    403: ("permissions_error", "permission_denied", "Access to this model is not permitted."),
    404: ("invalid_request_error", "model_not_found", "The model does not exist."),
    413: ("invalid_request_error", "request_too_large", "The request is too large."),
    422: ("invalid_request_error", None, "The request could not be processed."),
    429: ("tokens", "rate_limit_exceeded", "Rate limit reached. Please try again later."),
    498: ("capacity_exceeded", "capacity_exceeded", "Flex tier capacity exceeded."),
    503: ("internal_server_error", "service_unavailable", "The service is temporarily unavailable."),
}


class Groq(OpenAIAudio, OpenAIDialect):
    """Groq's service. Without reasoning_format its reasoning stays hidden."""

    name = "groq"
    base_path = "/openai/v1"
    context = 131_072
    dimensions = 768
    models = (
        "llama-3.3-70b-versatile", "llama-3.1-8b-instant", "openai/gpt-oss-20b", "qwen/qwen3-32b",
        "meta-llama/llama-guard-4-12b", "whisper-large-v3-turbo", "playai-tts",
    )  # fmt: skip
    voices = ("Fritz-PlayAI", "Celeste-PlayAI")
    speech_format = "wav"

    def __init__(self, seed: int, clock: Callable[[], float], keys: Collection[str] | None) -> None:
        super().__init__(seed, clock, keys)
        kept = file_and_batch_routes(self)
        self.routes |= {**self.audio_routes(), **{row: kept[row] for row in kept if "/uploads" not in row[1]}}
        self.routes["GET", f"{self.base_path}/models/{{model:path}}"] = self.get_model

    def get_model(self, ask: Ask) -> Answer:
        """GET models/{model}."""
        if ask.args["model"] == MISSING_MODEL:
            raise RejectError(404)
        return Whole(dumps(self.model_card(ask.args["model"])))

    def transcriptions(self, ask: Ask) -> Answer:
        """As OpenAI's, with x_groq; not as a stream."""
        return self._marked(ask, super().transcriptions(ask))

    def translations(self, ask: Ask) -> Answer:
        """As OpenAI's, with x_groq."""
        return self._marked(ask, super().translations(ask))

    def _listen(self, form: dict[str, list[Part]]) -> tuple[str, float]:
        if "response_format" in form and form["response_format"][0].text not in ("json", "text", "verbose_json"):
            raise RejectError(400, "response_format must be one of json, text, verbose_json")
        if ("url" in form) == ("file" in form):
            raise RejectError(400, "one of file or url must be given")
        if "file" in form:
            return super()._listen(form)
        return filler(digest(self.seed, self.name, form["url"][0].text), 0), 1.5

    def _marked(self, ask: Ask, answer: Answer) -> Answer:
        if isinstance(answer, Whole) and answer.media == "application/json":
            answer.body = dumps(orjson.loads(answer.body) | {"x_groq": {"id": self.ident("req_", ask)}})
        return answer

    def understand(self, body: dict[str, Any]) -> Question:
        """Read a chat request; a reasoning format alone makes the model think too."""
        question = super().understand(body)
        if "guard" in question.model:
            question.choices = ["unsafe\nS1,S9"] if REFUSAL_TRIGGER in question.text else ["safe"]
        if body.get("reasoning_format") and "include_reasoning" in body:
            raise RejectError(400, "reasoning_format and include_reasoning cannot both be set")
        if body.get("reasoning_format") == "parsed" and "reasoning_effort" not in body:
            question.thinking = thinking_budget("medium")
        return question

    def thoughts(self, body: dict[str, Any], answer: Completion) -> str:
        """Show the reasoning when it is asked for, parsed."""
        asked = body.get("reasoning_format") == "parsed" or body.get("include_reasoning") is True
        return answer.thoughts if asked else ""

    def message(self, answer: Completion) -> dict[str, Any]:
        """Groq leaves out what is empty."""
        return {"role": "assistant", "content": answer.text} if answer.text else {"role": "assistant"}

    def usage(self, answer: Completion, cached: int) -> dict[str, Any]:
        """Tokens and seconds: 2,000 prompt tokens and 500 answer tokens a second."""
        prompt_time = round(answer.prompt_tokens / 2000, 6)
        completion_time = round(answer.completion_tokens / 500, 6)
        usage: dict[str, Any] = {
            "queue_time": 0.018,
            "prompt_tokens": answer.prompt_tokens,
            "prompt_time": prompt_time,
            "completion_tokens": answer.completion_tokens,
            "completion_time": completion_time,
            "total_tokens": answer.prompt_tokens + answer.completion_tokens,
            "total_time": round(prompt_time + completion_time, 6),
            "prompt_tokens_details": {"cached_tokens": cached},
        }
        if answer.thinking_tokens:
            usage["completion_tokens_details"] = {"reasoning_tokens": answer.thinking_tokens}
        return usage

    def decorate(self, reply: dict[str, Any], ask: Ask, answer: Completion) -> None:
        """Add x_groq with the request's id and the seed."""
        reply |= {
            "system_fingerprint": "fp_synthetic",
            "service_tier": "on_demand",
            "usage_breakdown": None,
            "x_groq": {"id": self.ident("req_", ask), "seed": self.seed},
        }

    def decorate_stream(
        self, chunks: list[dict[str, Any]], ask: Ask, answer: Completion, usage: dict[str, Any]
    ) -> None:
        """The first chunk has the id, the one that finishes has the usage as well."""
        for chunk in chunks:
            chunk["system_fingerprint"] = "fp_synthetic"
        chunks[0]["x_groq"] = {"id": self.ident("req_", ask), "seed": self.seed}
        last = next(chunk for chunk in reversed(chunks) if chunk["choices"])
        last["x_groq"] = {"id": self.ident("req_", ask), "seed": self.seed, "usage": usage}

    def model_card(self, model: str) -> dict[str, Any]:
        """Describe a model with its window."""
        more = {"active": True, "context_window": self.context, "max_completion_tokens": 32_768, "public_apps": None}
        return super().model_card(model) | more

    def failure(self, ask: Ask, reject: RejectError) -> Whole:
        """``{"error": {message, type, code}}``."""
        return Whole(dumps({"error": _error(reject)}), reject.status)

    def error_frames(self, ask: Ask, reject: RejectError) -> list[bytes]:
        """One data object with an error."""
        return [event({"error": _error(reject)})]

    def overloaded(self, verdict: Verdict) -> RejectError:
        """As OpenAI's."""
        return RejectError(429, limit_words(verdict), code="rate_limit_exceeded")

    def headers(self, ask: Ask, verdict: Verdict) -> dict[str, str]:
        """Requests are told per day, tokens per minute."""
        return {"x-request-id": self.ident("req_", ask), **limit_headers(verdict.day, verdict.tokens)}


def _error(reject: RejectError) -> dict[str, str]:
    kind, code, message = _TYPES.get(reject.status, ("internal_server_error", None, "Internal Server Error"))
    if reject.quota:
        kind, code, message = "insufficient_quota", "insufficient_quota", "Your spend limit is reached."
    error = {"message": reject.message or message, "type": kind}
    found = reject.code or code
    return error | {"code": found} if found else error
