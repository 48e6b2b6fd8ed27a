"""Counts of tokens by a vocabulary on this machine: the extra ``tokens``."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from ipfs_accel_async.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

FILES = 16


@lru_cache(maxsize=FILES)
def counter_of(path: str) -> Callable[[str], int]:
    """Counts the tokens of a text as the model does whose ``tokenizer.json`` this is. Nothing is ever downloaded.

    Args:
        path: Of the file, in the format of Hugging Face tokenizers.

    Raises:
        ConfigError: The extra is not installed, there is no such file, or it is no vocabulary.
    """
    try:
        from tokenizers import Tokenizer
    except ImportError:
        message = "the setting tokenizer needs an extra: pip install 'ipfs-accel-async[tokens]'"
        raise ConfigError(message) from None
    if not Path(path).is_file():
        message = f"tokenizer: there is no file {path!r}: save the model's tokenizer.json and give its path"
        raise ConfigError(message)
    try:
        vocabulary = Tokenizer.from_file(path)
    except Exception as error:  # noqa: BLE001 - the library raises nothing narrower
        message = f"tokenizer: {path!r} is no tokenizer.json of Hugging Face tokenizers: {error}"
        raise ConfigError(message) from None

    def count(text: str) -> int:
        return len(vocabulary.encode(text, add_special_tokens=False).ids)

    return count
