"""What TGI's own routes answer: generated text with its tokens, whole and as events, and the tokenizer.

Source: Text Generation Inference, OpenAPI description. A token is a word with the space before it.
"""

from typing import Any

from .answers import Completion, digest, pieces
from .twin import dumps

_END = {"id": 2, "text": "</s>", "logprob": -0.1, "special": True}
_REASONS = {"length": "length", "stop_sequence": "stop_sequence"}


def event(value: Any) -> bytes:
    """Return a value as one server-sent event, without the space that newer servers put after the colon."""
    return b"data:" + dumps(value) + b"\n\n"


def whole(answer: Completion, prompt: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """The answer in one piece."""
    reply: dict[str, Any] = {"generated_text": _text(answer, prompt, parameters)}
    if parameters.get("details"):
        prefill = [{"id": _id(piece), "text": piece, "logprob": None} for piece in pieces(prompt)]
        asked = parameters.get("decoder_input_details")
        reply["details"] = _details(answer, parameters) | {"prefill": prefill if asked else [], "tokens": _made(answer)}
    return reply


def events(answer: Completion, prompt: str, parameters: dict[str, Any]) -> list[bytes]:
    """The answer token by token; the last one brings the whole text, and nothing follows it."""
    parts: list[dict[str, Any]] = [
        {"index": index, "token": token, "generated_text": None, "details": None}
        for index, token in enumerate(_made(answer), 1)
    ]
    parts[-1]["generated_text"] = _text(answer, prompt, parameters)
    if parameters.get("details"):
        parts[-1]["details"] = _details(answer, parameters) | {"input_length": answer.prompt_tokens}
    return [event(part) for part in parts]


def tokens(text: str) -> list[dict[str, Any]]:
    """The tokens of a text, with their places in it, in characters."""
    found, start = [], 0
    for piece in pieces(text):
        found.append({"id": _id(piece), "text": piece, "start": start, "stop": start + len(piece)})
        start += len(piece)
    return found


def _text(answer: Completion, prompt: str, parameters: dict[str, Any]) -> str:
    return prompt + answer.text if parameters.get("return_full_text") else answer.text


def _made(answer: Completion) -> list[dict[str, Any]]:
    made = [{"id": _id(piece), "text": piece, "logprob": -0.25, "special": False} for piece in pieces(answer.text)]
    return made if answer.finish in _REASONS and made else [*made, _END]


def _details(answer: Completion, parameters: dict[str, Any]) -> dict[str, Any]:
    return {
        "finish_reason": _REASONS.get(answer.finish, "eos_token"),
        "generated_tokens": answer.completion_tokens,
        "seed": parameters.get("seed"),
    }


def _id(piece: str) -> int:
    return 3 + int.from_bytes(digest("token", piece)[:2])
