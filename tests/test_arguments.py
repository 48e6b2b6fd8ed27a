"""What callers pass: taken in every form, or refused in one line before anything is sent."""

from __future__ import annotations

import decimal
import math
from typing import Any, Generic, TypeVar

import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async import Client, InvalidRequestError, MockTransport, Priority, Tool
from ipfs_accel_async.arguments import as_priority, as_timeout, chat_request, embed_request
from ipfs_accel_async.types import NOTHING, ResponseFormat

SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}}
T = TypeVar("T")


class Answer(pydantic.BaseModel):
    """A structured answer."""

    n: int


class Box(pydantic.BaseModel, Generic[T]):
    """A structured answer with a type of its own."""

    it: T


def refused(call: Any, *args: Any, **kwargs: Any) -> str:
    """The one line that a call is refused with."""
    with pytest.raises(InvalidRequestError) as caught:
        call(*args, **kwargs)
    message = str(caught.value)
    assert message.isprintable()
    assert isinstance(caught.value, ValueError)
    assert caught.value.__context__ is None or caught.value.__suppress_context__
    return message


BAD_CHATS: list[tuple[dict[str, Any], str]] = [
    *(({"max_tokens": value}, "max_tokens must be a whole number") for value in (-1, 1.5, "5", True, math.nan, [])),
    *(
        ({"temperature": value}, "temperature must be a number")
        for value in (-0.1, math.nan, math.inf, "1", True, [], decimal.Decimal(1))
    ),
    *(({"seed": value}, "seed must be a whole number") for value in (1.5, "5", True, math.nan)),
    *(({"stop": value}, "stop must be a string or a list") for value in (5, [5], [""], ["a", ""], [None], b"x")),
    *(({"tools": value}, "tools ") for value in (5, "search", [5], ["search"], [None], [{"a"}])),
    *(
        ({"response_format": value}, "response_format must be 'json', a JSON schema or a pydantic model class")
        for value in ("xml", "JSON", 5, True, dict, int, Answer(n=1), [SCHEMA], ...)
    ),
    ({"params": {"stream": True}}, "use client.stream(...)"),
    ({"params": {"stream": False}}, "use client.stream(...)"),
]


@pytest.mark.parametrize(("arguments", "says"), BAD_CHATS, ids=repr)
async def test_a_bad_argument_of_a_chat_is_refused(arguments: dict[str, Any], says: str) -> None:
    """By name, in one line; the client's chat and stream refuse the same, and send nothing."""
    assert refused(chat_request, "hi", **arguments).startswith(says) or says in refused(chat_request, "hi", **arguments)
    mock = MockTransport(lambda _: MockTransport.reply({}))
    passed = {**arguments.pop("params", {}), **arguments}
    async with Client(transport=mock) as ai:
        with pytest.raises(InvalidRequestError):
            await ai.chat("vllm:m", "hi", **passed)
        with pytest.raises(InvalidRequestError):
            async with ai.stream("vllm:m", "hi", **passed):
                pass
    assert mock.requests == []


def test_a_plain_chat_has_nothing_but_its_messages() -> None:
    """What is not given stays unset."""
    made = chat_request("hi")
    assert (made.tools, made.tool_choice, made.response_format, made.stop) == ((), None, None, ())
    assert (made.max_tokens, made.temperature, made.seed, made.stream, made.params) == (
        None,
        None,
        None,
        False,
        NOTHING,
    )


@pytest.mark.parametrize("value", [0, 0.0, 1, 1.5, 2])
def test_a_temperature_is_any_number_from_zero(value: float) -> None:
    """Whole or not; services have upper bounds of their own."""
    assert chat_request("hi", temperature=value).temperature == value


@pytest.mark.parametrize(
    ("stop", "kept"),
    [(None, ()), ("", ()), ([], ()), ("END", ("END",)), (["a", "b"], ("a", "b")), (iter("ab"), ("a", "b"))],
)
def test_stop_is_a_string_or_several(stop: Any, kept: tuple[str, ...]) -> None:
    """One string is one place to stop, never its letters."""
    assert chat_request("hi", stop=stop).stop == kept


@pytest.mark.parametrize("form", [list, tuple, iter])
def test_tools_come_in_anything_that_iterates(form: Any) -> None:
    """Values of ours and mappings in the service's own form, in order."""
    tools = (Tool("search", "Searches.", SCHEMA), {"type": "web_search"})
    assert chat_request("hi", tools=form(list(tools))).tools == tools


