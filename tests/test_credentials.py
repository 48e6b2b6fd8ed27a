"""Where keys and addresses come from, and in which order."""

from __future__ import annotations

from typing import Any

import pytest

from ipfs_accel_async import Client, ConfigError, Keys, MockTransport, registry
from ipfs_accel_async.config import settings
from ipfs_accel_async.credentials import MAX_NUMBERED, CredentialsFile, Found, look_up, missing_key
from tests.canary import CANARY, leaks, shows
from tests.credentials import written

PROVIDERS = [name for name in registry.names() if registry.codec(name).key_env and not registry.codec(name).key_parts]
KEY_NAMES = [(name, alias) for name in PROVIDERS for alias in registry.codec(name).key_env]
URL_NAMES = [(name, alias) for name in PROVIDERS for alias in registry.codec(name).url_env]


def find(
    provider: str,
    *,
    keys: str | None = None,
    url: str | None = None,
    own: dict[str, Any] | None = None,
    env: dict[str, str] | None = None,
    file: CredentialsFile | None = None,
) -> Found:
    """What the look-up finds for a provider."""
    mine = settings({}, own or {}, provider)
    return look_up(
        registry.codec(provider), Keys(keys) if keys else None, url, mine, file or CredentialsFile(), env or {}
    )


def revealed(found: Found) -> list[str]:
    """The keys that were found."""
    return [key.reveal() for key in found.keys or ()]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_keys_come_from_the_first_place_that_has_them(provider: str, tmp_path: Any) -> None:
    """Explicit, then settings, then the environment, then the file, then none."""
    file = written(tmp_path, {provider: "sk-file"})
    env = {registry.codec(provider).key_env[0]: "sk-env"}
    own = {"keys": "sk-settings"}
    found = find(provider, keys="sk-given", own=own, env=env, file=file)
    assert (revealed(found), found.keys_from) == (["sk-given"], "keys=")
    found = find(provider, own=own, env=env, file=file)
    assert (revealed(found), found.keys_from) == (["sk-settings"], "settings")
    found = find(provider, env=env, file=file)
    assert (revealed(found), found.keys_from) == (["sk-env"], next(iter(env)))
    found = find(provider, file=file)
    assert (revealed(found), found.keys_from) == (["sk-file"], f"{file.path} ({provider})")
    assert find(provider).keys is None


@pytest.mark.parametrize("provider", [name for name in PROVIDERS if registry.codec(name).url_env])
def test_addresses_come_from_the_first_place_that_has_them(provider: str, tmp_path: Any) -> None:
    """The same order for base URLs, whatever place the key came from."""
    codec = registry.codec(provider)
    file = written(tmp_path, {provider: {"base_url": "http://file/x"}})
    env = {codec.url_env[0]: "http://env/x", codec.key_env[0]: "sk-env"}
    own = {"base_url": "http://settings/x"}
    found = find(provider, url="http://given/x", own=own, env=env, file=file)
    assert (found.base_url, found.url_from) == ("http://given/x", "base_urls=")
    found = find(provider, own=own, env=env, file=file)
    assert (found.base_url, found.url_from) == ("http://settings/x", "settings")
    found = find(provider, env=env, file=file)
    assert (found.base_url, found.url_from) == ("http://env/x", codec.url_env[0])
    found = find(provider, env={codec.key_env[0]: "sk-env"}, file=file)
    assert (found.base_url, found.url_from) == ("http://file/x", f"{file.path} ({provider})")
    found = find(provider)
    assert (found.base_url, found.url_from) == (codec.base_url, "default")


@pytest.mark.parametrize(("provider", "name"), KEY_NAMES)
def test_every_name_of_a_key_in_the_environment_works(provider: str, name: str) -> None:
    """Each alias alone is enough; an empty one is as good as none."""
    found = find(provider, env={**dict.fromkeys(registry.codec(provider).key_env, " "), name: f"{CANARY}\n"})
    assert (revealed(found), found.keys_from) == ([CANARY], name)


