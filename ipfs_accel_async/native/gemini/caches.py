"""Gemini's cached contents (Gemini API reference, cachedContents)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipfs_accel_async.errors import InvalidRequestError
from ipfs_accel_async.native._handle import given
from ipfs_accel_async.native.gemini._requests import Part, plain_name
from ipfs_accel_async.providers._gemini_address import in_project, model_path
from ipfs_accel_async.types import NOTHING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping

    from ipfs_accel_async.answers import NativeAnswer
    from ipfs_accel_async.conversation import Messages
    from ipfs_accel_async.types import Tool


class Caches(Part):
    """Contents kept at the service; a chat that begins with them names them, ``cachedContent=cache["name"]``."""

    __slots__ = ()

    async def create(
        self,
        model: str,
        messages: Messages,
        *,
        tools: Iterable[Tool | Mapping[str, Any]] = (),
        ttl: float | None = None,
        expire_time: str | None = None,
        display_name: str | None = None,
        **params: Any,
    ) -> NativeAnswer:
        """Keep a conversation's beginning, for one model; ``answer["name"]`` is for chats.

        It lives for `ttl` seconds or until `expire_time` (RFC 3339); an hour where neither is given. `params` such as
        ``toolConfig`` join the body.
        """
        body = self._request(model, messages, tools, NOTHING)
        target = self._target(model, "caches.create")
        resource = in_project(target.endpoint, model_path(target.endpoint, model)[1:])
        own = given(displayName=display_name, **_expiry(ttl, expire_time))
        return await self._call("caches.create", json={"model": resource, **body, **own, **params})

    async def get(self, name: str) -> NativeAnswer:
        """What the service says of a cache: model, tokens, when it expires; not what is in it."""
        return await self._call("caches.get", cache=plain_name("cachedContents", name))

    async def list(self, *, page_size: int | None = None, page_token: str | None = None) -> NativeAnswer:
        """One page of the caches; ``answer.get("nextPageToken")`` is for the next."""
        return await self._call("caches.list", query={"pageSize": page_size, "pageToken": page_token})

    def iterate(self, *, page_size: int | None = None) -> AsyncIterator[dict[str, Any]]:
        """All caches, page by page."""
        return self._pages("caches.list", "cachedContents", page_size)

    async def update(self, name: str, *, ttl: float | None = None, expire_time: str | None = None) -> NativeAnswer:
        """Have a cache live for `ttl` seconds from now, or until `expire_time` (RFC 3339): nothing else can change.

        Raises:
            InvalidRequestError: Neither is given, or both.
        """
        body = _expiry(ttl, expire_time)
        if not body:
            raise InvalidRequestError("pass ttl (seconds) or expire_time: nothing else of a cache can change")
        return await self._call("caches.update", json=body, cache=plain_name("cachedContents", name))

    async def delete(self, name: str) -> NativeAnswer:
        """Delete a cache."""
        return await self._call("caches.delete", cache=plain_name("cachedContents", name))


def _expiry(ttl: float | None, expire_time: str | None) -> dict[str, str]:
    if ttl is not None and expire_time is not None:
        raise InvalidRequestError("pass ttl or expire_time, not both")
    if ttl is None:
        return given(expireTime=expire_time)
    if isinstance(ttl, bool) or not isinstance(ttl, (int, float)) or not 0 < ttl < float("inf"):
        raise InvalidRequestError(f"ttl is seconds above 0, not {ttl!r}")
    return {"ttl": f"{ttl:.9f}".rstrip("0").rstrip(".") + "s"}
