"""The Claude twin: messages in one piece and as events, token counts, models.

Source: Claude API reference: messages, streaming, models, errors, rate limits; versions 2023-06-01 and
2026-10-21. One token bucket stands for all: the tokens, input-tokens and output-tokens headers tell it alike.
"""

import base64
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import Any

from .answers import CACHEABLE_TOKENS, MISSING_MODEL, REFUSAL_TEXT, Completion, complete, digest
from .claude_events import events, sse
from .claude_requests import CONTEXT, Prefix, read
from .limits import Verdict
from .twin import Answer, Ask, Frames, RejectError, Twin, Whole, dumps, fields

_ERRORS = {
    400: ("invalid_request_error", "The request is malformed."),
    401: ("authentication_error", "invalid x-api-key"),
    402: ("billing_error", "There is an issue with your billing."),
    403: ("permission_error", "Your API key does not have permission to use the specified resource."),
    404: ("not_found_error", "Not found"),
    413: ("request_too_large", "Request exceeds the maximum size"),
    429: ("rate_limit_error", "This request would exceed your rate limit."),
    500: ("api_error", "Internal server error"),
    504: ("timeout_error", "Request timed out."),
    529: ("overloaded_error", "Overloaded"),
}
_STOPS = {
    "stop": "end_turn",
    "stop_sequence": "stop_sequence",
    "length": "max_tokens",
    "tool": "tool_use",
    "refusal": "refusal",
}
_MODELS = {
    "claude-opus-4-5": "Claude Opus 4.5",
    "claude-sonnet-4-5": "Claude Sonnet 4.5",
    "claude-haiku-4-5": "Claude Haiku 4.5",
}