@pytest.mark.parametrize(("provider", "name"), URL_NAMES)
def test_every_name_of_an_address_in_the_environment_works(provider: str, name: str) -> None:
    """Each alias alone is enough; white space around it is stripped."""
    found = find(provider, env={**dict.fromkeys(registry.codec(provider).url_env, ""), name: " http://h:8/x\n"})
    assert (found.base_url, found.url_from) == ("http://h:8/x", name)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_first_alias_wins(provider: str) -> None:
    """With several aliases set, the first in the codec's list is taken, alone."""
    names = registry.codec(provider).key_env
    assert revealed(find(provider, env={name: f"sk-{name}" for name in reversed(names)})) == [f"sk-{names[0]}"]


@pytest.mark.parametrize(("provider", "name"), KEY_NAMES)
def test_numbered_keys_are_gathered_across_gaps(provider: str, name: str) -> None:
    """Plain and _1 to _n together, in order, without duplicates and blanks."""
    env = {
        f"{name}_{MAX_NUMBERED}": "sk-last",
        f"{name}_7": "sk-b",
        f"{name}_2": "sk-a ",
        name: "sk-a",
        f"{name}_3": "",
        f"{name}_{MAX_NUMBERED + 1}": "sk-beyond",
        f"{name}_x": "sk-no-number",
    }
    found = find(provider, env=env)
    assert revealed(found) == ["sk-a", "sk-b", "sk-last"]
    assert found.keys_from == f"{name}, {name}_2, {name}_7, {name}_{MAX_NUMBERED}"


@pytest.mark.parametrize("provider", PROVIDERS)
def test_numbered_keys_need_no_plain_one(provider: str) -> None:
    """_1 alone is enough."""
    name = registry.codec(provider).key_env[0]
    assert revealed(find(provider, env={f"{name}_1": "sk-a"})) == ["sk-a"]


@pytest.mark.parametrize(("provider", "name"), KEY_NAMES)
def test_a_key_with_an_inner_line_break_is_refused_by_its_name(provider: str, name: str) -> None:
    """The error names the variable, and neither it nor its chain or locals show the key or the environment."""
    with pytest.raises(ConfigError, match=f"^{provider}: {name}: the key has a line break") as caught:
        find(provider, env={name: f"{CANARY}\n{CANARY}", "OTHER_SECRET": CANARY})
    assert [place for place in leaks(caught.value, own_frames_only=True) if not place.endswith(" environ")] == []
    assert caught.value.__context__ is None


@pytest.mark.parametrize(("provider", "name"), URL_NAMES)
def test_a_bad_address_is_refused_by_its_name(provider: str, name: str) -> None:
    """The error names the variable and does not show the value."""
    with pytest.raises(ConfigError, match=f"^{provider}: {name}: base_url has credentials") as caught:
        find(provider, env={name: "http://user:sk-CANARY@h"})
    assert "CANARY" not in str(caught.value)


