"""A configuration file: TOML, made into arguments of :class:`Client`, checked whole before anything is opened."""

from __future__ import annotations

import os
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ipfs_accel_async.errors import ConfigError
from ipfs_accel_async.keys import Key, Keys
from ipfs_accel_async.profiles import profile
from ipfs_accel_async.references import is_reference, resolve

_SECRETS = ("keys", "key", "secret", "password")
_PLAIN = ("name", "strategy", "quota_group")  # of a key, and no secret


def read(source: str | os.PathLike[str] | Mapping[str, Any], name: str | None = None) -> dict[str, Any]:
    """The arguments of a client.

    Args:
        source: A TOML file, or what would be in one.
        name: A profile, instead of the one the file names.

    Raises:
        ConfigError: The file cannot be read, is no TOML, or has a key that others may read; or a value in it is wrong.
    """
    base = None
    if isinstance(source, Mapping):
        found: dict[str, Any] = dict(source)
    else:
        path = Path(source).expanduser()
        found, base = _parsed(path), path.parent
        if _has_literal_keys(found) and _others_may_read(path):
            raise ConfigError(
                f"{path} has keys in it and may be read by others: chmod 600 it, or write env:NAME or file:path instead"
            )
    named = found.pop("profile", None) if name is None else (found.pop("profile", None), name)[1]
    made = {**(profile(named) if named is not None else {}), **_resolved(found, "", base)}
    made["keys"] = {at: _keys(value, f"keys.{at}") for at, value in _table(made, "keys").items()}
    made["providers"] = {at: _provider(value, at) for at, value in _table(made, "providers").items()}
    return made


def _parsed(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except OSError as error:
        fault = f"the configuration file {path} cannot be read: {type(error).__name__}"
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        # of the parser's words only the place: some quote the line
        said = str(error)
        fault = (
            f"the configuration file {path} is no TOML {said[said.rfind('(at') :] if '(at' in said else ''}".rstrip()
        )
    raise ConfigError(fault)


def _table(made: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = made.get(name, {})
    if not isinstance(found, Mapping):
        raise ConfigError(f"{name} is a table by provider: [{name}.openai], or openai = ... under [{name}]")
    return found


def _provider(value: Any, name: str) -> Any:
    if not isinstance(value, Mapping):
        raise ConfigError(f"providers.{name} is a table of settings")
    own = dict(value)
    if "keys" in own:
        own["keys"] = _keys(own["keys"], f"providers.{name}.keys")
    if isinstance(own.get("endpoints"), list):
        own["endpoints"] = [
            {**one, "keys": _keys(one["keys"], f"providers.{name}.endpoints.keys")}
            if isinstance(one, Mapping) and "keys" in one
            else one
            for one in own["endpoints"]
        ]
    return own


def _keys(value: Any, where: str) -> Any:
    """Keys of what the file has: a string, a list of strings and tables, or a table with such a list as ``keys``."""
    if not isinstance(value, (list, Mapping)):
        return value
    bounds: dict[str, Any] = {}
    entries: Any = value
    if isinstance(value, Mapping):
        bounds = {name: one for name, one in value.items() if name != "keys"}
        entries = value.get("keys")
    if not isinstance(entries, list):
        raise ConfigError(f"{where} is a key, a list of keys, or a table with the list as keys")
    try:
        return Keys(*(_key(one) if isinstance(one, Mapping) else one for one in entries), **bounds)
    except TypeError:
        fault = f"{where} has a name that keys do not have"
    except ConfigError as error:
        fault = f"{where}: {error.message}"
    del value, entries  # a traceback that captures locals would show the keys
    raise ConfigError(fault)


def _key(table: Mapping[str, Any]) -> Key:
    own = {name: value for name, value in table.items() if name != "key"}
    return Key(table.get("key", ""), **own)


def _resolved(value: Any, where: str, base: Path | None) -> Any:
    if isinstance(value, str):
        return resolve(value, where, base)
    if isinstance(value, Mapping):
        return {name: _resolved(one, f"{where}.{name}".lstrip("."), base) for name, one in value.items()}
    if isinstance(value, list):
        return [_resolved(one, f"{where}[{place}]", base) for place, one in enumerate(value)]
    return value


def _has_literal_keys(value: Any, *, secret: bool = False) -> bool:
    if isinstance(value, Mapping):
        return any(
            _has_literal_keys(one, secret=(secret and name not in _PLAIN) or name in _SECRETS)
            for name, one in value.items()
        )
    if isinstance(value, list):
        return any(_has_literal_keys(one, secret=secret) for one in value)
    return secret and isinstance(value, str) and not is_reference(value)


def _others_may_read(path: Path) -> bool:
    return os.name == "posix" and bool(path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))
