"""Reading Claude's messages requests, with the checks of both API versions.

Source: Claude API reference: messages, errors, and the migration to version 2026-10-21.
"""

from collections.abc import Callable
from typing import Any

from .answers import MISSING_MODEL, thinking_budget
from .claude_prompt import NEW, OLD, Asked, Prefix, Reader
from .twin import RejectError

CONTEXT = 200_000


def read(
    body: dict[str, Any],
    version: str,
    file: Callable[[str], tuple[str, str]],
    check: Callable[[dict[str, Any], str], None],
    *,
    counting: bool = False,
) -> tuple[Asked, Prefix]:
    """Read a request.

    Args:
        body: The request.
        version: Its anthropic-version header.
        file: Gives name and text of an uploaded file by its id.
        check: Refuses a thinking block that is not as it was given out.
        counting: It asks for the count of its tokens, so it needs no max_tokens.

    Raises:
        RejectError: 400 or 404, as the service words it.
    """
    if version not in (OLD, NEW):
        raise RejectError(400, "anthropic-version: header is required and must name a known version")
    if version == NEW:
        for name in ("temperature", "top_p", "top_k"):
            if name in body:
                raise RejectError(400, f"{name}: Extra inputs are not permitted")
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise RejectError(400, "model: Field required")
    if model == MISSING_MODEL:
        raise RejectError(404, f"model: {model}")
    question = Asked(model, "", may_refuse=True)
    _read_limits(question, body, counting=counting)
    reader = Reader(question, version, file, check)
    reader.tools(body)
    reader.system(body.get("system"))
    reader.messages(body.get("messages"))
    if body.get("cache_control"):
        reader.mark()
    question.text = "\n".join(reader.texts)
    _read_format(question, body)
    if question.tokens > CONTEXT:
        raise RejectError(400, f"prompt is too long: {question.tokens} tokens > {CONTEXT} maximum")
    return question, reader.prefix


def _read_limits(question: Asked, body: dict[str, Any], *, counting: bool) -> None:
    limit = body.get("max_tokens")
    if not counting and (not isinstance(limit, int) or limit < 0):
        raise RejectError(400, "max_tokens: Field required" if limit is None else "max_tokens: Input should be valid")
    question.max_tokens = limit
    question.stop = list(body.get("stop_sequences") or ())
    match body.get("thinking"):
        case None | {"type": "disabled"}:
            pass
        case {"type": "enabled", "budget_tokens": int(budget)}:
            if budget < 1024 or (limit is not None and budget >= limit):
                raise RejectError(400, "thinking.budget_tokens: must be at least 1024 and less than max_tokens")
            question.thinking = thinking_budget("medium")
        case {"type": "adaptive" | "between_tools"}:
            question.thinking = thinking_budget((body.get("output_config") or {}).get("effort") or "medium")
        case _:
            raise RejectError(400, "thinking: Input should be enabled with budget_tokens, adaptive or disabled")


def _read_format(question: Asked, body: dict[str, Any]) -> None:
    match (body.get("output_config") or {}).get("format"):
        case None:
            pass
        case {"type": "json_schema", "schema": dict(schema)}:
            question.schema = schema
        case _:
            raise RejectError(400, "output_config.format: Input should be of type json_schema with a schema")
