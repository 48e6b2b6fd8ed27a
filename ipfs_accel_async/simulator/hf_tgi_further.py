"""What else TGI answers: prompts on its OpenAI-like route, a chat as tokens, its counters, what it is.

Source: Text Generation Inference, OpenAPI description.
"""

from typing import Any

from .answers import Completion, pieces
from .hf_tgi_native import event, tokens
from .hf_tgi_requests import MAX_INPUT_TOKENS, MAX_STOPS, MAX_TOTAL_TOKENS, MODEL, generate, shape
from .openai_dialect import DONE
from .twin import RejectError

VERSION = "3.3.6-dev0"
MAX_BATCH = 4
INFO = {
    "model_id": MODEL,
    "model_sha": "3ad372fc79158a2148299e3318516c786aeded6c",
    "model_pipeline_tag": "text-generation",
    "max_concurrent_requests": 128,
    "max_best_of": 2,
    "max_stop_sequences": MAX_STOPS,
    "max_input_tokens": MAX_INPUT_TOKENS,
    "max_total_tokens": MAX_TOTAL_TOKENS,
    "validation_workers": 2,
    "max_client_batch_size": MAX_BATCH,
    "router": "text-generation-router",
    "version": VERSION,
    "sha": None,
    "docker_label": None,
}
_SAME = ("temperature", "top_p", "seed", "repetition_penalty", "frequency_penalty", "stop")


def prompts_of(body: dict[str, Any]) -> list[dict[str, Any]]:
    """Read a completion request: a generation for each of its prompts.

    Raises:
        RejectError: 422, as the server words it.
    """
    value = body.get("prompt")
    prompts = [value] if isinstance(value, str) else value
    if not isinstance(prompts, list) or not all(isinstance(prompt, str) for prompt in prompts):
        raise shape("missing field `prompt`" if value is None else "prompt: data did not match any variant")
    if body.get("suffix") is not None:
        message = "Suffix is not supported and can be achieved by preprocessing the prompt."
        raise RejectError(422, message, code="suffix not supported")
    if len(prompts) > MAX_BATCH:
        message = f"Number of prompts exceeds the maximum allowed batch size of {MAX_BATCH}"
        raise RejectError(422, message, code="batch size exceeded")
    parameters = {name: body[name] for name in _SAME if body.get(name) is not None}
    if not parameters.get("temperature"):  # 0 is greedy on this route
        parameters.pop("temperature", None)
    most = body.get("max_tokens")
    parameters["max_new_tokens"] = 100 if most is None else most
    return [{"inputs": prompt, "parameters": parameters} for prompt in prompts]


def completions(answers: list[Completion], base: dict[str, Any], *, stream: bool) -> Any:
    """Frames of all answers one after the other, the last of each with its counts; or one object."""
    if not stream:
        choices = [_choice(index, answer.text, _reason(answer, "stop")) for index, answer in enumerate(answers)]
        return base | {"choices": choices, "usage": _usage(answers)}
    parts = []
    for index, answer in enumerate(answers):
        *begun, last = pieces(answer.text) or [""]
        parts += [base | {"choices": [_choice(index, piece, "")]} for piece in begun]
        parts.append(
            base | {"choices": [_choice(index, last, _reason(answer, "eos_token"))], "usage": _usage([answer])}
        )
    return [*map(event, parts), DONE]


def templated(text: str) -> dict[str, Any]:
    """A chat as text, and its tokens."""
    whole = f"<s>[INST] {text} [/INST]"
    generate({"inputs": whole})  # its limits are those of any input
    return {"tokenize_response": tokens(whole), "templated_text": whole}


def metrics(requests: int) -> bytes:
    """The counters that a scraper reads."""
    name = "tgi_request_count"
    return f"# TYPE {name} counter\n{name} {requests}\n".encode()


def _choice(index: int, text: str, reason: str) -> dict[str, Any]:
    return {"index": index, "text": text, "logprobs": None, "finish_reason": reason}


def _reason(answer: Completion, end: str) -> str:
    return answer.finish if answer.finish in ("length", "stop_sequence") else end


def _usage(answers: list[Completion]) -> dict[str, int]:
    read = sum(answer.prompt_tokens for answer in answers)
    made = sum(answer.completion_tokens for answer in answers)
    return {"prompt_tokens": read, "completion_tokens": made, "total_tokens": read + made}
