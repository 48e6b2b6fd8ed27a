"""Tokens of Hugging Face: by variable, and by the login of its own tools where it is Hugging Face that gets them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ipfs_accel_async import Client

ROUTER = "https://router.huggingface.co/v1"
TOKEN = "hf_of_the_login_0123"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home where somebody logged in."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("HF_HOME", "HF_TOKEN_PATH", "XDG_CACHE_HOME", "HF_HUB_DISABLE_IMPLICIT_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / ".cache/huggingface/token"
    path.parent.mkdir(parents=True)
    path.write_text(f"{TOKEN}\n")
    return tmp_path


def found(provider: str = "hf_tgi", url: str = ROUTER) -> tuple[str, str]:
    """The key of a provider and where it is from."""
    looked = Client(base_urls={provider: url})._engine.provider(provider).found
    return ("", "") if looked.keys is None else (looked.keys[0].reveal(), looked.keys_from)


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("provider", ["hf_tgi", "hf_tei"])
def test_the_token_of_the_login_is_found_for_the_router(provider: str) -> None:
    """Last of all places; where it is from is told."""
    assert found(provider) == (TOKEN, "~/.cache/huggingface/token")


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:8080",
        "http://router.huggingface.co",
        "https://router.huggingface.co.example.org",
        "https://example.org/router.huggingface.co",
    ],
)
def test_nobody_else_gets_it(url: str) -> None:
    """A server of one's own, another host, and a connection that anybody can read."""
    assert found(url=url) == ("", "")


@pytest.mark.parametrize("name", ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"])
def test_variables_come_first(home: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Both names of the hub's client work, at any address."""
    monkeypatch.setenv(name, "hf_variable")
    assert found() == ("hf_variable", name)
    assert found(url="http://localhost:8080") == ("hf_variable", name)


@pytest.mark.parametrize(
    ("variable", "place"),
    [("HF_HOME", "token"), ("XDG_CACHE_HOME", "huggingface/token"), ("HF_TOKEN_PATH", "")],
)
def test_the_file_is_where_the_variables_of_the_hub_say(
    home: Path, monkeypatch: pytest.MonkeyPatch, variable: str, place: str
) -> None:
    """As for its own client."""
    path = home / "elsewhere" / place if place else home / "named"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("hf_elsewhere")
    monkeypatch.setenv(variable, str(home / "elsewhere" if place else path))
    assert found() == ("hf_elsewhere", str(path))


@pytest.mark.parametrize("switch", ["1", "true", "Yes"])
def test_the_switch_of_the_hub_against_it_holds(home: Path, monkeypatch: pytest.MonkeyPatch, switch: str) -> None:
    """Who does not want the login to be used without being told is heard."""
    monkeypatch.setenv("HF_HUB_DISABLE_IMPLICIT_TOKEN", switch)
    assert found() == ("", "")


def test_without_a_login_there_is_no_key(home: Path) -> None:
    """And no error: not every model wants one."""
    (home / ".cache/huggingface/token").write_text("")
    assert found() == ("", "")
    (home / ".cache/huggingface/token").unlink()
    assert found() == ("", "")
