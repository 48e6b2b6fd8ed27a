"""The server: addresses, the log, gauges, keys, limits, and leaving early."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from ipfs_accel_async.simulator import PROVIDERS, RateLimit, Simulator, simulate
from tests.simulator.calls import HEADERS, PATHS, chat, chat_body, raw_client

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.sockets
CHATTING = [name for name in PROVIDERS if name in PATHS]
"""Twins that one call by hand reaches."""


async def until(condition: Callable[[], bool]) -> None:
    """Let the loop run until a condition holds."""
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0)


@pytest.mark.parametrize(("provider", "base"), [("openai", "/v1"), ("groq", "/openai/v1"), ("claude", "")])
async def test_one_twin_stands_at_its_natural_place(provider: str, base: str) -> None:
    """The base URL is what that provider's client takes."""
    async with simulate(provider) as sim:
        assert sim.base_url == f"http://127.0.0.1:{sim.port}{base}"
        assert sim.root_url == f"http://127.0.0.1:{sim.port}"


async def test_all_twins_share_a_port_under_their_names() -> None:
    """Without names every provider is there, and base_url says which property to use instead."""
    async with simulate() as sim, raw_client() as session:
        assert set(sim.base_urls) == set(PROVIDERS)
        assert sim.base_urls["groq"] == f"http://127.0.0.1:{sim.port}/groq/openai/v1"
        statuses = [(await chat(session, sim, provider))[0] for provider in CHATTING]
        assert statuses == [200] * len(CHATTING)
        assert [seen.provider for seen in sim.requests] == CHATTING
        with pytest.raises(ValueError, match="base_urls"):
            _ = sim.base_url
        async with session.get(f"http://127.0.0.1:{sim.port}/nobody/v1/models") as reply:
            assert reply.status == 404


@pytest.mark.parametrize(
    "options", [{"latency": -1}, {"pace": -1}, {"faults": "teapot"}, {"faults": {"claude": "429"}}, {"faults": 3}]
)
def test_bad_arguments_are_refused(options: dict[str, Any]) -> None:
    """What cannot be simulated is a ValueError at once."""
    with pytest.raises(ValueError):  # noqa: PT011 - five different messages
        simulate("openai", **options)


def test_an_unknown_provider_lists_the_known_ones() -> None:
    """The message helps to spell it."""
    with pytest.raises(ValueError, match=r"nobody.*openai"):
        simulate("nobody")


async def test_the_log_has_what_the_server_saw() -> None:
    """Method, path, query, headers, body, status and fault, in order of arrival."""
    async with simulate("openai", faults=[None, "429"]) as sim, raw_client() as session:
        await chat(session, sim, "openai")
        await chat(session, sim, "openai")
        async with session.get(sim.base_url + "/models?a=1") as reply:
            assert reply.status == 200
        async with session.post(sim.base_url + "/embeddings", data=b"\xff") as reply:
            assert reply.status == 400
    first, second, third, fourth = sim.requests
    assert (first.method, first.path, first.status, first.fault) == ("POST", PATHS["openai"], 200, None)
    assert first.body == chat_body("openai")
    assert first.headers["authorization"] == "Bearer sk-test"
    assert (second.status, second.fault) == (429, "429")
    assert (third.method, third.query, third.body) == ("GET", {"a": "1"}, b"")
    assert (fourth.body, fourth.status) == (b"\xff", 400)
    assert first.at <= second.at <= third.at
    assert not any(seen.disconnected for seen in sim.requests)
    assert "sk-test" not in repr(sim.requests)


async def test_equal_seeds_give_equal_bytes() -> None:
    """Two servers with one seed and one clock answer alike; another seed differs."""

    async def body(seed: int) -> bytes:
        async with simulate("openai", seed=seed, clock=lambda: 1.7e9) as sim, raw_client() as session:
            return (await chat(session, sim, "openai", stream=True))[2]

    assert await body(1) == await body(1) != await body(2)


async def test_gauges_count_requests_and_streams() -> None:
    """Both are in flight until their last byte."""
    async with simulate("openai", latency=0.05, pace=0.001) as sim, raw_client() as session:
        async with asyncio.TaskGroup() as tasks:
            for i in range(20):
                tasks.create_task(chat(session, sim, "openai", stream=bool(i % 2)))
            await until(lambda: sim.in_flight == 20)
        assert (sim.in_flight, sim.peak_in_flight) == (0, 20)


@pytest.mark.parametrize("fault", ["stall", "stall@0", "delay=3600", "slow-first-token=3600"])
async def test_a_client_that_leaves_is_noticed(fault: str) -> None:
    """The handler ends at once and the log says that the client left."""
    async with simulate("openai", faults=[fault]) as sim:
        async with raw_client() as session:
            call = asyncio.create_task(chat(session, sim, "openai", stream=True))
            await until(lambda: sim.in_flight == 1 and (fault[0] == "d" or sim.requests[0].status == 200))
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
        await until(lambda: sim.in_flight == 0)
        assert sim.requests[0].disconnected


async def test_a_client_that_leaves_a_slow_stream_is_noticed() -> None:
    """Closing a stream after its first frame ends the handler."""
    async with simulate("claude", pace=0.01) as sim, raw_client() as session:
        body = chat_body("claude", "long " * 500, stream=True)
        async with session.post(sim.base_url + PATHS["claude"], json=body) as reply:
            await reply.content.readline()
        await until(lambda: sim.in_flight == 0)
        assert sim.requests[0].disconnected