@pytest.mark.parametrize("tool", [Tool("search"), {"type": "web_search"}])
def test_one_tool_needs_no_list(tool: Any) -> None:
    """A single tool is taken as the only one; None as none."""
    assert chat_request("hi", tools=tool).tools == (tool,)
    assert chat_request("hi", tools=None).tools == ()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "made"),
    [
        (None, None),
        ("text", None),
        ("json", ResponseFormat()),
        (ResponseFormat(SCHEMA, "n"), ResponseFormat(SCHEMA, "n")),
        (SCHEMA, ResponseFormat(SCHEMA)),
        ({"type": "json_object"}, {"type": "json_object"}),
        ({"type": "json_schema", "json_schema": {}}, {"type": "json_schema", "json_schema": {}}),
        ({"type": "object"}, ResponseFormat({"type": "object"})),
        ({"type": "text", "properties": {}}, ResponseFormat({"type": "text", "properties": {}})),
        (Answer, ResponseFormat(Answer.model_json_schema(), "Answer")),
        (Box[int], ResponseFormat(Box[int].model_json_schema(), "Box_int_")),
    ],
)
def test_a_response_format_is_taken_in_every_form(given: Any, made: Any) -> None:
    """A word, a schema, a pydantic class, or the service's own mapping untouched; names fit what services allow."""
    assert chat_request("hi", response_format=given).response_format == made


def test_the_streams_of_a_client_ask_for_one() -> None:
    """The payload knows whether a stream was asked for."""
    assert chat_request("hi", stream=True).stream


@pytest.mark.parametrize(
    ("texts", "kept"), [("a", ("a",)), (["a", "b"], ("a", "b")), (("a",), ("a",)), (iter(["a"]), ("a",)), (" ", (" ",))]
)
def test_texts_are_one_or_many(texts: Any, kept: tuple[str, ...]) -> None:
    """One string is one text, never its letters."""
    assert embed_request(texts, {"dimensions": 8}).texts == kept


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        ([], "texts is empty"),
        (iter(()), "texts is empty"),
        ("", "texts[0] is empty"),
        (["a", ""], "texts[1] is empty"),
        (["a", None], "texts[1] is NoneType"),
        ([5], "texts[0] is int"),
        ([["a"]], "texts[0] is list"),
        (b"ab", "texts[0] is int"),
        (None, "texts must be a string or a list of strings, not NoneType"),
        (5, "texts must be a string or a list of strings, not int"),
        ({"a": "b"}, "texts must be a string or a list of strings, not dict"),
    ],
)
async def test_texts_that_cannot_be_embedded_are_refused(texts: Any, says: str) -> None:
    """The position is named where there is one; nothing is sent."""
    mock = MockTransport(lambda _: MockTransport.reply({}))
    async with Client(transport=mock) as ai:
        with pytest.raises(InvalidRequestError) as caught:
            await ai.embed("vllm:m", texts)
    assert caught.value.message.startswith(says)
    assert mock.requests == []


@given(st.lists(st.text(min_size=1), min_size=1))
def test_texts_keep_their_order_and_content(texts: list[str]) -> None:
    """Whatever characters they are made of."""
    assert embed_request(texts, {}).texts == tuple(texts)


@pytest.mark.parametrize(
    ("given", "priority"),
    [(level, level) for level in Priority]
    + [(level.value, level) for level in Priority]
    + [(name, level) for level in Priority for name in (level.name, level.name.lower(), level.name.title())],
)
def test_a_priority_is_given_by_value_or_name(given: Any, priority: Priority) -> None:
    """HIGH, 0 and "high" are one."""
    assert as_priority(given) is priority


@pytest.mark.parametrize(
    "value", [-1, 3, 1.5, math.nan, True, False, None, "", "urgent", "0", [], {}, b"HIGH", object()]
)
async def test_what_is_no_priority_is_refused(value: Any) -> None:
    """The error lists the three; nothing is sent."""
    assert refused(as_priority, value).startswith("priority must be HIGH (0), NORMAL (1) or LOW (2), not ")
    mock = MockTransport(lambda _: MockTransport.reply({}))
    async with Client(transport=mock) as ai:
        with pytest.raises(InvalidRequestError):
            await ai.chat("vllm:m", "hi", priority=value)
    assert mock.requests == []


@pytest.mark.parametrize("value", [0.001, 1, 5.5, 86_400, 1e9])
def test_a_timeout_is_a_number_of_seconds(value: float) -> None:
    """It comes back as a float."""
    made = as_timeout(value)
    assert made == value
    assert isinstance(made, float)


@pytest.mark.parametrize(
    "value", [0, -1, -0.0, math.nan, math.inf, -math.inf, True, False, "5", [], 1e10, 10**400, decimal.Decimal(5), 1j]
)
async def test_what_is_no_timeout_is_refused(value: Any) -> None:
    """Nothing, less than nothing, no number, or no end; nothing is sent."""
    assert refused(as_timeout, value).startswith("timeout must be a number of seconds above 0, not ")
    mock = MockTransport(lambda _: MockTransport.reply({}))
    async with Client(transport=mock) as ai:
        with pytest.raises(InvalidRequestError):
            await ai.chat("vllm:m", "hi", timeout=value)
    assert mock.requests == []
