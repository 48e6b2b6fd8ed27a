"""The Claude twin: messages in one piece and as events, token counts, batches, files, models.

Source: Claude API reference: messages, streaming, models, errors, rate limits; versions 2023-06-01 and
2026-10-21. Where input and output have no limit of their own, their headers tell the limit of tokens.
"""

from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import Any

from .answers import CACHEABLE_TOKENS, MISSING_MODEL, REFUSAL_TEXT, Completion, complete
from .claude_batches import Batches
from .claude_blocks import check, content
from .claude_events import events, sse
from .claude_files import Files
from .claude_lists import page
from .claude_prompt import Asked, Prefix
from .claude_requests import CONTEXT, read
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
            ("GET", "/v1/models/{id}"): self.get_model,
        }
        self.files = Files(self)
        self.batches = Batches(self, self.message, _error)

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
        message = self.message(ask, body)
        counts = message["usage"]
        tokens = sum(counts[name] for name in counts if name.endswith("_tokens"))
        if body.get("stream"):
            kind, output = "text/event-stream; charset=utf-8", counts["output_tokens"]
            return Frames(events(message), kind, tokens=tokens, output=output)
        return Whole(dumps(message), tokens=tokens, output=counts["output_tokens"])

    def message(self, ask: Ask, body: dict[str, Any]) -> dict[str, Any]:
        """Return the message that answers a request."""
        asked, prefix = self._read(ask, body)
        answer = complete(self.seed, self.name, asked)
        blocks = content(asked, answer, lambda prefix: self.ident(prefix, ask))
        paused = asked.pauses and any(block["type"] == "server_tool_use" for block in blocks)
        message = {
            "id": self.ident("msg_", ask),
            "type": "message",
            "role": "assistant",
            "model": asked.model,
            "content": blocks,
            "stop_reason": "pause_turn" if paused else _STOPS[answer.finish],
            "stop_sequence": answer.stopped_by,
            "stop_details": None,
            "usage": self._usage(answer, prefix),
        }
        if answer.finish == "refusal":
            message["stop_details"] = {"type": "refusal", "category": None, "explanation": REFUSAL_TEXT}
        return message

    def count_tokens(self, ask: Ask) -> Answer:
        """POST /v1/messages/count_tokens."""
        body = fields(ask, "The request body is not valid JSON")
        return Whole(dumps({"input_tokens": self._read(ask, body, counting=True)[0].tokens}))

    def list_models(self, ask: Ask) -> Answer:
        """GET /v1/models, in pages."""
        return Whole(dumps(page(ask, [_card(name) for name in _MODELS])))

    def get_model(self, ask: Ask) -> Answer:
        """GET /v1/models/{id}."""
        if ask.args["id"] == MISSING_MODEL:
            raise RejectError(404, f"model: {MISSING_MODEL}")
        return Whole(dumps(_card(ask.args["id"])))

    def failure(self, ask: Ask, reject: RejectError) -> Whole:
        """``{"type": "error", "error": {type, message}, "request_id"}``."""
        return Whole(dumps(_error(reject) | {"request_id": self.ident("req_", ask)}), reject.status)

    def error_frames(self, ask: Ask, reject: RejectError) -> list[bytes]:
        """One error event."""
        return [sse(_error(reject))]

    def overloaded(self, verdict: Verdict) -> RejectError:
        """Name the limit that is used up."""
        kind = {"input": "input tokens", "output": "output tokens"}.get(verdict.short, verdict.short)
        owner = "your organization (org-simulator)"
        limit = f"{verdict.shortest.limit:,} {kind} per minute"
        return RejectError(429, f"This request would exceed the rate limit for {owner} of {limit}.")

    def headers(self, ask: Ask, verdict: Verdict) -> dict[str, str]:
        """Request id, organisation, and the limits with RFC 3339 resets."""
        headers = {"request-id": self.ident("req_", ask), "anthropic-organization-id": "org-simulator"}
        for name, gauge in (
            ("requests", verdict.requests),
            ("tokens", verdict.tokens),
            ("input-tokens", verdict.input or verdict.tokens),
            ("output-tokens", verdict.output or verdict.tokens),
        ):
            full_again = datetime.fromtimestamp(self.clock() + gauge.reset, UTC)
            headers[f"anthropic-ratelimit-{name}-limit"] = str(gauge.limit)
            headers[f"anthropic-ratelimit-{name}-remaining"] = str(gauge.remaining)
            headers[f"anthropic-ratelimit-{name}-reset"] = f"{full_again:%Y-%m-%dT%H:%M:%SZ}"
        return headers

    def _read(self, ask: Ask, body: dict[str, Any], *, counting: bool = False) -> tuple[Asked, Prefix]:
        version = ask.headers.get("anthropic-version", "")
        return read(body, version, self.files.text, check, counting=counting)

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
