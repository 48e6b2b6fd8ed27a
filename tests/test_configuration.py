"""Configuration files: read, resolved, checked whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ipfs_accel_async import Client, ConfigError, Key, Keys
from ipfs_accel_async.configuration import read
from ipfs_accel_async.profiles import PROFILES
from ipfs_accel_async.references import LONGEST, resolve
from ipfs_accel_async.settings import Settings
from tests.canary import CANARY

if TYPE_CHECKING:
    from pathlib import Path

WHOLE = """
profile = "high_reliability"
timeout = 60.0
fallbacks = ["groq:llama-3.1-8b-instant"]

[keys]
groq = "env:TEAM_KEY"

[base_urls]
ollama = "env:OLLAMA_AT"

[providers.openai]
max_concurrent_requests = 20
keys = { rpm = 500, strategy = "weighted", keys = ["env:TEAM_KEY", { key = "file:second.key", name = "b", weight = 2 }]}

[providers.vllm]
balance = "prefix"
endpoints = ["http://a:8000", { url = "http://b:8000", name = "b", weight = 3, keys = "env:TEAM_KEY" }]
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration file that others may read, with what it refers to."""
    monkeypatch.setenv("TEAM_KEY", "sk-of-the-team")
    monkeypatch.setenv("OLLAMA_AT", "http://llama:11434")
    (tmp_path / "second.key").write_text("sk-from-a-file\n")
    path = tmp_path / "accel.toml"
    path.write_text(WHOLE)
    path.chmod(0o644)
    return path


async def test_a_file_makes_a_client(file: Path) -> None:
    """Profile, settings, keys with their bounds, addresses and endpoints are as the file says; arguments win."""
    async with Client.from_config(file, timeout=5.0) as ai:
        openai = ai._engine.provider("openai")
        assert openai.settings.timeout == 5.0
        assert openai.settings.max_retries == PROFILES["high_reliability"]["max_retries"]
        assert openai.settings.max_concurrent_requests == 20
        keys = openai.found.keys
        assert keys is not None
        assert keys.strategy == "weighted"
        assert [(key.name, key.secret.reveal(), key.weight, key.rpm) for key in keys.entries] == [
            ("key-1", "sk-of-the-team", 1, 500),
            ("b", "sk-from-a-file", 2, 500),
        ]
        assert ai._engine.provider("ollama").found.base_url.startswith("http://llama:11434")
        assert [(one.name.removesuffix("/v1"), one.weight) for one in ai.endpoints("vllm")] == [
            ("http://a:8000", 1),
            ("b", 3),
        ]
        assert ai._engine.defaults.fallbacks == ("groq:llama-3.1-8b-instant",)


@pytest.mark.parametrize("name", PROFILES)
def test_every_profile_is_made_of_settings(name: str) -> None:
    """What a profile sets is a setting with a value that is allowed; unlike profiles differ."""
    made = Settings.model_validate(dict(PROFILES[name]))
    assert made.max_concurrent_requests == PROFILES[name]["max_concurrent_requests"]
    client = Client(profile=name, timeout=7.0)
    settings = client._engine.provider("openai").settings
    assert settings.queue_size == PROFILES[name]["queue_size"]
    assert settings.timeout == 7.0


def test_a_profile_given_in_the_call_wins(file: Path) -> None:
    """The argument stands over the file's own."""
    assert read(file, "low_resource")["queue_size"] == PROFILES["low_resource"]["queue_size"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("profile = 'fastest'", "no profile 'fastest'", id="profile"),
        pytest.param("timeout = \n", r"is no TOML \(at line 1", id="no TOML"),
        pytest.param("max_retrys = 3", "max_retrys", id="a typing error"),
        pytest.param("keys = 'env:TEAM_KEY'", "keys is a table", id="keys"),
        pytest.param("[providers]\nopenai = 3", "providers.openai is a table", id="a provider"),
        pytest.param("[keys]\nopenai = 'env:NOBODY'", "keys.openai: the environment has no variable NOBODY", id="env"),
        pytest.param("[keys]\nopenai = 'file:none.key'", "keys.openai: .*none.key cannot be read", id="file"),
        pytest.param("[keys]\nopenai = [{ key = 'env:TEAM_KEY', rps = 1 }]", "keys.openai has a name", id="a bound"),
        pytest.param("[keys.openai]\nstrategy = 'weighted'", "keys.openai is a key, a list", id="no keys"),
        pytest.param("[keys]\nopenai = []", "keys.openai: Keys", id="an empty list"),
        pytest.param("[providers.vllm]\nendpoints = [{ url = 'http://a', wait = 1 }]", "wait", id="an endpoint"),
    ],
)
def test_a_wrong_file_is_one_clear_error(file: Path, text: str, message: str) -> None:
    """The error names the place; nothing is made of a file that is half right."""
    file.write_text(text)
    with pytest.raises(ConfigError, match=message):
        Client.from_config(file)._engine.provider("vllm")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """Its path is in the error."""
    with pytest.raises(ConfigError, match="cannot be read: FileNotFoundError"):
        Client.from_config(tmp_path / "none.toml")


