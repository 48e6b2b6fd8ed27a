"""The OpenAI twin.

Source: OpenAI API reference: moderations, error codes, rate limits; its parts have the rest.
"""

import math
from collections.abc import Callable, Collection
from typing import Any

from .answers import REFUSAL_TRIGGER
from .limits import Gauge, Verdict, go_duration
from .openai_audio import OpenAIAudio
from .openai_dialect import event
from .openai_images import OpenAIImages
from .openai_resources import resource_routes
from .openai_texts import OpenAITexts
from .twin import Answer, Ask, RejectError, Whole, dumps, fields

_ERRORS: dict[int, tuple[str, str | None, str]] = {
    400: ("invalid_request_error", None, "The request is malformed."),
    401: ("invalid_request_error", "invalid_api_key", "Incorrect API key provided."),
    403: ("request_forbidden", "unsupported_country_region_territory", "Country or region not supported."),
    404: ("invalid_request_error", "model_not_found", "The model does not exist."),
    408: ("server_error", None, "The request took too long to arrive."),
    413: ("invalid_request_error", None, "The request is too large."),
    429: ("requests", "rate_limit_exceeded", "Rate limit reached. Please try again later."),
    500: ("server_error", None, "The server had an error while processing your request."),
    503: ("server_error", "server_is_overloaded", "The server is currently overloaded."),
}
_QUOTA = "You exceeded your current quota, please check your plan and billing details."
_CATEGORIES = (
    "harassment", "harassment/threatening", "hate", "hate/threatening", "illicit", "illicit/violent",
    "self-harm", "self-harm/instructions", "self-harm/intent", "sexual", "sexual/minors", "violence",
    "violence/graphic",
)  # fmt: skip


class OpenAI(OpenAITexts, OpenAIImages, OpenAIAudio):
    """OpenAI's service under /v1. A moderation flags texts that hold the refusal trigger, as violence."""

    name = "openai"
    base_path = "/v1"
    models = ("gpt-4.1", "gpt-4.1-mini", "o4-mini", "text-embedding-3-small", "omni-moderation-latest")
    may_refuse = True

    def __init__(self, seed: int, clock: Callable[[], float], keys: Collection[str] | None) -> None:
        super().__init__(seed, clock, keys)
        self.routes |= {**self.text_routes(), **self.image_routes(), **self.audio_routes()}
        self.routes["POST", f"{self.base_path}/moderations"] = self.moderations
        self.routes |= resource_routes(self)

    def moderations(self, ask: Ask) -> Answer:
        """POST moderations."""
        body = fields(ask, "We could not parse the JSON body of your request.")
        texts = _judged(body.get("input"))
        if not texts or not all(texts):
            raise RejectError(400, "'input' must be a string or an array of strings.", param="input")
        results = [_moderation(text) for text in texts]
        model = body.get("model") or "omni-moderation-latest"
        return Whole(dumps({"id": self.ident("modr-", ask), "model": model, "results": results}))

    def failure(self, ask: Ask, reject: RejectError) -> Whole:
        """``{"error": {message, type, param, code}}``."""
        return Whole(dumps({"error": _error(reject)}), reject.status)

    def error_frames(self, ask: Ask, reject: RejectError) -> list[bytes]:
        """One data object with an error, and no [DONE]."""
        return [event({"error": _error(reject)})]

    def headers(self, ask: Ask, verdict: Verdict) -> dict[str, str]:
        """Request id, processing time, version and the two limits."""
        return {
            "x-request-id": self.ident("req_", ask),
            "openai-processing-ms": str(20 + ask.number % 80),
            "openai-version": "2020-10-01",
            "openai-organization": "org-simulator",
            **limit_headers(verdict.requests, verdict.tokens),
        }

    def overloaded(self, verdict: Verdict) -> RejectError:
        """Name the limit, what is used of it, and when to come back."""
        return RejectError(429, limit_words(verdict), code="rate_limit_exceeded")

    def retry_headers(self, wait: float) -> dict[str, str]:
        """Whole seconds, and the exact milliseconds beside them."""
        return {**super().retry_headers(wait), "retry-after-ms": str(math.ceil(wait * 1000))}


def limit_headers(requests: Gauge, tokens: Gauge) -> dict[str, str]:
    """Write two gauges as OpenAI and Groq do."""
    return {
        f"x-ratelimit-{key}-{name}": value
        for name, gauge in (("requests", requests), ("tokens", tokens))
        for key, value in (
            ("limit", str(gauge.limit)),
            ("remaining", str(gauge.remaining)),
            ("reset", go_duration(gauge.reset)),
        )
    }


def limit_words(verdict: Verdict) -> str:
    """Tell a limit that ran out as OpenAI and Groq do."""
    names = {"requests": "requests per min (RPM)", "tokens": "tokens per min (TPM)", "day": "requests per day (RPD)"}
    gauge = verdict.shortest
    return (
        f"Rate limit reached in organization org-simulator on {names.get(verdict.short, verdict.short)}:"
        f" Limit {gauge.limit}, Used {gauge.limit - gauge.remaining}. Please try again in {go_duration(verdict.wait)}."
    )


def _error(reject: RejectError) -> dict[str, Any]:
    kind, code, message = _ERRORS.get(reject.status, ("server_error", None, "The request failed."))
    if reject.status < 500 and reject.status not in _ERRORS:
        kind = "invalid_request_error"
    if reject.quota:
        kind, code, message = "insufficient_quota", "insufficient_quota", _QUOTA
    if reject.status == 404 and reject.message and not reject.code:
        code = "unknown_url"
    return {
        "message": reject.message or message,
        "type": kind,
        "param": reject.param,
        "code": reject.code or code,
    }


def _judged(value: Any) -> list[str]:
    """Return what gets a verdict each: texts do, parts are judged together."""
    items = value if isinstance(value, list) else [value]
    if items and all(isinstance(item, dict) for item in items):
        return ["\n".join(str(part.get("text") or part["image_url"]["url"]) for part in items)]
    return [item if isinstance(item, str) else "" for item in items]


def _moderation(text: str) -> dict[str, Any]:
    flagged = REFUSAL_TRIGGER in text
    return {
        "flagged": flagged,
        "categories": {name: flagged and name == "violence" for name in _CATEGORIES},
        "category_scores": {name: 0.98 if flagged and name == "violence" else 0.0001 for name in _CATEGORIES},
        "category_applied_input_types": {name: ["text"] for name in _CATEGORIES},
    }
