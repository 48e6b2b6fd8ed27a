"""The page on the command line has every command and option that there is, and no other."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import typer.main

from ipfs_accel_async.cli.app import app

PAGE = Path(__file__).parents[2] / "docs" / "cli.md"
COMMANDS: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]


def section(command: str) -> str:
    """What the page says of a command."""
    found = re.search(rf"^## {command}\n(.*?)(?=^## |\Z)", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert found is not None, f"the page has no heading for {command}"
    return found[1]


def test_the_page_has_the_commands() -> None:
    """Each heading is a command, each command a heading, in the order of the help."""
    assert re.findall(r"^## (.+)$", PAGE.read_text("utf-8"), re.MULTILINE) == list(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_page_has_the_options(command: str) -> None:
    """Every option of a command is in its section, and none that it does not have."""
    parts = [COMMANDS[command], *getattr(COMMANDS[command], "commands", {}).values()]  # a group's are its commands'
    parameters = [parameter for part in parts for parameter in part.params]
    there = {name for parameter in parameters for name in parameter.opts + parameter.secondary_opts}
    said = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", section(command)))
    assert said <= there
    defaults = {"--stream"} if "--no-stream" in there else set()
    assert {name for name in there if name.startswith("--")} - defaults - {"--help"} <= said
