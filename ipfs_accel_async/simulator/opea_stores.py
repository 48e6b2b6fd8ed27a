"""OPEA's stores: conversations, prompts and feedback, kept for each user (GenAIComps)."""

from collections.abc import Callable
from typing import Any

from .twin import Answer, Ask, RejectError, Twin, Whole, dumps

_IDS = {"chathistory": "id", "prompt": "prompt_id", "feedback": "feedback_id"}


class OPEAStores(Twin):
    """Mixed into the OPEA twin."""

    def store_routes(self) -> dict[tuple[str, str], Callable[[Ask], Answer]]:
        """Return the routes of this module."""
        self.kept: dict[tuple[str, str], dict[str, Any]] = {}
        routes: dict[tuple[str, str], Callable[[Ask], Answer]] = {}
        for store in _IDS:
            routes |= {
                ("POST", f"/v1/{store}/create"): self.keep,
                ("POST", f"/v1/{store}/get"): self.kept_of,
                ("POST", f"/v1/{store}/delete"): self.drop,
            }
        return routes

    def keep(self, ask: Ask) -> Answer:
        """POST create: the answer is the id."""
        store, body, user = _read(ask)
        key = str(body.get("id") or self.ident("", ask))
        value = {**body, "user": user, _IDS[store]: key}
        self.kept[store, key] = value
        return Whole(dumps(key))

    def kept_of(self, ask: Ask) -> Answer:
        """POST get: one by its id, or all of a user."""
        store, body, user = _read(ask)
        key = body.get(_IDS[store])
        own = [value for (kind, _), value in self.kept.items() if kind == store and value["user"] == user]
        if key is None:
            words = body.get("prompt_text")
            return Whole(dumps([value for value in own if not words or words in value.get("prompt_text", "")]))
        for value in own:
            if value[_IDS[store]] == key:
                return Whole(dumps(value))
        raise RejectError(500, "")

    def drop(self, ask: Ask) -> Answer:
        """POST delete: whether there was one."""
        store, body, _ = _read(ask)
        return Whole(dumps(self.kept.pop((store, str(body.get(_IDS[store]))), None) is not None))


def _read(ask: Ask) -> tuple[str, dict[str, Any], str]:
    store = ask.path.split("/")[2]
    body = ask.body
    holder = body if isinstance(body, dict) else {}
    for name in ("data", "chat_data"):
        if isinstance(holder.get(name), dict) and "user" in holder[name]:
            holder = {**holder, "user": holder[name]["user"]}
    if not isinstance(holder.get("user"), str):
        raise RejectError(422, "Field required", param="user")
    return store, holder, holder["user"]
