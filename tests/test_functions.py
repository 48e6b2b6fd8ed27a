"""Python functions as tools."""

from __future__ import annotations

import enum
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field

from ipfs_accel_async import ConfigError, Function, ResponseValidationError, Tool
from ipfs_accel_async.functions import functions_of


class Unit(enum.Enum):
    """A unit of temperature."""

    C = "c"
    F = "f"


class Place(BaseModel):
    """Where."""

    city: str
    country: str = ""


def weather(city: str, days: int = 1, unit: Literal["c", "f"] = "c") -> str:  # noqa: D417 - one has no line
    """Tell the weather of a city.

    Args:
        city: Its name,
            in English.
        days (int): How many days ahead.

    Returns:
        A sentence.
    """
    return f"{city} {days} {unit}"


def test_a_tool_is_made_of_signature_and_docstring() -> None:
    """The description is the docstring's first part, each parameter has its own, required are those without default."""
    made = Function(weather).tool
    assert isinstance(made, Tool)
    assert (made.name, made.description) == ("weather", "Tell the weather of a city.")
    assert made.parameters == {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "city": {"type": "string", "description": "Its name, in English."},
            "days": {"type": "integer", "default": 1, "description": "How many days ahead."},
            "unit": {"type": "string", "enum": ["c", "f"], "default": "c"},
        },
        "required": ["city"],
    }


async def test_arguments_are_checked_and_converted() -> None:
    """Models, enums and constraints arrive as the function's own types."""
    seen: list[object] = []

    def look(place: Place, unit: Unit, days: Annotated[int, Field(ge=1)] = 3) -> None:
        seen.extend([place, unit, days])

    await Function(look)('{"place": {"city": "Oslo"}, "unit": "f"}')
    assert seen == [Place(city="Oslo"), Unit.F, 3]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "JSON"),
        ("not json", "JSON"),
        ("[]", "object"),
        ("{}", "city"),
        ('{"city": 7}', "city"),
        ('{"city": "Oslo", "days": "many"}', "days"),
        ('{"city": "Oslo", "where": "x"}', "where"),
    ],
)
async def test_arguments_that_do_not_fit_are_typed(text: str, told: str) -> None:
    """What was wrong, where, and what the model wrote."""
    with pytest.raises(ResponseValidationError, match="weather") as caught:
        await Function(weather)(text)
    assert told in str(caught.value)


async def test_no_arguments_at_all_are_an_empty_object() -> None:
    """Some services send an empty text for a function without parameters."""
    assert await Function(lambda: "now", name="clock")("") == "now"


async def test_an_async_function_is_awaited() -> None:
    """Its result is what the model gets."""

    async def wait(seconds: float) -> float:
        return seconds * 2

    assert await Function(wait)('{"seconds": 1.5}') == 3


def test_what_cannot_be_described_is_refused() -> None:
    """Positional-only and variadic parameters, unknown annotations, bad and double names: ConfigError at once."""

    def positional(a: int, /) -> None: ...

    def variadic(*many: int) -> None: ...

    def unknown(a: Nowhere) -> None: ...  # type: ignore[name-defined]  # noqa: F821

    for function in (positional, variadic, unknown):
        with pytest.raises(ConfigError, match=function.__name__):
            _ = Function(function).tool
    for wrong in (lambda: 1, "text"):
        with pytest.raises(ConfigError, match="name"):
            Function(wrong)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="two functions"):
        functions_of([weather, weather])
    with pytest.raises(ConfigError, match="empty"):
        functions_of([])


def test_name_and_description_may_be_given() -> None:
    """Instead of the function's own."""
    made = Function(weather, name="forecast", description="What comes.").tool
    assert (made.name, made.description) == ("forecast", "What comes.")
