"""A key that must not come out, and the places where it might."""

from __future__ import annotations

import traceback
from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import ipfs_accel_async

if TYPE_CHECKING:
    from collections.abc import Iterable

CANARY = "sk-CANARY+0123456789/abcdefXYZ=="
OURS = str(Path(ipfs_accel_async.__file__).parent)
FORMS = {CANARY, CANARY[:11], quote(CANARY, safe=""), b64encode(CANARY.encode()).decode(), CANARY[-9:-2]}


def shows(text: str, forms: Iterable[str] = FORMS) -> bool:
    """Whether a text has the key in it: whole, its beginning or end, quoted or in base64."""
    return any(form in text for form in forms)


def chain(error: BaseException) -> list[BaseException]:
    """An error with all its causes, contexts, members and collected errors."""
    found: list[BaseException] = []
    todo: list[BaseException | None] = [error]
    while todo:
        one = todo.pop()
        if one is None or any(one is other for other in found):
            continue
        found.append(one)
        todo += [one.__cause__, one.__context__, *getattr(one, "exceptions", ()), *getattr(one, "causes", ())]
    return found


def leaks(
    error: BaseException, *, own_frames_only: bool = False, frames: bool = True, forms: Iterable[str] = FORMS
) -> list[str]:
    """Where an error, its chain, their attributes or the locals of their frames show the key.

    Args:
        error: What was caught.
        own_frames_only: Look at the package's frames alone. The frames of tests are always left out: they hold the key
            that they pass.
        frames: Whether to look at frames at all: those that read an answer hold its body, and a server may echo a key.
        forms: What to look for.
    """
    found: list[str] = []
    for one in chain(error):
        name = type(one).__name__
        texts = {"str": str(one), "repr": repr(one), "args": repr(one.args), "vars": repr(vars(one))}
        found += [f"{name} {place}" for place, text in texts.items() if shows(text, forms)]
        if not frames:
            continue
        captured = traceback.TracebackException(type(one), one, one.__traceback__, capture_locals=True)
        for frame in captured.stack:
            if frame.filename.startswith(OURS) or not (own_frames_only or "/tests/" in frame.filename):
                seen = frame.locals or {}
                found += [f"{name} {frame.filename}:{frame.name} {key}" for key in seen if shows(seen[key], forms)]
    return found
