"""Conversations, names and pages as Gemini's own operations want them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipfs_accel_async.arguments import chat_request
from ipfs_accel_async.call import Call
from ipfs_accel_async.errors import InvalidRequestError, ResponseValidationError
from ipfs_accel_async.native._handle import Native
from ipfs_accel_async.types import NOTHING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping

    from ipfs_accel_async.conversation import Messages
    from ipfs_accel_async.types import Target, Tool


def plain_model(model: str) -> str:
    """A model's name without its collection: the path has that itself."""
    return model.removeprefix("models/")


def plain_name(collection: str, name: str) -> str:
    """A resource's name without its collection: ``files/x`` and ``x`` are the same.

    Raises:
        InvalidRequestError: It is no text.
    """
    if not isinstance(name, str):
        raise InvalidRequestError(f"a name in {collection} is a string such as '{collection}/x', not {name!r:.60}")
    return name.rpartition(f"{collection}/")[2]


class Part(Native):
    """Gemini's handle, and each of its parts."""

    __slots__ = ()

    def _target(self, model: str, operation: str) -> Target:
        """Where calls go: some bodies name their own project."""
        bound = self._bound
        return bound.engine.provider(bound.provider).target(plain_model(model), operation, bound.endpoint)

    def _request(
        self,
        model: str,
        messages: Messages,
        tools: Iterable[Tool | Mapping[str, Any]] = (),
        params: Mapping[str, Any] = NOTHING,
    ) -> dict[str, Any]:
        """A conversation as the body of a chat with it.

        Raises:
            InvalidRequestError: Something that this API has no word for.
        """
        call = Call("chat", self._target(model, "chat"), chat_request(messages, tools=tools, params=params))
        return self._codec.build_body(call) or {}

    def _content(self, messages: Messages) -> dict[str, Any]:
        """Messages as one content.

        Raises:
            InvalidRequestError: They are a conversation, which has several.
        """
        body = self._request("", messages)
        if len(body["contents"]) != 1 or len(body) != 1:
            raise InvalidRequestError("this takes one user message, not a conversation")
        return body["contents"][0]  # type: ignore[no-any-return]

    async def _pages(self, operation: str, field: str, page_size: int | None) -> AsyncIterator[dict[str, Any]]:
        """The objects of all pages of a list, fetched as they are needed; an empty list has no field at all.

        Raises:
            ResponseValidationError: A page is no list of objects.
        """
        token: str | None = None
        while True:
            page = await self._call(operation, query={"pageSize": page_size, "pageToken": token})
            items = page.get(field) or []
            if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
                raise ResponseValidationError(f"{field} of {operation} is no list of objects", target=page.target)
            for item in items:
                yield item
            following = page.get("nextPageToken")
            if not following or following == token:  # the same page for ever
                return
            token = following
