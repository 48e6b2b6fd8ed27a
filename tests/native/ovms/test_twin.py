"""``client.ovms`` and the client's own operations against the twin, over sockets."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ipfs_accel_async import Client, errors
from ipfs_accel_async.simulator import simulate

pytestmark = pytest.mark.sockets
X = np.linspace(-1, 1, 8, dtype=np.float32).reshape(1, 8)


@pytest.mark.parametrize("binary", [True, False])
async def test_tensors_round_trip(binary: bool) -> None:
    """The same numbers in JSON and in binary; strings too; half precision in binary only."""
    async with simulate("ovms") as sim, Client(base_urls={"ovms": sim.base_url}) as ai:
        probs = (await ai.ovms.infer("tiny", {"x": X}, binary=binary))["probs"]
        assert (probs.shape, probs.dtype) == ((1, 3), np.float32)
        np.testing.assert_allclose(probs.sum(), 1, rtol=1e-5)
        texts = await ai.infer("ovms:text", {"text": ["héllo", "b"]}, binary=binary)
        assert texts["upper"].tolist() == ["HÉLLO".encode(), b"B"]
        assert texts["length"].tolist() == [6, 1]
        made = await ai.infer("ovms:half", {"x": [[1.5, -2]]})
        assert (made["y"].dtype, made["y"].tolist()) == (np.float16, [[3.0, -4.0]])


async def test_versions_are_different_models() -> None:
    """In the path of either protocol; a label stands for one; the newest is the server's choice."""
    async with simulate("ovms") as sim, Client(base_urls={"ovms": sim.base_url}) as ai:
        one, two, newest = [await ai.infer("ovms:tiny", {"x": X}, version=version) for version in (1, 2, "")]
        assert (one.version, two.version, newest.version) == ("1", "2", "2")
        assert not np.allclose(one["probs"], two["probs"])
        rows = [await ai.ovms.predict("tiny", X, **place) for place in ({"version": 1}, {"label": "stable"}, {})]
        np.testing.assert_allclose(rows[0]["predictions"], one["probs"], rtol=1e-5)
        assert rows[0].raw == rows[1].raw != rows[2].raw
        for call in (ai.infer("ovms:tiny", {"x": X}, version=9), ai.ovms.predict("tiny", X, label="none")):
            with pytest.raises(errors.NotFoundError, match="requested version"):
                await call


async def test_row_and_column_formats_agree() -> None:
    """Two inputs, by row and by column; an image as bytes."""
    async with simulate("ovms") as sim, Client(base_urls={"ovms": sim.base_url}) as ai:
        row = await ai.ovms.predict("sum", [{"a": [1, 2], "b": [3, 4]}, {"a": [0, 0], "b": [5, 6]}])
        column = await ai.ovms.predict("sum", inputs={"a": [[1, 2], [0, 0]], "b": [[3, 4], [5, 6]]})
        assert row["predictions"] == column["outputs"] == [[4, 6], [5, 6]]
        named = await ai.ovms.predict("text", [{"text": "a"}, {"text": "bc"}])
        assert named["predictions"] == [{"length": 1, "upper": "A"}, {"length": 2, "upper": "BC"}]
        picture = await ai.ovms.predict("picture", [b"\x05raw"])
        assert picture["predictions"] == [[5.0]]
        assert (await ai.infer("ovms:picture", {"image": np.array([b"\x05raw"])}))["mean"].tolist() == [[5.0]]


@pytest.mark.parametrize(
    ("model", "inputs", "fault"),
    [
        ("tiny", {"x": X.astype(np.float64)}, "is FP64, expected FP32"),
        ("tiny", {"x": X[0]}, r"shape \[8\], expected \[-1, 8\]"),
        ("sum", {"a": [[1, 2]]}, "'b' is missing"),
        ("half", {"x": X}, "is FP32, expected FP16"),
    ],
)
async def test_what_does_not_fit_never_reaches_the_server(model: str, inputs: Any, fault: str) -> None:
    """Unless checks are off: then the server says it in its own words."""
    async with simulate("ovms") as sim:
        async with Client(base_urls={"ovms": sim.base_url}) as ai:
            with pytest.raises(errors.InvalidRequestError, match=fault):
                await ai.infer(f"ovms:{model}", inputs)
        own = {"base_url": sim.base_url, "options": {"check": "off"}}
        async with Client(providers={"ovms": own}) as ai:
            with pytest.raises(errors.BadRequestError, match=r"Expected|expected"):
                await ai.infer(f"ovms:{model}", {name: np.asarray(value) for name, value in inputs.items()})


async def test_the_server_tells_of_itself() -> None:
    """Metadata of both protocols, states, configuration, health, metrics."""
    async with simulate("ovms") as sim, Client(base_urls={"ovms": sim.base_url}) as ai:
        assert (await ai.ovms.server())["name"] == "OpenVINO Model Server"
        assert await ai.ovms.live()
        assert await ai.ovms.ready()
        assert await ai.ovms.model_ready("tiny", 1)
        await ai.ovms.wait("tiny")
        metadata = await ai.ovms.metadata("tiny")
        assert metadata["outputs"] == [{"name": "probs", "datatype": "FP32", "shape": [-1, 3]}]
        signature = (await ai.ovms.signature("tiny"))["metadata"]["signature_def"]["signatureDef"]["serving_default"]
        assert signature["inputs"]["x"]["tensorShape"]["dim"][1]["size"] == "8"
        states = (await ai.ovms.status("tiny", 1))["model_version_status"]
        assert [(state["version"], state["state"]) for state in states] == [("1", "AVAILABLE")]
        assert (await ai.ovms.available())["tiny"] == ("2", "1")
        assert [await ai.ovms.reload(), await ai.ovms.reload()] == [True, False]
        assert "ovms_requests_success" in await ai.ovms.metrics()
        with pytest.raises(errors.NotFoundError):
            await ai.ovms.metadata("missing-model")


async def test_the_generative_operations() -> None:
    """Completion whole and in pieces, ranking, tokens, images and audio, below ``/v3``."""
    async with simulate("ovms") as sim, Client(base_urls={"ovms": sim.base_url}) as ai:
        whole = await ai.complete("ovms:m", "Once upon", max_tokens=40)
        async with ai.stream_completion("ovms:m", "Once upon", max_tokens=40) as stream:
            assert (await stream.collect()).text == whole.text
        assert (stream.reply.usage, whole.id) == (whole.usage, "")
        ranking = await ai.rerank("ovms:m", "red fruit", ["apple", "sky", "cherry"], top_n=2)
        assert len(ranking.ranked) == 2
        assert ranking.ranked[0].score >= ranking.ranked[1].score
        assert len((await ai.tokenize("ovms:m", "Hello world")).ids) == 3
        picture = (await ai.image("ovms:m", "A red cube", size="64x64")).pictures[0]
        assert picture.data.startswith(b"\x89PNG")
        speech = await ai.speech("ovms:m", "hello there")
        assert (await ai.transcribe("ovms:m", speech.data)).text == "hello there"
        assert (await ai.translate("ovms:m", speech.data)).text == "hello there"


async def test_a_key_is_asked_for_by_the_generative_api_only() -> None:
    """A server with keys still infers for everyone."""
    wrong = {"ovms": "wrong"}
    async with simulate("ovms", keys=["right"]) as sim, Client(base_urls={"ovms": sim.base_url}, keys=wrong) as ai:
        assert (await ai.infer("ovms:tiny", {"x": X})).outputs
        with pytest.raises(errors.AuthenticationError):
            await ai.tokenize("ovms:m", "a")
