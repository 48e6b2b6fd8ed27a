"""A server of the OpenAI wire from the command line: its address from the environment or an option."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from ipfs_accel_async.simulator import Simulator

KEY = "sk-simulated-0123456789abcdef"


@pytest.mark.sockets
def test_it_chats_embeds_and_lists(run: Any, served: Simulator) -> None:
    """With nothing configured but two variables."""
    env = {"OPENAI_COMPATIBLE_BASE_URL": served.base_urls["openai"], "OPENAI_COMPATIBLE_API_KEY": KEY}
    chat = run("chat", "openai_compatible:tiny", "Name three primes.", env=env)
    assert (chat.exit_code, chat.stderr) == (0, "")
    assert chat.stdout.startswith("Synthetic answer")
    assert run("models", "openai_compatible", env=env).exit_code == 0
    assert {seen.headers["authorization"] for seen in served.requests} == {f"Bearer {KEY}"}


def test_without_an_address_it_says_what_to_do(run: Any) -> None:
    """Exit code 2 and one line."""
    result = run("chat", "openai_compatible:tiny", "Hello")
    assert result.exit_code == 2
    assert "no address: set OPENAI_COMPATIBLE_BASE_URL" in result.stderr
    assert result.stderr.count("\n") == 1


def test_the_doctor_knows_that_it_has_no_address(run: Any) -> None:
    """It is not configured, and nobody is asked."""
    result = run("doctor", "--json", "--offline")
    found = {row["provider"]: row for row in json.loads(result.stdout)["providers"]}
    for name, variable in (
        ("openai_compatible", "OPENAI_COMPATIBLE_BASE_URL"),
        ("azure_openai", "AZURE_OPENAI_ENDPOINT"),
    ):
        assert (found[name]["status"], found[name]["detail"]) == ("no address", f"set {variable}")
        assert (found[name]["configured"], found[name]["base_url"]) == (False, "")


def test_it_is_listed_with_its_variables(run: Any) -> None:
    """As every other provider."""
    told = json.loads(run("providers", "openai_compatible", "--json").stdout)
    assert told["url_env"] == ["OPENAI_COMPATIBLE_BASE_URL"]
    assert told["options"] == ["stream_usage", "stream_end"]
    assert "chat" in told["operations"]
