"""The official OpenAI SDK as the oracle of all resources: the same call is the same request."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest

from ipfs_accel_async import Client
from tests.forms import parts
from tests.native.openai.case import ANSWER, Case
from tests.native.openai.resource_calls import CASES, IDS, KEY
from tests.recorder import Recorded, recording

openai = pytest.importorskip("openai", reason="it is in the extra dev, which is not installed")
pytestmark = [pytest.mark.sockets, pytest.mark.filterwarnings("ignore::DeprecationWarning")]


def comparable(seen: Recorded) -> dict[str, Any]:
    """A request without what each client writes in its own way."""
    where, kind = urlsplit(seen.path), seen.headers.get("content-type", "")
    body = parts(kind, seen.body) if isinstance(seen.body, bytes) else seen.body
    return {
        "method": seen.method,
        "path": unquote(where.path),
        "query": sorted(parse_qsl(where.query)),
        "body": body,
        "kind": kind.partition(";")[0] if body else "",
        "beta": seen.headers.get("openai-beta"),
        "key": seen.headers["authorization"],
    }


@pytest.mark.parametrize("case", CASES, ids=IDS)
async def test_requests_are_equal(case: Case) -> None:
    """Method, path, query, body (a form part by part), beta header and key are those that the SDK sends."""
    async with recording() as recorder:
        recorder.answer(ANSWER)
        async with openai.AsyncOpenAI(api_key=KEY, base_url=f"{recorder.base_url}/v1", max_retries=0) as sdk:
            await case.theirs(sdk)
        async with Client(keys={"openai": KEY}, base_urls={"openai": f"{recorder.base_url}/v1"}) as ai:
            await case.ours(ai.openai)
        theirs, ours = map(comparable, recorder.requests)
        assert ours == theirs
