"""The credentials file: both namings, its forms, and what is wrong with it said without a word of it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from ipfs_accel_async import Client, ConfigError, Keys, MockTransport, registry
from ipfs_accel_async.config import settings
from ipfs_accel_async.credentials import FILE_NAME, CredentialsFile, Found, look_up
from tests.canary import CANARY, leaks
from tests.credentials import written

PROVIDERS = [name for name in registry.names() if registry.codec(name).key_env and not registry.codec(name).key_parts]
NAMES = [(name, alias) for name in PROVIDERS for alias in (name, *registry.codec(name).file_keys)]
URL_NAMES = [(name, alias) for name in PROVIDERS for alias in registry.codec(name).file_urls]


def find(provider: str, file: CredentialsFile) -> Found:
    """What the look-up finds for a provider in the file alone."""
    return look_up(registry.codec(provider), None, None, settings({}, {}, provider), file, {})


def revealed(found: Found) -> list[str]:
    """The keys that were found."""
    return [key.reveal() for key in found.keys or ()]


@pytest.mark.parametrize(("provider", "name"), NAMES)
@pytest.mark.parametrize(
    ("form", "keys"),
    [
        ("sk-a", ["sk-a"]),
        (" sk-a\n", ["sk-a"]),
        (["sk-a", "sk-b"], ["sk-a", "sk-b"]),
        ({"keys": ["sk-a", "sk-b"], "base_url": "http://h/x"}, ["sk-a", "sk-b"]),
        ({"keys": "sk-a"}, ["sk-a"]),
        ({"key": "sk-a"}, ["sk-a"]),
    ],
)
def test_every_name_takes_every_form(provider: str, name: str, form: Any, keys: list[str], tmp_path: Path) -> None:
    """A key, a list of keys or keys with an address, under the provider's name or the template's."""
    file = written(tmp_path, {name: form, "unknown": 5})
    found = find(provider, file)
    assert (revealed(found), found.keys_from) == (keys, f"{file.path} ({name})")
    if isinstance(form, dict) and "base_url" in form:
        assert (found.base_url, found.url_from) == ("http://h/x", f"{file.path} ({name})")


@pytest.mark.parametrize(("provider", "name"), URL_NAMES)
def test_every_name_of_an_address_works(provider: str, name: str, tmp_path: Path) -> None:
    """The template's flat names of addresses."""
    file = written(tmp_path, {name: "http://h:1/x"})
    assert (find(provider, file).base_url, find(provider, file).url_from) == ("http://h:1/x", f"{file.path} ({name})")


def test_a_short_ollama_address_works_in_the_file_too(tmp_path: Path) -> None:
    """What OLLAMA_HOST may hold, ollama_host may."""
    assert find("ollama", written(tmp_path, {"ollama_host": "gpu:8080"})).base_url == "http://gpu:8080"


def test_nested_and_flat_entries_complete_each_other(tmp_path: Path) -> None:
    """An address in one entry and a key in another are both found; empty values count as absent."""
    content = {"openai": {"base_url": "http://h/x", "keys": []}, "openai_api_key": "sk-a", "vllm": None, "groq": ""}
    file = written(tmp_path, content)
    assert (revealed(find("openai", file)), find("openai", file).base_url) == (["sk-a"], "http://h/x")
    assert find("vllm", file).keys is None
    assert find("groq", file).keys is None


def test_the_shipped_template_of_old_is_understood(tmp_path: Path) -> None:
    """A flat file with the names that users have already."""
    content = {"openai_api_key": "sk-o", "anthropic_api_key": "sk-c", "groq_api_key": "sk-g", "google_api_key": "x"}
    file = written(tmp_path, {**content, "ollama_endpoint": "http://localhost:11434", "tgi_endpoint": ""})
    assert [revealed(find(name, file))[0] for name in ("openai", "claude", "groq")] == ["sk-o", "sk-c", "sk-g"]
    assert find("ollama", file).base_url == "http://localhost:11434"


def test_the_default_place_is_in_the_home_directory(tmp_path: Path) -> None:
    """~/.ipfs_api_credentials, where the earlier tools look."""
    written(tmp_path, {"openai": "sk-home"}, name=FILE_NAME)
    assert CredentialsFile().path == tmp_path / ".ipfs_api_credentials"
    assert revealed(find("openai", CredentialsFile())) == ["sk-home"]


def test_a_variable_names_another_place_and_an_argument_overrides_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Argument, then IPFS_ACCEL_CREDENTIALS, then the default; ``~`` is the home directory."""
    written(tmp_path, {"openai": "sk-variable"}, name="other.json")
    written(tmp_path, {"openai": "sk-argument"}, name="third.json")
    monkeypatch.setenv("IPFS_ACCEL_CREDENTIALS", "~/other.json")
    assert revealed(find("openai", CredentialsFile())) == ["sk-variable"]
    assert revealed(find("openai", CredentialsFile("~/third.json"))) == ["sk-argument"]


async def test_a_client_takes_a_path(tmp_path: Path) -> None:
    """``Client(credentials_file=...)`` finds key and address in it."""
    file = written(tmp_path, {"openai": {"keys": ["sk-a"], "base_url": "http://h/x"}})
    mock = MockTransport(lambda _: MockTransport.reply({}))
    async with Client(transport=mock, credentials_file=file.path) as ai:
        await ai.request("openai", "GET", "/y")
    assert mock.requests[0].url == "http://h/x/y"
    assert (b"authorization", b"Bearer sk-a") in mock.requests[0].headers


def test_a_missing_default_file_is_no_fault() -> None:
    """Most people have none."""
    assert find("openai", CredentialsFile()).keys is None


def test_a_missing_named_file_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who names a file expects it to be read."""
    with pytest.raises(ConfigError, match=r"credentials file .*/nowhere\.json is not there"):
        find("openai", CredentialsFile(tmp_path / "nowhere.json"))
    monkeypatch.setenv("IPFS_ACCEL_CREDENTIALS", str(tmp_path / "neither.json"))
    with pytest.raises(ConfigError, match=r"neither\.json is not there"):
        find("openai", CredentialsFile())


