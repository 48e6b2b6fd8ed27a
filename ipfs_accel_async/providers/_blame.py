"""Where in an answer a codec stumbled: Python says of which type a value was, not where in the JSON it stood.

Asked only when an answer could not be read: it is read again, without one value after another, from the last one that
was looked at to the first. The value without which it does not fail, or fails otherwise, is the one.
"""

from __future__ import annotations

import re
from collections.abc import ItemsView, ValuesView
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_HAS_PATH = re.compile(r"\w+(?:\.\w+|\[\d+\])")
MOST = 64
"""Values to try."""
STEPS = 50_000
"""Of all tries together, or little more: what is large must not hold up the loop."""
_WORDS = {dict: "an object", list: "an array", str: "a string", int: "a number", float: "a number"}


class _Trail:
    """The steps so far: a path and what stands there, None where nothing does.

    Args:
        hidden: The path of a value that is left out.
    """

    def __init__(self, hidden: str | None = None) -> None:
        self.steps: list[tuple[str, Any]] = []
        self._hidden = hidden

    def at(self, path: str, value: Any) -> Any:
        """Note a step; an object or an array in place of `value` notes those below it."""
        if path == self._hidden:
            return None
        self.steps.append((path, value))
        if isinstance(value, dict):
            return _Object(value, path, self)
        return _Array(value, path, self) if isinstance(value, list) else value


class _Object(dict[str, Any]):
    def __init__(self, data: dict[str, Any], path: str, trail: _Trail) -> None:
        super().__init__(data)
        self._path, self._trail = path, trail

    def __getitem__(self, name: str) -> Any:
        path = f"{self._path}.{name}" if self._path else str(name)
        if name not in self:
            self._trail.at(path, None)
        return self._trail.at(path, super().__getitem__(name))

    def get(self, name: str, default: Any = None) -> Any:
        """As that of a dictionary."""
        return self[name] if name in self else default  # noqa: SIM401 - this is what it is made of

    def items(self) -> ItemsView[str, Any]:  # type: ignore[override]
        """As those of a dictionary."""
        return ItemsView(self)

    def values(self) -> ValuesView[Any]:  # type: ignore[override]
        """As those of a dictionary."""
        return ValuesView(self)


class _Array(list[Any]):
    def __init__(self, data: list[Any], path: str, trail: _Trail) -> None:
        super().__init__(data)
        self._path, self._trail = path, trail

    def __getitem__(self, place: Any) -> Any:
        return self._trail.at(f"{self._path}[{place}]", super().__getitem__(place))

    def __iter__(self) -> Iterator[Any]:
        return (self[place] for place in range(len(self)))


def blamed(parse: Callable[[Any], object], data: Any, error: Exception) -> str:
    """What is wrong with an answer, and where.

    Args:
        parse: Read it, and failed.
        data: The parsed JSON.
        error: What it failed with.
    """
    said = str(error.args[0]) if error.args else ""
    if _HAS_PATH.match(said):  # the codec has said it itself
        return f"{said!r} is missing" if isinstance(error, KeyError) else said
    trail = _Trail()
    end = _end_of(parse, data, trail)
    name, own, rest = (said, "", "") if isinstance(error, KeyError) else said.partition(" is no ")
    if own or isinstance(error, KeyError):  # the codec has said the last word of the path
        path = next((path for path, _ in reversed(trail.steps) if path.endswith(name)), name)
        return f"{path}{own}{rest}" if own else f"{path!r} is missing"
    steps = dict(reversed(trail.steps))
    tries = min(MOST, STEPS // (len(trail.steps) + 1) + 1)
    without = {path: _end_of(parse, data, _Trail(path)) for path in list(steps)[:tries] if path}
    for path, now in without.items():
        if not now or (steps[path] is None and "NoneType" in said):
            return f"{path} is {_word(steps[path])}"
    path = next((path for path, now in without.items() if now != end), "")
    return f"{path} is {_word(steps[path])}" if path else said


def _end_of(parse: Callable[[Any], object], data: Any, trail: _Trail) -> str:
    """How it fails; empty where it does not."""
    try:
        parse(trail.at("", data))
    except Exception as error:  # noqa: BLE001 - whatever it is, the next one is compared with it
        return repr(error)
    return ""


def _word(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    return next((word for kind, word in _WORDS.items() if isinstance(value, kind)), "of another type")
