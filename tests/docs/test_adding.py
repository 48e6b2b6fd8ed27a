"""The page on a provider of one's own keeps its word: one file, one entry point, nothing else."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ipfs_accel_async import Client, registry
from ipfs_accel_async.simulator import simulate

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.sockets

PAGE = Path(__file__).parents[2] / "docs" / "providers" / "adding.md"


def block(language: str) -> str:
    """The first block of a language on the page."""
    found = re.search(rf"^```{language}\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The page's package, as an installer leaves it."""
    section, entry = block("toml").splitlines()
    group = section.split('"')[1]
    name, value = re.fullmatch(r'(\w+) = "(.+)"', entry).groups()  # type: ignore[union-attr]
    information = tmp_path / "acme_accel-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-accel\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(f"[{group}]\n{name} = {value}\n")
    (tmp_path / "acme_accel.py").write_text(block("python"))
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    yield
    sys.modules.pop("acme_accel", None)


async def test_a_provider_of_one_file_works(installed: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The provider of the page is found, configured by its own variables, and chats, streams and embeds."""
    async with simulate("openai") as sim:
        monkeypatch.setenv("ACME_BASE_URL", sim.base_url)
        monkeypatch.setenv("ACME_API_KEY", "acme-key")
        assert "acme" in registry.names()
        async with Client() as ai:
            reply = await ai.chat("acme:m", "Name three primes.")
            async with ai.stream("acme:m", "Name three primes.") as stream:
                assert (await stream.collect()).text == reply.text != ""
            assert (await ai.embed("acme:e", ["a", "b"])).vectors.shape[0] == 2
        assert str(reply.target) == "acme:m"
        assert {seen.headers["authorization"] for seen in sim.requests} == {"Bearer acme-key"}


def test_it_is_short() -> None:
    """The provider is about eight lines of data."""
    lines = [line for line in block("python").splitlines() if line.strip()]
    assert len(lines) <= 9
