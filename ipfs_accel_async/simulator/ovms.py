"""The OpenVINO Model Server twin: the OpenAI wire under /v3 with its bare errors, KServe's and TensorFlow Serving's.

Source: OVMS documentation, REST API. A release has either /v1/models/{name}:predict or OpenAI's paths under /v1; this
twin has both, so that clients of either can be tried.
"""

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

import orjson

from .answers import Completion, Question, count, digest
from .limits import Verdict
from .openai_audio import OpenAIAudio
from .openai_images import OpenAIImages
from .openai_requests import chat_question, inputs_of, model_of
from .openai_texts import OpenAITexts
from .ovms_kserve import OVMSKServe
from .ovms_models import MODELS
from .ovms_tfs import OVMSServing
from .twin import Answer, Ask, RejectError, Whole, dumps, fields

MAX_INPUTS, MAX_DOCUMENTS = 500, 100
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


class OVMS(OpenAITexts, OpenAIAudio, OpenAIImages, OVMSKServe, OVMSServing):
    """A model server; it wants a key only for the generative API, and only when it was given one."""

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
        media = self.audio_routes() | self.image_routes() | self.text_routes()
        kept = ("completions", "speech", "transcriptions", "translations", "generations", "edits")
        self.routes |= {key: route for key, route in media.items() if key[1].endswith(kept)}
        self.routes |= self.kserve_routes() | self.serving_routes()
        self.routes |= {
            ("POST", "/v3/rerank"): self.rerank,
            ("POST", "/v3/tokenize"): self.tokenize,
            ("GET", "/metrics"): self.metrics,
        }

    def other(self, ask: Ask) -> Answer:
        """Answer as the server does where it has no such path."""
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

    def completions(self, ask: Ask) -> Answer:
        """POST completions: as OpenAI's, without an id."""
        answer = super().completions(ask)
        if isinstance(answer, Whole):
            return replace(answer, body=_nameless(answer.body))
        return replace(answer, frames=[_nameless_event(frame) for frame in answer.frames])

    def speech(self, ask: Ask) -> Answer:
        """POST audio/speech: there is one voice where none is named, and WAV is what it speaks."""
        body = dict(fields(ask, _WORDS[400]))
        return super().speech(replace(ask, body={"voice": "alloy", **body, "response_format": "wav"}))

    def rerank(self, ask: Ask) -> Answer:
        """POST rerank, in Cohere's shape: best first."""
        body = fields(ask, _WORDS[400])
        model, query, documents = model_of(body), body.get("query"), body.get("documents")
        if not isinstance(query, str) or not isinstance(documents, list) or not documents:
            raise RejectError(400, "query and documents fields are required")
        if len(documents) > MAX_DOCUMENTS:
            raise RejectError(400, f"Number of documents exceeds the limit of {MAX_DOCUMENTS}")
        results: list[dict[str, Any]] = []
        for index, text in enumerate(documents):
            noise = digest(self.seed, self.name, model, query, text)
            results.append({"index": index, "relevance_score": int.from_bytes(noise[:2]) / 65_536})
            if body.get("return_documents"):
                results[-1]["document"] = {"text": text}
        results.sort(key=lambda result: -float(result["relevance_score"]))
        return Whole(dumps({"results": results[: body.get("top_n") or len(results)]}))

    def tokenize(self, ask: Ask) -> Answer:
        """POST tokenize: an id for every four bytes begun."""
        body = fields(ask, _WORDS[400])
        model_of(body)
        text = body.get("text")
        if not isinstance(text, str):
            raise RejectError(400, "text field is required")
        raw = text.encode()
        ids = [int.from_bytes(digest(raw[4 * at : 4 * at + 4])[:2]) for at in range(count(text))]
        return Whole(dumps({"tokens": ids[: body.get("max_length") or len(ids)]}))

    def metrics(self, ask: Ask) -> Answer:
        """GET /metrics: Prometheus' text."""
        lines = ["# HELP ovms_requests_success Number of successful requests to a model or a DAG.",
                 "# TYPE ovms_requests_success counter"]  # fmt: skip
        lines += [
            f'ovms_requests_success{{api="KServe",interface="REST",method="ModelInfer",name="{name}",version="1"}} 0'
            for name in MODELS
        ]
        return Whole(("\n".join(lines) + "\n").encode(), media="text/plain; charset=utf-8")

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


def _nameless(body: bytes) -> bytes:
    value = orjson.loads(body)
    value.pop("id", None)
    return dumps(value)


def _nameless_event(frame: bytes) -> bytes:
    head, data = frame[:6], frame[6:].rstrip()
    return frame if data == b"[DONE]" else head + _nameless(data) + b"\n\n"
