"""Cached contents of the Gemini twin.

Source: Gemini API reference: cachedContents.
"""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from .gemini_answers import page
from .gemini_files import stamp
from .gemini_requests import read
from .shelf import Shelf
from .twin import Answer, Ask, RejectError, Whole, dumps, fields

LEAST_TOKENS = 1024
_NO_JSON = "Invalid JSON payload received."
_ALL = 1_000_000
_TTL = 3600.0
_PROJECT = "/{version}/projects/{project}/locations/{location}"


class Caches:
    """Contents kept for chats that begin alike.

    Args:
        clock: Wall clock.
        ident: Makes ids.
    """

    def __init__(self, clock: Callable[[], float], ident: Callable[[str, Ask], str]) -> None:
        self._clock, self._ident = clock, ident
        self._caches = Shelf("cached content")

    def routes(self) -> dict[tuple[str, str], Callable[[Ask], Answer]]:
        """What it serves, also below a project."""
        found: dict[tuple[str, str], Callable[[Ask], Answer]] = {}
        for root in ("/{version}", _PROJECT):
            path, one = f"{root}/cachedContents", f"{root}/cachedContents/{{cache}}"
            found |= {("POST", path): self.create, ("GET", path): self.list, ("GET", one): self.get}
            found |= {("PATCH", one): self.update, ("DELETE", one): self.delete}
        return found

    def create(self, ask: Ask) -> Answer:
        """POST cachedContents."""
        body = fields(ask, _NO_JSON)
        model, now = body.get("model"), self._clock()
        if not isinstance(model, str) or "models/" not in model:
            raise RejectError(400, "* CreateCachedContentRequest.cached_content.model: model is not specified")
        held = {name: value for name, value in body.items() if name not in {"ttl", "expireTime", "displayName"}}
        tokens = read(held, model.rpartition("models/")[2]).tokens
        if tokens < LEAST_TOKENS:
            fault = f"Cached content is too small. total_token_count={tokens}, min_total_token_count={LEAST_TOKENS}"
            raise RejectError(400, fault)
        shown = {
            "name": f"cachedContents/{self._ident('', ask)}",
            "model": model,
            **({"displayName": body["displayName"]} if "displayName" in body else {}),
            "createTime": stamp(now),
            "updateTime": stamp(now),
            "expireTime": stamp(self._expiry(body)),
            "usageMetadata": {"totalTokenCount": tokens},
        }
        return Whole(dumps(self._caches.put(shown["name"], shown)))

    def list(self, ask: Ask) -> Answer:
        """GET cachedContents."""
        return page(ask, "cachedContents", self._caches.page(None, _ALL)[0])

    def get(self, ask: Ask) -> Answer:
        """GET cachedContents/{cache}."""
        return Whole(dumps(self._find(f"cachedContents/{ask.args['cache']}")))

    def update(self, ask: Ask) -> Answer:
        """PATCH cachedContents/{cache}."""
        found, body = self._find(f"cachedContents/{ask.args['cache']}"), fields(ask, _NO_JSON)
        if not body.keys() & {"ttl", "expireTime"}:
            raise RejectError(400, "Only ttl and expire_time can be updated.")
        found |= {"expireTime": stamp(self._expiry(body)), "updateTime": stamp(self._clock())}
        return Whole(dumps(found))

    def delete(self, ask: Ask) -> Answer:
        """DELETE cachedContents/{cache}."""
        self._caches.pop(self._find(f"cachedContents/{ask.args['cache']}")["name"])
        return Whole(b"{}")

    def tokens(self, name: Any, model: str) -> int:
        """How many tokens a chat has by naming a cache.

        Raises:
            RejectError: There is none of that name, or it is for another model.
        """
        if name is None:
            return 0
        found = self._find(f"cachedContents/{str(name).rpartition('cachedContents/')[2]}")
        if found["model"].rpartition("models/")[2] != model:
            fault = f"Model used by GenerateContent request ({model}) and CachedContent must be the same."
            raise RejectError(400, fault)
        return int(found["usageMetadata"]["totalTokenCount"])

    def _find(self, name: str) -> dict[str, Any]:
        if name not in self._caches:
            raise RejectError(403, "CachedContent not found (or permission denied)")
        return self._caches.get(name)

    def _expiry(self, body: dict[str, Any]) -> float:
        ttl, moment = body.get("ttl"), body.get("expireTime")
        if moment is not None:
            try:
                return datetime.fromisoformat(moment).timestamp()
            except ValueError:
                raise RejectError(400, f"Invalid value at 'cached_content.expire_time': {moment!r}") from None
        if ttl is not None and not re.fullmatch(r"\d+(\.\d+)?s", str(ttl)):
            raise RejectError(400, f"Invalid value at 'cached_content.ttl': {ttl!r}")
        return self._clock() + (_TTL if ttl is None else float(str(ttl)[:-1]))
