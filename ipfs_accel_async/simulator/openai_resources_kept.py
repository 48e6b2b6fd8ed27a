"""What else the OpenAI twin keeps: chat completions, models, conversations and containers.

Source: OpenAI API reference, chat completions (stored), models, conversations, containers.
"""

from typing import Any

import orjson

from .forms import parse_form
from .openai_requests import model_of
from .openai_resources_files import FileResources
from .openai_resources_items import input_items
from .openai_resources_lists import Routes, asked, changed, deleted, everything, needed, paged, told
from .shelf import Shelf
from .twin import Answer, Ask, RejectError, Twin, Whole


class KeptResources:
    """Completions sent with ``store: true``, conversations, containers; and the models that may be deleted."""

    def __init__(self, twin: Twin, files: FileResources) -> None:
        self._twin, self._files = twin, files
        self._chats, self._said = Shelf("chat completion"), Shelf("messages")
        self._conversations, self._containers = Shelf("conversation"), Shelf("container")
        self._items: dict[str, Shelf] = {}
        self._inside: dict[str, Shelf] = {}
        self._chat = twin.routes["POST", f"{twin.base_path}/chat/completions"]

    def routes(self) -> Routes:
        """Return the table's rows."""
        base = self._twin.base_path
        chats, chat = f"{base}/chat/completions", f"{base}/chat/completions/{{id}}"
        talk, items = f"{base}/conversations/{{id}}", f"{base}/conversations/{{id}}/items"
        box, files = f"{base}/containers/{{id}}", f"{base}/containers/{{id}}/files"
        return {
            ("POST", chats): self.chat,
            ("GET", chats): self.listed,
            ("GET", chat): lambda ask: told(self._chats.get(ask.args["id"])),
            ("POST", chat): lambda ask: changed(ask, self._chats.get(ask.args["id"]), "metadata"),
            ("DELETE", chat): lambda ask: deleted(self._chats, ask.args["id"], "chat.completion.deleted"),
            ("GET", f"{chat}/messages"): self.messages,
            ("GET", f"{base}/models/{{model:path}}"): self.model,
            ("DELETE", f"{base}/models/{{model:path}}"): self.delete_model,
            ("POST", f"{base}/conversations"): self.converse,
            ("GET", talk): lambda ask: told(self._conversations.get(ask.args["id"])),
            ("POST", talk): lambda ask: changed(ask, self._conversations.get(ask.args["id"]), "metadata"),
            ("DELETE", talk): lambda ask: deleted(self._conversations, ask.args["id"], "conversation.deleted"),
            ("POST", items): self.add,
            ("GET", items): lambda ask: paged(ask, everything(self._shelf(ask))),
            ("GET", f"{items}/{{item}}"): lambda ask: told(self._shelf(ask).get(ask.args["item"])),
            ("DELETE", f"{items}/{{item}}"): self.remove,
            ("POST", f"{base}/containers"): self.contain,
            ("GET", f"{base}/containers"): lambda ask: paged(ask, everything(self._containers)),
            ("GET", box): lambda ask: told(self._containers.get(ask.args["id"])),
            ("DELETE", box): lambda ask: deleted(self._containers, ask.args["id"], "container.deleted"),
            ("POST", files): self.put,
            ("GET", files): lambda ask: paged(ask, everything(self._box(ask))),
            ("GET", f"{files}/{{file}}"): lambda ask: told(self._box(ask).get(ask.args["file"])),
            ("DELETE", f"{files}/{{file}}"): lambda ask: deleted(
                self._box(ask), ask.args["file"], "container.file.deleted"
            ),
            ("GET", f"{files}/{{file}}/content"): self.content,
        }

    def chat(self, ask: Ask) -> Answer:
        """POST chat/completions, kept when it is asked for."""
        answer = self._chat(ask)
        if isinstance(answer, Whole) and ask.body.get("store") is True:
            kept = {**orjson.loads(answer.body), "metadata": ask.body.get("metadata") or {}}
            self._chats.put(kept["id"], kept)
            self._said.put(kept["id"], {"messages": ask.body["messages"]})
        return answer

    def listed(self, ask: Ask) -> Answer:
        """GET chat/completions."""
        model = ask.query.get("model")
        wanted = {name[9:-1]: value for name, value in ask.query.items() if name.startswith("metadata[")}
        found = [chat for chat in everything(self._chats) if model in (None, chat["model"])]
        return paged(ask, [chat for chat in found if wanted.items() <= chat["metadata"].items()], newest_first=False)

    def messages(self, ask: Ask) -> Answer:
        """GET chat/completions/{id}/messages."""
        key = self._chats.get(ask.args["id"])["id"]
        said = self._said.get(key)["messages"]
        blank = {"name": None, "content_parts": None, "content": None}
        listed = [{**blank, **message, "id": f"{key}-{i}"} for i, message in enumerate(said)]
        return paged(ask, listed, newest_first=False)

    def model(self, ask: Ask) -> Answer:
        """GET models/{model}."""
        model, now = model_of(ask.args), int(self._twin.clock())
        return told({"id": model, "object": "model", "created": now, "owned_by": "simulator"})

    def delete_model(self, ask: Ask) -> Answer:
        """DELETE models/{model}: one's own only."""
        model = model_of(ask.args)
        if not model.startswith("ft:"):
            raise RejectError(403, "You have insufficient permissions for this operation.")
        return told({"id": model, "object": "model", "deleted": True})

    def converse(self, ask: Ask) -> Answer:
        """POST conversations."""
        body, key = asked(ask), self._twin.ident("conv_", ask)
        self._items[key] = Shelf("item")
        value = {"id": key, "object": "conversation", "created_at": int(self._twin.clock())}
        self._conversations.put(key, {**value, "metadata": body.get("metadata") or {}})
        self._keep(ask, key, body.get("items") or [])
        return told(self._conversations.get(key))

    def add(self, ask: Ask) -> Answer:
        """POST conversations/{id}/items."""
        self._shelf(ask)
        added = self._keep(ask, ask.args["id"], needed(asked(ask), "items", list))
        first, last = added[0]["id"], added[-1]["id"]
        return told({"object": "list", "data": added, "first_id": first, "last_id": last, "has_more": False})

    def remove(self, ask: Ask) -> Answer:
        """DELETE conversations/{id}/items/{item}."""
        self._shelf(ask).pop(ask.args["item"])
        return told(self._conversations.get(ask.args["id"]))

    def contain(self, ask: Ask) -> Answer:
        """POST containers."""
        body, key = asked(ask), self._twin.ident("cntr_", ask)
        self._inside[key] = Shelf("container file")
        value = {
            "id": key,
            "object": "container",
            "created_at": int(self._twin.clock()),
            "status": "running",
            "expires_after": body.get("expires_after") or {"anchor": "last_active_at", "minutes": 20},
            "name": needed(body, "name"),
        }
        return told(self._containers.put(key, value))

    def put(self, ask: Ask) -> Answer:
        """POST containers/{id}/files."""
        box = self._box(ask)
        form = parse_form(ask.headers.get("content-type", ""), ask.raw)
        if "file" not in form:
            raise RejectError(400, "'file' is a required property", param="file")
        part = form["file"][0]
        key = self._files.put(ask, part.filename, "user_data", part.data, "c")["id"]
        value = {
            "id": key,
            "object": "container.file",
            "created_at": int(self._twin.clock()),
            "bytes": len(part.data),
            "container_id": ask.args["id"],
            "path": f"/mnt/data/{part.filename}",
            "source": "user",
        }
        return told(box.put(key, value))

    def content(self, ask: Ask) -> Answer:
        """GET containers/{id}/files/{file}/content."""
        key = self._box(ask).get(ask.args["file"])["id"]
        return Whole(self._files.read(key), media="application/octet-stream")

    def _shelf(self, ask: Ask) -> Shelf:
        return self._items[self._conversations.get(ask.args["id"])["id"]]

    def _box(self, ask: Ask) -> Shelf:
        return self._inside[self._containers.get(ask.args["id"])["id"]]

    def _keep(self, ask: Ask, key: str, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        made = input_items({"input": items}, ask, self._twin) if items else []
        return [self._items[key].put(item["id"], item) for item in made]
