"""What answers cost."""

from __future__ import annotations

import builtins
from typing import Any

import pytest

from ipfs_accel_async import Client, ConfigError, Reply, Target, Usage


def reply(model: str, usage: Usage, answered: str = "") -> Reply:
    """An answer of a model."""
    provider, _, name = model.partition(":")
    return Reply(target=Target(provider, name), model=answered, usage=usage)


@pytest.mark.parametrize(
    "model", ["openai:gpt-4.1-mini", "claude:claude-sonnet-4-5", "groq:llama-3.1-8b-instant", "gemini:gemini-2.5-flash"]
)
def test_list_prices_are_an_estimate(model: str) -> None:
    """Tokens times list price, flagged; ten times the tokens cost ten times as much."""
    pytest.importorskip("genai_prices", reason="the extra prices is not installed")
    one = Client().cost(reply(model, Usage(1_000, 100, 1_100)))
    ten = Client().cost(reply(model, Usage(10_000, 1_000, 11_000)))
    assert one is not None
    assert ten is not None
    assert one.estimated
    assert one.total == pytest.approx(one.input + one.output)
    assert 0 < one.total < 0.1
    assert ten.total == pytest.approx(10 * one.total)


def test_cached_tokens_cost_less() -> None:
    """A prompt read from the service's cache has its own price."""
    pytest.importorskip("genai_prices", reason="the extra prices is not installed")
    fresh = Client().cost(reply("openai:gpt-4.1-mini", Usage(1_000, 100, 1_100)))
    cached = Client().cost(reply("openai:gpt-4.1-mini", Usage(1_000, 100, 1_100, cached_tokens=900)))
    assert fresh is not None
    assert cached is not None
    assert cached.total < fresh.total


def test_the_models_own_name_is_tried_first() -> None:
    """A dated name that the service returned counts, an alias in the call is the second try."""
    pytest.importorskip("genai_prices", reason="the extra prices is not installed")
    assert Client().cost(reply("openai:gpt-4.1-mini", Usage(1_000, 100, 1_100), "my-own-name")) is not None
    assert Client().cost(reply("openai:nobody-sells-this", Usage(1_000, 100, 1_100))) is None


def test_what_has_no_list_price_costs_nothing_known() -> None:
    """Models on one's own machines: None, not zero."""
    assert Client().cost(reply("ollama:llama3.2", Usage(1_000, 100, 1_100))) is None


def test_what_the_service_says_is_no_estimate() -> None:
    """A cost in the usage counts as it is."""
    made = Client().cost(reply("ollama:llama3.2", Usage(1, 1, 2, cost=0.25)))
    assert made is not None
    assert (made.total, made.estimated) == (0.25, False)


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """A ConfigError with the command."""
    real = builtins.__import__

    def absent(name: str, *args: Any, **more: Any) -> Any:
        if name.startswith("genai_prices"):
            raise ImportError(name)
        return real(name, *args, **more)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(ConfigError, match=r"ipfs-accel-async\[prices\]"):
        Client().cost(reply("openai:gpt-4.1-mini", Usage(1, 1, 2)))
