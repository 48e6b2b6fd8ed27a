"""Group A: requests that several calls share, and what services make of them."""

from __future__ import annotations

import asyncio
import math
from base64 import b64encode
from struct import pack
from typing import Any

import pytest

from ipfs_accel_async import Client
from ipfs_accel_async.errors import (
    BadRequestError,
    ContentFilteredError,
    ResponseValidationError,
)
from tests.answering import JSON, error_body
from tests.embedding_server import EmbeddingServer, right
from tests.faults.scenarios import scenario

N = 32
EXTRA = 2 * int(math.log2(N)) + 1


async def embed(ai: Client, texts: list[str], **more: Any) -> list[Any]:
    """A call a text, all at once; errors in their places."""
    return await asyncio.gather(*(ai.embed("openai:m", text, **more) for text in texts), return_exceptions=True)


def texts(*poison: int, count: int = N) -> list[str]:
    """Texts, some of which the service refuses."""
    return [f"{'poison' if place in poison else 'text'} {place}" for place in range(count)]


@scenario("A01", "H12")
@pytest.mark.parametrize("status", [400, 413, 422])
@pytest.mark.parametrize("bad", range(0, N, 3))
async def test_one_text_that_is_refused_fails_alone(bad: int, status: int) -> None:
    """The request is halved until it is found: 31 get their vectors, one the service's own error, few are asked."""
    server = EmbeddingServer(refuses=status)
    async with server.client() as ai:
        made = await embed(ai, texts(bad))
        assert ai.report()["retries"]["total"] == 0
    error = made.pop(bad)
    assert isinstance(error, BadRequestError)
    assert (error.status, error.code) == (status, "bad_input")
    assert "input[0]" in error.message  # it was alone in its last request
    good = [text for text in texts(bad) if "poison" not in text]
    assert all(right(answer, "m", text) for answer, text in zip(made, good, strict=True))
    assert len(server.asked) - 1 <= EXTRA


@scenario("A01")
async def test_a_refusal_for_content_is_one_texts_own() -> None:
    """A filter's refusal of one text keeps its type and is not routed around by the others."""

    def spoil(body: dict[str, Any], good: dict[str, Any]) -> Any:
        if not any("bad" in text for text in body["input"]):
            return good
        return server.mock.reply(error_body("refused", "content_filter"), status=400, headers=JSON)

    server = EmbeddingServer(spoil=spoil)
    async with server.client() as ai:
        made = await embed(ai, ["text 1", "bad 2", "text 3"])
    assert isinstance(made[1], ContentFilteredError)
    assert right(made[0], "m", "text 1")
    assert right(made[2], "m", "text 3")


@scenario("A01")
async def test_a_list_that_is_refused_is_one_callers() -> None:
    """A call of many texts is not cut for one of them: it fails as it would alone, the others are answered."""
    server = EmbeddingServer()
    async with server.client() as ai:
        made = await asyncio.gather(
            ai.embed("openai:m", ["text 1", "poison 2", "text 3"]),
            ai.embed("openai:m", "text 4"),
            return_exceptions=True,
        )
    assert isinstance(made[0], BadRequestError)
    assert "input[1]" in made[0].message
    assert right(made[1], "m", "text 4")


@scenario("A01")
async def test_where_all_are_refused_each_has_its_own_error() -> None:
    """No more than two requests a text."""
    server = EmbeddingServer()
    async with server.client() as ai:
        made = await embed(ai, texts(*range(8), count=8))
    assert all(isinstance(error, BadRequestError) for error in made)
    assert len({error.request_id for error in made}) == 8
    assert len(server.asked) == 15


@scenario("A02")
@pytest.mark.parametrize("order", [list(reversed(range(N))), [*range(7, N), *range(7)], sorted(range(N), key=str)])
async def test_vectors_in_any_order_find_their_texts(order: list[int]) -> None:
    """The service's index decides, not the place."""
    server = EmbeddingServer(spoil=lambda _, good: {**good, "data": [good["data"][place] for place in order]})
    async with server.client() as ai:
        made = await embed(ai, texts())
    assert all(right(answer, "m", text) for answer, text in zip(made, texts(), strict=True))


def changed(place: int, **fields: Any) -> Any:
    """One item of an answer, with other fields."""

    def spoil(_: Any, good: dict[str, Any]) -> Any:
        data = list(good["data"])
        data[place] = {**data[place], **fields}
        return {**good, "data": data}

    return spoil


@scenario("A03")
@pytest.mark.parametrize(
    "spoil",
    [
        lambda _, good: {**good, "data": good["data"][:-1]},
        lambda _, good: {**good, "data": [*good["data"], {"index": N, "embedding": [1.0, 2.0]}]},
        lambda _, good: {**good, "data": []},
        changed(3, index=4),
        changed(3, index=N),
        changed(3, index=-1),
    ],
    ids=["one too few", "one too many", "none", "doubled", "beyond", "below"],
)
async def test_an_answer_of_another_number_is_nobodys(spoil: Any) -> None:
    """Every call fails with a typed error of its own, and no vector reaches anybody."""
    server = EmbeddingServer(spoil=spoil)
    async with server.client() as ai:
        made = await embed(ai, texts())
    assert all(isinstance(error, ResponseValidationError) for error in made)
    assert len({id(error) for error in made}) == N
    assert len(server.asked) == 1


def packed(*numbers: float) -> str:
    """Numbers as the service packs them."""
    return b64encode(pack(f"<{len(numbers)}f", *numbers)).decode()


def all_packed(place: int, value: str) -> Any:
    """An answer in base64, one of whose vectors is another."""

    def spoil(_: Any, good: dict[str, Any]) -> Any:
        data = [{**item, "embedding": packed(*item["embedding"])} for item in good["data"]]
        data[place]["embedding"] = value
        return {**good, "data": data}

    return spoil


@scenario("A04", "A05")
@pytest.mark.parametrize(
    "spoil",
    [
        changed(5, embedding=[1.0, 2.0, 3.0]),
        changed(5, embedding=[1.0, None]),
        changed(5, embedding=[[1.0, 2.0]]),
        all_packed(5, packed(1.0, float("nan"))),
        all_packed(5, packed(1.0, 2.0, 3.0)),
        all_packed(5, "no base64!"),
        changed(0, embedding=[1.0]),
    ],
    ids=["longer", "null", "nested", "nan", "packed longer", "no base64", "the first is shorter"],
)
async def test_one_vector_that_is_none_fails_alone(spoil: Any) -> None:
    """The one text has a typed error; the others have their vectors from the same answer: nothing is asked again."""
    server = EmbeddingServer(spoil=spoil)
    async with server.client() as ai:
        made = await embed(ai, texts())
    failed = [place for place, answer in enumerate(made) if isinstance(answer, BaseException)]
    assert failed in ([5], [0])
    assert isinstance(made[failed[0]], ResponseValidationError)
    for place, answer in enumerate(made):
        assert place in failed or right(answer, "m", f"text {place}")
    assert len(server.asked) == 1


@scenario("A04")
async def test_where_nobody_can_tell_which_length_is_right_all_fail() -> None:
    """Two vectors of two lengths: none of them is handed out."""
    server = EmbeddingServer(spoil=changed(0, embedding=[1.0]))
    async with server.client() as ai:
        made = await embed(ai, texts(count=2))
    assert all(isinstance(error, ResponseValidationError) for error in made)
