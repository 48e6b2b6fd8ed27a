"""Files of prompts: text with a prompt a line, or JSONL; and the sample that comes with the package."""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from ipfs_accel_async.conversation import as_messages, system, user
from ipfs_accel_async.errors import InvalidRequestError
from ipfs_accel_async.types import Message

MAX_FILE_BYTES = 64 * 2**20


@dataclass(frozen=True, slots=True)
class Prompt:
    """One prompt of a file.

    Args:
        id: The file's own, else its line number.
        messages: The conversation to send.
    """

    id: str
    messages: tuple[Message, ...]

    @property
    def text(self) -> str:
        """What the user says in it, for embeddings."""
        return "\n".join(message.text for message in self.messages if message.role == "user")


def sample() -> list[Prompt]:
    """The prompts that come with the package."""
    text = files("ipfs_accel_async.cli").joinpath("prompts.jsonl").read_text("utf-8")
    return list(_from_jsonl(text, "the sample"))


def read(path: Path) -> list[Prompt]:
    """The prompts of a file: JSONL when its first line is a JSON object, else a prompt a line.

    An object has ``prompt`` or ``text`` (with ``system`` if wanted) or ``messages``, and may have an ``id``.

    Raises:
        InvalidRequestError: It cannot be read, has no prompt, or a line of it is malformed.
    """
    try:
        if path.is_file() and path.stat().st_size > MAX_FILE_BYTES:
            raise InvalidRequestError(f"{path} is above {MAX_FILE_BYTES >> 20} MB: pass a part of it")
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise InvalidRequestError(f"cannot read {path}: {error.strerror or type(error).__name__}") from None
    except UnicodeDecodeError as error:
        raise InvalidRequestError(f"{path} is not UTF-8 text (byte {error.start})") from None
    jsonl = path.suffix in {".jsonl", ".ndjson"} or text.lstrip().startswith("{")
    found = list(_from_jsonl(text, str(path)) if jsonl else _from_lines(text))
    if not found:
        raise InvalidRequestError(f"{path} has no prompts in it: one a line, or JSONL with a 'prompt' each")
    return found


def check_writable(path: Path) -> None:
    """Find out before the work whether its results can be written.

    Raises:
        InvalidRequestError: They cannot.
    """
    if path.is_dir():
        raise InvalidRequestError(f"cannot write {path}: it is a directory")
    if not path.parent.is_dir():
        raise InvalidRequestError(f"cannot write {path}: there is no directory {path.parent}")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise InvalidRequestError(f"cannot write {path}: permission denied")


def _from_lines(text: str) -> Iterator[Prompt]:
    for number, line in enumerate(text.split("\n"), 1):  # never splitlines: U+2028 is no end of a line here
        if line.strip():
            yield Prompt(str(number), (user(line.strip()),))


def _from_jsonl(text: str, where: str) -> Iterator[Prompt]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            at = f"{where}, line {number}"
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):
                raise InvalidRequestError(f"{at}: not valid JSON") from None
            if not isinstance(row, dict):
                raise InvalidRequestError(f"{at}: not a JSON object with 'prompt', 'text' or 'messages'")
            try:
                yield Prompt(str(row.get("id", number)), _messages(row))
            except InvalidRequestError as error:
                raise InvalidRequestError(f"{at}: {error.message}") from None


def _messages(row: Mapping[str, Any]) -> tuple[Message, ...]:
    if row.get("messages") is not None:
        return as_messages(row["messages"])
    text = row.get("prompt", row.get("text"))
    if not isinstance(text, str) or not text.strip():
        raise InvalidRequestError("there is no text under 'prompt', 'text' or 'messages'")
    instructions = row.get("system")
    if instructions is None or instructions == "":
        return (user(text),)
    if not isinstance(instructions, str):
        raise InvalidRequestError("'system' is not a text")
    return (system(instructions), user(text))
