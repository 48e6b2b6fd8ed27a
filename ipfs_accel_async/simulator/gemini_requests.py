"""Reading Gemini's requests.

Source: Gemini API reference: GenerateContentRequest, Content, Part, Tool, GenerationConfig, EmbedContentRequest. Names
come in camel case or, as the official SDK writes some of them, in snake case.
"""

import re
from typing import Any

import orjson

from .answers import Question, thinking_budget
from .twin import RejectError

CONTEXT = 1_048_576
_FIELDS = {
    "model", "contents", "systemInstruction", "tools", "toolConfig", "safetySettings", "generationConfig",
    "cachedContent", "serviceTier", "store", "labels", "continuationToken",
}  # fmt: skip
_CHOICES = {"AUTO": "auto", "VALIDATED": "auto", "ANY": "required", "NONE": "none"}
_MOST_TEXTS = 100


def get(value: Any, *path: str) -> Any:
    """What stands at a path of camel-case names, in either case; None where nothing does."""
    for name in path:
        if value is None:
            return None
        value = value.get(name, value.get(re.sub("[A-Z]", lambda upper: f"_{upper[0].lower()}", name)))
    return value


def read(body: dict[str, Any], model: str) -> Question:
    """Read a request for content.

    Raises:
        RejectError: 400, as the service words it.
    """
    for name in body:
        if re.sub("_([a-z])", lambda found: found[1].upper(), name) not in _FIELDS:
            raise RejectError(400, f'Invalid JSON payload received. Unknown name "{name}": Cannot find field.')
    question = Question(model, "", may_refuse=True)
    texts: list[str] = []
    system = get(body, "systemInstruction")
    if system is not None:
        texts += [str(part["text"]) for part in _parts(system, "system_instruction")]
    _read_contents(question, body, texts)
    _read_tools(question, body, texts)
    _read_config(question, get(body, "generationConfig") or {})
    question.text = "\n".join(texts)
    if question.tokens > CONTEXT:
        fault = f"The input token count ({question.tokens}) exceeds the maximum number of tokens allowed ({CONTEXT})."
        raise RejectError(400, fault)
    return question


def file_names(body: dict[str, Any]) -> list[str]:
    """The service's own files that a request refers to."""
    parts = [part for content in body["contents"] for part in content["parts"]]
    uris = [str(get(part, "fileData", "fileUri") or "") for part in parts]
    return [f"files/{uri.rpartition('/files/')[2]}" for uri in uris if "googleapis.com" in uri and "/files/" in uri]


def read_texts(body: dict[str, Any], model: str, *, many: bool, most: int, named: bool = True) -> list[tuple[str, int]]:
    """The texts to embed, each with the length of vector that it asks for; 0 is the model's own.

    Args:
        body: The request.
        model: The model in its path.
        many: It is a batch.
        most: The longest vector.
        named: Each request of a batch says the model again.

    Raises:
        RejectError: 400.
    """
    requests = body.get("requests") if many else [body]
    if not isinstance(requests, list) or not requests:
        raise RejectError(400, "* BatchEmbedContentsRequest.requests: requests is not specified")
    if len(requests) > _MOST_TEXTS:
        raise RejectError(400, "* BatchEmbedContentsRequest.requests: at most 100 requests can be in one batch")
    found: list[tuple[str, int]] = []
    for place, request in enumerate(requests):
        if many and named and str(request.get("model")).rpartition("/")[2] != model:
            raise RejectError(400, f"* BatchEmbedContentsRequest.requests[{place}].model: does not match the path")
        size = get(get(request, "embedContentConfig") or request, "outputDimensionality") or 0
        if not isinstance(size, int) or not 0 <= size <= most:
            raise RejectError(400, f"output_dimensionality must be from 1 to {most}")
        parts = _parts(request["content"], "content")
        found.append(("".join(str(part.get("text", "")) for part in parts), size))
    return found


