"""Questions and answers of a file, to begin with: JSON lines of ``prompt`` and ``answer``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from ipfs_accel_async.answers import Reply
from ipfs_accel_async.deltas import Delta
from ipfs_accel_async.errors import InvalidRequestError

if TYPE_CHECKING:
    import os

    from ipfs_accel_async.types import Target

MOST_BYTES = 2**28


def read_pairs(path: str | os.PathLike[str]) -> list[tuple[str, str]]:
    """All prompts and answers of a file; empty lines are passed over.

    Raises:
        InvalidRequestError: A line is something else; the message has its number.
        OSError: It cannot be read.
    """
    data = Path(path).expanduser().read_bytes()
    if len(data) > MOST_BYTES:
        raise InvalidRequestError(f"the file of answers has more than {MOST_BYTES >> 20} MiB: warm from several")
    return [_pair(line, number) for number, line in enumerate(data.splitlines(), 1) if line.strip()]


def _pair(line: bytes, number: int) -> tuple[str, str]:
    try:
        made: Any = orjson.loads(line)
        prompt, answer = made["prompt"], made["answer"]
    except (orjson.JSONDecodeError, TypeError, KeyError):
        prompt = answer = None
    if not isinstance(prompt, str) or not isinstance(answer, str) or not prompt.strip() or not answer.strip():
        raise InvalidRequestError(f'line {number} is not of the form {{"prompt": "...", "answer": "..."}}')
    return prompt, answer


def reply_of(answer: str, target: Target) -> Reply:
    """An answer as the reply of a model."""
    return Reply(target=target, model=target.model, text=answer, finish_reason="stop")


def deltas_of(answer: str) -> tuple[Delta, ...]:
    """An answer as the pieces of a stream."""
    return Delta(text=answer), Delta(finish_reason="stop", end=True)
