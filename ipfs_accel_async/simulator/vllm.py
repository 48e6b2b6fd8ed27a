"""The vLLM twin: OpenAI's wire with vLLM's errors, extra parameters and tokenizer.

Source: vLLM, OpenAI-compatible server. A token id is four bytes of UTF-8 with a one in front, so that
detokenize gives back what tokenize took.
"""

from collections.abc import Callable, Collection
from typing import Any

from .answers import Completion, Question, complete, pieces
from .limits import Verdict
from .openai_dialect import DONE, MODEL_MADE_AT, SSE, OpenAIDialect, event
from .openai_requests import chat_question, model_of
from .twin import Answer, Ask, Frames, RejectError, Whole, dumps, fields

_TYPES = {
    400: ("BadRequestError", "The request is malformed."),
    404: ("NotFoundError", "The model does not exist."),
    405: ("Method Not Allowed", "Method Not Allowed"),
    422: ("UnprocessableEntityError", "The request could not be processed."),
    500: ("InternalServerError", "Internal server error"),
    501: ("NotImplementedError", "Not implemented"),
    503: ("Service Unavailable", "The server is overloaded, please try again later."),
}
_CONSTRAINTS = ("json", "regex", "choice", "grammar", "json_object", "structural_tag")


class VLLM(OpenAIDialect):
    """A vLLM server; it wants a key only under /v1, and only when it was given keys."""

    name = "vllm"
    base_path = "/v1"
    context = 32_768
    dimensions = 384
    models = ("Qwen/Qwen2.5-1.5B-Instruct",)
    strict_json = False

    def __init__(self, seed: int, clock: Callable[[], float], keys: Collection[str] | None) -> None:
        super().__init__(seed, clock, keys)
        self.routes |= {
            ("POST", "/v1/completions"): self.completions,
            ("GET", "/health"): lambda ask: Whole(b""),
            ("GET", "/ping"): lambda ask: Whole(b""),
            ("GET", "/version"): lambda ask: Whole(dumps({"version": "0.33.0"})),
            ("POST", "/tokenize"): self.tokenize,
            ("POST", "/detokenize"): self.detokenize,
        }

    def authorise(self, ask: Ask) -> None:
        """Guard /v1 when keys are set."""
        if self.keys is not None and ask.path.startswith("/v1") and ask.bearer not in self.keys:
            raise RejectError(401)

    def understand(self, body: dict[str, Any]) -> Question:
        """Read a chat request with structured_outputs; parameters it does not know are ignored."""
        question = chat_question(body, self.context, strict_json=False)
        constrain(question, body.get("structured_outputs"))
        return question

    def thoughts(self, body: dict[str, Any], answer: Completion) -> str:
        """Show the reasoning unless told not to."""
        return "" if body.get("include_reasoning") is False else answer.thoughts

    def usage(self, answer: Completion, cached: int) -> dict[str, Any]:
        """Tokens; the details only where there is something to tell."""
        usage: dict[str, Any] = {
            "prompt_tokens": answer.prompt_tokens,
            "total_tokens": answer.prompt_tokens + answer.completion_tokens,
            "completion_tokens": answer.completion_tokens,
            "prompt_tokens_details": {"cached_tokens": cached} if cached else None,
        }
        if answer.thinking_tokens:
            usage["completion_tokens_details"] = {"reasoning_tokens": answer.thinking_tokens}
        return usage

    def message(self, answer: Completion) -> dict[str, Any]:
        """The message with its empty fields, as vLLM writes it."""
        return super().message(answer) | {"annotations": None, "audio": None, "function_call": None, "reasoning": None}

    def decorate(self, reply: dict[str, Any], ask: Ask, answer: Completion) -> None:
        """Add stop_reason and the null fields."""
        reply["choices"][0] |= {"stop_reason": answer.stopped_by, "token_ids": None}
        reply |= {"service_tier": None, "system_fingerprint": None, "prompt_logprobs": None, "kv_transfer_params": None}

    def decorate_stream(
        self, chunks: list[dict[str, Any]], ask: Ask, answer: Completion, usage: dict[str, Any]
    ) -> None:
        """The chunk that finishes has the stop reason."""
        last = next(chunk for chunk in reversed(chunks) if chunk["choices"])
        last["choices"][0]["stop_reason"] = answer.stopped_by

    def model_card(self, model: str) -> dict[str, Any]:
        """Describe a model as vLLM does."""
        card = {"owned_by": "vllm", "root": model, "parent": None, "max_model_len": self.context}
        return super().model_card(model) | card | {"permission": [_permission(model)]}

    def embedded(self, reply: dict[str, Any], ask: Ask) -> dict[str, Any]:
        """Add id and time."""
        return {"id": self.ident("embd-", ask), "created": int(self.clock()), **reply}

    def completions(self, ask: Ask) -> Answer:
        """POST /v1/completions: one choice for each prompt."""
        body = fields(ask, "Invalid JSON body")
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

    def failure(self, ask: Ask, reject: RejectError) -> Whole:
        """``{"error": {message, type, param, code}}`` with an integer code; a bad key is a bare string."""
        if reject.status == 401:
            return Whole(dumps({"error": "Unauthorized"}), 401)
        return Whole(dumps({"error": _error(reject)}), reject.status)

    def error_frames(self, ask: Ask, reject: RejectError) -> list[bytes]:
        """An error object, and [DONE] all the same."""
        return [event({"error": _error(reject)}), DONE]

    def overloaded(self, verdict: Verdict) -> RejectError:
        """It knows no 429: a full queue is a 503."""
        return RejectError(503)

    def retry_headers(self, wait: float) -> dict[str, str]:
        """It does not say when to come back."""
        return {}


def constrain(question: Question, outputs: Any) -> None:
    """Apply structured_outputs: json and choice are kept to, the other kinds only checked."""
    if outputs is None:
        return
    if not isinstance(outputs, dict) or sum(outputs.get(name) is not None for name in _CONSTRAINTS) != 1:
        raise RejectError(400, f"structured_outputs needs exactly one of {', '.join(_CONSTRAINTS)}")
    question.schema = outputs.get("json")
    question.choices = outputs.get("choice")
    question.json = bool(outputs.get("json_object"))


def _error(reject: RejectError) -> dict[str, Any]:
    kind, message = _TYPES.get(reject.status, ("Error", "The request failed."))
    return {"message": reject.message or message, "type": kind, "param": reject.param, "code": reject.status}


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


def _permission(model: str) -> dict[str, Any]:
    return {
        "id": f"modelperm-{model}",
        "object": "model_permission",
        "created": MODEL_MADE_AT,
        "allow_create_engine": False,
        "allow_sampling": True,
        "allow_logprobs": True,
        "allow_search_indices": False,
        "allow_view": True,
        "allow_fine_tuning": False,
        "organization": "*",
        "group": None,
        "is_blocking": False,
    }
