"""What a twin keeps between requests: objects by id, in the order they came."""

from typing import Any

from .twin import RejectError


class Shelf:
    """Objects of one kind.

    Args:
        kind: What they are, for the message of a missing one.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._objects: dict[str, dict[str, Any]] = {}

    def put(self, key: str, value: dict[str, Any]) -> dict[str, Any]:
        """Keep an object, or replace it."""
        self._objects[key] = value
        return value

    def get(self, key: str) -> dict[str, Any]:
        """Return an object.

        Raises:
            RejectError: 404, there is none.
        """
        found = self._objects.get(key)
        if found is None:
            raise RejectError(404, f"No such {self.kind}: {key}")
        return found

    def pop(self, key: str) -> dict[str, Any]:
        """Return an object and forget it.

        Raises:
            RejectError: 404, there is none.
        """
        found = self.get(key)
        del self._objects[key]
        return found

    def page(self, after: str | None, limit: int) -> tuple[list[dict[str, Any]], bool]:
        """Return up to `limit` objects that came after one, and whether there are more."""
        keys = list(self._objects)
        start = keys.index(after) + 1 if after in self._objects and after is not None else 0
        return [self._objects[key] for key in keys[start : start + limit]], len(keys) > start + limit

    def __contains__(self, key: str) -> bool:
        return key in self._objects

    def __len__(self) -> int:
        return len(self._objects)
