"""The token that ``hf auth login`` left on this machine (huggingface_hub, environment variables)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

_YES = {"1", "ON", "YES", "TRUE"}


def login(host: str, url: str, environ: Mapping[str, str]) -> tuple[str, str]:
    """The token and its file, for Hugging Face's own address alone: nobody else is meant to have it. Else empty.

    Args:
        host: The address that may have it.
        url: The address that would get it.
        environ: Says where the file is, or that it is not to be used.
    """
    parts = urlsplit(url)
    if not host or parts.hostname != host or parts.scheme != "https":
        return "", ""
    if environ.get("HF_HUB_DISABLE_IMPLICIT_TOKEN", "").upper() in _YES:
        return "", ""
    cache = environ.get("XDG_CACHE_HOME") or "~/.cache"
    home = environ.get("HF_HOME") or f"{cache}/huggingface"
    path = environ.get("HF_TOKEN_PATH") or f"{home}/token"
    try:
        return Path(path).expanduser().read_text("utf-8").strip(), path
    except (OSError, UnicodeDecodeError, RuntimeError):  # not logged in; RuntimeError: there is no home
        return "", ""
