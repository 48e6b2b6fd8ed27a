"""OPEA's microservices: language model, guards, speech, vision.

Source: GenAIComps. A text with the word ``violence`` is held back by the guards;
one with an address of e-mail has personal data.
"""

import base64
import re
from collections.abc import Callable, Collection
from typing import Any, ClassVar

from .answers import Question, complete, count, digest, filler, pieces
from .forms import parse_form
from .opea_retrieval import OPEARetrieval, body_of, text_of
from .openai_dialect import DONE, SSE, OpenAIDialect, event
from .synthetic_media import heard, wav
from .twin import Answer, Ask, Frames, RejectError, Whole, dumps

BLOCKED = "violence"
_VIOLATED = "Violated policies: Violent Crimes, please check your input."
_MAIL = re.compile(r"[\w.]+@[\w.]+\w")


class LanguageModel(OpenAIDialect):
    """The model server behind the LLM microservice."""

    name = "opea"
    base_path = "/v1"
    context = 32_768
    strict_json = False

    def authorise(self, ask: Ask) -> None:
        """The service before it did."""

    def failure(self, ask: Ask, reject: RejectError) -> Whole:
        """It is told by the service before it."""
        raise reject

    def error_frames(self, ask: Ask, reject: RejectError) -> list[bytes]:
        """Likewise."""
        raise reject


class OPEAMicro(OPEARetrieval):
    """Mixed into the OPEA twin."""

    model: ClassVar[str] = "meta-llama/Meta-Llama-3-8B-Instruct"

    def __init__(self, seed: int, clock: Callable[[], float], keys: Collection[str] | None) -> None:
        super().__init__(seed, clock, keys)
        self._llm = LanguageModel(seed, clock, None)
        self.routes |= {
            ("POST", f"/v1/{path}"): route
            for path, route in {
                "chat/completions": self.generate,
                "guardrails": self.guard,
                "toxicity": self.guard,
                "bias": self.guard,
                "injection": self.guard,
                "pii": self.pii,
                "factuality": self.factuality,
                "hallucination_detection": self.generate,
                "audio/transcriptions": self.listen,
                "audio/speech": self.speak,
                "lvm": self.see,
            }.items()
        }

    def generate(self, ask: Ask) -> Answer:
        """POST /v1/chat/completions: a chat for `messages`, a completion for `query`, which streams unless told not."""
        body = body_of(ask)
        if "query" not in body:
            messages = body.get("messages")
            if isinstance(messages, str):
                body["messages"] = [{"role": "user", "content": messages}]
            ask.body = {"model": self.model, **body}
            return self._llm.chat(ask)
        answer = complete(
            self.seed, self.name, Question(self.model, text_of(body, "query"), max_tokens=body.get("max_tokens"))
        )
        finish = "length" if answer.finish == "length" else "stop"
        usage = {"prompt_tokens": answer.prompt_tokens, "completion_tokens": answer.completion_tokens}
        usage["total_tokens"] = sum(usage.values())
        base = {"id": self.ident("cmpl-", ask), "object": "text_completion", "created": int(self.clock())}
        base["model"] = body.get("model") or self.model
        if body.get("stream") is False:
            choice = {"index": 0, "text": answer.text, "logprobs": None, "finish_reason": finish}
            return Whole(dumps(base | {"choices": [choice], "usage": usage}), tokens=usage["total_tokens"])
        told = [*((piece, None) for piece in pieces(answer.text)), ("", finish)]
        chunks = [base | {"choices": [{"index": 0, "text": text, "finish_reason": end}]} for text, end in told]
        chunks[-1]["usage"] = usage
        return Frames([*map(event, chunks), DONE], SSE, tokens=usage["total_tokens"])

    def guard(self, ask: Ask) -> Answer:
        """POST /v1/guardrails and its kin: the text as it may pass, or why it may not."""
        body = body_of(ask)
        text = body.get("text") or body.get("query")
        if not isinstance(text, str):
            raise RejectError(422, "Field required", param="text")
        reply: dict[str, Any] = {"id": self.ident("", ask), "text": text}
        if BLOCKED in f"{body.get('prompt') or ''} {text}".lower():
            reply |= {"text": _VIOLATED, "downstream_black_list": [".*"]}
        return Whole(dumps(reply))

    def pii(self, ask: Ask) -> Answer:
        """POST /v1/pii: addresses of e-mail."""
        body = body_of(ask)
        prompt = text_of(body, "prompt")
        found = [{"type": "EMAIL", "start": hit.start(), "end": hit.end()} for hit in _MAIL.finditer(prompt)]
        new = _MAIL.sub("[EMAIL]", prompt) if body.get("replace") else None
        return Whole(dumps({"id": self.ident("", ask), "detected_pii": found or None, "new_prompt": new}))

    def factuality(self, ask: Ask) -> Answer:
        """POST /v1/factuality: the share of the text's words that the reference has."""
        body = body_of(ask)
        known, words = set(text_of(body, "reference").lower().split()), text_of(body, "text").lower().split()
        score = sum(word in known for word in words) / max(1, len(words))
        return Whole(dumps({"id": self.ident("", ask), "score": score}))

    def listen(self, ask: Ask) -> Answer:
        """POST /v1/audio/transcriptions."""
        form = parse_form(ask.headers.get("content-type", ""), ask.raw)
        if "file" not in form or not form["file"][0].data:
            raise RejectError(422, "Field required", param="file")
        data = form["file"][0].data
        words, _ = heard(data)
        return Whole(dumps({"text": words or filler(digest(self.seed, self.name, data.hex()), 0)}))

    def speak(self, ask: Ask) -> Answer:
        """POST /v1/audio/speech: WAV, without a content type that says so."""
        text = text_of(body_of(ask), "input")
        return Whole(wav(text), media="application/octet-stream", tokens=count(text))

    def see(self, ask: Ask) -> Answer:
        """POST /v1/lvm: a sentence on an image."""
        body = body_of(ask)
        image, prompt = text_of(body, "image"), text_of(body, "prompt")
        return Whole(dumps({"id": self.ident("", ask), "text": filler(digest(self.seed, image, prompt), 0)}))


def spoken(text: str) -> bytes:
    """Return speech as AudioQnA writes it: base64 in a JSON string."""
    return dumps(base64.b64encode(wav(text)).decode())
