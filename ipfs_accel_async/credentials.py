"""Where keys and addresses come from: explicit, then settings, then the environment, then the credentials file."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ipfs_accel_async.auth.huggingface import login
from ipfs_accel_async.config import as_keys, checked_url
from ipfs_accel_async.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ipfs_accel_async.config import ProviderSettings
    from ipfs_accel_async.keys import Keys
    from ipfs_accel_async.providers._codec import Codec

FILE_NAME = ".ipfs_api_credentials"
FILE_ENV = "IPFS_ACCEL_CREDENTIALS"
MAX_NUMBERED = 100
DEFAULT = "default"
"""Where an address comes from that is the provider's own."""


class Found(NamedTuple):
    """What the look-up gave, and where: for ``ipfs-accel doctor``."""

    keys: Keys | None
    base_url: str
    keys_from: str
    url_from: str


class CredentialsFile:
    """A JSON object of keys and addresses, read once, on first use, and never written.

    Both namings work: ``{"openai": "sk-..."}`` and ``{"openai_api_key": "sk-..."}``; a value may be a list of keys or
    ``{"keys": [...], "base_url": "..."}``.

    Args:
        path: Its place; default the variable ``IPFS_ACCEL_CREDENTIALS``, else ``~/.ipfs_api_credentials``.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        self._named = path or os.environ.get(FILE_ENV)
        self.path = Path(self._named).expanduser() if self._named else Path.home() / FILE_NAME
        self._data: dict[str, Any] | None = None

    def get(self, name: str) -> tuple[Any, str]:
        """What the file has under `name`, and where that is; nothing if it is not there or empty.

        Raises:
            ConfigError: The file was named but is not there, others may read it, or it is not a JSON object.
        """
        if self._data is None:
            self._data = self._read()
        value = self._data.get(name)
        return (value, f"{self.path} ({name})") if value else (None, "")

    def _read(self) -> dict[str, Any]:
        try:
            mode = self.path.stat().st_mode
            text = self.path.read_text("utf-8-sig")  # some editors put a byte order mark first
        except FileNotFoundError:
            if self._named:
                raise ConfigError(f"credentials file {self.path} is not there") from None
            return {}
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"credentials file {self.path} cannot be read: {type(error).__name__}") from None
        if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
            message = f"credentials file {self.path} may be read by others (mode {mode & 0o777:o}): chmod 600 it"
            raise ConfigError(message)
        try:
            data = json.loads(text)
        except (ValueError, RecursionError) as error:
            # the line alone, never the text: it holds keys
            where = f"line {error.lineno}" if isinstance(error, json.JSONDecodeError) else "no JSON"
            raise ConfigError(f"credentials file {self.path} is not valid JSON ({where})") from None
        if not isinstance(data, dict):
            raise ConfigError(f"credentials file {self.path} must hold a JSON object of provider names and keys")
        return data


def look_up(
    codec: Codec,
    explicit: Keys | None,
    explicit_url: str | None,
    own: ProviderSettings,
    file: CredentialsFile,
    environ: Mapping[str, str] | None = None,
) -> Found:
    """Keys and base URL of one provider.

    Args:
        codec: States the names to look for.
        explicit: ``Client(keys={...})``.
        explicit_url: ``Client(base_urls={...})``.
        own: The provider's settings.
        file: The credentials file.
        environ: Default ``os.environ``.

    Raises:
        ConfigError: A key or address that was found cannot be used.
    """
    try:
        return _found(codec, explicit, explicit_url, own, file, os.environ if environ is None else environ)
    except ConfigError as error:
        fault = error.message
    # raised here, where no local and no context of the error holds the environment or the file
    raise ConfigError(fault, provider=codec.name)


def options_of(codec: Codec, own: ProviderSettings, environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Options of one provider: its settings', else the environment's.

    Args:
        codec: States the options and their variables.
        own: The provider's settings.
        environ: Default ``os.environ``.
    """
    env = os.environ if environ is None else environ
    found = {
        option: env[name].strip()
        for option, names in codec.option_env.items()
        for name in reversed(names)  # the first name that is set wins
        if env.get(name, "").strip()
    }
    return {**found, **own.options}


