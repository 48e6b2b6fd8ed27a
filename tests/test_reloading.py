"""Hot reload: what a changed file changes, while calls go on."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import pytest

from ipfs_accel_async import Client, ConfigError, InvalidRequestError
from ipfs_accel_async.transport.mock import MockTransport
from tests.answering import completion, header

if TYPE_CHECKING:
    from pathlib import Path

    from ipfs_accel_async.wire.http import Request, Response

MODEL = "openai:gpt-4.1-mini"


class Service:
    """Answers after a second; notes keys and hosts."""

    def __init__(self) -> None:
        self.keys: list[str | None] = []
        self.hosts: list[str] = []
        self.now = self.peak = 0

    async def __call__(self, request: Request) -> Response:
        """Answer one request."""
        self.keys.append(header(request, "authorization"))
        self.hosts.append(request.url.split("/")[2])
        self.now += 1
        self.peak = max(self.peak, self.now)
        await asyncio.sleep(1)
        self.now -= 1
        return MockTransport.reply(completion("Yes."))


def written(path: Path, text: str) -> Path:
    """A file of one's own with this text."""
    path.write_text(text)
    path.chmod(0o600)
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A configuration of one key and one place."""
    return written(tmp_path / "accel.toml", "max_concurrent_requests = 1\n[keys]\nopenai = 'sk-old'")


async def test_a_rotated_key_serves_from_the_next_call_on(file: Path) -> None:
    """A call under way ends with the old key, those that wait get the new one."""
    service = Service()
    async with Client.from_config(file, transport=MockTransport(service)) as ai:
        first = asyncio.ensure_future(ai.chat(MODEL, "One"))
        second = asyncio.ensure_future(ai.chat(MODEL, "Two"))
        await asyncio.sleep(0.5)
        written(file, "max_concurrent_requests = 1\n[keys]\nopenai = 'sk-new'")
        ai.reload()
        await asyncio.gather(first, second)
        assert service.keys == ["Bearer sk-old", "Bearer sk-new"]


async def test_a_raised_cap_lets_waiting_calls_go(file: Path) -> None:
    """More places are taken in the step of the reload."""
    service = Service()
    async with Client.from_config(file, transport=MockTransport(service)) as ai:
        calls = [asyncio.ensure_future(ai.chat(MODEL, str(number))) for number in range(6)]
        await asyncio.sleep(0.5)
        assert service.peak == 1
        written(file, "max_concurrent_requests = 4\n[keys]\nopenai = 'sk-old'")
        ai.reload()
        await asyncio.sleep(0.1)
        assert service.peak == 4
        await asyncio.gather(*calls)


async def test_addresses_endpoints_and_settings_change(file: Path) -> None:
    """Another base URL, several endpoints, other retries and queues hold for the next call; views see them too."""
    service = Service()
    async with Client.from_config(file, transport=MockTransport(service)) as ai:
        view = ai.with_options(tags={"tenant": "a"})
        await view.chat(MODEL, "One")
        key = "keys = 'sk-old'"
        written(file, f"queue_size = 7\n[providers.openai]\nbase_url = 'http://other:80/v1'\n{key}")
        view.reload()
        await view.chat(MODEL, "Two")
        assert ai._engine.provider("openai").settings.queue_size == 7
        written(file, f"[providers.openai]\nendpoints = ['http://a', {{ url = 'http://b', name = 'b' }}]\n{key}")
        ai.reload()
        for number in range(4):
            await ai.chat(MODEL, str(number))
        written(file, f"[providers.openai]\nendpoints = ['http://c', {{ url = 'http://b', name = 'b' }}]\n{key}")
        ai.reload()
        await asyncio.gather(*(ai.chat(MODEL, str(number)) for number in range(8)))
        assert service.hosts[:2] == ["api.openai.com", "other:80"]
        assert set(service.hosts[2:6]) <= {"a", "b"}
        assert set(service.hosts[6:]) == {"c", "b"}
        assert ai.endpoints("openai")["b"].calls + 0 >= 1


async def test_endpoints_follow_the_file_in_all_they_have() -> None:
    """Settings that came, changed and went, their own or the provider's; what is known of their keys stays."""
    service = Service()
    one = {"url": "http://a", "name": "one", "keys": ["sk-1"], "rpm": 60, "max_retries": 1}
    vllm: dict[str, Any] = {"endpoints": [one, {"url": "http://b", "name": "two"}], "balance": "least-loaded"}
    source: dict[str, Any] = {"providers": {"vllm": vllm}, "queue_size": 1_000}
    async with Client.from_config(source, transport=MockTransport(service)) as ai:
        await asyncio.gather(*(ai.chat("vllm:m", str(number)) for number in range(4)))
        known = ai._engine.provider("vllm").endpoints
        assert (known["one"].settings.rpm, known["one"].settings.max_retries) == (60, 1)
        del one["rpm"]
        one["keys"] = ["sk-1", "sk-2"]
        source["max_retries"], source["failure_threshold"] = 3, 1
        ai.reload()
        assert (known["one"].settings.rpm, known["one"].settings.max_retries) == (None, 1)
        assert (known["two"].settings.max_retries, known["two"].settings.failure_threshold) == (3, 1)
        usage = ai.keys("vllm", "one").usage()
        assert (usage["key-1"].requests, usage["key-2"].requests) == (2, 0)


