"""Frozen dataclasses that are made by plain assignment are in all else what they were."""

from __future__ import annotations

import copy
import inspect
import pickle
from dataclasses import FrozenInstanceError, asdict, dataclass, field, fields, replace
from typing import Any

import pytest

from ipfs_accel_async.answers import Reply
from ipfs_accel_async.call import Call
from ipfs_accel_async.quick import quick
from ipfs_accel_async.types import EmbedRequest, Target


@quick
@dataclass(frozen=True, slots=True)
class Plain:
    """Positional, with each kind of default."""

    first: int
    second: str = "two"
    third: list[int] = field(default_factory=list)


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Named(Plain):
    """Named fields after positional ones."""

    fourth: float = 4.0
    fifth: bool


class Own(Plain):
    """A class of its own, which is no dataclass."""

    __slots__ = ()


def test_it_has_the_fields_that_it_was_given() -> None:
    """By place, by name and by default."""
    made = Plain(1, third=[3])
    assert (made.first, made.second, made.third) == (1, "two", [3])
    assert made == Plain(first=1, second="two", third=[3])
    assert Plain(1).third is not Plain(1).third
    assert Named(1, fifth=True) == Named(first=1, second="two", third=[], fourth=4.0, fifth=True)


@pytest.mark.parametrize("given", [(), (1, "two", [], 4), (1, "two", [], 4, True)])
def test_wrong_arguments_are_refused(given: tuple[Any, ...]) -> None:
    """As many as there are, and those by name that are by name alone."""
    with pytest.raises(TypeError):
        Named(*given)
    with pytest.raises(TypeError):
        Plain(1, fifth=True)  # type: ignore[call-arg]


@pytest.mark.parametrize("kind", [Plain, Own])
def test_it_is_frozen_and_of_its_class(kind: type[Plain]) -> None:
    """From the moment that anybody has it, also one of a class of its own."""
    made = kind(1)
    assert type(made) is kind
    assert type(made).__setattr__ is not object.__setattr__
    with pytest.raises(FrozenInstanceError):
        made.first = 2  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        del made.second
    assert (made.first, made.second, made.third) == (1, "two", [])


def test_it_is_copied_replaced_and_pickled() -> None:
    """As any dataclass."""
    made = Named(1, fifth=True)
    for other in (copy.copy(made), copy.deepcopy(made), pickle.loads(pickle.dumps(made)), replace(made)):
        assert other == made
        assert type(other) is Named
    assert replace(made, second="other").second == "other"
    assert asdict(made) == {"first": 1, "second": "two", "third": [], "fourth": 4.0, "fifth": True}


@pytest.mark.parametrize("kind", [Call, Reply])
def test_its_signature_is_the_same(kind: type) -> None:
    """Editors and help show the parameters with their defaults."""
    shown = inspect.signature(kind).parameters
    assert list(shown) == [one.name for one in fields(kind)]
    assert kind.__init__.__qualname__ == f"{kind.__qualname__}.__init__"  # type: ignore[misc]


def test_those_of_every_call_are_made_so() -> None:
    """And are what they were."""
    target = Target("openai", "m")
    call = Call("embed", target, EmbedRequest(("a",)))
    assert call == Call(operation="embed", target=target, payload=EmbedRequest(("a",)))
    assert call.trace is not Call("embed", target, EmbedRequest(("a",))).trace
    with pytest.raises(FrozenInstanceError):
        call.priority = 0  # type: ignore[misc]


@dataclass(frozen=True, slots=True)
class After:
    """Has more to do than to set its fields."""

    first: int

    def __post_init__(self) -> None:
        """Nothing."""


@dataclass(frozen=True, slots=True)
class Less:
    """One field is no parameter."""

    first: int = field(default=1, init=False)


@pytest.mark.parametrize("kind", [Own, int, After, Less, dataclass(slots=True)(type("Open", (), {}))])
def test_others_are_refused(kind: type) -> None:
    """Classes for which this would not do the same."""
    with pytest.raises(TypeError, match=r"is no frozen, slotted dataclass|is not in __init__"):
        quick(kind)


def test_without_the_lock_nothing_is_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A change of class stops all threads of an interpreter that has no lock."""
    monkeypatch.setattr("ipfs_accel_async.quick._LOCKED", False)
    kind = dataclass(frozen=True, slots=True)(type("Some", (), {"__annotations__": {"first": "int"}}))
    before = kind.__init__  # type: ignore[misc]
    assert quick(kind).__init__ is before  # type: ignore[misc]