async def test_the_process_environment_is_read_and_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bad key in the real environment stops the call; no frame of the error holds os.environ."""
    monkeypatch.setenv("OPENAI_API_KEY", f"{CANARY}\n{CANARY}")
    mock = MockTransport(lambda _: MockTransport.reply({}))
    async with Client(transport=mock) as ai:
        with pytest.raises(ConfigError, match="OPENAI_API_KEY: the key has a line break") as caught:
            await ai.chat("openai:m", "hi")
    assert leaks(caught.value) == []
    assert mock.requests == []


@pytest.mark.parametrize("provider", [name for name in PROVIDERS if registry.codec(name).key_required])
async def test_a_missing_key_is_an_error_before_anything_is_sent(provider: str) -> None:
    """The error names the variable to set, the argument and the file."""
    mock = MockTransport(lambda _: MockTransport.reply({}))
    async with Client(transport=mock) as ai:
        for call in (
            ai.chat(f"{provider}:m", "hi"),
            ai.embed(f"{provider}:m", "hi"),
            ai.models(provider),
            ai.request(provider, "GET", "/x"),
            ai.chat("ollama:m", "hi", fallbacks=[f"{provider}:m"]),
        ):
            with pytest.raises(ConfigError) as caught:
                await call
            for part in (registry.codec(provider).key_env[0], f'keys={{"{provider}": ', "~/.ipfs_api_credentials"):
                assert part in caught.value.message
        with pytest.raises(ConfigError, match="no key: set"):
            async with ai.stream(f"{provider}:m", "hi"):
                pass
    assert mock.requests == []


@pytest.mark.parametrize("provider", [name for name in PROVIDERS if not registry.codec(name).key_required])
async def test_a_service_of_ones_own_needs_no_key(provider: str) -> None:
    """Without a key the request goes out, without a header for one."""
    mock = MockTransport(lambda _: MockTransport.reply({}))
    async with Client(transport=mock, base_urls={provider: registry.codec(provider).base_url}) as ai:
        await ai.request(provider, "GET", "/x")
    assert not {b"authorization", b"x-api-key"} & {name for name, _ in mock.requests[0].headers}


def test_the_error_for_a_missing_key_names_two_variables_at_most() -> None:
    """A long list of aliases helps nobody."""
    message = missing_key(registry.codec("claude")).message
    assert message.startswith("no key: set ANTHROPIC_API_KEY or CLAUDE_API_KEY, ")
    assert "ANTHROPIC_KEY " not in message


@pytest.mark.parametrize(
    ("value", "url"),
    [
        ("localhost", "http://localhost:11434"),
        ("localhost:8080", "http://localhost:8080"),
        (":8080", "http://127.0.0.1:8080"),
        ("0.0.0.0", "http://0.0.0.0:11434"),
        ("10.0.0.7:11500/ollama", "http://10.0.0.7:11500/ollama"),
        ("host/ollama/", "http://host:11434/ollama"),
        ("[::1]", "http://[::1]:11434"),
        ("[::1]:8080", "http://[::1]:8080"),
        ("http://host", "http://host"),
        ("http://host:1/api", "http://host:1"),
        ("https://ollama.com/", "https://ollama.com"),
        (" host \n", "http://host:11434"),
    ],
)
def test_ollama_host_is_read_as_its_own_client_reads_it(value: str, url: str) -> None:
    """Host, port, both or a whole URL."""
    assert find("ollama", env={"OLLAMA_HOST": value}).base_url == url


@pytest.mark.parametrize("value", ["user:pw@host", "ftp://host", "host?x=1", "host:0", "a b"])
def test_a_bad_ollama_host_is_refused(value: str) -> None:
    """What is no address is a ConfigError that names the variable."""
    with pytest.raises(ConfigError, match=r"^ollama: OLLAMA_HOST: base_url "):
        find("ollama", env={"OLLAMA_HOST": value})


@pytest.mark.parametrize(
    ("provider", "url", "whole"),
    [
        ("openai", "http://h", "http://h/v1"),
        ("openai", "http://h/v1/chat/completions", "http://h/v1"),
        ("groq", "http://h", "http://h/openai/v1"),
        ("vllm", "http://h:8000", "http://h:8000/v1"),
        ("claude", "http://h/v1", "http://h"),
        ("ollama", "http://h/v1", "http://h"),
    ],
)
def test_a_short_address_is_made_whole(provider: str, url: str, whole: str) -> None:
    """Each service's own path is added or cut, wherever the address came from."""
    assert find(provider, url=url).base_url == find(provider, own={"base_url": url}).base_url == whole


def test_what_was_found_has_no_key_in_its_repr() -> None:
    """The result of the look-up may be printed."""
    assert not shows(repr(find("openai", keys=CANARY)))
