"""What every provider must have, whatever its wire: one test a feature, each over the twins of those it is for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ipfs_accel_async import Client, InvalidRequestError, MockTransport, NotFoundError
from ipfs_accel_async.errors import CircuitOpenError, ServerError
from ipfs_accel_async.simulator import PROVIDERS
from tests.providers.codecs import CODECS
from tests.providers.superset import EMBEDDING, KEYS, LISTING, MODELS, TARGETS, pair, plain_call

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.sockets

COUNTED_BY_THE_SERVICE = {"openai", "claude", "gemini", "hf_tgi", "vllm"}
SOLD = {
    "openai": "openai:gpt-4.1-mini",
    "claude": "claude:claude-sonnet-4-5",
    "groq": "groq:llama-3.3-70b-versatile",
    "gemini": "gemini:gemini-2.5-flash",
}
HEALTH = {
    "openai": lambda ai: ai.models("openai"),
    "ollama": lambda ai: ai.ollama.health(),
    "hf_tgi": lambda ai: ai.hf_tgi.health(),
    "hf_tei": lambda ai: ai.hf_tei.health(),
    "llvm": lambda ai: ai.llvm.health(),
    "vllm": lambda ai: ai.vllm.health(),
    "ovms": lambda ai: ai.ovms.live(),
    "opea": lambda ai: ai.opea.health_check("chatqna"),
    "s3_kit": lambda ai: ai.s3_kit.buckets.list(),
}


def test_the_lists_name_every_twin() -> None:
    """A provider that is added later is held to what follows, or this fails."""
    assert set(KEYS) == {*TARGETS, "hf_tei", "llvm", "s3_kit"}
    assert set(TARGETS) == {name for name in PROVIDERS if "chat" in CODECS[name].operations}
    assert set(EMBEDDING) == {name for name in PROVIDERS if "embed" in CODECS[name].operations}


@pytest.mark.parametrize("name", PROVIDERS)
async def test_the_id_of_a_call_is_sent_and_given_back(name: str) -> None:
    """``X-Request-ID`` on the wire is `request_id` of the answer, another one for each call."""
    async with pair(name) as (ai, sim):
        answers = [await plain_call(ai, name) for _ in range(2)]
    sent = [seen.headers["x-request-id"] for seen in sim.requests][-2:]
    assert [answer.request_id for answer in answers] == sent
    assert len(set(sent)) == 2


@pytest.mark.parametrize("name", PROVIDERS)
async def test_an_error_has_the_id_of_its_call(name: str) -> None:
    """So that a failure can be found in the service's log."""
    async with pair(name, "500", max_retries=0) as (ai, sim):
        with pytest.raises(ServerError) as caught:
            await plain_call(ai, name)
    assert caught.value.request_id == sim.requests[-1].headers["x-request-id"]


@pytest.mark.parametrize("name", PROVIDERS)
async def test_too_fast_is_sent_again_after_the_wait(name: str) -> None:
    """A 429 with Retry-After: the same call succeeds on its second attempt, not before the time."""
    async with pair(name, "429=0.05", initial_retry_delay=0) as (ai, sim):
        answer = await plain_call(ai, name)
    assert answer.attempts == 2
    first, second = sim.requests[-2:]
    assert (first.status, second.status) == (429, 200)
    assert second.at - first.at >= 0.045


@pytest.mark.parametrize("name", PROVIDERS)
async def test_the_breaker_opens_for_every_provider(name: str) -> None:
    """After the failures that were set, a call is refused here and not sent."""
    async with pair(name, "500", "500", max_retries=0, failure_threshold=2) as (ai, sim):
        for _ in range(2):
            with pytest.raises(ServerError):
                await plain_call(ai, name)
        sent = len(sim.requests)
        with pytest.raises(CircuitOpenError):
            await plain_call(ai, name)
        assert len(sim.requests) == sent


@pytest.mark.parametrize("name", PROVIDERS)
@pytest.mark.parametrize("priority", [0, 2, "HIGH", "low"])
async def test_every_call_takes_a_priority(name: str, priority: int | str) -> None:
    """By number or by name; another one is refused before anything is sent."""
    async with pair(name) as (ai, _):
        assert await plain_call(ai, name, priority=priority)
        with pytest.raises(InvalidRequestError, match="priority"):
            await plain_call(ai, name, priority="URGENT")


@pytest.mark.parametrize("name", PROVIDERS)
async def test_every_provider_is_in_the_report(name: str) -> None:
    """Calls, failures, latency and retries under its name, and in the sum."""
    async with pair(name, "429=0", None, "400", initial_retry_delay=0) as (ai, _):
        await plain_call(ai, name)
        with pytest.raises(Exception, match=name):
            await plain_call(ai, name)
        report = ai.report()
    for part in (report, report["providers"][name]):
        assert (part["total_requests"], part["success_rate"]) == (2, 0.5)
        assert part["retries"]["total"] == 1
        assert part["latency"]["max"] > 0
        assert part["errors"]["total_errors"] == 1
    assert report["providers"][name]["api_name"] == name


