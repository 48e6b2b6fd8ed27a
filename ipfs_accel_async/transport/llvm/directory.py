"""Models on disk: ``NAME.ll`` with the code beside ``NAME.json`` with the manifest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from ipfs_accel_async.errors import ConfigError
from ipfs_accel_async.transport.llvm.model import Model

if TYPE_CHECKING:
    import os


def load_directory(path: str | os.PathLike[str]) -> dict[str, Model]:
    """Every model of a directory, by name.

    Args:
        path: A directory; those below it are not searched.

    Raises:
        ConfigError: It is no directory, or a model in it is malformed.
    """
    directory = Path(path)
    if not directory.is_dir():
        raise ConfigError(f"the models directory {str(directory)!r} is not there")
    return {manifest.stem: load_model(directory, manifest.stem) for manifest in sorted(directory.glob("*.json"))}


def load_model(path: str | os.PathLike[str], name: str) -> Model:
    """One model of a directory.

    Args:
        path: The directory.
        name: The files' name without suffix, which is the model's; a manifest need not repeat it.

    Raises:
        FileNotFoundError: There is no manifest of that name.
        ConfigError: One of the two files cannot be read or is malformed.
    """
    directory = Path(path)
    if not (directory / f"{name}.json").exists():
        raise FileNotFoundError(f"{name}.json")
    manifest = _text(directory / f"{name}.json")
    code = _text(directory / f"{name}.ll")
    try:
        described = json.loads(manifest)
    except ValueError as error:
        raise ConfigError(f"{name}.json is no JSON: {error}") from None
    if isinstance(described, dict) and described.setdefault("name", name) != name:
        raise ConfigError(f"{name}.json names its model {described['name']!r}: rename one of them")
    return Model.from_manifest(described, code)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot read {path.name} of the models directory: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path.name} of the models directory is not UTF-8 text") from None
