"""Claude's lists in pages (Claude API reference, pagination)."""

from typing import Any

from .twin import Ask, RejectError


def limit_of(ask: Ask) -> int:
    """Return how many items a page may have.

    Raises:
        RejectError: 400, it is none of 1 to 1000.
    """
    try:
        limit = int(ask.query.get("limit", "20"))
    except ValueError:
        limit = 0
    if not 1 <= limit <= 1000:
        raise RejectError(400, "limit: Input should be from 1 to 1000")
    return limit


def page(ask: Ask, items: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the page that is asked for by ``after_id`` and ``before_id``."""
    limit = limit_of(ask)
    names = [item["id"] for item in items]
    if ask.query.get("after_id") in names:
        items = items[names.index(ask.query["after_id"]) + 1 :]
    elif ask.query.get("before_id") in names:
        items = items[: names.index(ask.query["before_id"])]
    shown = items[:limit]
    ends = {"first_id": shown[0]["id"] if shown else None, "last_id": shown[-1]["id"] if shown else None}
    return {"data": shown, "has_more": len(items) > limit, **ends}


def numbered_page(ask: Ask, items: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the page that is asked for by the ``next_page`` of the page before."""
    limit = limit_of(ask)
    told = ask.query.get("page") or "page_0"
    start = int(told.removeprefix("page_")) if told.removeprefix("page_").isdigit() else len(items)
    more = len(items) > start + limit
    return {"data": items[start : start + limit], "next_page": f"page_{start + limit}" if more else None}
