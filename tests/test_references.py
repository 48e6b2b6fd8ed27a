"""Values that stand elsewhere: in the platform's keyring, a file or a variable."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from ipfs_accel_async import Client, ConfigError
from ipfs_accel_async.references import is_reference, resolve
from tests.canary import CANARY, leaks, shows

if TYPE_CHECKING:
    from collections.abc import Iterator

keyring = pytest.importorskip("keyring", reason="the extra keyring is not installed")


@pytest.fixture
def passwords() -> Iterator[dict[tuple[str, str], str]]:
    """What the platform's keyring holds."""
    from keyring.backend import KeyringBackend

    held: dict[tuple[str, str], str] = {}

    class Fake(KeyringBackend):
        priority = 1

        def get_password(self, service: str, username: str) -> str | None:
            if service == "locked":
                raise keyring.errors.KeyringLocked(f"cannot open what holds {CANARY}")
            return held.get((service, username))

        def set_password(self, service: str, username: str, password: str) -> None:
            held[service, username] = password

    before = keyring.get_keyring()
    keyring.set_keyring(Fake())
    yield held
    keyring.set_keyring(before)


def test_a_password_of_the_keyring_is_a_key(passwords: dict[tuple[str, str], str]) -> None:
    """By service and user; a user may have slashes in the name."""
    passwords["openai", "me"] = f"{CANARY}\n"
    passwords["openai", "team/me"] = "second"
    assert resolve("keyring:openai/me", "keys.openai") == CANARY
    assert resolve("keyring:openai/team/me", "keys.openai") == "second"


async def test_a_client_takes_it(passwords: dict[tuple[str, str], str]) -> None:
    """From a configuration, and shows nothing of it."""
    passwords["openai", "me"] = CANARY
    async with Client.from_config({"keys": {"openai": "keyring:openai/me"}}) as ai:
        found = ai._engine.provider("openai").found.keys
        assert found is not None
        assert found[0].reveal() == CANARY
        assert not shows(repr(found) + repr(vars(ai)))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("keyring:openai/nobody", "the keyring has no password of openai/nobody: keyring set openai nobody"),
        ("keyring:locked/me", "the keyring failed with KeyringLocked"),
        ("keyring:empty/me", "keyring:empty/me is empty"),
        ("keyring:openai", "keyring:service/user"),
        ("keyring:/me", "keyring:service/user"),
        ("keyring:openai/", "keyring:service/user"),
    ],
)
def test_what_the_keyring_does_not_have_is_a_typed_error(
    passwords: dict[tuple[str, str], str], text: str, said: str
) -> None:
    """It names what it is for and the reference; never what the keyring holds or says."""
    passwords["openai", "me"] = CANARY
    passwords["empty", "me"] = " "
    with pytest.raises(ConfigError, match=said) as caught:
        resolve(text, "keys.openai")
    assert caught.value.message.startswith("keys.openai: ")
    assert leaks(caught.value) == []


def test_without_the_extra_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """And which reference wants it."""
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(ConfigError, match=r"keyring:a/b needs the extra: pip install 'ipfs-accel-async\[keyring\]'"):
        resolve("keyring:a/b", "keys.openai")


def test_a_broken_keyring_package_is_not_taken_for_a_missing_password(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that lacks the function fails as a keyring that fails."""
    monkeypatch.setitem(sys.modules, "keyring", ModuleType("keyring"))
    with pytest.raises(ConfigError, match="the keyring failed with AttributeError"):
        resolve("keyring:a/b", "keys.openai")


def test_files_and_variables_are_named_in_errors_and_never_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reference says where to look; what stands there does not come out."""
    monkeypatch.setenv("SOME_KEY", CANARY)
    (tmp_path / "key").write_bytes(CANARY.encode() + b"\xff")
    assert resolve("env:SOME_KEY", "keys.openai") == CANARY
    with pytest.raises(ConfigError, match="key cannot be read: UnicodeDecodeError") as caught:
        resolve("file:key", "keys.openai", tmp_path)
    assert leaks(caught.value) == []
    assert is_reference("file:key")
    assert resolve("http://openai", "base_urls.openai") == "http://openai"
