"""How the suite itself is run: spread over processes as a whole, in place where something is named."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tests.conftest import MOST_PROCESSES, pytest_cmdline_main

SOURCES = pytest.Config.ArgsSource


def told(source: Any = SOURCES.TESTPATHS, *, xdist: bool = True, **options: Any) -> Any:
    """The options after the hook has seen them."""
    given = {"numprocesses": None, "maxprocesses": None, "dist": "no", "collectonly": False, "loadscopereorder": True}
    plugins = SimpleNamespace(hasplugin=lambda name: xdist and name == "xdist")
    config: Any = SimpleNamespace(
        args_source=source, option=SimpleNamespace(**{**given, **options}), pluginmanager=plugins
    )
    pytest_cmdline_main(config)
    return config.option


def test_the_whole_suite_is_spread_by_file() -> None:
    """As many processes as cores, but for the bound; files go in their order."""
    option = told()
    assert (option.numprocesses, option.maxprocesses, option.dist) == ("auto", MOST_PROCESSES, "loadfile")
    assert option.loadscopereorder is False


@pytest.mark.parametrize(
    "asked", [{"numprocesses": 0}, {"numprocesses": 3}, {"dist": "each"}, {"collectonly": True}], ids=str
)
def test_what_was_asked_for_stays(asked: dict[str, Any]) -> None:
    """A number of processes, a way to spread, or nothing to run at all."""
    option = told(**asked)
    assert (option.numprocesses, option.dist) == (asked.get("numprocesses"), asked.get("dist", "no"))


def test_what_is_named_runs_in_place() -> None:
    """A file or a folder on the command line; and everything where the plugin is absent."""
    assert told(SOURCES.ARGS).numprocesses is None
    assert told(xdist=False).numprocesses is None


def test_a_bound_that_was_asked_for_counts() -> None:
    """``--maxprocesses`` is not overridden."""
    assert told(maxprocesses=2).maxprocesses == 2
