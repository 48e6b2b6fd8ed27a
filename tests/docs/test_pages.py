"""Every Python block of the pages runs, against a simulator; every link leads somewhere."""

from __future__ import annotations

import ast
import asyncio
import inspect
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.docs.simulated import environment, in_a_thread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ipfs_accel_async.simulator import Simulator

pytestmark = pytest.mark.sockets

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    *(page for page in sorted((ROOT / "docs").rglob("*.md")) if page.parent.name != "notes"),  # parts of other pages
]
FENCE = re.compile(r"^```(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")


def blocks() -> Iterator[Any]:
    """Each Python block, named by its page and line."""
    for page in PAGES:
        text = page.read_text("utf-8")
        for fence in FENCE.finditer(text):
            if fence[1] == "python":
                line = text.count("\n", 0, fence.start()) + 2
                name = f"{page.relative_to(ROOT)}:{line}"
                yield pytest.param("\n" * (line - 1) + fence[2], name, id=name)


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    """All twins, in another thread."""
    with in_a_thread() as running:
        yield running


def run(source: str, name: str) -> dict[str, Any]:
    """Run a block as ``python -m asyncio`` would, then the tests it defines; it may also run loops of its own."""
    namespace: dict[str, Any] = {"__name__": "page"}
    code = compile(source, name, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    if code.co_flags & inspect.CO_COROUTINE:
        asyncio.run(eval(code, namespace))
    else:
        exec(code, namespace)
    for test in [thing for key, thing in namespace.items() if key.startswith("test_")]:
        asyncio.run(test())
    return namespace


@pytest.mark.parametrize(("source", "name"), list(blocks()))
def test_the_code_on_the_pages_runs(
    source: str, name: str, sim: Simulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A block of Python on a page runs as it stands, with keys and addresses from the environment."""
    for variable, value in environment(sim.base_urls).items():
        monkeypatch.setenv(variable, value)
    run(source, name)
    assert not capsys.readouterr().err


def test_the_readme_has_the_two_commands() -> None:
    """The first screen of the README has the command for the main job and the one for the tests."""
    first_screen = (ROOT / "README.md").read_text("utf-8").splitlines()[:24]
    commands = [line.split("#")[0].strip() for line in first_screen if line.startswith("    pip")]
    assert commands == ["pip install . && ipfs-accel demo", "pip install -e '.[dev]' && pytest"]


def test_there_is_code_to_run() -> None:
    """The pages' blocks are found: an empty list would pass unseen."""
    assert len(list(blocks())) > 20


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """A relative link names a file that exists, and its fragment a heading of that file."""
    for link in LINK.findall(FENCE.sub("", page.read_text("utf-8"))):
        if "://" in link:
            continue
        path, _, fragment = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{page.name} links {link}"
        if fragment:
            assert fragment in anchors(target), f"{page.name} links {link}"


def anchors(page: Path) -> set[str]:
    """The fragments that a page's headings make."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", page.read_text("utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}
