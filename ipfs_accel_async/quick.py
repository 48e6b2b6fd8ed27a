"""Frozen dataclasses that are made as fast as others: several are, for each call and each piece of a stream."""

from __future__ import annotations

import sys
from dataclasses import MISSING, fields
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from dataclasses import Field

Kind = TypeVar("Kind")

_ABSENT = object()
_LOCKED = getattr(sys, "_is_gil_enabled", lambda: True)()


def quick(kind: type[Kind]) -> type[Kind]:
    """Let a frozen, slotted dataclass set its fields by plain assignment while it is made.

    What ``dataclass(frozen=True)`` writes calls ``object.__setattr__`` for each field, which is most of the time that
    making a value takes. Here the new object is of an unfrozen class with the same layout until its fields are set;
    nobody else has it before. Where a change of class is costly, as without the interpreter's lock, all stays as it is.

    Args:
        kind: The dataclass; without ``__post_init__``, and every field in its ``__init__``.

    Raises:
        TypeError: It is of another kind.
    """
    params = vars(kind).get("__dataclass_params__")
    if params is None or not params.frozen or "__slots__" not in vars(kind) or hasattr(kind, "__post_init__"):
        raise TypeError(f"{kind.__name__} is no frozen, slotted dataclass without __post_init__")
    if _LOCKED:
        unfrozen = {"__slots__": (), "__setattr__": object.__setattr__, "__delattr__": object.__delattr__}
        made = _init(fields(kind), kind, type(kind.__name__, (kind,), unfrozen))  # type: ignore[arg-type]
        kind.__init__ = wraps(kind.__init__)(made)  # type: ignore[method-assign]
    return kind


def _init(found: tuple[Field[Any], ...], kind: type, unfrozen: type) -> Any:
    """An ``__init__`` of the same parameters."""
    known: dict[str, Any] = {"kind": kind, "unfrozen": unfrozen, "put": object.__setattr__, "absent": _ABSENT}
    heads: dict[bool, list[str]] = {False: [], True: []}
    factories = []
    for one in found:
        name = one.name
        if not one.init:
            raise TypeError(f"{kind.__name__}.{name} is not in __init__")
        head = name
        if one.default is not MISSING:
            known[f"default_{name}"] = one.default
            head = f"{name}=default_{name}"
        elif one.default_factory is not MISSING:
            known[f"make_{name}"] = one.default_factory
            head = f"{name}=absent"
            factories.append(f"    if {name} is absent:\n        {name} = make_{name}()")
        heads[bool(one.kw_only)].append(head)
    lines = [
        f"def __init__({', '.join(['self', *heads[False], *(['*', *heads[True]] if heads[True] else [])])}):",
        *factories,
        "    if self.__class__ is not kind:  # of a class of its own",
        *(f"        put(self, {one.name!r}, {one.name})" for one in found),
        "        return",
        "    put(self, '__class__', unfrozen)",
        *(f"    self.{one.name} = {one.name}" for one in found),
        "    self.__class__ = kind",
    ]
    exec("\n".join(lines), known)  # noqa: S102 - as dataclasses do: of names of fields, which are identifiers
    return known["__init__"]