@pytest.mark.skipif(os.name != "posix", reason="permissions of this kind are POSIX's")
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o666, 0o601, 0o777])
def test_a_file_that_others_may_read_is_refused(mode: int, tmp_path: Path) -> None:
    """The error shows the mode and says what to do."""
    with pytest.raises(ConfigError, match=f"may be read by others \\(mode {mode:o}\\): chmod 600 it"):
        find("openai", written(tmp_path, {"openai": CANARY}, mode=mode))


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700])
def test_a_file_of_ones_own_is_read(mode: int, tmp_path: Path) -> None:
    """Whatever its owner may do with it."""
    assert revealed(find("openai", written(tmp_path, {"openai": "sk-a"}, mode=mode))) == ["sk-a"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is not valid JSON (line 1)"),
        (b'{"openai": "sk-CANARY",\n "groq": sk-CANARY\n}', "is not valid JSON (line 2)"),
        (b"OPENAI_API_KEY=sk-CANARY\n", "is not valid JSON (line 1)"),
        (b"sk-CANARY", "is not valid JSON (line 1)"),
        (b'{"openai": "sk-CANARY', "is not valid JSON (line 1)"),
        (b"[" * 100_000, "is not valid JSON (no JSON)"),
        (b'["sk-CANARY"]', "must hold a JSON object"),
        (b'"sk-CANARY"', "must hold a JSON object"),
        (b"null", "must hold a JSON object"),
        (b'{"openai": "sk-CANARY\xff"}', "cannot be read: UnicodeDecodeError"),
        (b'{"openai": 5, "x": "sk-CANARY"}', "(openai): keys are strings or Keys(...), not int"),
        (b'{"openai": ["sk-CANARY", 5]}', "(openai): a key is a string, not int"),
        (b'{"openai": {"keys": {"a": "sk-CANARY"}}}', "(openai): keys are strings or Keys(...), not dict"),
        (b'{"openai": "sk-CANARY\\nsk-CANARY"}', "(openai): the key has a line break"),
        (b'{"openai": {"base_url": "http://u:sk-CANARY@h"}}', "(openai): base_url has credentials"),
        (b'{"openai": {"base_url": ["sk-CANARY"]}}', "(openai): base_url is a string, not list"),
    ],
)
def test_a_broken_file_is_reported_without_a_word_of_it(content: bytes, says: str, tmp_path: Path) -> None:
    """File and place are named; neither message, chain nor locals show what stands there."""
    file = written(tmp_path, content)
    with pytest.raises(ConfigError) as caught:
        find("openai", file)
    assert says in caught.value.message
    assert str(file.path) in caught.value.message
    assert "\n" not in str(caught.value)
    assert leaks(caught.value, forms={"CANARY"}) == []
    assert caught.value.__context__ is None


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    """Some editors write one."""
    assert revealed(find("openai", written(tmp_path, b'\xef\xbb\xbf{"openai": "sk-a"}'))) == ["sk-a"]


def test_a_directory_in_its_place_is_reported(tmp_path: Path) -> None:
    """A path that cannot be read is a ConfigError with the reason's name."""
    with pytest.raises(ConfigError, match="cannot be read: IsADirectoryError"):
        find("openai", CredentialsFile(tmp_path))


def test_a_file_that_cannot_be_opened_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So is one that the system refuses to open."""
    file = written(tmp_path, {"openai": "sk-a"})

    def refuse(*_: Any, **__: Any) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_text", refuse)
    with pytest.raises(ConfigError, match="cannot be read: PermissionError"):
        find("openai", file)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_file_that_nobody_needs_is_not_opened(provider: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With key and address from elsewhere even a broken file stops nobody."""
    file = written(tmp_path, b"{", mode=0o644)
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: pytest.fail("the file was read"))
    monkeypatch.setattr(Path, "stat", lambda *_, **__: pytest.fail("the file was looked at"))
    codec, own = registry.codec(provider), settings({}, {}, provider)
    elsewhere = {codec.key_env[0]: "sk-env", **dict.fromkeys(codec.url_env, "http://env/x")}
    assert look_up(codec, Keys("sk-a"), "http://h/x", own, file, {}).base_url.startswith("http://h/x")
    assert look_up(codec, None, None if codec.url_env else "http://env/x", own, file, elsewhere).keys_from != "file"


def test_the_file_is_read_once_and_only_on_use(tmp_path: Path) -> None:
    """Making a client reads nothing; later changes on disk are not seen."""
    file = CredentialsFile(tmp_path / "later.json")
    Client(credentials_file=tmp_path / "never.json")
    written(tmp_path, {"openai": "sk-first"}, name="later.json")
    assert revealed(find("openai", file)) == ["sk-first"]
    written(tmp_path, {"openai": "sk-second"}, name="later.json")
    assert revealed(find("openai", file)) == ["sk-first"]
