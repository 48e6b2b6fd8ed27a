"""Where output goes: consoles that respect NO_COLOR and pipes, and text that cannot steer a terminal."""

import sys
from typing import TYPE_CHECKING

from rich.markup import escape

if TYPE_CHECKING:
    from rich.console import Console

_CONTROLS = dict.fromkeys({*range(0x20), *range(0x7F, 0xA0)} - {0x09, 0x0A})
"""Characters by which an answer could move the cursor, set the title or write to the clipboard."""


def console() -> "Console":
    """The console on standard output."""
    from rich.console import Console

    return Console(highlight=False)


def errors() -> "Console":
    """The console on standard error; lines are never folded, so that one error stays one line."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, soft_wrap=True)


def plain(text: str) -> str:
    """A model's text without control characters other than tab and line break."""
    return text.translate(_CONTROLS)


def one_line(text: str) -> str:
    """A text of any origin as one line that is safe inside rich's markup."""
    return escape(" ".join(plain(text).split()))


def write(text: str) -> None:
    """Write a piece of an answer at once: as it is to a file or pipe, without control characters to a terminal."""
    sys.stdout.write(plain(text) if sys.stdout.isatty() else text)
    sys.stdout.flush()


def piped(what: str) -> str:
    """Standard input as text, when something is piped in.

    Args:
        what: What is missing otherwise, for the error.

    Raises:
        InvalidRequestError: Standard input is a terminal, is empty, or is not UTF-8.
    """
    from ipfs_accel_async.errors import InvalidRequestError

    if sys.stdin is None or sys.stdin.isatty():
        raise InvalidRequestError(f"no {what}: pass it as an argument, or pipe it in")
    try:
        text = sys.stdin.read()
    except UnicodeDecodeError:
        raise InvalidRequestError("standard input is not UTF-8 text") from None
    if not text.strip():
        raise InvalidRequestError(f"no {what}: standard input is empty")
    return text
