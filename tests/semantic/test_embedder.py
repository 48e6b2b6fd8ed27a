"""Where the vectors of a semantic cache come from."""

from __future__ import annotations

import asyncio
import sys
import types
from typing import Any

import numpy as np
import pytest

from ipfs_accel_async import ConfigError
from ipfs_accel_async.semantic.embedder import InProcess, checked, embedder, sentence_transformer
from ipfs_accel_async.types import Target
from tests.doubles import a_call
from tests.semantic.asking import ByWords, vector_of


def no_target(provider: str, model: str) -> Target:
    """No provider is asked."""
    raise AssertionError(f"{provider}:{model} was looked up")


async def refused(call: Any) -> Any:
    """Nothing is sent."""
    raise AssertionError(f"{call} was sent")


async def test_a_model_is_loaded_once_and_used_by_one_at_a_time() -> None:
    """On first use, in a thread, and not at all before."""
    loads: list[int] = []

    def load() -> ByWords:
        loads.append(1)
        return ByWords()

    made = InProcess(load)
    assert loads == []
    found = await asyncio.gather(*(made([text], a_call(), 1e9) for text in ("one", "two")))
    assert loads == [1]
    assert np.array_equal(found[1][0], vector_of("two"))
    assert found[0].dtype == np.float32


async def test_a_model_has_until_the_deadline() -> None:
    """Waiting for one's turn counts."""
    made = InProcess(ByWords)
    await made._turn.acquire()
    with pytest.raises(TimeoutError):
        await made(["one"], a_call(), asyncio.get_running_loop().time() + 1)
    assert asyncio.get_running_loop().time() == 1.0


async def test_a_providers_request_has_the_callers_tenant_and_priority() -> None:
    """It is a call like others, to the provider's own target for embedding."""
    sent: list[Any] = []

    async def handle(call: Any) -> Any:
        sent.append(call)
        return types.SimpleNamespace(vectors=np.ones((1, 2), np.float32))

    target = Target("openai", "e", "http://e")
    made = embedder("openai:e", handle, lambda provider, model: target)
    call = a_call(priority=0, tags={"tenant": "a"})
    assert (await made(["one"], call, 7.0)).shape == (1, 2)
    own = sent[0]
    assert (own.operation, own.target, own.payload.texts) == ("embed", target, ("one",))
    assert (own.priority, own.tags, own.deadline) == (0, {"tenant": "a"}, 7.0)
    assert own.request_id != call.request_id
    assert own.options.cache == ""


async def test_a_model_by_name_is_looked_for_on_this_machine_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Never downloaded; what is not here is an error that says so."""
    asked: list[Any] = []

    class Library(types.ModuleType):
        @staticmethod
        def SentenceTransformer(name: str, **more: Any) -> ByWords:
            asked.append((name, more))
            if name == "absent":
                raise OSError("we could not connect")
            return ByWords()

    monkeypatch.setitem(sys.modules, "sentence_transformers", Library("sentence_transformers"))
    made = embedder("sentence-transformers:/models/a", refused, no_target)
    assert (await made(["one"], a_call(), 1e9)).shape == (1, 64)
    assert asked == [("/models/a", {"local_files_only": True})]
    with pytest.raises(ConfigError, match="no sentence-transformers model 'absent'"):
        sentence_transformer("absent")
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(ConfigError, match=r"ipfs-accel-async\[semantic\]"):
        sentence_transformer("absent")


def test_names_tell_whose_vectors_they_are() -> None:
    """Of a provider's model, and of an object."""
    assert checked("ollama:all-minilm:22m") == "ollama:all-minilm:22m"
    assert checked(ByWords()) == "tests.semantic.asking.ByWords"
