"""Lists in pages, deletions and fields, as OpenAI's stored objects have them.

Source: OpenAI API reference, pagination.
"""

from collections.abc import Callable, Iterable
from typing import Any

from .shelf import Shelf
from .twin import Answer, Ask, RejectError, Whole, dumps, fields

Route = Callable[[Ask], Answer]
Routes = dict[tuple[str, str], Route]
MOST = 100


def told(value: Any) -> Whole:
    """Return an object as an answer."""
    return Whole(dumps(value))


def everything(shelf: Shelf) -> list[dict[str, Any]]:
    """Return all objects of a shelf, oldest first."""
    return shelf.page(None, len(shelf))[0]


def paged(ask: Ask, objects: Iterable[dict[str, Any]], *, newest_first: bool = True, limit: int = 20) -> Whole:
    """Return the page that a request asks for with limit, order, after and before.

    Args:
        ask: The request.
        objects: All of them, oldest first.
        newest_first: The order when none is asked for.
        limit: Objects of a page when no number is asked for.

    Raises:
        RejectError: 400, for a limit or order that cannot be.
    """
    found = list(objects)
    order = ask.query.get("order") or ("desc" if newest_first else "asc")
    if order not in ("asc", "desc"):
        raise RejectError(400, f"Invalid value: '{order}'. Supported values are: 'asc' and 'desc'.", param="order")
    if order == "desc":
        found.reverse()
    size = ask.query.get("limit") or str(limit)
    if not size.isdigit() or int(size) < 1:
        raise RejectError(400, "Invalid 'limit': must be an integer of at least 1.", param="limit")
    ids = [one["id"] for one in found]
    after, before = ask.query.get("after"), ask.query.get("before")
    if after in ids:
        found = found[ids.index(after) + 1 :]
    if before in ids:
        found = found[: [one["id"] for one in found].index(before)]
    page = found[: min(int(size), 10_000)]
    return told(
        {
            "object": "list",
            "data": page,
            "first_id": page[0]["id"] if page else "",
            "last_id": page[-1]["id"] if page else "",
            "has_more": len(found) > len(page),
        }
    )


def deleted(shelf: Shelf, key: str, kind: str) -> Whole:
    """Forget an object and say so.

    Raises:
        RejectError: 404, there is none.
    """
    shelf.pop(key)
    return told({"id": key, "object": kind, "deleted": True})


def changed(ask: Ask, found: dict[str, Any], *names: str) -> Whole:
    """Set the named fields of an object to what a request gives."""
    body = asked(ask)
    found |= {name: body[name] for name in names if name in body}
    return told(found)


def asked(ask: Ask) -> dict[str, Any]:
    """Return the body of a request; an absent one is an empty object.

    Raises:
        RejectError: 400, it is no object.
    """
    return fields(ask, "We could not parse the JSON body of your request.") if ask.raw else {}


def needed(body: dict[str, Any], name: str, kind: type = str) -> Any:
    """Return a field that must be there.

    Raises:
        RejectError: 400, it is missing or of another type.
    """
    value = body.get(name)
    if not isinstance(value, kind) or not value:
        message = f"Missing required parameter: '{name}'." if value is None else f"Invalid type or value for '{name}'."
        raise RejectError(400, message, param=name)
    return value
