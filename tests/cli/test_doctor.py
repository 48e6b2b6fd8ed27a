"""doctor: what is configured, and never the key itself."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ipfs_accel_async import registry

if TYPE_CHECKING:
    from pathlib import Path

    from ipfs_accel_async.simulator import Simulator


def findings(run: Any, *args: str) -> dict[str, dict[str, Any]]:
    """The findings by provider."""
    result = run("doctor", "--json", *args)
    assert result.exit_code == 0, result.output
    return {row["provider"]: row for row in json.loads(result.stdout)["providers"]}


def test_every_provider_is_told_with_what_it_lacks(run: Any) -> None:
    """Those that need a key name its variable; local servers need none."""
    found = findings(run, "--offline")
    assert list(found) == registry.names()
    assert (found["openai"]["status"], found["openai"]["detail"]) == ("no key", "set OPENAI_API_KEY")
    assert found["ollama"]["configured"]
    assert found["ollama"]["url_from"] == "default"


def test_keys_are_masked(run: Any, key: str) -> None:
    """Only the last characters show, and where the key was found."""
    for args in (["--offline"], ["--offline", "--json"]):
        shown = run("doctor", *args).output
        assert key not in shown
        assert key[:12] not in shown
        assert "...cdef" in shown
        assert "OPENAI_API_KEY" in shown


def test_keys_of_the_credentials_file_are_masked_too(run: Any, tmp_path: Path) -> None:
    """With the file's place and the name in it."""
    path = tmp_path / ".ipfs_api_credentials"
    path.write_text(json.dumps({"groq": "gsk-0123456789-0123456789-wxyz"}))
    path.chmod(0o600)
    found = findings(run, "--offline")["groq"]
    assert found["keys"] == ["...wxyz"]
    assert found["keys_from"] == f"{path} (groq)"


def test_a_broken_configuration_is_a_finding_not_a_failure(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other providers are told all the same."""
    monkeypatch.setenv("GROQ_API_KEY", "with space")
    monkeypatch.setenv("VLLM_API_URL", "http://me:word@host")
    found = findings(run, "--offline")
    assert found["groq"]["status"] == "failed"
    assert "GROQ_API_KEY" in found["groq"]["detail"]
    assert found["vllm"]["status"] == "failed"
    assert "word" not in found["vllm"]["detail"]
    assert found["ollama"]["configured"]


@pytest.mark.sockets
def test_reachable_providers_answer(run: Any, served: Simulator, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that answers, one that refuses the key, one where nobody listens, one without a key."""
    monkeypatch.setenv("OPENAI_BASE_URL", served.base_urls["openai"])
    monkeypatch.setenv("ANTHROPIC_BASE_URL", served.base_urls["claude"])
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-revoked-0123456789")
    monkeypatch.setenv("OLLAMA_HOST", "http://127.0.0.1:1")
    monkeypatch.setenv("VLLM_API_URL", "http://127.0.0.1:1/v1")
    served.faults = {"claude": "401"}
    found = findings(run)
    assert found["openai"]["status"] == "ok"
    assert "models in" in found["openai"]["detail"]
    assert found["claude"]["status"] == "failed"
    assert found["claude"]["detail"].startswith("AuthenticationError: ")
    assert found["ollama"]["status"] == found["vllm"]["status"] == "unreachable"
    assert found["groq"]["status"] == "no key"
    assert len([seen for seen in served.requests if seen.provider == "claude"]) == 1


def test_a_provider_that_does_not_load_is_a_finding(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed one may lack a library of its own."""

    def load(name: str, known: Any = registry.codec) -> Any:
        if name == "groq":
            raise ModuleNotFoundError("No module named 'its_library'")
        return known(name)

    monkeypatch.setattr(registry, "codec", load)
    found = findings(run, "--offline")
    assert found["groq"]["detail"] == "ModuleNotFoundError: No module named 'its_library'"
    assert found["ollama"]["configured"]
