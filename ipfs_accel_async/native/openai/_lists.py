"""Lists that come in pages, each page continued after the last object of the one before (OpenAI API, pagination)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipfs_accel_async.errors import ResponseValidationError
from ipfs_accel_async.native._handle import Native

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping


class Listed(Native):
    """A part of a handle whose objects are listed in pages."""

    __slots__ = ()

    async def _each(self, operation: str, query: Mapping[str, Any], **args: Any) -> AsyncIterator[dict[str, Any]]:
        """The objects of all pages, fetched as they are needed.

        Raises:
            ResponseValidationError: A page is no list of objects, or the next one cannot be asked for.
        """
        query = dict(query)
        while True:
            page = await self._call(operation, query=query, **args)
            items = page["data"]
            if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
                raise ResponseValidationError(f"data of {operation} is no list of objects", target=page.target)
            for item in items:
                yield item
            if not page.get("has_more") or not items:
                return
            last = page.get("last_id") or items[-1].get("id")
            if not last or last == query.get("after"):  # it would be the same page for ever
                raise ResponseValidationError(f"{operation} does not say where its next page is", target=page.target)
            query["after"] = last
