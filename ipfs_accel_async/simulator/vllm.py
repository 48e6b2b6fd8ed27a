"""The vLLM twin: OpenAI's wire with vLLM's errors and extra parameters; its parts have the rest.

Source: vLLM, OpenAI-compatible server.
"""

from collections.abc import Callable, Collection
from typing import Any

from .answers import Completion, Question
from .limits import Verdict
from .openai_audio import OpenAIAudio
from .openai_dialect import DONE, MODEL_MADE_AT, event
from .openai_requests import chat_question
from .openai_resources_responses import ResponseResources
from .twin import Ask, RejectError, Whole, dumps
from .vllm_pooling import VLLMPooling
from .vllm_server import VLLMServer
from .vllm_texts import VLLMTexts, constrain

_TYPES = {
    400: ("BadRequestError", "The request is malformed."),
    404: ("NotFoundError", "The model does not exist."),
    405: ("Method Not Allowed", "Method Not Allowed"),
    422: ("UnprocessableEntityError", "The request could not be processed."),
    500: ("InternalServerError", "Internal server error"),
    501: ("NotImplementedError", "Not implemented"),
    503: ("Service Unavailable", "The server is overloaded, please try again later."),
}


class VLLM(VLLMTexts, VLLMPooling, VLLMServer, OpenAIAudio):
    """A vLLM server; it wants a key only under /v1, and only when it was given keys."""

    name = "vllm"
    base_path = "/v1"
    context = 32_768
    dimensions = 384
    models = ("Qwen/Qwen2.5-1.5B-Instruct",)
    strict_json = False

    def __init__(self, seed: int, clock: Callable[[], float], keys: Collection[str] | None) -> None:
        super().__init__(seed, clock, keys)
        responses = ResponseResources(self).routes()
        served = {"/v1/responses", "/v1/responses/{id}", "/v1/responses/{id}/cancel"}
        self.routes |= {row: route for row, route in responses.items() if row[1] in served and row[0] != "DELETE"}
        self.routes |= {row: route for row, route in self.audio_routes().items() if not row[1].endswith("/speech")}
        self.routes |= {**self.text_routes(), **self.pooling_routes(), **self.server_routes()}

    def authorise(self, ask: Ask) -> None:
        """Guard /v1 when keys are set."""
        if self.keys is not None and ask.path.startswith("/v1") and ask.bearer not in self.keys:
            raise RejectError(401)

    def understand(self, body: dict[str, Any]) -> Question:
        """Read a chat request with structured_outputs; parameters it does not know are ignored."""
        self.check_awake()
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


def _error(reject: RejectError) -> dict[str, Any]:
    kind, message = _TYPES.get(reject.status, ("Error", "The request failed."))
    return {"message": reject.message or message, "type": kind, "param": reject.param, "code": reject.status}


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