def missing_key(codec: Codec) -> ConfigError:
    """The error for a provider that needs a key and has none."""
    first = codec.key_env[:1]
    names = (
        " and ".join((*first, *codec.key_parts[first[0]][:1])) if codec.key_parts else " or ".join(codec.key_env[:2])
    )
    to_set = f"set {names}, " if names else ""
    message = f'no key: {to_set}pass keys={{"{codec.name}": "..."}}, or add it to ~/{FILE_NAME}'
    return ConfigError(message, provider=codec.name)


def missing_url(codec: Codec) -> ConfigError:
    """The error for a provider that is wherever its user says, and whose user has not said."""
    to_set = f"set {codec.url_env[0]} or " if codec.url_env else ""
    message = f'no address: {to_set}pass base_urls={{"{codec.name}": "https://..."}}'
    return ConfigError(message, provider=codec.name)


def _found(
    codec: Codec,
    explicit: Keys | None,
    explicit_url: str | None,
    own: ProviderSettings,
    file: CredentialsFile,
    env: Mapping[str, str],
) -> Found:
    # the file is opened only where nothing before it has the answer, so its faults stop nobody else
    keys, keys_from = explicit or own.keys, "keys=" if explicit else "settings"
    if keys is None:
        keys, keys_from = _keys_in_environment(codec, env)
    if keys is None:
        keys, keys_from = _keys_in_file(codec, file)
    url, url_from = explicit_url or own.base_url, "base_urls=" if explicit_url else "settings"
    if url is None:
        url, url_from = _url_in_environment(codec, env)
    if url is None:
        url, url_from = _url_in_file(codec, file)
    if url is None:
        url, url_from = codec.base_url, DEFAULT
    try:
        url = codec.normalize_url(checked_url(url))
    except ConfigError as error:
        raise ConfigError(f"{url_from}: {error.message}") from None
    if keys is None:
        token, keys_from = login(codec.login_host, url, env)
        keys = _checked_keys(token, keys_from) if token else None
    return Found(keys, url, keys_from, url_from)


def _keys_in_environment(codec: Codec, env: Mapping[str, str]) -> tuple[Keys | None, str]:
    for name in codec.key_env:
        endings = ("", *(f"_{number}" for number in range(1, MAX_NUMBERED + 1)))
        found = [ending for ending in endings if env.get(name + ending, "").strip()]
        if found:
            where = ", ".join(name + ending for ending in found)
            texts = dict.fromkeys(_key_in_environment(codec, env, name, ending) for ending in found)
            return _checked_keys(list(texts), where), where
    return None, ""


def _key_in_environment(codec: Codec, env: Mapping[str, str], name: str, ending: str) -> str:
    parts = codec.key_parts.get(name)
    if parts is None:
        return env[name + ending].strip()
    if not env.get(parts[0] + ending, "").strip():
        raise ConfigError(f"{name}{ending} is set, but {parts[0]}{ending} is not: a key is both")
    return codec.key_of({part: env.get(part + ending, "") for part in (name, *parts)}) or ""


def _keys_in_file(codec: Codec, file: CredentialsFile) -> tuple[Keys | None, str]:
    for name in (codec.name, *codec.file_keys):
        value, where = file.get(name)
        if isinstance(value, dict):
            value = value.get("keys") or value.get("key") or codec.key_of(value)
        if value:
            return _checked_keys(value, where), where
    if codec.key_parts:  # the flat naming: {"s3_access_key": ..., "s3_secret_key": ...}
        names = [name.lower() for first, others in codec.key_parts.items() for name in (first, *others)]
        value = codec.key_of({name: file.get(name)[0] for name in names})
        if value:
            return _checked_keys(value, str(file.path)), str(file.path)
    return None, ""


def _checked_keys(value: object, where: str) -> Keys | None:
    try:
        return as_keys(value)
    except ConfigError as error:
        raise ConfigError(f"{where}: {error.message}") from None


def _url_in_environment(codec: Codec, env: Mapping[str, str]) -> tuple[str | None, str]:
    for name in codec.url_env:
        if text := env.get(name, "").strip():
            return codec.parse_url_env(text), name
    return None, ""


def _url_in_file(codec: Codec, file: CredentialsFile) -> tuple[str | None, str]:
    for name in (codec.name, *codec.file_keys):
        value, where = file.get(name)
        if isinstance(value, dict):
            for named in ("base_url", "endpoint", "endpoint_url"):
                if value.get(named):
                    return value[named], where
    for name in codec.file_urls:
        value, where = file.get(name)
        if value:
            return codec.parse_url_env(value) if isinstance(value, str) else value, where
    return None, ""
