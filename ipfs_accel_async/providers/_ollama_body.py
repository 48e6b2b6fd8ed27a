"""Bodies of Ollama's requests (Ollama API documentation, chat, generate and embed)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.providers._parts import arguments_object, base64_image, refused
from ipfs_accel_async.types import Image, NativePart, ResponseFormat, Thinking, Tool

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ipfs_accel_async.payloads import CompleteRequest
    from ipfs_accel_async.providers._codec import CallFacts
    from ipfs_accel_async.types import ChatRequest, EmbedRequest, Message

OPTIONS = frozenset(
    {
        "draft_num_predict",
        "frequency_penalty",
        "main_gpu",
        "min_p",
        "num_batch",
        "num_ctx",
        "num_gpu",
        "num_keep",
        "num_predict",
        "num_thread",
        "presence_penalty",
        "repeat_last_n",
        "repeat_penalty",
        "seed",
        "stop",
        "temperature",
        "top_k",
        "top_p",
        "typical_p",
        "use_mmap",
    }
)
"""Parameters that the service takes under ``options``; any other name goes to the top level."""


def chat_body(call: CallFacts, request: ChatRequest) -> dict[str, Any]:
    """The body of a chat request.

    `params` override all: a name of `OPTIONS` goes under ``options``, a mapping ``options`` joins what is there, and
    every other name (``keep_alive``, ``think``, ``truncate``...) goes to the top level.

    Raises:
        InvalidRequestError: Something that this API has no word for.
    """
    # Both are sent even where they say nothing: `stream` is true by default on this wire, and the official client
    # always sends the list of tools.
    tools = _tools(call, request)
    body: dict[str, Any] = {
        "model": call.target.model,
        "messages": _messages(call, request.messages),
        "tools": tools,
        "stream": request.stream,
    }
    if request.response_format is not None:
        body["format"] = _format(request.response_format)
    return _with_params(body, _options(request), request.params)


def complete_body(call: CallFacts, request: CompleteRequest) -> dict[str, Any]:
    """The body of a completion; `params` as in :func:`chat_body`.

    `images` among them are bytes, :class:`Image` values or base64 text; ``raw``, ``system``, ``template``, ``context``,
    ``format``, ``think`` and ``keep_alive`` go out as they are.

    Raises:
        InvalidRequestError: An image that is none of these, or is given by address.
    """
    body: dict[str, Any] = {"model": call.target.model, "prompt": request.prompts[0], "stream": request.stream}
    if request.suffix:
        body["suffix"] = request.suffix
    params = dict(request.params)
    if params.get("images"):
        params["images"] = [_encoded(call, image) for image in params["images"]]
    if isinstance(params.get("format"), ResponseFormat):
        params["format"] = _format(params["format"])
    return _with_params(body, _options(request), params)


def embed_body(call: CallFacts, request: EmbedRequest) -> dict[str, Any]:
    """The body of an embed request; `params` as in :func:`chat_body`."""
    return _with_params({"model": call.target.model, "input": list(request.texts)}, {}, request.params)


def _options(request: ChatRequest | CompleteRequest) -> dict[str, Any]:
    """What every request may say of sampling, in the service's words."""
    options: dict[str, Any] = {}
    if request.max_tokens is not None:
        options["num_predict"] = request.max_tokens
    if request.temperature is not None:
        options["temperature"] = request.temperature
    if request.stop:
        options["stop"] = list(request.stop)
    if request.seed is not None:
        options["seed"] = request.seed
    return options


def _encoded(call: CallFacts, image: Any) -> str:
    """An image as base64 text: nothing here fetches one by address."""
    if isinstance(image, (bytes, bytearray)):
        image = Image(data=bytes(image))
    if isinstance(image, Image):
        encoded = base64_image(image)
        if encoded is None:
            raise refused(call, "ollama takes no image by address: pass its bytes, or await fetch_image(url)")
        return encoded[1]
    if not isinstance(image, str):
        raise refused(call, f"an image is bytes, an Image or base64 text, not {type(image).__name__}")
    return image


def _with_params(body: dict[str, Any], options: dict[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    given = params.get("options")
    if isinstance(given, Mapping):
        options.update(given)
    for name, value in params.items():
        if name in OPTIONS:
            options[name] = value
        elif value is not given or name != "options":
            body[name] = value
    if options:
        body["options"] = options
    return body


def _messages(call: CallFacts, messages: Iterable[Message]) -> list[dict[str, Any]]:
    names: dict[str, str] = {}  # tool name by call id: the wire wants the name with each result
    turns: list[dict[str, Any]] = []
    for message in messages:
        names.update((tool_call.id, tool_call.name) for tool_call in message.tool_calls)
        turn: dict[str, Any] = {
            "role": "system" if message.role == "developer" else message.role,
            "content": message.text,
        }
        if not isinstance(message.content, str):
            _add_parts(call, turn, message)
        if message.tool_calls:
            turn["tool_calls"] = [_tool_call(call, tool_call) for tool_call in message.tool_calls]
        if message.role == "tool":
            name = message.name or names.get(message.tool_call_id)
            if name:
                turn["tool_name"] = name
            if message.tool_call_id:
                turn["tool_call_id"] = message.tool_call_id
        elif message.name:
            raise refused(call, f"ollama has no parameter name on {message.role} messages: put it into the text")
        turns.append(turn)
    return turns


def _add_parts(call: CallFacts, turn: dict[str, Any], message: Message) -> None:
    """Images and thinking are fields of the message here; so are those of a native part."""
    images: list[str] = []
    for part in message.content:
        if isinstance(part, Image):
            images.append(_encoded(call, part))
        elif isinstance(part, NativePart):
            turn.update(part.value)
        elif isinstance(part, Thinking):
            turn["thinking"] = turn.get("thinking", "") + part.text
    if images:
        turn["images"] = images


def _tool_call(call: CallFacts, tool_call: Any) -> dict[str, Any]:
    function = {"name": tool_call.name, "arguments": arguments_object(call, tool_call)}
    return {"id": tool_call.id, "function": function} if tool_call.id else {"function": function}


def _tools(call: CallFacts, request: ChatRequest) -> list[Mapping[str, Any]]:
    choice = request.tool_choice
    if choice == "none":  # the wire has no such word, but a model that is offered no tool calls none
        return []
    if choice not in {None, "auto"} if isinstance(choice, str) else choice is not None:
        raise refused(call, "ollama cannot be told to call a tool: tool_choice is auto or none here")
    return [_tool(call, tool) for tool in request.tools]


def _tool(call: CallFacts, tool: Tool | Mapping[str, Any]) -> Mapping[str, Any]:
    if not isinstance(tool, Tool):
        return tool
    if tool.strict:
        raise refused(call, "ollama has no strict tools: leave strict out")
    function: dict[str, Any] = {"name": tool.name, "parameters": tool.parameters}
    if tool.description:
        function["description"] = tool.description
    return {"type": "function", "function": function}


def _format(wanted: ResponseFormat | Mapping[str, Any]) -> Any:
    if not isinstance(wanted, ResponseFormat):
        return wanted
    return "json" if wanted.schema is None else wanted.schema