@pytest.mark.parametrize(
    "text",
    [
        f"[keys]\nopenai = '{CANARY}'",
        f"[keys]\nopenai = ['env:TEAM_KEY', '{CANARY}']",
        f"[providers.openai]\nkeys = [{{ key = '{CANARY}', name = 'a' }}]",
        f"[providers.vllm]\nendpoints = [{{ url = 'http://a', keys = '{CANARY}' }}]",
    ],
)
def test_keys_in_a_file_that_others_may_read_are_refused(file: Path, text: str) -> None:
    """A literal key wants a file of one's own; the error does not show it."""
    file.write_text(text)
    with pytest.raises(ConfigError, match="chmod 600") as caught:
        read(file)
    assert CANARY not in str(caught.value)
    file.chmod(0o600)
    assert read(file)


@pytest.mark.parametrize("text", ["[keys]\nopenai = 'sk bad'", "[keys]\nopenai = [{ key = 'sk bad', name = 'a' }]"])
def test_a_key_that_cannot_be_sent_is_not_shown(file: Path, text: str) -> None:
    """The error says what is wrong with it, and no more."""
    file.write_text(text.replace("sk bad", CANARY + " x"))
    file.chmod(0o600)
    with pytest.raises(ConfigError) as caught:
        Client.from_config(file)
    assert CANARY not in str(caught.value) + repr(caught.value)


def test_a_mapping_does_as_well() -> None:
    """What would be in a file can be passed, keys made by hand among it."""
    made = Client.from_config({"profile": "balanced", "keys": {"openai": Keys(Key("sk-a", name="a"))}})
    assert made._engine.provider("openai").settings.queue_size == PROFILES["balanced"]["queue_size"]


def test_references(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables and files give their content without the white space around it; other text is itself."""
    monkeypatch.setenv("A_KEY", " sk-env ")
    (tmp_path / "key").write_text("sk-file\n")
    assert resolve("env:A_KEY", "x") == "sk-env"
    assert resolve("file:key", "x", tmp_path) == resolve(f"file:{tmp_path}/key", "x") == "sk-file"
    for text in ("sk-plain", "http://host:80", "environment:A", "env"):
        assert resolve(text, "x") == text


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: path.write_text(""), "is empty"),
        (lambda path: path.write_bytes(b"\xff\xfe"), "cannot be read: UnicodeDecodeError"),
        (lambda path: path.write_text("x" * (LONGEST + 1)), "too long"),
        (lambda path: path.mkdir(), "cannot be read: IsADirectoryError"),
    ],
)
def test_a_file_that_holds_no_secret(tmp_path: Path, make: Any, message: str) -> None:
    """Empty, no text, another file altogether: each is refused with its path."""
    make(tmp_path / "key")
    with pytest.raises(ConfigError, match=message):
        resolve("file:key", "keys.openai", tmp_path)