async def test_stopping_ends_what_stalls() -> None:
    """Stop does not wait for stalled answers, leaves no task behind and is not the client's doing."""
    before = asyncio.all_tasks()
    async with raw_client() as session:
        async with simulate("openai", faults=["stall", "delay=3600"]) as sim:
            calls = [asyncio.create_task(chat(session, sim, "openai", stream=True)) for _ in range(2)]
            await until(lambda: sim.in_flight == 2)
        results = await asyncio.gather(*calls, return_exceptions=True)
        assert all(isinstance(result, aiohttp.ClientError) for result in results)
    assert asyncio.all_tasks() == before
    assert not any(seen.disconnected for seen in sim.requests)
    with pytest.raises(RuntimeError, match="not started"):
        _ = sim.base_url


async def test_a_simulator_starts_again_but_not_twice() -> None:
    """Start and stop can be called by hand; stopping what is stopped is harmless."""
    sim = Simulator("ollama")
    await sim.start()
    with pytest.raises(RuntimeError, match="already started"):
        await sim.start()
    await sim.stop()
    await sim.stop()
    async with sim, raw_client() as session, session.get(sim.root_url) as reply:
        assert await reply.text() == "Ollama is running"


async def test_a_port_that_is_taken_is_an_error_and_leaves_nothing() -> None:
    """The second server on one port fails with OSError and can be started later."""
    async with simulate("openai") as first:
        second = simulate("openai", port=first.port)
        with pytest.raises(OSError, match="address already in use"):
            await second.start()
    async with second as sim:
        assert sim.port == second.port


@pytest.mark.parametrize("provider", CHATTING)
async def test_only_the_given_keys_are_accepted(provider: str) -> None:
    """A wrong key is that vendor's 401 (Google's 400, OVMS's 500), which does not repeat the key."""
    async with simulate(provider, keys=["sk-right"]) as sim, raw_client() as session:
        status, _, body = await chat(session, sim, provider)
        assert (status, b"sk-test" in body) == ({"gemini": 400, "ovms": 500}.get(provider, 401), False)
        session.headers["authorization"] = "Bearer sk-right"
        assert (await chat(session, sim, provider))[0] == 200


@pytest.mark.parametrize("provider", ["openai", "groq", "claude"])
async def test_hosted_services_want_some_key(provider: str) -> None:
    """Without any key the answer is 401, also when every key is accepted."""
    async with simulate(provider) as sim, aiohttp.ClientSession(headers={"anthropic-version": "2026-10-21"}) as session:
        assert (await chat(session, sim, provider))[0] == 401


async def test_claude_takes_its_key_in_either_header() -> None:
    """The key in x-api-key works with both API versions."""
    async with simulate("claude", keys="k") as sim:
        for version in ("2023-06-01", "2026-10-21"):
            headers = {"x-api-key": "k", "anthropic-version": version}
            async with aiohttp.ClientSession(headers=headers) as session:
                assert (await chat(session, sim, "claude"))[0] == 200


@pytest.mark.parametrize("provider", CHATTING)
async def test_a_used_up_limit_is_told_as_the_vendor_does(provider: str) -> None:
    """The second request gets 429 (503 from servers that know none), with a time if the vendor tells, for this key."""
    limit = RateLimit(requests_per_minute=1, requests_per_day=1 if provider == "groq" else None)
    async with simulate(provider, rate_limit=limit) as sim, raw_client() as session:
        assert (await chat(session, sim, provider))[0] == 200
        status, headers, _ = await chat(session, sim, provider)
        own = provider in ("vllm", "ollama", "hf_tgi", "hf_tei", "gemini", "ovms", "opea")
        unlimited = ("vllm", "ollama", "ovms", "opea")
        assert (status, "retry-after" in headers) == (503 if provider in unlimited else 429, not own)
        if provider == "openai":
            assert 59_000 < int(headers["retry-after-ms"]) <= 60_000
            assert headers["x-ratelimit-remaining-requests"] == "0"
        if provider == "groq":
            assert headers["x-ratelimit-limit-requests"] == "1"
            assert headers["x-ratelimit-reset-requests"].startswith(("23h59m", "24h0m"))
        if provider == "claude":
            assert headers["anthropic-ratelimit-requests-remaining"] == "0"
            assert headers["anthropic-ratelimit-requests-reset"].endswith("Z")
        session.headers["authorization"] = "Bearer sk-other"
        assert (await chat(session, sim, provider))[0] == 200


async def test_a_thousand_connections_at_once() -> None:
    """As many clients as that are served, none lost."""
    async with (
        simulate("vllm", latency=0.3) as sim,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), headers=HEADERS) as session,
    ):
        results = await asyncio.gather(*(chat(session, sim, "vllm") for _ in range(1000)))
        assert [status for status, _, _ in results] == [200] * 1000
        assert sim.peak_in_flight > 500
        assert len(sim.requests) == 1000


def test_importing_the_simulator_starts_nothing() -> None:
    """The package can be imported without an event loop."""
    code = "import ipfs_accel_async.simulator"
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == ""
