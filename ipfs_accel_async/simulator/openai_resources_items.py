"""Items of the OpenAI twin's responses: read as a question, kept as they came, written as an answer.

Source: OpenAI API reference, responses: input and output items.
"""

from typing import Any

from .answers import REFUSAL_TEXT, Completion, Question, thinking_budget
from .openai_requests import model_of
from .twin import Ask, RejectError, Twin, dumps

_ROLES = ("user", "assistant", "system", "developer")


def question_of(body: dict[str, Any], earlier: list[dict[str, Any]]) -> Question:
    """Read a request for a response.

    Raises:
        RejectError: 400 or 404, as the service words it.
    """
    question = Question(model_of(body), "", may_refuse=True)
    given = body.get("input")
    texts = [str(body.get("instructions") or "")]
    for item in [*earlier, *_listed(given)]:
        texts += _texts(item, question)
    question.text = "\n".join(text for text in texts if text)
    most = body.get("max_output_tokens")
    if most is not None and (not isinstance(most, int) or most < 1):
        raise RejectError(400, "Invalid 'max_output_tokens': must be an integer of at least 1.")
    question.max_tokens = most
    question.thinking = thinking_budget((body.get("reasoning") or {}).get("effort"))
    for i, tool in enumerate(body.get("tools") or ()):
        match tool:
            case {"type": "function", "name": str(name)} if name:
                question.tools.append((name, tool.get("parameters")))
            case {"type": "function"} | {"function": _}:
                message = f"Missing required parameter: 'tools[{i}].name'."
                raise RejectError(400, message, code="missing_required_parameter", param=f"tools[{i}].name")
    question.choice = _choice(body.get("tool_choice"), question)
    question.parallel = body.get("parallel_tool_calls") is not False
    match (body.get("text") or {}).get("format"):
        case {"type": "json_schema", "name": str(), "schema": dict(schema)}:
            question.schema = schema
        case {"type": "json_object"}:
            question.json = True
    return question


def _listed(given: Any) -> list[dict[str, Any]]:
    if isinstance(given, str) and given:
        return [{"type": "message", "role": "user", "content": given}]
    if not isinstance(given, list) or not given:
        raise RejectError(400, "Missing required parameter: 'input'.", param="input")
    return given


def _texts(item: dict[str, Any], question: Question) -> list[str]:
    kind = item.get("type") or "message"
    question.after_tool = kind == "function_call_output"
    if kind == "function_call_output":
        return [str(item.get("output") or "")]
    if kind != "message":
        return [str(item.get("arguments") or "")]
    if item.get("role") not in _ROLES:
        raise RejectError(400, f"Invalid value: '{item.get('role')}'.", param="input")
    content = item.get("content")
    if isinstance(content, str):
        return [content]
    texts = []
    for part in content or ():
        match part:
            case {"type": "input_text" | "output_text", "text": str(text)}:
                texts.append(text)
            case {"type": "refusal", "refusal": str(text)}:
                texts.append(text)
            case {"type": "input_image"}:
                question.images += 1
            case {"type": "input_file" | "input_audio"}:
                pass
            case _:
                raise RejectError(400, "Invalid content part in 'input'.", param="input")
    return texts


def _choice(choice: Any, question: Question) -> str:
    match choice:
        case None:
            return "auto"
        case "auto" | "none" | "required":
            return str(choice)
        case {"type": "function", "name": str(name)} if name in dict(question.tools):
            return f"={name}"
    raise RejectError(400, "Tool choice not found in 'tools' parameter.", param="tool_choice")


def input_items(body: dict[str, Any], ask: Ask, twin: Twin) -> list[dict[str, Any]]:
    """Return the input as the service lists it later: typed items with ids, text as parts."""
    items = []
    for i, item in enumerate(_listed(body.get("input"))):
        kind = item.get("type") or "message"
        kept = {"type": kind, **item, "id": item.get("id") or twin.ident(f"{kind[:3]}_{i}", ask)}
        if kind == "message":
            content = item.get("content")
            word = "output_text" if item.get("role") == "assistant" else "input_text"
            extra: dict[str, Any] = {"annotations": [], "logprobs": []} if word == "output_text" else {}
            if isinstance(content, str):
                kept["content"] = [{"type": word, "text": content, **extra}]
        items.append({**kept, "status": "completed"})
    return items


def output_items(answer: Completion, ask: Ask, twin: Twin) -> list[dict[str, Any]]:
    """Return an answer as items."""
    items: list[dict[str, Any]] = []
    if answer.thoughts:
        items.append({"type": "reasoning", "id": twin.ident("rs_", ask), "summary": []})
    text: dict[str, Any] = {"type": "output_text", "text": answer.text, "annotations": [], "logprobs": []}
    part = {"type": "refusal", "refusal": REFUSAL_TEXT} if answer.finish == "refusal" else text
    status = "incomplete" if answer.finish == "length" else "completed"
    message = {"type": "message", "id": twin.ident("msg_", ask), "status": status, "role": "assistant"}
    if not answer.calls:
        items.append({**message, "content": [part]})
    for i, (name, arguments) in enumerate(answer.calls):
        items.append(
            {
                "type": "function_call",
                "id": twin.ident(f"fc_{i}", ask),
                "call_id": twin.ident(f"call_{i}", ask),
                "name": name,
                "arguments": dumps(arguments).decode(),
                "status": "completed",
            }
        )
    return items
