"""Bodies of Gemini's requests for content (Gemini API reference, GenerateContentRequest and CountTokensRequest)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.providers._as_chat import as_chat
from ipfs_accel_async.providers._gemini_address import in_project, model_name, on_vertex
from ipfs_accel_async.providers._gemini_contents import contents, system_instruction
from ipfs_accel_async.types import ChatRequest, ResponseFormat, Tool

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ipfs_accel_async.payloads import CompleteRequest
    from ipfs_accel_async.providers._codec import CallFacts

GENERATION = frozenset(
    {
        "audioTranscriptionConfig",
        "candidateCount",
        "enableEnhancedCivicAnswers",
        "frequencyPenalty",
        "imageConfig",
        "logprobs",
        "maxOutputTokens",
        "mediaResolution",
        "presencePenalty",
        "responseJsonSchema",
        "responseLogprobs",
        "responseMimeType",
        "responseModalities",
        "responseSchema",
        "seed",
        "speechConfig",
        "stopSequences",
        "temperature",
        "thinkingConfig",
        "topK",
        "topP",
    }
)
"""Parameters that the service takes under ``generationConfig``; any other name goes to the top level."""
_OTHERS = (
    "cachedContent",
    "generationConfig",
    "outputDimensionality",
    "safetySettings",
    "serviceTier",
    "systemInstruction",
    "taskType",
    "toolConfig",
)
_SNAKE = {re.sub("[A-Z]", lambda upper: f"_{upper[0].lower()}", name): name for name in (*GENERATION, *_OTHERS)}
_NO_PARAMETERS: dict[str, Any] = {"type": "object", "properties": {}}


def chat_body(call: CallFacts, request: ChatRequest) -> dict[str, Any]:
    """The body of a chat request.

    `params` override all: a name of `GENERATION` goes under ``generationConfig``, every other name (``safetySettings``,
    ``cachedContent``...) to the top level; known names may be in snake case too. The mappings ``generationConfig`` and
    ``toolConfig`` join what is there.

    Raises:
        InvalidRequestError: Something that this API has no word for.
    """
    body: dict[str, Any] = {"contents": contents(call, request.messages)}
    system = system_instruction(call, request.messages)
    if system:
        body["systemInstruction"] = system
    if request.tools:
        body["tools"] = _tools(request.tools)
    choice = _tool_config(request)
    if choice is not None:
        body["toolConfig"] = choice
    generation = _generation(request)
    for name, value in named(request.params).items():
        if name in GENERATION:
            generation[name] = value
        elif name == "generationConfig" and isinstance(value, Mapping):
            generation.update(named(value))
        elif name == "toolConfig" and isinstance(value, Mapping):
            body[name] = {**body.get(name, {}), **value}
        elif name == "cachedContent" and isinstance(value, str):
            body[name] = in_project(call.target.endpoint, value)
        else:
            body[name] = value
    if generation:
        body["generationConfig"] = generation
    return body


def complete_body(call: CallFacts, request: CompleteRequest) -> dict[str, Any]:
    """The body of a completion: its prompt is the one turn of a conversation.

    Raises:
        InvalidRequestError: It has a suffix.
    """
    return chat_body(call, as_chat(call, request))


def count_body(call: CallFacts, request: ChatRequest) -> dict[str, Any]:
    """The body of a count: contents alone, or the whole request where there is more than contents.

    Vertex AI has no request inside the request: there the fields stand side by side.
    """
    body = chat_body(call, request)
    if len(body) == 1 or on_vertex(call.target.endpoint):
        return body
    return {"generateContentRequest": {"model": "/".join(model_name(call.target.model)), **body}}


def _generation(request: ChatRequest) -> dict[str, Any]:
    generation: dict[str, Any] = {}
    if request.max_tokens is not None:
        generation["maxOutputTokens"] = request.max_tokens
    if request.temperature is not None:
        generation["temperature"] = request.temperature
    if request.stop:
        generation["stopSequences"] = list(request.stop)
    if request.seed is not None:
        generation["seed"] = request.seed
    if request.response_format is not None:
        generation.update(_format(request.response_format))
    return generation


def named(params: Mapping[str, Any]) -> dict[str, Any]:
    """Known names as the service writes them: one name twice, in both forms, would be refused."""
    return {_SNAKE.get(name, name): value for name, value in params.items()}


def _tools(tools: Iterable[Tool | Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The service's own tools as they are, then all functions as one tool."""
    native = [tool for tool in tools if not isinstance(tool, Tool)]
    functions = [_function(tool) for tool in tools if isinstance(tool, Tool)]
    return [*native, {"functionDeclarations": functions}] if functions else native


def _function(tool: Tool) -> dict[str, Any]:
    value: dict[str, Any] = {"name": tool.name}
    if tool.description:
        value["description"] = tool.description
    if tool.parameters != _NO_PARAMETERS:  # an object without properties is refused; left out, it means the same
        value["parametersJsonSchema"] = tool.parameters
    return value


def _tool_config(request: ChatRequest) -> Mapping[str, Any] | None:
    """How to choose; a strict tool asks the service to hold calls to their schemas, which is a mode of them all."""
    choice = request.tool_choice
    if choice is not None and not isinstance(choice, str):
        return choice
    strict = any(isinstance(tool, Tool) and tool.strict for tool in request.tools)
    if choice is None and not strict:
        return None
    modes = {None: "VALIDATED", "auto": "VALIDATED" if strict else "AUTO", "none": "NONE", "required": "ANY"}
    if choice in modes:
        return {"functionCallingConfig": {"mode": modes[choice]}}
    return {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": [choice]}}


def _format(wanted: ResponseFormat | Mapping[str, Any]) -> Mapping[str, Any]:
    if not isinstance(wanted, ResponseFormat):
        return wanted
    if wanted.schema is None:
        return {"responseMimeType": "application/json"}
    return {"responseMimeType": "application/json", "responseJsonSchema": wanted.schema}
