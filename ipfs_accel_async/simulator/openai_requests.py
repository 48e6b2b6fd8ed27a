"""Reading OpenAI-shaped chat and embeddings requests, with the checks that the service makes.

Source: OpenAI API reference, chat/completions and embeddings.
"""

from typing import Any

from .answers import MISSING_MODEL, Question, thinking_budget
from .twin import RejectError

_ROLES = {"developer", "system", "user", "assistant", "tool", "function"}
_EFFORTS = {"none", "minimal", "low", "medium", "high", "xhigh", "max", "default"}
MAX_INPUTS, MAX_INPUT_TOKENS = 2048, 8192


def model_of(body: dict[str, Any]) -> str:
    """Return the model's name."""
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise RejectError(400, "you must provide a model parameter", param="model")
    if model == MISSING_MODEL:
        message = f"The model `{model}` does not exist or you do not have access to it."
        raise RejectError(404, message, code="model_not_found", param="model")
    return model


def chat_question(body: dict[str, Any], context: int, *, strict_json: bool) -> Question:
    """Read a chat request.

    Args:
        body: The request.
        context: Tokens that the model can take in.
        strict_json: A json_object format needs the word JSON in the messages, as hosted services want it.

    Raises:
        RejectError: 400 or 404, as the service words it.
    """
    question = Question(model_of(body), "")
    _read_messages(question, body)
    _read_numbers(question, body)
    _read_tools(question, body)
    _read_format(question, body, strict_json=strict_json)
    if question.tokens > context:
        raise RejectError(
            400,
            f"This model's maximum context length is {context} tokens. However, your messages resulted in "
            f"{question.tokens} tokens. Please reduce the length of the messages.",
            code="context_length_exceeded",
            param="messages",
        )
    return question


def _read_messages(question: Question, body: dict[str, Any]) -> None:
    messages = body.get("messages")
    if not isinstance(messages, list):
        raise RejectError(400, "Missing required parameter: 'messages'.", param="messages")
    if not messages:
        raise RejectError(400, "Invalid 'messages': empty array. Expected at least 1 item.", param="messages")
    texts: list[str] = []
    for i, message in enumerate(messages):
        role = message.get("role") if isinstance(message, dict) else None
        if role not in _ROLES:
            raise RejectError(400, f"Invalid value: '{role}' for messages[{i}].role.", param=f"messages[{i}].role")
        if role == "tool" and not message.get("tool_call_id"):
            where = f"messages[{i}].tool_call_id"
            raise RejectError(400, f"Missing required parameter: '{where}'.", param=where)
        content = message.get("content")
        if content is None and not (role == "assistant" and (message.get("tool_calls") or message.get("refusal"))):
            where = f"messages[{i}].content"
            raise RejectError(400, f"Invalid value for '{where}': expected a string, got null.", param=where)
        _read_content(question, texts, content, i)
        texts += [str(call.get("function", {}).get("arguments", "")) for call in message.get("tool_calls") or ()]
    question.text = "\n".join(texts)
    question.after_tool = messages[-1]["role"] in ("tool", "function")


def _read_content(question: Question, texts: list[str], content: Any, i: int) -> None:
    if isinstance(content, str):
        texts.append(content)
        return
    for part in content or ():
        match part:
            case {"type": "text", "text": str(text)} | {"type": "refusal", "refusal": str(text)}:
                texts.append(text)
            case {"type": "image_url", "image_url": {"url": str(url)}} if url:
                question.images += 1
            case {"type": "input_audio" | "file" | "audio_url" | "video_url"}:
                pass
            case _:
                raise RejectError(400, f"Invalid content part in messages[{i}].", param=f"messages[{i}].content")


def _read_numbers(question: Question, body: dict[str, Any]) -> None:
    for name, low, high in (("temperature", 0, 2), ("top_p", 0, 1)):
        value = body.get(name)
        if value is not None and not (isinstance(value, (int, float)) and low <= value <= high):
            raise RejectError(400, f"Invalid '{name}': must be a number from {low} to {high}.", param=name)
    if body.get("n") not in (None, 1):
        raise RejectError(400, "Invalid 'n': this server answers with one choice.", param="n")
    for name in ("max_tokens", "max_completion_tokens"):
        value = body.get(name)
        if value is not None:
            if not isinstance(value, int) or value < 1:
                raise RejectError(400, f"Invalid '{name}': must be an integer of at least 1.", param=name)
            question.max_tokens = value
    stop = body.get("stop")
    question.stop = [stop] if isinstance(stop, str) else list(stop or ())
    if len(question.stop) > 4:
        raise RejectError(400, "Invalid 'stop': at most 4 items are allowed.", param="stop")
    effort = body.get("reasoning_effort")
    if effort is not None and effort not in _EFFORTS:
        raise RejectError(400, f"Invalid value: '{effort}' for 'reasoning_effort'.", param="reasoning_effort")
    question.thinking = thinking_budget(effort)


def _read_tools(question: Question, body: dict[str, Any]) -> None:
    for i, tool in enumerate(body.get("tools") or ()):
        match tool:
            case {"type": "function", "function": {"name": str(name)} as function} if name:
                question.tools.append((name, function.get("parameters")))
            case _:
                raise RejectError(400, f"Missing required parameter: 'tools[{i}].function.name'.", param="tools")
    question.parallel = body.get("parallel_tool_calls") is not False
    match body.get("tool_choice"):
        case None:
            return
        case ("auto" | "none" | "required") as word:
            question.choice = word
        case {"type": "function", "function": {"name": str(name)}} if name in dict(question.tools):
            question.choice = f"={name}"
        case _:
            raise RejectError(400, "Invalid 'tool_choice': it names no tool in 'tools'.", param="tool_choice")
    if not question.tools and question.choice != "none":
        raise RejectError(400, "'tool_choice' is only allowed when 'tools' are specified.", param="tool_choice")


def _read_format(question: Question, body: dict[str, Any], *, strict_json: bool) -> None:
    match body.get("response_format"):
        case None | {"type": "text"}:
            pass
        case {"type": "json_object"}:
            if strict_json and "json" not in question.text.lower():
                message = "'messages' must contain the word 'json' to use 'response_format' of type 'json_object'."
                raise RejectError(400, message, param="messages")
            question.json = True
        case {"type": "json_schema", "json_schema": {"name": str(), "schema": dict(schema)}}:
            question.schema = schema
        case _:
            raise RejectError(400, "Invalid 'response_format'.", param="response_format")


def inputs_of(body: dict[str, Any]) -> list[str]:
    """Read the input of an embeddings request as texts; a list of tokens counts as one text.

    Raises:
        RejectError: 400 when there is nothing to embed, or too much.
    """
    value = body.get("input")
    if isinstance(value, str) or (isinstance(value, list) and value and isinstance(value[0], int)):
        value = [value]
    if not isinstance(value, list) or not value:
        raise RejectError(400, "'input' must be a string, an array of strings or of tokens.", param="input")
    if len(value) > MAX_INPUTS:
        raise RejectError(400, f"'input' holds {len(value)} items; at most {MAX_INPUTS} are allowed.", param="input")
    texts = []
    for item in value:
        if not item or not isinstance(item, (str, list)):
            raise RejectError(400, "'$.input' is invalid: empty items are not allowed.", param="input")
        text = item if isinstance(item, str) else " ".join(map(str, item))
        if len(item) > MAX_INPUT_TOKENS * (4 if isinstance(item, str) else 1):
            message = f"This model's maximum input length is {MAX_INPUT_TOKENS} tokens."
            raise RejectError(400, message, code="context_length_exceeded", param="input")
        texts.append(text)
    return texts
