"""Text of models and services on a terminal: it cannot steer it."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text

from ipfs_accel_async.cli import terminal

ATTACK = "\x1b]52;c;cm0gLXJm\x07be\x9b2Jfore\x7f\r\tafter\n"


class Screen(io.StringIO):
    """Standard output that says it is a terminal, or not."""

    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        """Whether it is one."""
        return self._terminal


@pytest.mark.parametrize(("is_terminal", "shown"), [(True, "]52;c;cm0gLXJmbe2Jfore\tafter\n"), (False, ATTACK)])
def test_answers_lose_control_characters_on_a_terminal_only(
    monkeypatch: pytest.MonkeyPatch, is_terminal: bool, shown: str
) -> None:
    """A file or pipe gets the answer as it is; a terminal gets no escape sequence."""
    screen = Screen(terminal=is_terminal)
    monkeypatch.setattr("sys.stdout", screen)
    terminal.write(ATTACK)
    assert screen.getvalue() == shown


@given(st.text())
def test_one_line_is_one_line_that_shows_itself(text: str) -> None:
    """Whatever the text, it holds no line break and no markup, and what follows it keeps its own."""
    line = terminal.one_line(text)
    assert "\n" not in line
    assert Text.from_markup(f"{line}[bold]!").plain == " ".join(terminal.plain(text).split()) + "!"
