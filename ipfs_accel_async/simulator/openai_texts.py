"""Completions of texts, and counting of input tokens, as OpenAI serves them.

Source: OpenAI API reference, completions; responses, input tokens.
"""

from collections.abc import Callable
from typing import Any

from .answers import Completion, Question, complete, count, pieces
from .openai_dialect import DONE, SSE, OpenAIDialect, event
from .openai_requests import model_of
from .twin import Answer, Ask, Frames, RejectError, Whole, dumps, fields

_BAD_JSON = "We could not parse the JSON body of your request."


class OpenAITexts(OpenAIDialect):
    """Mixed into twins that complete texts."""

    def text_routes(self) -> dict[tuple[str, str], Callable[[Ask], Answer]]:
        """Return the routes of this module."""
        base = self.base_path
        return {
            ("POST", f"{base}/completions"): self.completions,
            ("POST", f"{base}/responses/input_tokens"): self.input_tokens,
        }

    def complete_question(self, body: dict[str, Any], prompt: str) -> Question:
        """Read what is asked of one prompt."""
        question = Question(model_of(body), prompt)
        wanted = body.get("max_tokens")
        if wanted is not None and (not isinstance(wanted, int) or wanted < 0):
            raise RejectError(400, "Invalid 'max_tokens': must be an integer of at least 0.", param="max_tokens")
        question.max_tokens = 16 if wanted is None else wanted
        stop = body.get("stop") or []
        question.stop = [stop] if isinstance(stop, str) else list(stop)
        if len(question.stop) > 4:
            raise RejectError(400, "Invalid 'stop': at most 4 items are allowed.", param="stop")
        return question

    def completions(self, ask: Ask) -> Answer:
        """POST completions: `n` choices for each prompt."""
        body = fields(ask, _BAD_JSON)
        wanted = 1 if body.get("n") is None else body["n"]
        if not isinstance(wanted, int) or not 1 <= wanted <= 128:
            raise RejectError(400, "Invalid 'n': must be from 1 to 128.", param="n")
        answers: list[Completion] = []
        spent = 0
        for prompt in _prompts(body.get("prompt")):
            spent += count(prompt)
            question = self.complete_question(body, prompt)
            answers += [complete(self.seed + place, self.name, question) for place in range(wanted)]
        written = sum(answer.completion_tokens for answer in answers)
        usage = {"prompt_tokens": spent, "completion_tokens": written, "total_tokens": spent + written}
        base = {
            "id": self.ident("cmpl-", ask),
            "object": "text_completion",
            "created": int(self.clock()),
            "model": model_of(body),
        }
        if not body.get("stream"):
            choices = [_choice(place, answer.text, answer.finish) for place, answer in enumerate(answers)]
            return Whole(dumps(base | {"choices": choices, "usage": usage}), tokens=spent + written)
        chunks = []
        for place, answer in enumerate(answers):
            chunks += [base | {"choices": [_choice(place, piece, "")]} for piece in pieces(answer.text)]
            chunks.append(base | {"choices": [_choice(place, "", answer.finish)]})
        if (body.get("stream_options") or {}).get("include_usage"):
            chunks = [chunk | {"usage": None} for chunk in chunks]
            chunks.append(base | {"choices": [], "usage": usage})
        return Frames([*map(event, chunks), DONE], SSE, tokens=spent + written)

    def input_tokens(self, ask: Ask) -> Answer:
        """POST responses/input_tokens."""
        body = fields(ask, _BAD_JSON)
        model_of(body)
        tokens = sum(count(text) for name in ("input", "instructions", "tools") for text in _texts(body.get(name)))
        return Whole(dumps({"object": "response.input_tokens", "input_tokens": tokens}))


def _prompts(value: Any) -> list[str]:
    match value:
        case str():
            return [value]
        case [int(), *_]:
            return [" ".join(map(str, value))]
        case [_, *_] if all(isinstance(each, str) for each in value):
            return list(value)
    raise RejectError(400, "'prompt' must be a string, an array of strings or of tokens.", param="prompt")


def _choice(index: int, text: str, finish: str) -> dict[str, Any]:
    told = None if not finish else "length" if finish == "length" else "stop"
    return {"text": text, "index": index, "logprobs": None, "finish_reason": told}


def _texts(value: Any) -> list[str]:
    """Return every text in a request's input: the words count, the fields around them do not."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    if isinstance(value, dict):
        keys = ("content", "text", "output", "arguments", "name", "description")
        return [text for key in keys for text in _texts(value.get(key))]
    return []
