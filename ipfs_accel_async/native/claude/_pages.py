"""Lists that come in pages: the service's two ways to ask for the next one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipfs_accel_async.errors import ResponseValidationError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from ipfs_accel_async.answers import NativeAnswer


async def items(page: Callable[..., Awaitable[NativeAnswer]], limit: int | None = None) -> AsyncIterator[Any]:
    """Every item of all pages, asked for as they are read.

    Args:
        page: Gives one page; takes `limit` and the cursor, ``page`` or ``after_id``.
        limit: Items a page.

    Raises:
        ResponseValidationError: A page says that it is its own successor.
    """
    cursor: dict[str, str] = {}
    while True:
        answer = await page(limit=limit, **cursor)
        for item in answer["data"]:
            yield item
        following = _cursor(answer)
        if not following:
            return
        if following == cursor:
            message = f"the list does not end: the page after {next(iter(cursor.values()))!r} is itself"
            raise ResponseValidationError(message, target=answer.target, request_id=answer.request_id)
        cursor = following


def _cursor(answer: NativeAnswer) -> dict[str, str]:
    if answer.get("next_page"):
        return {"page": answer["next_page"]}
    return {"after_id": answer["last_id"]} if answer.get("has_more") and answer.get("last_id") else {}