class Claude(Twin):
    """Claude's service; it takes the key in x-api-key or as a Bearer token."""

    name = "claude"
    trouble = 529

    def __init__(self, seed: int, clock: Callable[[], float], keys: Collection[str] | None) -> None:
        super().__init__(seed, clock, keys)
        self.routes |= {
            ("POST", "/v1/messages"): self.messages,
            ("POST", "/v1/messages/count_tokens"): self.count_tokens,
            ("GET", "/v1/models"): self.list_models,
        }

    def other(self, ask: Ask) -> Answer:
        """Answer /v1/models/{id}."""
        model = ask.path.removeprefix("/v1/models/")
        if model == ask.path or ask.method != "GET":
            return super().other(ask)
        if model == MISSING_MODEL:
            raise RejectError(404, f"model: {model}")
        return Whole(dumps(_card(model)))

    def credential(self, ask: Ask) -> str:
        """Return the key from either header."""
        return ask.headers.get("x-api-key", "") or ask.bearer

    def authorise(self, ask: Ask) -> None:
        """Want a key, one of the accepted ones when there are any."""
        key = self.credential(ask)
        if not key:
            raise RejectError(401, "x-api-key header is required")
        if self.keys is not None and key not in self.keys:
            raise RejectError(401)

    def messages(self, ask: Ask) -> Answer:
        """POST /v1/messages."""
        body = fields(ask, "The request body is not valid JSON")
        question, prefix = read(body, ask.headers.get("anthropic-version", ""))
        answer = complete(self.seed, self.name, question)
        message = {
            "id": self.ident("msg_", ask),
            "type": "message",
            "role": "assistant",
            "model": question.model,
            "content": self._content(ask, answer),
            "stop_reason": _STOPS[answer.finish],
            "stop_sequence": answer.stopped_by,
            "stop_details": None,
            "usage": self._usage(answer, prefix),
        }
        if answer.finish == "refusal":
            message["stop_details"] = {"type": "refusal", "category": None, "explanation": REFUSAL_TEXT}
        tokens = answer.prompt_tokens + answer.completion_tokens
        if body.get("stream"):
            return Frames(events(message), "text/event-stream; charset=utf-8", tokens=tokens)
        return Whole(dumps(message), tokens=tokens)

    def count_tokens(self, ask: Ask) -> Answer:
        """POST /v1/messages/count_tokens."""
        body = fields(ask, "The request body is not valid JSON")
        question, _ = read(body, ask.headers.get("anthropic-version", ""), counting=True)
        return Whole(dumps({"input_tokens": question.tokens}))

    def list_models(self, ask: Ask) -> Answer:
        """GET /v1/models, in pages."""
        names = list(_MODELS)
        try:
            limit = int(ask.query.get("limit", "20"))
        except ValueError:
            limit = 0
        if not 1 <= limit <= 1000:
            raise RejectError(400, "limit: Input should be from 1 to 1000")
        if ask.query.get("after_id") in names:
            names = names[names.index(ask.query["after_id"]) + 1 :]
        if ask.query.get("before_id") in names:
            names = names[: names.index(ask.query["before_id"])]
        page = names[:limit]
        ends = {"first_id": page[0] if page else None, "last_id": page[-1] if page else None}
        return Whole(dumps({"data": [_card(name) for name in page], "has_more": len(names) > limit, **ends}))

    def failure(self, ask: Ask, reject: RejectError) -> Whole:
        """``{"type": "error", "error": {type, message}, "request_id"}``."""
        return Whole(dumps(_error(reject) | {"request_id": self.ident("req_", ask)}), reject.status)

    def error_frames(self, ask: Ask, reject: RejectError) -> list[bytes]:
        """One error event."""
        return [sse(_error(reject))]

    def overloaded(self, verdict: Verdict) -> RejectError:
        """Name the limit that is used up."""
        return RejectError(429, f"This request would exceed your rate limit of {verdict.short} per minute.")

    def headers(self, ask: Ask, verdict: Verdict) -> dict[str, str]:
        """Request id, organisation, and the limits with RFC 3339 resets."""
        headers = {"request-id": self.ident("req_", ask), "anthropic-organization-id": "org-simulator"}
        for name, gauge in (
            ("requests", verdict.requests),
            ("tokens", verdict.tokens),
            ("input-tokens", verdict.tokens),
            ("output-tokens", verdict.tokens),
        ):
            full_again = datetime.fromtimestamp(self.clock() + gauge.reset, UTC)
            headers[f"anthropic-ratelimit-{name}-limit"] = str(gauge.limit)
            headers[f"anthropic-ratelimit-{name}-remaining"] = str(gauge.remaining)
            headers[f"anthropic-ratelimit-{name}-reset"] = f"{full_again:%Y-%m-%dT%H:%M:%SZ}"
        return headers

    def _content(self, ask: Ask, answer: Completion) -> list[dict[str, Any]]:
        content: list[dict[str, Any]] = []
        if answer.thoughts:
            signature = base64.b64encode(digest(answer.thoughts)).decode()
            content.append({"type": "thinking", "thinking": answer.thoughts, "signature": signature})
        if answer.text:
            content.append({"type": "text", "text": answer.text, "citations": None})
        for i, (name, arguments) in enumerate(answer.calls):
            call = {"type": "tool_use", "id": self.ident(f"toolu_{i}", ask), "name": name, "input": arguments}
            content.append(call)
        return content

    def _usage(self, answer: Completion, prefix: Prefix) -> dict[str, Any]:
        kept = prefix.tokens if prefix.tokens >= CACHEABLE_TOKENS else 0
        known = self.cached(prefix.text, prefix.tokens)
        created = 0 if known else kept
        return {
            "input_tokens": answer.prompt_tokens - kept,
            "cache_creation_input_tokens": created,
            "cache_read_input_tokens": kept if known else 0,
            "cache_creation": {"ephemeral_5m_input_tokens": created, "ephemeral_1h_input_tokens": 0},
            "output_tokens": answer.completion_tokens,
            "output_tokens_details": {"thinking_tokens": answer.thinking_tokens},
            "service_tier": "standard",
        }


def _error(reject: RejectError) -> dict[str, Any]:
    kind, message = _ERRORS.get(reject.status, _ERRORS[400] if reject.status < 500 else _ERRORS[500])
    error: dict[str, Any] = {"type": kind, "message": reject.message or message}
    if reject.quota:
        error["message"] = reject.message or "Your organisation has reached its spend limit."
        error["details"] = {"error_code": "enforced_spend_limit_reached"}
    return {"type": "error", "error": error}


def _card(model: str) -> dict[str, Any]:
    return {
        "id": model,
        "type": "model",
        "display_name": _MODELS.get(model, model),
        "created_at": "2025-09-29T00:00:00Z",
        "lifecycle": "active",
        "max_input_tokens": CONTEXT,
        "max_tokens": 64_000,
    }
