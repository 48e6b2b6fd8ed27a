"""Prompts and the tokenizer, as vLLM serves them.

Source: vLLM, OpenAI-compatible server. A token id is four bytes of UTF-8 with a one in front, so that
detokenize gives back what tokenize took.
"""

from collections.abc import Callable
from typing import Any

from .answers import Completion, Question, complete, pieces
from .openai_dialect import DONE, SSE, event
from .openai_requests import chat_question, model_of
from .twin import Answer, Ask, Frames, RejectError, Whole, dumps, fields
from .vllm_server import VLLMServer

_CONSTRAINTS = ("json", "regex", "choice", "grammar", "json_object", "structural_tag")


class VLLMTexts(VLLMServer):
    """Mixed into the twin."""

    context = 32_768

    def text_routes(self) -> dict[tuple[str, str], Callable[[Ask], Answer]]:
        """Return the routes of this module."""
        return {
            ("POST", "/v1/completions"): self.completions,
            ("POST", "/tokenize"): self.tokenize,
            ("POST", "/detokenize"): self.detokenize,
            ("GET", "/tokenizer_info"): lambda ask: Whole(dumps({"tokenizer_class": "SyntheticTokenizer"})),
        }

    def completions(self, ask: Ask) -> Answer:
        """POST /v1/completions: one choice for each prompt."""
        body = fields(ask, "Invalid JSON body")
        self.check_awake()
        model, answers = model_of(body), []
        for prompt in _prompts(body.get("prompt")):
            question = Question(model, prompt, max_tokens=body.get("max_tokens") or 16)
            stop = body.get("stop") or []
            question.stop = [stop] if isinstance(stop, str) else stop
            constrain(question, body.get("structured_outputs"))
            answers.append(complete(self.seed, self.name, question))
        base = {
            "id": self.ident("cmpl-", ask),
            "object": "text_completion",
            "created": int(self.clock()),
            "model": model,
        }
        total = Completion(
            prompt_tokens=sum(answer.prompt_tokens for answer in answers),
            completion_tokens=sum(answer.completion_tokens for answer in answers),
        )
        usage, tokens = self.usage(total, 0), total.prompt_tokens + total.completion_tokens
        if body.get("stream"):
            frames = [event(base | {"choices": [_choice(*part)]}) for part in _parts(answers)]
            if (body.get("stream_options") or {}).get("include_usage"):
                frames.append(event(base | {"choices": [], "usage": usage}))
            return Frames([*frames, DONE], SSE, tokens=tokens)
        choices = [_choice(i, answer.text, answer) for i, answer in enumerate(answers)]
        return Whole(dumps(base | {"choices": choices, "usage": usage}), tokens=tokens)

    def tokenize(self, ask: Ask) -> Answer:
        """POST /tokenize: a prompt, or the messages of a chat."""
        body = fields(ask, "Invalid JSON body")
        text = body.get("prompt")
        if "messages" in body:
            text = chat_question({"model": "any", **body}, self.context, strict_json=False).text
        if not isinstance(text, str):
            raise RejectError(400, "prompt: Field required", param="prompt")
        raw = text.encode()
        bits = [raw[at : at + 4] for at in range(0, len(raw), 4)]
        tokens = [int.from_bytes(b"\x01" + bit) for bit in bits]
        reply: dict[str, Any] = {"count": len(tokens), "max_model_len": self.context, "tokens": tokens}
        reply["token_strs"] = [bit.decode(errors="replace") for bit in bits] if body.get("return_token_strs") else None
        return Whole(dumps(reply))

    def detokenize(self, ask: Ask) -> Answer:
        """POST /detokenize."""
        tokens = fields(ask, "Invalid JSON body").get("tokens")
        if not isinstance(tokens, list):
            raise RejectError(400, "tokens: Field required", param="tokens")
        return Whole(dumps({"prompt": _detokenized(tokens)}))


def constrain(question: Question, outputs: Any) -> None:
    """Apply structured_outputs: json and choice are kept to, the other kinds only checked."""
    if outputs is None:
        return
    if not isinstance(outputs, dict) or sum(outputs.get(name) is not None for name in _CONSTRAINTS) != 1:
        raise RejectError(400, f"structured_outputs needs exactly one of {', '.join(_CONSTRAINTS)}")
    question.schema = outputs.get("json")
    question.choices = outputs.get("choice")
    question.json = bool(outputs.get("json_object"))


def _prompts(value: Any) -> list[str]:
    match value:
        case str():
            return [value]
        case [int(), *_]:
            return [_detokenized(value)]
        case [_, *_]:
            return [each if isinstance(each, str) else _detokenized(each) for each in value]
    raise RejectError(400, "prompt: Field required", param="prompt")


def _detokenized(tokens: list[Any]) -> str:
    if not all(isinstance(token, int) and token >= 0 for token in tokens):
        raise RejectError(400, "tokens must be integers of at least 0", param="tokens")
    return b"".join(token.to_bytes(8).lstrip(b"\0")[1:] for token in tokens if token < 2**63).decode(errors="replace")


def _parts(answers: list[Completion]) -> list[tuple[int, str, Completion | None]]:
    parts: list[tuple[int, str, Completion | None]] = []
    for i, answer in enumerate(answers):
        parts += [(i, piece, None) for piece in pieces(answer.text)]
        parts.append((i, "", answer))
    return parts


def _choice(index: int, text: str, finished: Completion | None) -> dict[str, Any]:
    finish = None if finished is None else "length" if finished.finish == "length" else "stop"
    stop = finished.stopped_by if finished else None
    return {"index": index, "text": text, "logprobs": None, "finish_reason": finish, "stop_reason": stop}
