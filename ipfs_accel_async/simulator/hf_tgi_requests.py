"""Reading TGI's chat and generate requests, with the checks that the server makes.

Source: Text Generation Inference, OpenAPI description and its messages. What does not fit the shape of a request is
told in plain text, what the server finds wrong with it as JSON; `SHAPE` marks the first kind.
"""

from typing import Any

from .answers import Question
from .openai_requests import chat_question
from .twin import RejectError

MODEL = "mistralai/Mistral-7B-Instruct-v0.2"
MAX_INPUT_TOKENS, MAX_TOTAL_TOKENS, MAX_STOPS = 32_000, 32_768, 4
SHAPE = "shape"


def shape(fault: str) -> RejectError:
    """A body that is no request."""
    return RejectError(422, f"Failed to deserialize the JSON body into the target type: {fault}", code=SHAPE)


def invalid(fault: str) -> RejectError:
    """A request that the server checks and refuses."""
    return RejectError(422, f"Input validation error: {fault}", code="validation")


def body_of(body: Any) -> dict[str, Any]:
    """Return the body as an object.

    Raises:
        RejectError: It is none: 400 when it is no JSON, else 422.
    """
    if isinstance(body, bytes):
        fault = "Failed to parse the request body as JSON: expected value at line 1 column 1"
        raise RejectError(400, fault, code=SHAPE)
    if not isinstance(body, dict):
        raise shape("expected a map")
    return body


def chat(body: dict[str, Any]) -> Question:
    """Read a chat request. The server has one model; another name is taken for an adapter and told back."""
    if not isinstance(body.get("messages"), list):
        raise shape("missing field `messages`")
    stop = body.get("stop") or []
    if not isinstance(stop, list) or not all(isinstance(word, str) for word in stop):
        raise shape("stop: invalid type, expected a sequence")
    wanted = body.get("response_format")
    if wanted is not None and body.get("tools") is not None:
        raise RejectError(422, "Tool error: Grammar and tools are mutually exclusive", code="tool_error")
    model = body.get("model")
    read = {**body, "model": MODEL if model in (None, "tgi") else model, "response_format": None, "stop": None}
    if isinstance(body.get("tool_choice"), str) and body["tool_choice"] not in ("auto", "none", "required"):
        read["tool_choice"] = {"type": "function", "function": {"name": body["tool_choice"]}}
    for name in ("temperature", "top_p"):
        read.pop(name, None)  # checked below, by other rules
    for name in ("max_tokens", "max_completion_tokens"):
        if body.get(name) == 0:
            raise invalid("`max_new_tokens` must be strictly positive")
    try:
        question = chat_question(read, MAX_TOTAL_TOKENS * 8, strict_json=False)
    except RejectError as reject:
        raise shape(reject.message) from reject
    question.parallel, question.stop = False, stop
    constrain(question, wanted)
    _sampling(body, {"temperature": body.get("temperature") or None})  # 0 is greedy on this route
    return _fitting(question)


def generate(body: dict[str, Any]) -> tuple[Question, dict[str, Any]]:
    """Read a generate request: the question and its parameters."""
    text, parameters = body.get("inputs"), body.get("parameters") or {}
    if not isinstance(text, str):
        raise shape("missing field `inputs`" if text is None else "inputs: invalid type, expected a string")
    if not isinstance(parameters, dict):
        raise shape("parameters: invalid type, expected a map")
    stop, most = parameters.get("stop") or [], parameters.get("max_new_tokens")
    if not isinstance(stop, list) or not all(isinstance(word, str) for word in stop):
        raise shape("parameters.stop: invalid type, expected a sequence")
    if most is not None and not isinstance(most, int):
        raise shape("parameters.max_new_tokens: invalid type, expected u32")
    if most == 0:
        raise invalid("`max_new_tokens` must be strictly positive")
    if not text:
        raise invalid("`inputs` cannot be empty")
    _sampling(parameters, parameters)
    question = Question(MODEL, text, max_tokens=most, stop=stop)
    constrain(question, parameters.get("grammar"))
    return _fitting(question), parameters


def constrain(question: Question, grammar: Any) -> None:
    """Apply a grammar: a JSON schema is kept to, a regular expression only checked."""
    match grammar:
        case None | {"type": "regex", "value": str()}:
            return
        case {"type": "json_schema", "value": {"schema": dict(schema)}}:
            question.schema = schema
        case {"type": "json" | "json_object", "value": dict(schema)}:
            question.schema = schema
        case _:
            raise shape("response_format: missing field `value`")
    if "properties" not in question.schema:
        raise invalid("grammar is not valid: Grammar must have a 'properties' field")


def _sampling(body: dict[str, Any], strict: dict[str, Any]) -> None:
    temperature, top_p = strict.get("temperature"), body.get("top_p")
    for name, value in (("temperature", temperature), ("top_p", top_p)):
        if value is not None and not isinstance(value, (int, float)):
            raise shape(f"{name}: invalid type, expected f32")
    if temperature is not None and temperature <= 0:
        raise invalid("`temperature` must be strictly positive")
    if top_p is not None and not 0 < top_p < 1:
        raise invalid("`top_p` must be > 0.0 and < 1.0")


def _fitting(question: Question) -> Question:
    given, most = question.tokens, question.max_tokens
    if len(question.stop) > MAX_STOPS:
        raise invalid(f"`stop` supports up to {MAX_STOPS} stop sequences. Given: {len(question.stop)}")
    if most is not None and given + most > MAX_TOTAL_TOKENS:
        fault = f"`inputs` tokens + `max_new_tokens` must be <= {MAX_TOTAL_TOKENS}. "
        raise invalid(f"{fault}Given: {given} `inputs` tokens and {most} `max_new_tokens`")
    if given > MAX_INPUT_TOKENS:
        raise invalid(f"`inputs` must have less than {MAX_INPUT_TOKENS} tokens. Given: {given}")
    return question
