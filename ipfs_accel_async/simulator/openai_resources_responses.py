"""Responses of the OpenAI twin: created, streamed, in the background, stored, continued, counted.

Source: OpenAI API reference, responses.
"""

from typing import Any

from .answers import Completion, complete
from .openai_resources_events import frames_of
from .openai_resources_items import input_items, output_items, question_of
from .openai_resources_lists import Routes, asked, paged, told
from .shelf import Shelf
from .twin import Answer, Ask, Frames, RejectError, Twin, Whole

SSE = "text/event-stream; charset=utf-8"
_ECHOED = ("instructions", "max_output_tokens", "previous_response_id", "metadata")


class ResponseResources:
    """The responses of a twin, by id; those made with ``store: false`` are forgotten at once."""

    def __init__(self, twin: Twin) -> None:
        self._twin = twin
        self._responses = Shelf("response")
        self._items: dict[str, list[dict[str, Any]]] = {}

    def routes(self) -> Routes:
        """Return the table's rows."""
        path = f"{self._twin.base_path}/responses"
        one = f"{path}/{{id}}"
        return {
            ("POST", path): self.create,
            ("POST", f"{path}/compact"): self.compact,
            ("POST", f"{path}/input_tokens"): self.count,
            ("GET", one): self.get,
            ("DELETE", one): self.delete,
            ("POST", f"{one}/cancel"): self.cancel,
            ("GET", f"{one}/input_items"): self.list_items,
        }

    def create(self, ask: Ask) -> Answer:
        """POST responses."""
        body = asked(ask)
        if body.get("background") and body.get("store") is False:
            raise RejectError(400, "Background responses must be stored.", param="store")
        earlier = self._earlier(body)
        question = question_of(body, earlier)
        answer = complete(self._twin.seed, self._twin.name, question)
        response = self._response(ask, body, question.model, answer)
        own = input_items(body, ask, self._twin)
        if body.get("store") is not False:
            self._responses.put(response["id"], response)
            self._items[response["id"]] = [*earlier, *own]
        if body.get("stream"):
            return Frames(frames_of(response, 0), SSE, tokens=response["usage"]["total_tokens"])
        if body.get("background"):
            response["status"] = "queued"
            return told({**response, "output": [], "usage": None, "completed_at": None})
        return Whole(told(response).body, tokens=response["usage"]["total_tokens"])

    def get(self, ask: Ask) -> Answer:
        """GET responses/{id}; a queued one is in progress at the first look and done at the second."""
        response = self._responses.get(ask.args["id"])
        if ask.query.get("stream") == "true":
            response["status"] = _ended(response)
            return Frames(frames_of(response, int(ask.query.get("starting_after") or -1) + 1), SSE)
        if response["status"] == "queued":
            response["status"] = "in_progress"
            return told({**response, "output": [], "usage": None, "completed_at": None})
        if response["status"] == "in_progress":
            response["status"] = _ended(response)
        return told(response)

    def delete(self, ask: Ask) -> Answer:
        """DELETE responses/{id}."""
        key = ask.args["id"]
        self._responses.pop(key)
        return told({"id": key, "object": "response", "deleted": True})

    def cancel(self, ask: Ask) -> Answer:
        """POST responses/{id}/cancel."""
        response = self._responses.get(ask.args["id"])
        if not response["background"]:
            raise RejectError(400, "Cannot cancel a synchronous response.")
        if response["status"] in ("queued", "in_progress"):
            response |= {"status": "cancelled", "output": [], "usage": None}
        return told(response)

    def compact(self, ask: Ask) -> Answer:
        """POST responses/compact: the last item, and the others as one that only the service can read."""
        body = asked(ask)
        question = question_of(body, self._earlier(body))
        own = input_items(body, ask, self._twin)
        sealed = {
            "id": self._twin.ident("cmp_", ask),
            "type": "compaction",
            "encrypted_content": self._twin.ident("sealed-", ask),
        }
        usage = _usage(Completion(prompt_tokens=question.tokens))
        key, now = self._twin.ident("resp_", ask), int(self._twin.clock())
        output = [*own[-1:], sealed]
        return told({"id": key, "object": "response.compaction", "created_at": now, "output": output, "usage": usage})

    def count(self, ask: Ask) -> Answer:
        """POST responses/input_tokens."""
        body = asked(ask)
        question = question_of(body, self._earlier(body))
        return told({"object": "response.input_tokens", "input_tokens": question.tokens})

    def list_items(self, ask: Ask) -> Answer:
        """GET responses/{id}/input_items."""
        key = self._responses.get(ask.args["id"])["id"]
        return paged(ask, self._items[key])

    def _earlier(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        key = body.get("previous_response_id")
        if key is None:
            return []
        if key not in self._responses:
            message = f"Previous response with id '{key}' not found."
            raise RejectError(400, message, code="previous_response_not_found", param="previous_response_id")
        return [*self._items[key], *self._responses.get(key)["output"]]

    def _response(self, ask: Ask, body: dict[str, Any], model: str, answer: Completion) -> dict[str, Any]:
        cut, now = answer.finish == "length", int(self._twin.clock())
        return {
            "id": self._twin.ident("resp_", ask),
            "object": "response",
            "created_at": now,
            "status": "incomplete" if cut else "completed",
            "background": bool(body.get("background")),
            "completed_at": None if cut else now,
            "error": None,
            "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
            "model": model,
            "output": output_items(answer, ask, self._twin),
            "parallel_tool_calls": body.get("parallel_tool_calls", True),
            "temperature": body.get("temperature", 1.0),
            "text": body.get("text") or {"format": {"type": "text"}},
            "tool_choice": body.get("tool_choice") or "auto",
            "tools": body.get("tools") or [],
            "top_p": body.get("top_p", 1.0),
            "truncation": body.get("truncation") or "disabled",
            "usage": _usage(answer),
            **{name: body.get(name) for name in _ECHOED},
            "metadata": body.get("metadata") or {},
        }


def _ended(response: dict[str, Any]) -> str:
    return "incomplete" if response["incomplete_details"] else "completed"


def _usage(answer: Completion) -> dict[str, Any]:
    return {
        "input_tokens": answer.prompt_tokens,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": answer.completion_tokens,
        "output_tokens_details": {"reasoning_tokens": answer.thinking_tokens},
        "total_tokens": answer.prompt_tokens + answer.completion_tokens,
    }
