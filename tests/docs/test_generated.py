"""What the pages take from the code is what the code says."""

from __future__ import annotations

import asyncio
import re
import runpy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ipfs_accel_async import Client, MockTransport, errors
from ipfs_accel_async.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def generator() -> dict[str, Any]:
    """The script's names."""
    return runpy.run_path(str(ROOT / "docs" / "generate.py"), run_name="generate")


def test_pages_are_up_to_date(generator: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    """``python -m docs.generate --check`` finds nothing to write."""
    assert generator["main"](["--check"]) == 0, capsys.readouterr().out


def test_a_stale_page_is_found(
    generator: dict[str, Any], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """``--check`` names a page whose made part differs from the code, and writes nothing."""
    monkeypatch.setitem(generator["PARTS"], "faults", lambda: "something else\n")
    before = (ROOT / "docs" / "testing.md").read_text("utf-8")
    assert generator["main"](["--check"]) == 1
    assert "docs/testing.md: out of date" in capsys.readouterr().out
    assert (ROOT / "docs" / "testing.md").read_text("utf-8") == before


def test_every_made_part_stands_on_a_page(generator: dict[str, Any]) -> None:
    """Each part that the script makes is asked for by a page."""
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    asked = {name for page in pages for name in re.findall(r"<!-- made: ([a-z-]+) -->", page.read_text("utf-8"))}
    assert asked == set(generator["PARTS"])


def test_every_setting_has_a_meaning(generator: dict[str, Any]) -> None:
    """No row of the table of settings ends with an empty cell."""
    made = generator["PARTS"]["settings"]() + generator["PARTS"]["provider-settings"]()
    assert all(f"`{name}`" in made for name in Settings.model_fields)
    assert not re.search(r"\|\s+\|\n", made)


def test_every_error_is_in_the_tree() -> None:
    """The tree drawn in errors.py, which the page shows, has every class and no other."""
    drawn = set(re.findall(r"\b\w+Error\b", errors.__doc__ or ""))
    classes = {
        name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, errors.AccelError)
    }
    assert drawn == classes


def leaves(report: dict[str, Any], path: str = "") -> Iterator[str]:
    """Dotted keys of a report; the entries of models are named NAME."""
    for key, value in report.items():
        if path == "models":
            key = "NAME"
        here = f"{path}.{key}".lstrip(".")
        if key == "providers":
            yield "providers.NAME"
        elif isinstance(value, dict) and value and here not in {"errors.error_types", "retries.causes"}:
            yield from leaves(value, here)
        else:
            yield here


def documented() -> set[str]:
    """The keys in the table of docs/metrics.md, with those that are written short."""
    keys = set()
    for cell in re.findall(r"^\| (`.+?) \|", (ROOT / "docs" / "metrics.md").read_text("utf-8"), re.MULTILINE):
        names = re.findall(r"`([^`]+)`", cell)
        stem = names[0].rpartition(".")[0]
        keys |= {names[0], *(f"{stem}{name}" for name in names[1:])}
    seven = [key.removeprefix("latency.") for key in keys if key.startswith("latency.")]
    for short in ("time_to_first_token.*", "models.NAME.latency"):
        keys.remove(short)
        keys |= {f"{short.removesuffix('.*')}.{name}" for name in seven}
    return keys


async def test_every_key_of_the_report_is_on_the_page() -> None:
    """docs/metrics.md has the keys of a report, all of them and no other."""
    body = {"model": "m", "choices": [{"message": {"content": "Hi"}}], "usage": {"total_tokens": 3}}
    mock = MockTransport(lambda request: MockTransport.reply(body))
    async with Client(transport=mock, keys={"openai": "sk-test"}) as ai:
        async with asyncio.timeout(10):
            await ai.chat("openai:m", "Hello")
        assert set(leaves(ai.report())) == documented()
