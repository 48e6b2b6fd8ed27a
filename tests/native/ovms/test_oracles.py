"""The official clients as oracles: tritonclient for KServe's protocol, ovmsclient for TensorFlow Serving's."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy as np
import pytest

from ipfs_accel_async import Client
from tests.recorder import Recorder, recording

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.sockets
HEADER = "inference-header-content-length"
X = np.array([0, 1], np.float32)
WORDS = np.array([b"ab", b"c"], object)
BINARY_HEAD = {
    "model_name": "m",
    "model_version": "1",
    "outputs": [
        {"name": "o", "datatype": "FP32", "shape": [2], "parameters": {"binary_data_size": 8}},
        {"name": "w", "datatype": "BYTES", "shape": [2], "parameters": {"binary_data_size": 11}},
    ],
}
BINARY = json.dumps(BINARY_HEAD).encode() + X.tobytes() + b"\2\0\0\0ab\1\0\0\0c"
JSON = {"model_name": "m", "outputs": [{"name": "o", "datatype": "FP32", "shape": [2], "data": [0.5, 2]}]}


def parts(recorder: Recorder) -> tuple[str, str, Any, bytes]:
    """The last request: method, path, its JSON, what follows it."""
    last = recorder.last
    if HEADER not in last.headers:
        return last.method, last.path, last.body, b""
    length = int(last.headers[HEADER])
    return last.method, last.path, json.loads(last.body[:length]), last.body[length:]


@pytest.fixture
async def recorder() -> AsyncIterator[Recorder]:
    """A server that records."""
    async with recording() as made:
        yield made


def ours(recorder: Recorder) -> Client:
    """Our client of it; checks need no metadata here."""
    return Client(providers={"ovms": {"base_url": recorder.base_url, "options": {"check": "off"}}})


def triton_inputs(triton: Any, inputs: dict[str, Any], binary: bool) -> list[Any]:
    """The same arrays as tritonclient takes them."""
    made = []
    for name, array in inputs.items():
        item = triton.InferInput(name, list(array.shape), "BYTES" if array.dtype == object else "FP32")
        item.set_data_from_numpy(array, binary_data=binary)
        made.append(item)
    return made


@pytest.mark.parametrize("binary", [True, False])
@pytest.mark.parametrize("outputs", [(), ("o", "w")])
@pytest.mark.parametrize("more", [{}, {"id": "7", "version": "3"}])
async def test_an_inference_is_tritonclients(
    recorder: Recorder, binary: bool, outputs: tuple[str, ...], more: dict[str, str]
) -> None:
    """The same method, path, JSON and bytes behind it, and the same arrays from the answer."""
    triton = pytest.importorskip("tritonclient.http.aio", reason="it is in the extra dev, which is not installed")
    inputs = {"i": X, "s": WORDS}
    if binary:
        recorder.answer(BINARY, headers={HEADER: str(len(json.dumps(BINARY_HEAD)))})
    else:
        answer = {"name": "w", "datatype": "BYTES", "shape": [2], "data": ["ab", "c"]}
        recorder.answer({**JSON, "outputs": [*JSON["outputs"], answer]})
    wanted = [triton.InferRequestedOutput(name, binary_data=binary) for name in outputs]
    told = {"request_id": more.get("id", ""), "model_version": more.get("version", "")}
    async with triton.InferenceServerClient(urlsplit(recorder.base_url).netloc) as client:
        theirs = await client.infer("m", triton_inputs(triton, inputs, binary), outputs=wanted or None, **told)
        expected = parts(recorder)
    async with ours(recorder) as ai:
        mine = await ai.ovms.infer("m", inputs, outputs=outputs, binary=binary, **more)
        method, path, body, tail = parts(recorder)
    theirs_body = dict(expected[2])
    if not binary and not outputs:
        theirs_body.pop("parameters", None)  # its wish for binary outputs, made even for a request in JSON
    assert (method, path, body, tail) == (expected[0], expected[1], theirs_body, expected[3])
    np.testing.assert_array_equal(mine["o"], theirs.as_numpy("o"))
    words = [word.encode() if isinstance(word, str) else word for word in theirs.as_numpy("w")]
    assert mine["w"].tolist() == words  # bytes either way: it gives strings where they came as JSON


async def test_what_it_asks_of_a_server_is_the_same(recorder: Recorder) -> None:
    """Health, readiness and metadata, with and without a version."""
    triton = pytest.importorskip("tritonclient.http.aio", reason="it is in the extra dev, which is not installed")
    recorder.answer({"name": "m", "inputs": []})
    async with triton.InferenceServerClient(urlsplit(recorder.base_url).netloc) as client:
        await client.is_server_live()
        await client.is_server_ready()
        await client.is_model_ready("m", "2")
        await client.get_server_metadata()
        await client.get_model_metadata("m")
        await client.get_model_metadata("m", "2")
    theirs = [(one.method, one.path) for one in recorder.requests]
    recorder.requests.clear()
    async with ours(recorder) as ai:
        await ai.ovms.live()
        await ai.ovms.ready()
        await ai.ovms.model_ready("m", "2")
        await ai.ovms.server()
        await ai.ovms.metadata("m")
        await ai.ovms.metadata("m", 2)
    assert [(one.method, one.path) for one in recorder.requests] == theirs


async def test_a_prediction_is_ovmsclients(recorder: Recorder) -> None:
    """Column format, its version 0 for the newest, status and metadata: the same requests, the same outputs."""
    ovmsclient = pytest.importorskip("ovmsclient", reason="it is in the extra dev, which is not installed")
    recorder.answer({"outputs": {"o": [[1.0, 2.0]]}})
    client = ovmsclient.make_http_client(urlsplit(recorder.base_url).netloc)
    theirs = await asyncio.to_thread(client.predict, {"i": X}, "m", 3)
    expected = parts(recorder)
    async with ours(recorder) as ai:
        answer = await ai.ovms.predict("m", inputs={"i": X}, version=3)
        assert parts(recorder) == expected
        np.testing.assert_array_equal(np.array(answer["outputs"]["o"], np.float32), theirs["o"])
        recorder.answer({"model_version_status": [{"version": "1", "state": "AVAILABLE", "status": {}}]})
        status = await ai.ovms.status("m", 0)
        mine = [(one.method, one.path) for one in recorder.requests][-1]
    status_theirs = {"error_code": "OK", "error_message": "OK"}
    recorder.answer({"model_version_status": [{"version": "1", "state": "AVAILABLE", "status": status_theirs}]})
    told = await asyncio.to_thread(client.get_model_status, "m")
    assert (recorder.last.method, recorder.last.path) == mine
    assert set(told) == {int(one["version"]) for one in status["model_version_status"]}
