"""``client.ovms``: the exact request of every method, and what it makes of the answer."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from ipfs_accel_async import Client, MockTransport, errors
from ipfs_accel_async.wire.http import Request, Response

URL = "http://ovms:8000"
METADATA = {"name": "m", "versions": ["1"], "inputs": [{"name": "x", "datatype": "FP32", "shape": [-1, 2]}]}
ANSWER = {"model_name": "m", "outputs": [{"name": "y", "datatype": "FP32", "shape": [1], "data": [1.0]}]}
STATES = {"model_version_status": [{"version": "2", "state": "AVAILABLE"}, {"version": "1", "state": "LOADING"}]}


def client(answer: Any = None, **more: Any) -> tuple[Client, MockTransport]:
    """A client whose server gives one answer."""
    mock = MockTransport(lambda _: MockTransport.reply(answer, **more))
    return Client(transport=mock, keys={"ovms": "k"}, base_urls={"ovms": URL}, max_retries=0), mock


def serving(**answers: Any) -> tuple[Client, MockTransport]:
    """A client whose server has metadata, signatures and answers by the end of the path."""

    def answer(request: Request) -> Response:
        end = request.url.rpartition("/")[2].rpartition(":")[2]
        value = answers.get(end, METADATA)
        return value if isinstance(value, Response) else MockTransport.reply(value)

    mock = MockTransport(answer)
    return Client(transport=mock, base_urls={"ovms": URL}, max_retries=0), mock


CALLS: list[tuple[str, tuple[Any, ...], dict[str, Any], str, str, Any]] = [
    ("server", (), {}, "GET", "/v2", {"name": "OVMS"}),
    ("metadata", ("m",), {}, "GET", "/v2/models/m", METADATA),
    ("metadata", ("a/m", 2), {}, "GET", "/v2/models/a%2Fm/versions/2", METADATA),
    ("status", ("m",), {}, "GET", "/v1/models/m", STATES),
    ("status", ("m",), {"version": 1}, "GET", "/v1/models/m/versions/1", STATES),
    ("status", ("m",), {"label": "stable"}, "GET", "/v1/models/m/labels/stable", STATES),
    ("signature", ("m", "1"), {}, "GET", "/v1/models/m/versions/1/metadata", {"metadata": {}}),
    ("config", (), {}, "GET", "/v1/config", {"m": STATES}),
]


@pytest.mark.parametrize(("name", "args", "more", "method", "path", "answer"), CALLS)
async def test_a_method_sends_its_request(
    name: str, args: tuple[Any, ...], more: dict[str, Any], method: str, path: str, answer: Any
) -> None:
    """Method and path at the root of the server, no body, and the JSON of the answer."""
    ai, mock = client(answer)
    told = await getattr(ai.ovms, name)(*args, **more)
    (request,) = mock.requests
    assert (request.method, request.url, request.body) == (method, URL + path, b"")
    assert dict(request.headers)[b"authorization"] == b"Bearer k"
    assert told.raw == answer


async def test_health_is_yes_or_no() -> None:
    """503 is no; a model that the server does not know is an error."""
    ai, mock = client()
    assert await ai.ovms.live()
    assert await ai.ovms.ready()
    assert await ai.ovms.model_ready("m", 3)
    paths = ["/v2/health/live", "/v2/health/ready", "/v2/models/m/versions/3/ready"]
    assert [request.url for request in mock.requests] == [URL + path for path in paths]
    ai, mock = client({"error": "Server is not ready"}, status=503)
    for _ in range(7):  # more often than the breaker would bear
        assert not await ai.ovms.ready()
    assert len(mock.requests) == 7
    ai, _ = client({"error": "Model with requested name is not found"}, status=404)
    with pytest.raises(errors.NotFoundError, match="requested name"):
        await ai.ovms.model_ready("m")


async def test_a_reload_says_whether_anything_changed() -> None:
    """201 is yes, 200 no; the body is empty."""
    ai, mock = client({}, status=201)
    assert await ai.ovms.reload()
    assert (mock.requests[0].method, mock.requests[0].url) == ("POST", f"{URL}/v1/config/reload")
    ai, _ = client({})
    assert not await ai.ovms.reload()


async def test_what_can_be_used_is_told_by_the_configuration() -> None:
    """Names with the versions that are there now."""
    ai, _ = client({"m": STATES, "n": {"model_version_status": []}})
    assert await ai.ovms.available() == {"m": ("2",), "n": ()}


async def test_metrics_are_text() -> None:
    """As Prometheus reads it."""
    ai, mock = client(body=b"ovms_requests_success 3\n", headers={"content-type": "text/plain"})
    assert await ai.ovms.metrics() == "ovms_requests_success 3\n"
    assert mock.requests[0].url == f"{URL}/metrics"


@pytest.mark.parametrize(
    ("more", "path", "body"),
    [
        ({"instances": [[1, 2]]}, ":predict", {"instances": [[1, 2]]}),
        ({"instances": {"x": np.ones(2)}}, ":predict", {"instances": [{"x": [1.0, 1.0]}]}),
        ({"inputs": np.ones((1, 2)), "version": 2}, "/versions/2:predict", {"inputs": [[1.0, 1.0]]}),
        (
            {"inputs": {"x": b"\0"}, "label": "stable", "signature_name": "s", "x_new": 1},
            "/labels/stable:predict",
            {"inputs": {"x": {"b64": "AA=="}}, "signature_name": "s", "x_new": 1},
        ),
    ],
)
async def test_a_prediction_is_row_or_column(more: dict[str, Any], path: str, body: dict[str, Any]) -> None:
    """Version and label are in the path, never in the body."""
    missing = MockTransport.reply({"error": "no"}, status=404)
    ai, mock = serving(metadata=missing, predict={"predictions": [1]})
    answer = await ai.ovms.predict("m", **more)
    assert answer["predictions"] == [1]
    assert mock.requests[-1].url == f"{URL}/v1/models/m{path}"
    assert json.loads(mock.requests[-1].body) == body


@pytest.mark.parametrize("more", [{}, {"instances": [1], "inputs": [1]}])
async def test_a_prediction_has_one_format(more: dict[str, Any]) -> None:
    """Neither or both are refused before anything is sent."""
    ai, mock = client()
    with pytest.raises(errors.InvalidRequestError, match="one of them"):
        await ai.ovms.predict("m", **more)
    assert not mock.requests


async def test_metadata_is_fetched_once_and_held_against_calls() -> None:
    """By the client's own operation and by the handle's alike."""
    ai, mock = serving(infer=ANSWER)
    for _ in range(2):
        assert (await ai.infer("ovms:m", {"x": [[1, 2]]}))["y"].tolist() == [1.0]
        await ai.ovms.infer("m", {"x": np.ones((3, 2), np.float32)}, outputs=["y"])
    urls = [request.url.removeprefix(URL) for request in mock.requests]
    assert urls == ["/v2/models/m"] + ["/v2/models/m/infer"] * 4
    assert json.loads(mock.requests[1].body)["inputs"][0]["datatype"] == "FP32"
    with pytest.raises(errors.InvalidRequestError, match=r"shape \[1, 3\], expected \[-1, 2\]"):
        await ai.infer("ovms:m", {"x": [[1, 2, 3]]})
    assert [request.url.removeprefix(URL) for request in mock.requests[5:]] == ["/v2/models/m"]


async def test_an_unknown_version_is_not_found() -> None:
    """In the server's words, sent once, and the breaker does not mind."""
    missing = MockTransport.reply({"error": "Model with requested version is not found"}, status=404)
    ai, mock = serving(**{"9": missing, "infer": missing})
    for _ in range(6):
        with pytest.raises(errors.NotFoundError, match="requested version"):
            await ai.infer("ovms:m", {"x": [[1, 2]]}, version=9)
    assert len(mock.requests) == 12


async def test_waiting_ends_when_the_model_is_there() -> None:
    """Not there and not ready are waited for, less and less often; other errors are not."""
    answers = [404, 503, 503, 200]
    mock = MockTransport(lambda _: MockTransport.reply({"error": "no"}, status=answers.pop(0)))
    ai = Client(transport=mock, base_urls={"ovms": URL}, max_retries=0)
    await ai.ovms.wait("m", 1, poll=1.0)
    assert not answers
    answers.append(400)
    with pytest.raises(errors.BadRequestError):
        await ai.ovms.wait("m")


async def test_waiting_is_bounded() -> None:
    """In time, with an error that says for what."""
    ai, mock = client({"error": "no"}, status=503)
    with pytest.raises(errors.RequestTimeoutError, match="'m' is not ready after 10 s"):
        await ai.ovms.wait("m", poll=1.0, timeout=10)
    assert 4 <= len(mock.requests) <= 6
