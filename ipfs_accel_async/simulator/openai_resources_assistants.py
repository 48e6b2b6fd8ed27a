"""Assistants, threads and messages of the OpenAI twin.

Source: OpenAI API reference, assistants v2. The vendor has switched them off; the twin serves them as others still do.
"""

from typing import Any

from .openai_requests import model_of
from .openai_resources_lists import Routes, asked, changed, deleted, everything, needed, paged, told
from .shelf import Shelf
from .twin import Answer, Ask, RejectError, Twin

_FIELDS = (
    "model", "name", "description", "instructions", "tools", "tool_resources", "metadata", "temperature", "top_p",
    "response_format",
)  # fmt: skip


class AssistantResources:
    """Assistants and the threads that they run over."""

    def __init__(self, twin: Twin) -> None:
        self._twin = twin
        self.assistants, self.threads = Shelf("assistant"), Shelf("thread")
        self._messages: dict[str, Shelf] = {}

    def routes(self) -> Routes:
        """Return the table's rows."""
        base = self._twin.base_path
        assistant, thread = f"{base}/assistants/{{id}}", f"{base}/threads/{{id}}"
        messages = f"{base}/threads/{{thread}}/messages"
        message = f"{messages}/{{message}}"
        rows: Routes = {
            ("POST", f"{base}/assistants"): self.create,
            ("GET", f"{base}/assistants"): lambda ask: paged(ask, everything(self.assistants)),
            ("GET", assistant): lambda ask: told(self.assistants.get(ask.args["id"])),
            ("POST", assistant): lambda ask: changed(ask, self.assistants.get(ask.args["id"]), *_FIELDS),
            ("DELETE", assistant): lambda ask: deleted(self.assistants, ask.args["id"], "assistant.deleted"),
            ("POST", f"{base}/threads"): lambda ask: told(self.thread(ask, asked(ask))),
            ("GET", thread): lambda ask: told(self.threads.get(ask.args["id"])),
            ("POST", thread): lambda ask: changed(ask, self.threads.get(ask.args["id"]), "metadata", "tool_resources"),
            ("DELETE", thread): lambda ask: deleted(self.threads, ask.args["id"], "thread.deleted"),
            ("POST", messages): lambda ask: told(self.say(ask, ask.args["thread"], asked(ask))),
            ("GET", messages): self.listed,
            ("GET", message): lambda ask: told(self._message(ask)),
            ("POST", message): lambda ask: changed(ask, self._message(ask), "metadata"),
            ("DELETE", message): self.unsay,
        }
        return {key: beta(route) for key, route in rows.items()}

    def create(self, ask: Ask) -> Answer:
        """POST assistants."""
        body = asked(ask)
        model_of(body)
        key = self._twin.ident("asst_", ask)
        value = {name: body.get(name) for name in _FIELDS}
        value |= {"tools": body.get("tools") or [], "metadata": body.get("metadata") or {}}
        value |= {"temperature": body.get("temperature", 1.0), "top_p": body.get("top_p", 1.0)}
        value |= {"tool_resources": body.get("tool_resources") or {}}
        value["response_format"] = body.get("response_format") or "auto"
        card = {"id": key, "object": "assistant", "created_at": int(self._twin.clock()), **value}
        return told(self.assistants.put(key, card))

    def thread(self, ask: Ask, body: dict[str, Any]) -> dict[str, Any]:
        """Make a thread with its first messages."""
        key = self._twin.ident("thread_", ask)
        self._messages[key] = Shelf("message")
        value = {
            "id": key,
            "object": "thread",
            "created_at": int(self._twin.clock()),
            "tool_resources": body.get("tool_resources") or {},
            "metadata": body.get("metadata") or {},
        }
        self.threads.put(key, value)
        for message in body.get("messages") or ():
            self.say(ask, key, message)
        return value

    def messages(self, thread: str) -> list[dict[str, Any]]:
        """Return what was said in a thread, oldest first.

        Raises:
            RejectError: 404, there is no such thread.
        """
        return everything(self._messages[self.threads.get(thread)["id"]])

    def say(self, ask: Ask, thread: str, body: dict[str, Any], *, run: dict[str, Any] | None = None) -> dict[str, Any]:
        """Add a message, the user's or a run's.

        Raises:
            RejectError: 400 or 404, as the service words it.
        """
        shelf = self._messages[self.threads.get(thread)["id"]]
        if body.get("role") not in ("user", "assistant"):
            raise RejectError(400, f"Invalid value: '{body.get('role')}'.", param="role")
        content = body.get("content")
        if isinstance(content, str):
            content = [{"type": "text", "text": {"value": content, "annotations": []}}]
        else:
            content = [_part(part) for part in needed(body, "content", list)]
        key, now = self._twin.ident(f"msg_{len(shelf)}_", ask), int(self._twin.clock())
        value = {
            "id": key,
            "object": "thread.message",
            "created_at": now,
            "thread_id": thread,
            "status": "completed",
            "incomplete_details": None,
            "completed_at": now,
            "incomplete_at": None,
            "role": body["role"],
            "content": content,
            "assistant_id": run and run["assistant_id"],
            "run_id": run and run["id"],
            "attachments": body.get("attachments") or [],
            "metadata": body.get("metadata") or {},
        }
        return shelf.put(key, value)

    def listed(self, ask: Ask) -> Answer:
        """GET threads/{thread}/messages."""
        wanted = ask.query.get("run_id")
        return paged(ask, [one for one in self.messages(ask.args["thread"]) if wanted in (None, one["run_id"])])

    def unsay(self, ask: Ask) -> Answer:
        """DELETE threads/{thread}/messages/{message}."""
        shelf = self._messages[self.threads.get(ask.args["thread"])["id"]]
        return deleted(shelf, ask.args["message"], "thread.message.deleted")

    def _message(self, ask: Ask) -> dict[str, Any]:
        return self._messages[self.threads.get(ask.args["thread"])["id"]].get(ask.args["message"])


def beta(route: Any) -> Any:
    """Want the header that this API is asked for with."""

    def checked(ask: Ask) -> Answer:
        if ask.headers.get("openai-beta") != "assistants=v2":
            message = "You must provide the 'OpenAI-Beta' header to access the Assistants API: 'assistants=v2'."
            raise RejectError(400, message, code="invalid_beta")
        answer: Answer = route(ask)
        return answer

    return checked


def _part(part: Any) -> dict[str, Any]:
    match part:
        case {"type": "text", "text": str(text)}:
            return {"type": "text", "text": {"value": text, "annotations": []}}
        case {"type": "image_url" | "image_file"}:
            return dict(part)
    raise RejectError(400, "Invalid content part.", param="content")
