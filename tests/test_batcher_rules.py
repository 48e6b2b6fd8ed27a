"""Whose rules a call is gathered by."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ipfs_accel_async.batching import rules
from ipfs_accel_async.call import Call
from ipfs_accel_async.options import Options
from ipfs_accel_async.types import EmbedRequest, Target
from tests.embedding_server import EmbeddingServer

if TYPE_CHECKING:
    from ipfs_accel_async import Client


def book(ai: Client) -> rules.Rulebook:
    """The rules of a client."""
    return ai._engine.runtime()._batcher._rules


def call(model: str, endpoint: str = "https://a", wish: bool | None = None, operation: str = "embed") -> Call:
    """A call of a model at an address."""
    return Call(operation, Target("openai", model, endpoint), EmbedRequest(("a",)), options=Options(batch=wish))


async def test_models_of_one_address_share_what_is_learnt_of_it() -> None:
    """All but those with settings of their own; another address has learnt nothing."""
    async with EmbeddingServer().client(providers={"openai": {"models": {"own": {"max_batch_size": 3}}}}) as ai:
        known = book(ai)
        first = known.of(call("m"))
        assert first is not None
        assert known.of(call("other")) is first
        assert known.of(call("own")) is not first
        assert known.of(call("m", "https://b")) is not first
        assert known.of(call("m")) is first


@pytest.mark.parametrize(("operation", "wish", "gathered"), [("embed", None, True), ("embed", False, False)])
async def test_a_call_may_wish_otherwise(operation: str, wish: bool | None, gathered: bool) -> None:
    """Embeddings are gathered unless they are not to be."""
    async with EmbeddingServer().client() as ai:
        assert (book(ai).of(call("m", wish=wish, operation=operation)) is not None) is gathered


async def test_moderations_are_gathered_when_asked_alone() -> None:
    """And what no request of the service carries never is."""
    async with EmbeddingServer().client() as ai:
        known = book(ai)
        assert known.of(call("m", operation="moderate")) is None
        assert known.of(call("m", operation="moderate", wish=True)) is not None
        assert known.of(call("m", operation="chat", wish=True)) is None


async def test_so_many_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names of models and addresses are the callers', so there may be any number; what was learnt outlives names."""
    monkeypatch.setattr(rules, "MOST", 10)
    async with EmbeddingServer().client() as ai:
        known = book(ai)
        first = known.of(call("m"))
        for number in range(50):
            assert known.of(call(f"m{number}")) is first
            assert len(known._found) <= 10
        for number in range(50):
            assert known.of(call("m", f"https://{number}")) is not first
            assert len(known._made) <= 10
        assert known.of(call("m")) is not first