def _parts(content: Any, where: str) -> list[dict[str, Any]]:
    parts = content.get("parts") if isinstance(content, dict) else None
    if not isinstance(parts, list) or not parts or not all(isinstance(part, dict) for part in parts):
        raise RejectError(400, f"* GenerateContentRequest.{where}.parts: contents.parts must not be empty.")
    return parts


def _read_contents(question: Question, body: dict[str, Any], texts: list[str]) -> None:
    contents = body.get("contents")
    if not isinstance(contents, list) or not contents:
        raise RejectError(400, "* GenerateContentRequest.contents: contents is not specified")
    open_calls = 0
    for place, content in enumerate(contents):
        parts = _parts(content, f"contents[{place}]")
        if content.get("role", "user") not in {"user", "model"}:
            raise RejectError(400, "Please use a valid role: user, model.")
        answered = sum(get(part, "functionResponse") is not None for part in parts)
        if answered != open_calls:
            raise RejectError(400, "The number of function response parts must equal that of the function call parts.")
        open_calls = sum(get(part, "functionCall") is not None for part in parts)
        question.after_tool = bool(answered)
        for part in parts:
            _read_part(question, part, texts)


def _read_part(question: Question, part: dict[str, Any], texts: list[str]) -> None:
    for name in ("functionCall", "functionResponse"):
        value = get(part, name)
        if value is not None:
            if not value["name"]:
                raise RejectError(400, f"* GenerateContentRequest.contents: {name}.name must not be empty")
            texts.append(orjson.dumps(value).decode())
    if get(part, "inlineData") is not None or get(part, "fileData") is not None:
        question.images += 1
    if part.get("text"):
        texts.append(str(part["text"]))


def _read_tools(question: Question, body: dict[str, Any], texts: list[str]) -> None:
    for tool in body.get("tools") or ():
        for function in get(tool, "functionDeclarations") or ():
            schema = get(function, "parametersJsonSchema") or lowered(get(function, "parameters"))
            if not function.get("name"):
                raise RejectError(400, "* GenerateContentRequest.tools: function_declarations.name must not be empty")
            question.tools.append((function["name"], schema))
        texts.append(orjson.dumps(tool).decode())
    config = get(body, "toolConfig", "functionCallingConfig") or {}
    mode, allowed = config.get("mode", "AUTO"), get(config, "allowedFunctionNames") or []
    if mode not in _CHOICES:
        raise RejectError(400, f"Invalid value at 'tool_config.function_calling_config.mode': {mode!r}")
    question.choice = _CHOICES[mode]
    if allowed:
        question.tools = [tool for tool in question.tools if tool[0] in allowed]
        if mode != "ANY" or not question.tools:
            raise RejectError(400, "allowed_function_names needs mode ANY and names of declared functions")


def _read_config(question: Question, config: dict[str, Any]) -> None:
    question.max_tokens = get(config, "maxOutputTokens")
    if question.max_tokens is not None and (not isinstance(question.max_tokens, int) or question.max_tokens < 1):
        raise RejectError(400, "max_output_tokens must be positive.")
    question.stop = list(get(config, "stopSequences") or ())
    if len(question.stop) > 5 or not all(isinstance(word, str) for word in question.stop):
        raise RejectError(400, "stop_sequences must be at most 5 strings.")
    if get(config, "responseMimeType") == "application/json":
        question.schema = get(config, "responseJsonSchema") or lowered(get(config, "responseSchema"))
        question.json = question.schema is None
    thinking = get(config, "thinkingConfig") or {}
    level, budget = get(thinking, "thinkingLevel"), get(thinking, "thinkingBudget")
    if isinstance(budget, int):
        question.thinking = thinking_budget("medium") if budget < 0 else min(budget, thinking_budget("high"))
    elif level or get(thinking, "includeThoughts"):
        question.thinking = thinking_budget(str(level or "medium").lower())


def lowered(schema: Any) -> Any:
    """A Schema of this service, whose types are in upper case, as a JSON schema."""
    if isinstance(schema, list):
        return [lowered(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: value.lower() if name == "type" and isinstance(value, str) else lowered(value)
        for name, value in schema.items()
    }
