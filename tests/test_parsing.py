"""Replies as typed values."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from ipfs_accel_async import ContentFilteredError, Reply, ResponseValidationError, Target


class Item(BaseModel):
    """A line of an invoice."""

    name: str
    count: int


class Invoice(BaseModel):
    """An invoice."""

    items: list[Item]


def reply(text: str, finish_reason: str = "stop") -> Reply:
    """An answer."""
    return Reply(target=Target("openai", "m"), text=text, finish_reason=finish_reason, request_id="r")


@pytest.mark.parametrize(
    "text",
    [
        '{"items":[{"name":"nut","count":2}]}',
        '```json\n{"items":[{"name":"nut","count":2}]}\n```',
        '\n```\n{"items": [{"name": "nut", "count": 2}]}\n```\n',
    ],
)
def test_a_reply_becomes_a_model(text: str) -> None:
    """Bare, or in the code fence that unforced models put around it."""
    assert reply(text).parse(Invoice) == Invoice(items=[Item(name="nut", count=2)])


def test_any_type_of_pydantics_will_do() -> None:
    """Lists and mappings too."""
    assert reply("[1, 2]").parse(list[int]) == [1, 2]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("I would rather not.", "JSON"),
        ('{"items":[{"name":"nut","count":"many"}]}', r"items\.0\.count"),
        ('{"items":[{"name":"nut"}]}', r"items\.0\.count"),
        ("{}", "items"),
    ],
)
def test_what_does_not_fit_is_typed_with_the_path(text: str, told: str) -> None:
    """The error names the type and the place, and whose answer it was."""
    with pytest.raises(ResponseValidationError, match=f"Invoice.*{told}") as caught:
        reply(text).parse(Invoice)
    assert caught.value.request_id == "r"


def test_an_answer_that_was_cut_says_so() -> None:
    """The likeliest cause of broken JSON is a token limit."""
    with pytest.raises(ResponseValidationError, match="max_tokens"):
        reply('{"items":[', "length").parse(Invoice)


def test_a_withheld_answer_is_visible_as_such() -> None:
    """Not as JSON that does not parse."""
    with pytest.raises(ContentFilteredError):
        reply("", "content_filter").parse(Invoice)
