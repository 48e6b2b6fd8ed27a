"""The OpenVINO Model Server twin: the OpenAI wire under /v3, its bare errors, and its status pages.

Source: OVMS documentation, REST API: chat, embeddings and KServe. Inference of the KServe API is not simulated.
"""

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

from .answers import MISSING_MODEL, Completion, Question
from .limits import Verdict
from .openai_dialect import OpenAIDialect
from .openai_requests import chat_question, inputs_of
from .twin import Answer, Ask, RejectError, Whole, dumps, fields

MAX_INPUTS = 500
KEY_REFUSED = "Unauthorized request due to invalid or missing api-key"
_WORDS = {
    400: "Invalid JSON structure",
    404: "Mediapipe graph definition with requested name is not found",
    405: "Unsupported method",
    406: "Unsupported method",
    412: "Mediapipe graph definition precondition failed",
    500: "Internal inference error",
    503: "Server is not ready",
}


class OVMS(OpenAIDialect):
    """A model server of 2026.3 or later; it wants a key only for the generative API, and only when it was given one."""

    name = "ovms"
    base_path = "/v3"
    context = 32_768
    dimensions = 384
    models = ("OpenVINO/Qwen3-8B-int4-ov",)
    strict_json = False

    def __init__(self, seed: int, clock: Callable[[], float], keys: Collection[str] | None) -> None:
        super().__init__(seed, clock, keys)
        for base in ("/v1", "/v3/v1"):
            self.routes["POST", f"{base}/chat/completions"] = self.chat
            self.routes["GET", f"{base}/models"] = self.list_models
        self.routes |= {
            ("GET", "/v2"): lambda ask: Whole(dumps({"name": "OpenVINO Model Server", "version": "2026.3.0"})),
            ("GET", "/v2/health/live"): lambda ask: Whole(b""),
            ("GET", "/v2/health/ready"): lambda ask: Whole(b""),
            ("GET", "/v1/config"): self.config,
        }

    def other(self, ask: Ask) -> Answer:
        """Answer /v2/models/{name}/ready too."""
        if ask.method == "GET" and ask.path.startswith("/v2/models/") and ask.path.endswith("/ready"):
            if f"/{MISSING_MODEL}/" in ask.path:
                raise RejectError(404, "Model with requested name is not found")
            return Whole(b"")
        try:
            return super().other(ask)
        except RejectError as reject:
            raise RejectError(406 if reject.status == 405 else reject.status, reject.message) from reject

    def authorise(self, ask: Ask) -> None:
        """Guard the generative API when keys are set; the refusal has the status of a fault of the server."""
        guarded = ask.path.startswith("/v3/") or ask.path in ("/v1/chat/completions", "/v1/models")
        if self.keys is not None and guarded and ask.bearer not in self.keys:
            raise RejectError(500, KEY_REFUSED)

    def understand(self, body: dict[str, Any]) -> Question:
        """Read a chat request; a prompt too long is refused in the server's own words."""
        try:
            return chat_question(body, self.context, strict_json=False)
        except RejectError as reject:
            if reject.code != "context_length_exceeded":
                raise
            length = chat_question(body, 2**62, strict_json=False).tokens
            message = f"Number of prompt tokens: {length} exceeds model max length: {self.context}"
            raise RejectError(400, message) from reject

    def thoughts(self, body: dict[str, Any], answer: Completion) -> str:
        """Show the reasoning."""
        return answer.thoughts

    def usage(self, answer: Completion, cached: int) -> dict[str, Any]:
        """Three counts and no details."""
        return {
            "prompt_tokens": answer.prompt_tokens,
            "completion_tokens": answer.completion_tokens,
            "total_tokens": answer.prompt_tokens + answer.completion_tokens,
        }

    def message(self, answer: Completion) -> dict[str, Any]:
        """The message without the fields that only OpenAI has."""
        return {"role": "assistant", "content": answer.text}

    def decorate(self, reply: dict[str, Any], ask: Ask, answer: Completion) -> None:
        """There is no id, and reasoning has its own name."""
        del reply["id"]
        _rename(reply["choices"][0]["message"])

    def decorate_stream(
        self, chunks: list[dict[str, Any]], ask: Ask, answer: Completion, usage: dict[str, Any]
    ) -> None:
        """As in a whole reply; the first chunk has the role and no content yet."""
        for chunk in chunks:
            del chunk["id"]
            for choice in chunk["choices"]:
                _rename(choice["delta"])
        chunks[0]["choices"][0]["delta"]["content"] = None

    def model_card(self, model: str) -> dict[str, Any]:
        """Describe a model; it was always made just now."""
        return {"id": model, "object": "model", "created": int(self.clock()), "owned_by": "OVMS"}

    def embeddings(self, ask: Ask) -> Answer:
        """POST embeddings: at most 500 texts, of the model's own width."""
        body = dict(fields(ask, _WORDS[400]))
        body.pop("dimensions", None)
        if len(inputs_of(body)) > MAX_INPUTS:
            raise RejectError(400, f"Number of input documents exceeds the limit of {MAX_INPUTS}")
        return super().embeddings(replace(ask, body=body))

    def embedded(self, reply: dict[str, Any], ask: Ask) -> dict[str, Any]:
        """The reply does not repeat the model."""
        return {name: value for name, value in reply.items() if name != "model"}

    def config(self, ask: Ask) -> Answer:
        """GET /v1/config: the models and their state."""
        state = {"version": "1", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": "OK"}}
        return Whole(dumps({model: {"model_version_status": [state]} for model in self.models}))

    def failure(self, ask: Ask, reject: RejectError) -> Whole:
        """``{"error": text}``, whatever it is."""
        return Whole(_error(reject), reject.status)

    def error_frames(self, ask: Ask, reject: RejectError) -> list[bytes]:
        """The same JSON bare, between the events; no [DONE] follows."""
        return [_error(reject)]

    def overloaded(self, verdict: Verdict) -> RejectError:
        """It knows no 429."""
        return RejectError(503)

    def retry_headers(self, wait: float) -> dict[str, str]:
        """It does not say when to come back."""
        return {}


def _error(reject: RejectError) -> bytes:
    words = reject.message if reject.code != "model_not_found" else _WORDS[404]
    return dumps({"error": words or _WORDS.get(reject.status, "The request failed")})


def _rename(holder: dict[str, Any]) -> None:
    if "reasoning" in holder:
        holder["reasoning_content"] = holder.pop("reasoning")
