"""Values that stand elsewhere: ``env:NAME``, ``file:/path`` and ``keyring:service/user`` instead of a secret."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST = 64 * 1024
"""Bytes of a file with a secret; a longer one is another file."""


def resolve(text: str, where: str, base: Path | None = None) -> str:
    """What a reference stands for; any other text is itself.

    Args:
        text: ``env:NAME``: a variable. ``file:path``: the content of a file, without the white space around it.
            ``keyring:service/user``: a password of the platform's keyring (extra ``keyring``).
        where: What it is for, for the error.
        base: Folder that relative paths start from; default the working directory.

    Raises:
        ConfigError: There is no such variable, file or password. The message names the reference, never its value.
    """
    kind, colon, rest = text.partition(":")
    look = _KINDS.get(kind) if colon else None
    if look is None:
        return text
    value = look(rest, where, base)
    if not value:
        raise ConfigError(f"{where}: {kind}:{rest} is empty")
    return value


def is_reference(text: object) -> bool:
    """Whether a value stands elsewhere."""
    return isinstance(text, str) and text.partition(":")[0] in _KINDS and ":" in text


def _environment(name: str, where: str, base: Path | None) -> str:
    value = os.environ.get(name)
    if value is None:
        raise ConfigError(f"{where}: the environment has no variable {name}")
    return value.strip()


def _file(name: str, where: str, base: Path | None) -> str:
    path = Path(name).expanduser()
    if base is not None and not path.is_absolute():
        path = base / path
    try:
        if path.stat().st_size > LONGEST:
            raise ConfigError(f"{where}: {path} is too long for a secret")
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        fault = f"{where}: {path} cannot be read: {type(error).__name__}"
    raise ConfigError(fault)


def _keyring(name: str, where: str, base: Path | None) -> str:
    service, _, user = name.partition("/")
    if not service or not user:
        raise ConfigError(f"{where}: keyring:{name} is written keyring:service/user")
    try:
        import keyring  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        raise ConfigError(f"{where}: keyring:{name} needs the extra: pip install 'ipfs-accel-async[keyring]'") from None
    try:
        found: Any = keyring.get_password(service, user)
    except Exception as error:  # noqa: BLE001 - whatever a platform's keyring raises; its text may quote what it holds
        fault = f"{where}: the keyring failed with {type(error).__name__}"
    else:
        if found is not None:
            return str(found).strip()
        fault = f"{where}: the keyring has no password of {name}: keyring set {service} {user}"
    raise ConfigError(fault)


_KINDS: dict[str, Callable[[str, str, Path | None], str]] = {
    "env": _environment,
    "file": _file,
    "keyring": _keyring,
}
