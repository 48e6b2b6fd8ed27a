"""keys: what there is, whether it works, what it has left; and never the key itself."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from ipfs_accel_async.simulator import Simulator

FIRST, SECOND = "sk-first-0123456789abcdef", "sk-second-0123456789uvwxyz"


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two OpenAI keys in the environment."""
    monkeypatch.setenv("OPENAI_API_KEY_1", FIRST)
    monkeypatch.setenv("OPENAI_API_KEY_2", SECOND)


def hidden(text: str) -> bool:
    """Whether no key can be read in it."""
    return not any(key[:10] in text or key[-8:] in text for key in (FIRST, SECOND))


@pytest.mark.parametrize("args", [[], ["list"], ["list", "openai"]])
def test_keys_are_listed_masked(run: Any, two: None, args: list[str]) -> None:
    """By name, with the last four characters and where they were found; without a word, they are listed."""
    result = run("keys", *args)
    assert result.exit_code == 0, result.output
    assert hidden(result.output)
    for shown in ("key-1", "key-2", "...cdef", "...wxyz", "OPENAI_API_KEY_1"):
        assert shown in result.stdout


def test_the_list_as_json(run: Any, two: None) -> None:
    """One object with all there is to know."""
    result = run("keys", "list", "--json")
    first, second = json.loads(result.stdout)["keys"]
    assert (first["provider"], first["alias"], first["masked"]) == ("openai", "key-1", "...cdef")
    assert (second["alias"], second["source"]) == ("key-2", "OPENAI_API_KEY_1, OPENAI_API_KEY_2")
    assert hidden(result.stdout)


def test_without_keys_it_says_where_to_put_one(run: Any) -> None:
    """Not an empty screen."""
    result = run("keys", "list")
    assert (result.exit_code, result.stdout) == (0, "no keys: set a provider's variable, or see ipfs-accel doctor\n")


def test_a_provider_that_is_none_is_bad_input(run: Any) -> None:
    """One line, with the names that there are."""
    result = run("keys", "list", "opnai")
    assert result.exit_code == 2
    assert "openai" in result.stderr


def test_a_broken_key_does_not_hide_the_others(run: Any, two: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is a row of its own; asked for by name it is bad input."""
    monkeypatch.setenv("GROQ_API_KEY", "with space")
    rows = {row["provider"]: row for row in json.loads(run("keys", "list", "--json").stdout)["keys"]}
    assert rows["groq"]["status"] == "failed"
    assert rows["openai"]["status"] == "not asked"
    assert run("keys", "list", "groq").exit_code == 2


@pytest.mark.sockets
def test_each_key_is_tried_by_itself(run: Any, two: None, served: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """One call each, with that very key; the exit code says whether all are well."""
    monkeypatch.setenv("OPENAI_BASE_URL", served.base_urls["openai"])
    result = run("keys", "test", "--json")
    rows = json.loads(result.stdout)["keys"]
    assert result.exit_code == 0
    assert [row["status"] for row in rows] == ["ok", "ok"]
    assert [row["usage"]["requests"] for row in rows] == [1, 1]
    assert len(served.requests) == 2
    served.faults = {"openai": "401"}
    result = run("keys", "test", "openai")
    assert result.exit_code == 1
    assert (result.stdout.count("failed"), result.stdout.count("AuthenticationError")) == (1, 1)
    assert len(served.requests) == 4  # the one that was refused was not tried with the other key
    assert hidden(result.output)


@pytest.mark.sockets
def test_usage_says_what_one_call_used(run: Any, key: str, served: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests and latency here, and what the service tells of its limits."""
    monkeypatch.setenv("OPENAI_BASE_URL", served.base_urls["openai"])
    result = run("keys", "usage", "openai")
    assert result.exit_code == 0
    assert "requests 1" in result.stdout
    assert "latency mean" in result.stdout
    assert key not in result.output


@pytest.mark.sockets
def test_a_service_that_is_away_is_unreachable(run: Any, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key may be good: that is another matter."""
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    result = run("keys", "test", "openai", "--timeout", "5")
    assert result.exit_code == 1
    assert "unreachable" in result.stdout