@pytest.mark.parametrize("name", PROVIDERS)
async def test_the_credentials_file_has_a_key_for_everyone(name: str, tmp_path: Path) -> None:
    """Under the provider's own name and under each of the longer ones."""
    for number, entry in enumerate([name, *CODECS[name].file_keys]):
        path = tmp_path / str(number)
        path.write_text(json.dumps({entry: KEYS[name]}))
        path.chmod(0o600)
        mock = MockTransport(lambda _: MockTransport.reply({}, headers={"content-type": "application/json"}))
        if name == "s3_kit":  # its key is not sent but signs
            async with pair(name, keys={}, credentials_file=path) as (ai, sim):
                await plain_call(ai, name)
            assert f"Credential={KEYS[name].partition(':')[0]}/" in sim.requests[-1].headers["authorization"]
            continue
        async with Client(transport=mock, credentials_file=path, base_urls={name: "http://127.0.0.1:1"}) as ai:
            await ai.request(name, "GET", "/x")
        assert any(KEYS[name].encode() in value for _, value in mock.requests[0].headers), entry


@pytest.mark.parametrize("name", [name for name in PROVIDERS if name != "s3_kit"])
async def test_every_provider_has_handlers(name: str) -> None:
    """An awaitable bound to one model at the address given, whatever address the client has."""
    async with pair(name) as (_, sim):
        model = TARGETS.get(name, f"{name}:linear").partition(":")[2]
        async with Client(keys=KEYS, base_urls={name: "http://127.0.0.1:1"}) as other:
            ask = other.handler(name, model, sim.base_urls[name])
            data: Any = {"x": [[1.0, 2.0, 3.0, 4.0]]} if name == "llvm" else "Hello"
            answer = await ask(data)
        assert answer.target.endpoint == ask.metadata["base_url"]
        assert ask.metadata["provider"] == name
        assert sim.requests


async def test_the_handle_of_s3_is_bound_to_an_address_by_its_options() -> None:
    """The same for what has methods of its own only."""
    async with pair("s3_kit") as (_, sim), Client(keys=KEYS, base_urls={"s3_kit": "http://127.0.0.1:1"}) as other:
        bound = other.s3_kit.with_options(base_url=sim.base_urls["s3_kit"])
        assert await bound.buckets.list() == ()
        assert sim.requests


@pytest.mark.parametrize("name", LISTING)
async def test_whether_a_model_is_there_is_asked_of_the_service(name: str) -> None:
    """The live list decides, never a table here; a name that it lacks is told with the nearest one."""
    async with pair(name) as (ai, _):
        listed = await ai.models(name)
        assert MODELS[name].partition(":")[2] in {model.id for model in listed.models} | {"tgi"}
        there = f"{name}:{listed.models[0].id}"
        assert (await ai.model(there)).id == listed.models[0].id
        with pytest.raises(NotFoundError, match="did you mean"):
            await ai.model(f"{there}x")


async def test_a_name_without_its_tag_is_known() -> None:
    """Ollama takes it for the latest, and lists it with the tag."""
    async with pair("ollama") as (ai, _):
        assert (await ai.model("ollama:nomic-embed-text")).id == "nomic-embed-text:latest"


@pytest.mark.parametrize("name", EMBEDDING)
async def test_many_texts_are_one_request(name: str) -> None:
    """Vectors in the order of the texts: each is the one that its text has alone."""
    model = {"opea": "opea:embedding"}.get(name, f"{name}:nomic-embed-text")
    async with pair(name) as (ai, sim):
        texts = ["a red apple", "a fast car", "a red apple"]
        many = await ai.embed(model, texts)
        assert len(sim.requests) == 1
        alone = await ai.embed(model, texts[1])
    assert many.vectors.shape == (3, alone.vectors.shape[1])
    assert (many.vectors[0] == many.vectors[2]).all()
    assert (many.vectors[1] == alone.vectors[0]).all()
    assert many.usage.input_tokens or name == "gemini"  # which counts none for them


@pytest.mark.parametrize("name", TARGETS)
async def test_tokens_are_counted_before_a_chat(name: str) -> None:
    """By the service where it can, else estimated, and then said to be so."""
    async with pair(name) as (ai, sim):
        counted = await ai.count_tokens(TARGETS[name], "How long is this sentence of mine?")
    assert counted.tokens > 5
    assert counted.estimated == (name not in COUNTED_BY_THE_SERVICE)
    assert bool(sim.requests) == (name in COUNTED_BY_THE_SERVICE)


@pytest.mark.parametrize("name", SOLD)
async def test_what_is_sold_has_a_price(name: str) -> None:
    """An estimate by list prices, and said to be one."""
    pytest.importorskip("genai_prices", reason="it is in the extra dev, which is not installed")
    async with pair(name) as (ai, _):
        cost = ai.cost(await ai.chat(SOLD[name], "Hello"))
    assert cost is not None
    assert cost.total > 0
    assert cost.estimated


@pytest.mark.parametrize("name", HEALTH)
async def test_a_server_can_be_asked_whether_it_is_well(name: str) -> None:
    """By its own route, where it has one; of a server that is down the answer is a typed error."""
    async with pair(name, None, "500", max_retries=0) as (ai, _):
        await HEALTH[name](ai)
        with pytest.raises(ServerError):
            await HEALTH[name](ai)
