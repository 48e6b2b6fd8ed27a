"""OVMS's handle against KServe's own model server: binary tensors, and prediction on the first protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from ipfs_accel_async import Client, errors

if TYPE_CHECKING:
    from tests.real.conftest import Peers
    from tests.real.peers import Peer

pytestmark = [pytest.mark.real, pytest.mark.sockets]
WEIGHTS = np.array([[((3 * row + column) % 5 - 2) / 10 for column in range(3)] for row in range(8)], np.float32)


@pytest.fixture(scope="module")
def kserve(peers: Peers) -> Peer:
    """KServe's model server with one model, ``tiny``."""
    return peers.start(
        "kserve",
        ["kserve>=0.15,<1"],
        ["{python}", "{scripts}/kserve_model.py", "--http_port", "{port}", "--enable_grpc", "false"],
        health="/v2/health/ready",
    )


def client(peer: Peer) -> Client:
    """A client of it."""
    return Client(providers={"ovms": {"base_url": peer.url, "max_retries": 0}})


def softmax(x: np.ndarray) -> np.ndarray:
    """What the model computes."""
    powers = np.exp(x @ WEIGHTS)
    return powers / powers.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("binary", [True, False, None])
async def test_an_inference_is_what_numpy_computes(kserve: Peer, binary: bool | None) -> None:
    """Tensors go in binary, in JSON, or as their size asks for."""
    x = np.linspace(-1, 1, 80, dtype=np.float32).reshape(10, 8)
    async with client(kserve) as ai:
        answer = await ai.ovms.infer("tiny", {"x": x}, binary=binary, id="call-1")
    np.testing.assert_allclose(answer["probs"], softmax(x), rtol=1e-5)
    assert answer["probs"].dtype == np.float32
    assert answer.raw["id"] == "call-1"


async def test_prediction_takes_many_instances_in_one_request(kserve: Peer) -> None:
    """The row format; the server has no signatures, so it alone judges."""
    x = np.linspace(-1, 1, 32, dtype=np.float32).reshape(4, 8)
    async with client(kserve) as ai:
        answer = await ai.ovms.predict("tiny", x)
    np.testing.assert_allclose(answer["predictions"], softmax(x), rtol=1e-5)


async def test_what_does_not_fit_and_what_is_not_there(kserve: Peer) -> None:
    """A wrong shape is refused here, a missing model by the server."""
    async with client(kserve) as ai:
        with pytest.raises(errors.InvalidRequestError, match=r"shape \[8\], expected \[-1, 8\]"):
            await ai.infer("ovms:tiny", {"x": np.zeros(8, np.float32)})
        with pytest.raises(errors.NotFoundError):
            await ai.infer("ovms:nowhere", {"x": np.zeros((1, 8), np.float32)})
        with pytest.raises(errors.NotFoundError):
            await ai.ovms.predict("nowhere", [[0.0] * 8])
        assert await ai.ovms.ready()
