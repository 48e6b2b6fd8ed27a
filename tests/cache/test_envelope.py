"""The seal on what is kept: any change of it, of its key or of its secret shows, and nothing in it is run."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async.cache.envelope import MAGIC, seal, unseal
from ipfs_accel_async.cache.record import restored
from ipfs_accel_async.call import Call
from ipfs_accel_async.keys import Secret
from ipfs_accel_async.types import ChatRequest, Message, Target

TARGET = Target("openai", "m", "http://h")
CALL = Call("chat", TARGET, ChatRequest((Message("user", "hi"),)), request_id="second")
LONG = Secret("x" * 200)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_miss(data: bytes) -> None:
    """Neither seal nor record takes anything for an answer that is none."""
    assert unseal("k", data) is None
    assert restored(data, CALL) is None


@given(
    st.binary(max_size=200), st.text(max_size=10), st.sampled_from([None, Secret("a"), LONG]), st.integers(0, 10_000)
)
def test_the_seal_shows_every_change(body: bytes, key: str, secret: Secret | None, place: int) -> None:
    """One changed byte, another key or another secret: nothing."""
    sealed = seal(f"k{key!r}", body, secret)
    assert unseal(f"k{key!r}", sealed, secret) == (body or None)
    assert unseal(f"k{key!r}x", sealed, secret) is None
    for other in (None, Secret("a"), Secret("b"), LONG, Secret("x" * 201)):
        if other != secret:
            assert unseal(f"k{key!r}", sealed, other) is None
    at = place % len(sealed)
    changed = sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]
    assert unseal(f"k{key!r}", changed, secret) is None
    assert unseal(f"k{key!r}", sealed[:at], secret) is None


def test_a_pickle_is_never_loaded() -> None:
    """One that would run something when it is read is bytes like others, under a seal as without one."""

    class Bomb:
        def __reduce__(self) -> Any:
            return (pytest.fail, ("it was loaded",))

    bomb = pickle.dumps(Bomb())
    assert unseal("k", bomb) is None
    assert unseal("k", MAGIC + bomb) is None
    assert restored(bomb, CALL) is None
