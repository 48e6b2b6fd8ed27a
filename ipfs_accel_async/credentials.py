"""Where keys and addresses come from: explicit, then settings, then the environment, then the credentials file."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ipfs_accel_async.config import as_keys, checked_url
from ipfs_accel_async.errors import ConfigError
from ipfs_accel_async.keys import Keys

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ipfs_accel_async.config import ProviderSettings
    from ipfs_accel_async.providers._codec import Codec

FILE_NAME = ".ipfs_api_credentials"
FILE_ENV = "IPFS_ACCEL_CREDENTIALS"
MAX_NUMBERED = 100


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

    def get(self, *names: str) -> tuple[Any, str]:
        """The value of the first of `names` that the file has and leaves not empty, and where it was.

        Raises:
            ConfigError: The file was named but is not there, others may read it, or it is not a JSON object.
        """
        if self._data is None:
            self._data = self._read()
        for name in names:
            if self._data.get(name):
                return self._data[name], f"{self.path} ({name})"
        return None, ""

    def _read(self) -> dict[str, Any]:
        try:
            mode = self.path.stat().st_mode
            text = self.path.read_text("utf-8")
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
        except ValueError as error:
            # the decoder's message shows a position, never the text: the text holds keys
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
    env = os.environ if environ is None else environ
    nested, nested_from = file.get(codec.name) if _wants_file(codec, explicit, explicit_url, own, env) else (None, "")
    entry = nested if isinstance(nested, dict) else {}
    keys, keys_from = _keys(codec, explicit, own, env)
    if keys is None:
        value, keys_from = (entry.get("keys") or entry.get("key"), nested_from) if entry else (nested, nested_from)
        if not value:
            value, keys_from = file.get(*codec.file_keys)
        keys = _from_file(value, keys_from, codec.name)
    url, url_from = _url(codec, explicit_url, own, env)
    if not url:
        url, url_from = entry.get("base_url", ""), nested_from
    if not url:
        url, url_from = file.get(*codec.file_urls)
    if not url:
        url, url_from = codec.base_url, "default"
    return Found(keys, codec.normalize_url(checked_url(str(url))), keys_from, url_from)


def missing_key(codec: Codec) -> ConfigError:
    """The error for a provider that needs a key and has none."""
    names = " or ".join(codec.key_env[:2])
    message = f'no key: set {names}, pass keys={{"{codec.name}": "..."}}, or add it to ~/{FILE_NAME}'
    return ConfigError(message, provider=codec.name)


def _wants_file(
    codec: Codec, explicit: Keys | None, url: str | None, own: ProviderSettings, env: Mapping[str, str]
) -> bool:
    # a file that nobody needs is not opened, so its faults stop nobody
    have_keys = _keys(codec, explicit, own, env)[0] is not None
    have_url = bool(_url(codec, url, own, env)[0])
    return not (have_keys and have_url) and not (have_keys and not codec.file_urls)


def _keys(
    codec: Codec, explicit: Keys | None, own: ProviderSettings, env: Mapping[str, str]
) -> tuple[Keys | None, str]:
    if explicit is not None:
        return explicit, "keys="
    if own.keys is not None:
        return own.keys, "settings"
    for name in codec.key_env:
        numbered = [f"{name}_{number}" for number in range(1, MAX_NUMBERED + 1)]
        found = [key for key in (name, *numbered) if env.get(key, "").strip()]
        if found:
            try:
                return Keys(*dict.fromkeys(env[key].strip() for key in found)), ", ".join(found)
            except ConfigError as error:
                raise ConfigError(f"{found[0]}: {error.message}", provider=codec.name) from None
    return None, ""


def _url(codec: Codec, explicit: str | None, own: ProviderSettings, env: Mapping[str, str]) -> tuple[str, str]:
    if explicit:
        return explicit, "base_urls="
    if own.base_url:
        return own.base_url, "settings"
    for name in codec.url_env:
        if env.get(name, "").strip():
            return codec.parse_url_env(env[name].strip()), name
    return "", ""


def _from_file(value: object, where: str, provider: str) -> Keys | None:
    try:
        return as_keys(value) if value else None
    except ConfigError as error:
        raise ConfigError(f"{where}: {error.message}", provider=provider) from None
