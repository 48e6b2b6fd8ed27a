"""Services under names of their own: a known wire, the user's address and key."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ipfs_accel_async import AuthenticationError, Client, ConfigError, MockTransport, NotFoundError
from ipfs_accel_async.native.openai import OpenAIHandle
from ipfs_accel_async.simulator import simulate
from ipfs_accel_async.simulator.answers import MISSING_MODEL

if TYPE_CHECKING:
    from pathlib import Path

LAB = {"wire": "openai_compatible", "base_url": "http://lab.test/v1", "key_env": "LAB_API_KEY"}
DEN = {"wire": "openai_compatible", "base_url": "http://den.test:8080"}
CHAT = {"choices": [{"index": 0, "message": {"content": "Hi."}, "finish_reason": "stop"}], "data": []}


def mocked(**options: Any) -> tuple[MockTransport, Client]:
    """A client, with what it sends."""
    mock = MockTransport(lambda _: MockTransport.reply(CHAT))
    return mock, Client(transport=mock, **options)


async def test_several_go_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each with its address and key; answers and metrics bear its name."""
    monkeypatch.setenv("LAB_API_KEY", "lab-key")
    mock, client = mocked(providers={"lab": LAB, "den": DEN})
    async with client as ai:
        reply = await ai.chat("lab:tiny", "Hello")
        other = await ai.chat("den:org/tiny:q4", "Hello")
        report = ai.report()
    assert [request.url for request in mock.requests] == [
        "http://lab.test/v1/chat/completions",
        "http://den.test:8080/v1/chat/completions",
    ]
    lab, den = (dict(request.headers) for request in mock.requests)
    assert lab[b"authorization"] == b"Bearer lab-key"
    assert b"authorization" not in den
    assert (str(reply.target), str(other.target)) == ("lab:tiny", "den:org/tiny:q4")
    assert {"lab", "den"} <= set(json.loads(report.to_json())["providers"])


async def test_a_key_may_be_given_or_stand_in_the_file(tmp_path: Path) -> None:
    """Under the name of one's own, with the address beside it."""
    path = tmp_path / "credentials.json"
    path.write_text(json.dumps({"den": {"key": "den-key", "base_url": "http://file.test/v1"}}))
    path.chmod(0o600)
    mock, client = mocked(
        keys={"lab": "given"}, providers={"lab": LAB, "den": {"wire": "openai_compatible"}}, credentials_file=path
    )
    async with client as ai:
        await ai.chat("lab:m", "Hello")
        await ai.chat("den:m", "Hello")
    assert [dict(request.headers)[b"authorization"] for request in mock.requests] == [
        b"Bearer given",
        b"Bearer den-key",
    ]
    assert mock.requests[1].url == "http://file.test/v1/chat/completions"


async def test_nothing_of_the_wires_own_service_goes_along(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its key, address and organization are not meant for another service."""
    for name in ("OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(name, "sk-of-openai")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://openai.test/v1")
    own = {"wire": "openai", "base_url": "http://lab.test/v1", "keys": "lab-key"}
    mock, client = mocked(
        providers={"lab": own, "keyless": {**own, "keys": None}, "nowhere": {**own, "base_url": None}}
    )
    async with client as ai:
        await ai.chat("lab:m", "Hello")
        with pytest.raises(ConfigError, match=r'^keyless: no key: pass keys=\{"keyless": "\.\.\."\}'):
            await ai.chat("keyless:m", "Hello")
        with pytest.raises(ConfigError, match=r'^nowhere: no address: pass base_urls=\{"nowhere": "https://\.\.\."\}$'):
            await ai.chat("nowhere:m", "Hello")
    (request,) = mock.requests
    assert request.url == "http://lab.test/v1/chat/completions"
    assert not any(b"sk-of-openai" in value for _, value in request.headers)


async def test_its_options_are_those_of_its_wire() -> None:
    """Given as settings; an unknown one is refused under the name of one's own."""
    mock, client = mocked(
        providers={
            "lab": {**LAB, "options": {"stream_usage": "no"}},
            "bad": {**LAB, "options": {"stream_usages": "no"}},
        }
    )
    async with client as ai:
        await ai.chat("lab:m", "Hello", max_tokens=4)
        with pytest.raises(
            ConfigError, match=r"^bad: .*no option 'stream_usages' \(it has: stream_usage, stream_end\)"
        ):
            await ai.chat("bad:m", "Hello")
    assert json.loads(mock.requests[0].body)["max_tokens"] == 4


@pytest.mark.parametrize(
    ("providers", "message"),
    [
        ({"lab": {"base_url": "http://lab.test"}}, "there is no provider 'lab'"),
        ({"lab": {**LAB, "wire": "open_ai"}}, "there is no provider 'open_ai': did you mean 'openai'"),
        ({"lab": {**LAB, "base_url": "lab.test"}}, "base_url must start with http"),
        ({"lab": {**LAB, "base_url": "http://k:w@lab.test"}}, "has credentials in it"),
        ({"lab": {**LAB, "key_envs": "X"}}, "there is no setting 'key_envs': did you mean 'key_env'"),
    ],
)
def test_a_slip_in_the_settings_is_told_at_once(providers: Any, message: str) -> None:
    """When the client is made, in one line."""
    with pytest.raises(ConfigError, match=message) as caught:
        Client(providers=providers)
    assert "\n" not in str(caught.value)


async def test_it_has_the_handle_of_its_wire() -> None:
    """Bound to its address."""
    mock, client = mocked(providers={"lab": LAB})
    async with client as ai:
        assert isinstance(ai.native("lab"), OpenAIHandle)
        await ai.native("lab").files.list()
        await ai.handler("lab", "tiny")("Hello")
    assert [request.url.removeprefix("http://lab.test/v1") for request in mock.requests] == [
        "/files",
        "/chat/completions",
    ]


async def test_a_name_that_was_not_configured_is_no_provider() -> None:
    """The error names those there are."""
    _, client = mocked(providers={"lab": LAB})
    async with client as ai:
        with pytest.raises(ConfigError, match=r"there is no provider 'den'"):
            await ai.chat("den:m", "Hello")


@pytest.mark.sockets
async def test_it_works_over_sockets() -> None:
    """Chat, stream, embeddings and models; its errors bear its name."""
    async with simulate("openai", keys="lab-key") as sim:
        own = {"wire": "openai_compatible", "base_url": sim.base_url, "keys": "lab-key"}
        providers = {"lab": own, "locked": {**own, "keys": "other"}}
        async with Client(providers=providers, max_retries=0) as ai:
            reply = await ai.chat("lab:m", "Name three primes.")
            async with ai.stream("lab:m", "Name three primes.") as stream:
                assert (await stream.collect()).text == reply.text
            assert (await ai.embed("lab:e", ["a", "b"])).vectors.shape[0] == 2
            assert (await ai.models("lab")).models
            assert (await ai.count_tokens("lab:m", "Name three primes.")).estimated
            with pytest.raises(NotFoundError, match=f"^lab:{MISSING_MODEL}: "):
                await ai.chat(f"lab:{MISSING_MODEL}", "Hello")
            with pytest.raises(AuthenticationError) as caught:
                await ai.chat("locked:m", "Hello")
            assert caught.value.provider == "locked"
