"""OVMS's handle against MLServer with an OpenVINO model: KServe's protocol in JSON, by a server of others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from ipfs_accel_async import Client, errors
from tests.real.peers import free_port

if TYPE_CHECKING:
    from tests.real.conftest import Peers
    from tests.real.peers import Peer

pytestmark = [pytest.mark.real, pytest.mark.sockets]
WEIGHTS = np.array([[((3 * row + column) % 5 - 2) / 10 for column in range(3)] for row in range(8)], np.float32)


@pytest.fixture(scope="module")
def mlserver(peers: Peers) -> Peer:
    """MLServer with one model, ``tiny``."""
    return peers.start(
        "mlserver",
        ["mlserver>=1.7,<2", "openvino>=2025"],
        ["{python}", "{scripts}/mlserver_openvino.py", "{folder}/models"],
        health="/v2/health/ready",
        env={
            "PYTHONPATH": "{scripts}",
            "MLSERVER_HOST": "127.0.0.1",
            "MLSERVER_HTTP_PORT": "{port}",
            "MLSERVER_GRPC_PORT": str(free_port()),
            "MLSERVER_METRICS_PORT": str(free_port()),
            "MLSERVER_PARALLEL_WORKERS": "0",
        },
    )


def client(peer: Peer) -> Client:
    """A client of it; it takes no binary tensors."""
    own = {"base_url": peer.url, "options": {"tensors": "json"}, "max_retries": 0}
    return Client(providers={"ovms": own})


def softmax(x: np.ndarray) -> np.ndarray:
    """What the model computes."""
    powers = np.exp(x @ WEIGHTS)
    return powers / powers.sum(axis=1, keepdims=True)


async def test_an_inference_is_what_numpy_computes(mlserver: Peer) -> None:
    """Named tensors there and back; a list takes the model's own precision."""
    x = np.linspace(-1, 1, 24, dtype=np.float32).reshape(3, 8)
    async with client(mlserver) as ai:
        answer = await ai.infer("ovms:tiny", {"x": x})
        listed = await ai.infer("ovms:tiny", {"x": x.tolist()}, outputs=["probs"], version=1)
    np.testing.assert_allclose(answer["probs"], softmax(x), rtol=1e-5)
    np.testing.assert_array_equal(listed["probs"], answer["probs"])
    assert answer["probs"].dtype == np.float32
    assert (answer.model, answer.version) == ("tiny", "1")


async def test_what_does_not_fit_the_metadata_is_not_sent(mlserver: Peer) -> None:
    """The server itself would answer a wrong shape with a fault of its own."""
    async with client(mlserver) as ai:
        with pytest.raises(errors.InvalidRequestError, match=r"shape \[2, 7\], expected \[-1, 8\]"):
            await ai.infer("ovms:tiny", {"x": np.zeros((2, 7), np.float32)})
        with pytest.raises(errors.InvalidRequestError, match="INT64, expected FP32"):
            await ai.infer("ovms:tiny", {"x": np.zeros((2, 8), np.int64)})


async def test_it_tells_of_itself_and_its_model(mlserver: Peer) -> None:
    """Metadata, health, and a model or version that is not there."""
    async with client(mlserver) as ai:
        assert await ai.ovms.live()
        assert await ai.ovms.ready()
        assert await ai.ovms.model_ready("tiny")
        await ai.ovms.wait("tiny", timeout=10)
        assert (await ai.ovms.server())["name"] == "mlserver"
        assert (await ai.ovms.metadata("tiny"))["inputs"][0]["shape"] == [-1, 8]
        with pytest.raises(errors.NotFoundError):
            await ai.infer("ovms:nowhere", {"x": np.zeros((1, 8), np.float32)})
        with pytest.raises(errors.NotFoundError):
            await ai.ovms.metadata("tiny", version=7)