async def test_endpoints_without_a_cap_together_have_none_after_a_reload() -> None:
    """Each has its five places, before and after; a cap that is stated then holds for all of them."""
    service = Service()
    source: dict[str, Any] = {"providers": {"vllm": {"endpoints": ["http://a", "http://b"]}}, "queue_size": 1_000}
    async with Client.from_config(source, transport=MockTransport(service)) as ai:
        for cap, peak in ((None, 10), (None, 10), (3, 3), (None, 10)):
            source["providers"]["vllm"].pop("max_concurrent_requests", None)
            if cap is not None:
                source["providers"]["vllm"]["max_concurrent_requests"] = cap
            ai.reload()
            service.peak = 0
            await asyncio.gather(*(ai.chat("vllm:m", str(number)) for number in range(30)))
            assert service.peak == peak


async def test_another_balance_is_followed() -> None:
    """Among the endpoints that there are."""
    service = Service()
    two = [{"url": "http://a", "price": 1}, {"url": "http://b", "price": 2}]
    source: dict[str, Any] = {"providers": {"vllm": {"endpoints": two, "balance": "least-loaded"}}}
    async with Client.from_config(source, transport=MockTransport(service)) as ai:
        for balance, hosts in (("least-loaded", {"a", "b"}), ("cheapest", {"a"})):
            source["providers"]["vllm"]["balance"] = balance
            ai.reload()
            service.hosts.clear()
            await asyncio.gather(*(ai.chat("vllm:m", f"{balance} {number}") for number in range(4)))
            assert set(service.hosts) == hosts


async def test_of_a_wrong_file_nothing_is_taken(file: Path) -> None:
    """The error says what is wrong, and the client goes on as before."""
    service = Service()
    async with Client.from_config(file, transport=MockTransport(service)) as ai:
        for text in ("queue_size = -1\n[keys]\nopenai = 'sk-new'", "[[["):
            written(file, text)
            with pytest.raises(ConfigError):
                ai.reload()
        file.unlink()
        with pytest.raises(ConfigError, match="cannot be read"):
            ai.reload()
        await ai.chat(MODEL, "One")
        assert service.keys == ["Bearer sk-old"]


async def test_a_watched_file_is_reloaded_when_it_changes(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A change is taken at the next look; one that is wrong is reported and looked at again."""
    service = Service()
    async with Client.from_config(file, transport=MockTransport(service)) as ai, asyncio.TaskGroup() as group:
        watching = group.create_task(ai.watch_config(every=5))
        await asyncio.sleep(6)
        written(file, "[[[  a wrong file, for now")
        with caplog.at_level(logging.WARNING, logger="ipfs_accel_async"):
            await asyncio.sleep(5)
        assert "stays as it was" in caplog.text
        written(file, "[keys]\nopenai = 'sk-new-and-longer'")
        await asyncio.sleep(5)
        await ai.chat(MODEL, "One")
        assert service.keys == ["Bearer sk-new-and-longer"]
        watching.cancel()


async def test_only_a_client_from_a_file_reloads() -> None:
    """Others say how to make one that does."""
    async with Client(keys={"openai": "k"}) as ai:
        with pytest.raises(ConfigError, match="from_config"):
            ai.reload()
        with pytest.raises(ConfigError, match="from_config"):
            await ai.watch_config()
        with pytest.raises(InvalidRequestError, match="above 0"):
            await ai.watch_config(every=0)


@pytest.mark.parametrize("source", [{"keys": {"openai": "sk-a"}}])
async def test_a_mapping_can_be_reloaded_too(source: dict[str, Any]) -> None:
    """What was changed in it since counts."""
    service = Service()
    async with Client.from_config(source, transport=MockTransport(service)) as ai:
        source["keys"] = {"openai": "sk-b"}
        ai.reload()
        await ai.chat(MODEL, "One")
        assert service.keys == ["Bearer sk-b"]
