"""Z01: a key in every place where one can be given, looked for in every sink, through success, retry and failure."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from ipfs_accel_async import Client, Keys, Secret
from ipfs_accel_async.errors import AccelError, ConfigError
from tests.answering import error_body
from tests.canary import CANARY, leaks, shows
from tests.faults.http import answer, chunk, raw
from tests.faults.scenarios import scenario
from tests.faults.script import close, reset, send, sleep
from tests.faults.server import FaultServer
from tests.faults.streaming import event
from tests.faults.watching import FAST, PATIENT, watched

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.sockets


async def later() -> str:
    """A token that is awaited."""
    await asyncio.sleep(0)
    return CANARY


PLACES: dict[str, Any] = {
    "a string": {"keys": {"openai": CANARY}},
    "a list": {"keys": {"openai": [CANARY, f"{CANARY}2"]}},
    "a Secret": {"keys": {"openai": Secret(CANARY)}},
    "Keys": {"keys": {"openai": Keys(CANARY)}},
    "a callable": {"keys": {"openai": Keys(lambda: CANARY)}},
    "an awaited callable": {"keys": {"openai": Keys(later)}},
    "settings of the provider": {"keys": {}, "providers": {"openai": {"keys": [CANARY]}}},
    "a header of one's own": {"keys": {"openai": "sk-t"}, "providers": {"openai": {"headers": {"x-token": CANARY}}}},
    "the environment": {"keys": {}},
    "the credentials file": {"keys": {}},
    "a header of one's own HTTP client": {"keys": {"openai": "sk-t"}},
    "a proxy of one's own HTTP client": {"keys": {"openai": "sk-t"}},
}
HEAD = raw("200 OK", "content-type: text/event-stream", "transfer-encoding: chunked")
FAULTS: dict[str, Any] = {
    "503": (send(answer(error_body("busy"), status=503)),),
    "reset": (reset(),),
    "no HTTP": (send(b"nonsense\r\n\r\n"), close()),
    "half": (send(raw("200 OK", "content-length: 90", body=b'{"choices"')), close()),
    "a refusal": (send(answer(error_body("no", "bad"), status=400)),),
}


@scenario("Z01", "Z02")
@pytest.mark.parametrize("place", PLACES)
async def test_a_key_is_in_no_sink_wherever_it_was_given(
    server: FaultServer, place: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Errors with their chains, frames and pickles, logs of every logger, report, statistics, explanation, tasks."""
    settings = dict(PLACES[place])
    if place == "the environment":
        monkeypatch.setenv("OPENAI_API_KEY", f"{CANARY}\n")
    if place == "the credentials file":
        path = tmp_path / "credentials.json"
        path.write_text(json.dumps({"openai": CANARY}))
        path.chmod(0o600)
        settings["credentials_file"] = path
    if "HTTP client" in place:
        made: dict[str, Any] = {"headers": {"x-token": CANARY}}
        if place.startswith("a proxy"):
            made = {"proxy": server.url.replace("//", f"//user:{CANARY[:12]}@")}
        settings["http_client"] = httpx.AsyncClient(trust_env=False, **made)
    async with watched(server, max_retries=1, **PATIENT, **FAST, **settings) as ai:
        assert (await ai.chat("openai:m", "hi")).text == "hello"
        for fault in FAULTS:
            server.answers = [FAULTS[fault]] * 2
            with pytest.raises(AccelError):
                await ai.chat("openai:m", "hi")
        server.answers = [(send(HEAD + chunk(event("a"))), sleep(0.01), close())]
        with pytest.raises(AccelError):
            async with ai.stream("openai:m", "hi") as stream:
                await stream.collect()
        server.answers = [(sleep(0.01), send(answer()))]
        under_way = asyncio.ensure_future(ai.chat("openai:m", "hi"))
        await asyncio.sleep(0.005)
        assert not shows(repr(asyncio.all_tasks()))
        await under_way
        if "http_client" in settings:
            await settings["http_client"].aclose()
    heads = b"".join(request.head for request in server.requests)
    assert place.startswith("a proxy") or CANARY.encode() in heads  # else the key was nowhere to be found


REFUSED: dict[str, dict[str, Any]] = {
    "in the address": {"base_urls": {"openai": f"http://u:{CANARY}@127.0.0.1/v1"}},
    "in a query": {"base_urls": {"openai": f"http://127.0.0.1/v1?key={CANARY}"}},
    "in the place of an address": {"base_urls": {"openai": CANARY}},
    "in a setting": {"timeout": CANARY},
    "as the header of the key": {"providers": {"openai": {"headers": {"authorization": f"Bearer {CANARY}"}}}},
    "with a line break": {"keys": {"openai": f"{CANARY}\r\nx: {CANARY}"}},
    "as bytes": {"keys": {"openai": CANARY.encode()}},
}


@scenario("Z01")
@pytest.mark.parametrize("place", REFUSED)
def test_a_key_where_none_belongs_is_refused_unseen(place: str) -> None:
    """A ConfigError in whose message and chain it is not."""
    with pytest.raises(ConfigError) as caught:
        Client(**REFUSED[place])
    assert leaks(caught.value, frames=False) == []  # frames hold what the caller passed
