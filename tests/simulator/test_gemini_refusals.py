"""What the Gemini twin refuses, and how its faults look to Google's own SDK."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from google.genai import errors

from ipfs_accel_async.simulator import RateLimit, simulate
from ipfs_accel_async.simulator.answers import MISSING_MODEL
from tests.simulator.calls import raw_client
from tests.simulator.gemini_sdk import sdk

pytestmark = pytest.mark.sockets
GOOD: dict[str, Any] = {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v1/models/m:generateContent", {}, 400),
        ("/v1/models/m:generateContent", {"messages": [{"role": "user", "content": "hi"}], **GOOD}, 400),
        ("/v1/models/m:generateContent", {"contents": [{"role": "assistant", "parts": [{"text": "a"}]}]}, 400),
        ("/v1/models/m:generateContent", {"contents": [{"role": "user", "parts": []}]}, 400),
        ("/v1/models/m:generateContent", {**GOOD, "generationConfig": {"stopSequences": ["a"] * 6}}, 400),
        ("/v1/models/m:generateContent", {**GOOD, "generationConfig": {"maxOutputTokens": 0}}, 400),
        ("/v1/models/m:generateContent", {**GOOD, "toolConfig": {"functionCallingConfig": {"mode": "NEW"}}}, 400),
        ("/v1/models/m:generateContent", {"contents": [{"parts": [{"fileData": {"fileUri": "x"}}] * 12_400}]}, 400),
        ("/v1/models/m:batchEmbedContents", {"requests": [{"model": "models/other"}]}, 400),
        ("/v1/models/m:batchEmbedContents", {"requests": [{"model": "models/m"}] * 101}, 400),
        (f"/v1/models/{MISSING_MODEL}:generateContent", GOOD, 404),
        ("/v1/models/m:noMethod", GOOD, 404),
        ("/v2/models/m:generateContent", GOOD, 404),
    ],
)
async def test_bad_requests(path: str, body: Any, status: int) -> None:
    """Each is a google.rpc.Status."""
    async with (
        simulate("gemini") as sim,
        raw_client() as session,
        session.post(sim.root_url + path, json=body) as reply,
    ):
        assert reply.status == status
        error = (await reply.json())["error"]
        assert (error["code"], error["status"]) == (status, "NOT_FOUND" if status == 404 else "INVALID_ARGUMENT")


@pytest.mark.parametrize(
    ("fault", "code", "kind", "details"),
    [
        ("429=46", 429, "RESOURCE_EXHAUSTED", "'retryDelay': '46s'"),
        ("429-ms=0.25", 429, "RESOURCE_EXHAUSTED", "'retryDelay': '0.25s'"),
        ("429-quota", 429, "RESOURCE_EXHAUSTED", "PerDay"),
        ("503", 503, "UNAVAILABLE", ""),
        ("401", 401, "UNAUTHENTICATED", ""),
        ("504", 504, "DEADLINE_EXCEEDED", ""),
    ],
)
async def test_faults_raise_the_sdks_own_errors(fault: str, code: int, kind: str, details: str) -> None:
    """With code, status and details, before an answer and for one that would stream."""
    async with sdk(faults=[fault, fault]) as (models, _):
        with pytest.raises(errors.APIError) as whole:
            await models.generate_content(model="m", contents="hi")
        with pytest.raises(errors.APIError) as streamed:
            _ = [chunk async for chunk in await models.generate_content_stream(model="m", contents="hi")]
        for caught in (whole.value, streamed.value):
            assert (caught.code, caught.status) == (code, kind)
            assert details in str(caught.details)


async def test_an_error_inside_a_stream() -> None:
    """The SDK raises it after the chunks before it."""
    async with sdk(faults=["error-in-200@600"]) as (models, _):
        chunks: list[Any] = []
        with pytest.raises(errors.ServerError) as caught:
            async for chunk in await models.generate_content_stream(model="m", contents="hi"):
                chunks.append(chunk)
        assert (caught.value.code, caught.value.status, bool(chunks)) == (503, "UNAVAILABLE", True)


async def test_keys_and_limits() -> None:
    """A wrong key is a 400 with its reason, none at all a 403; a used-up minute says when, a day that it is spent."""
    async with sdk("wrong", keys="right") as (models, sim), httpx.AsyncClient() as http:
        with pytest.raises(errors.ClientError, match="API_KEY_INVALID"):
            await models.generate_content(model="m", contents="hi")
        assert (await http.get(sim.root_url + "/v1/models")).status_code == 403
        assert (await http.get(sim.root_url + "/v1/models?key=right")).status_code == 200
    for limit, words in ((RateLimit(requests_per_minute=1), "retryDelay"), (RateLimit(requests_per_day=1), "PerDay")):
        async with sdk(rate_limit=limit) as (models, _):
            await models.generate_content(model="m", contents="hi")
            with pytest.raises(errors.ClientError, match=words):
                await models.generate_content(model="m", contents="hi")
