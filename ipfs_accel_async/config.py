"""Settings: frozen, checked when built, the same names on the client and per provider."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, ValidationInfo, field_validator

from ipfs_accel_async.errors import ConfigError
from ipfs_accel_async.keys import Key, Keys, Secret
from ipfs_accel_async.policy.balance import Strategy  # noqa: TC001 - pydantic reads it
from ipfs_accel_async.settings import Settings

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_HEADER_VALUE = re.compile(r"[\x20-\x7e\xa0-\xff]*")
_FRAMING = {"host", "content-length", "content-type", "transfer-encoding", "connection", "accept-encoding"}
_KEY_HEADERS = {"authorization", "x-api-key", "x-goog-api-key"}


class ProviderSettings(Settings):
    """Settings of one provider, with where it is and how it is opened.

    Args:
        base_url: Its address, instead of the provider's own.
        keys: One key, several, or none to look them up.
        headers: Extra headers of every request.
        key_header: The header that carries the key, instead of the provider's own.
        key_scheme: The word before the key in it, such as ``Token``; empty: none.
        wire: The provider whose wire this one speaks, for a name of your own: ``openai_compatible``, for instance.
        key_env: Variables of the key, for such a name.
        options: The provider's own options, such as Claude's ``api_version``.
        endpoints: Several addresses that serve the same, instead of `base_url`: URLs, or mappings with ``url``, and
            ``name``, ``weight``, ``price``, ``keys`` and settings of their own.
        balance: Which of them is asked: ``p2c``, ``weighted``, ``least-loaded``, ``latency``, ``cheapest`` or
            ``prefix``.
        context_tokens: What is known of models: most tokens, input and output together. A fallback that is shorter
            than a call is not asked.
    """

    base_url: str | None = None
    keys: Keys | None = Field(None, repr=False, exclude=True)
    headers: tuple[tuple[str, str], ...] = Field((), repr=False, exclude=True)
    key_header: str | None = None
    key_scheme: str | None = None
    options: dict[str, str] = Field(default_factory=dict)
    wire: str | None = None
    key_env: tuple[str, ...] = ()
    endpoints: tuple[Mapping[str, Any], ...] = Field((), repr=False, exclude=True)
    balance: Strategy = "p2c"
    context_tokens: dict[str, int] = Field(default_factory=dict)

    @field_validator("base_url")
    @classmethod
    def _base_url_is_sound(cls, value: str | None) -> str | None:
        return None if value is None else checked_url(value)

    @field_validator("endpoints", mode="before")
    @classmethod
    def _endpoints_are_mappings(cls, value: object) -> object:
        if isinstance(value, (str, Mapping)) or not isinstance(value, Iterable):
            message = "endpoints are several: pass a list of URLs, or of mappings with a url"
            raise ValueError(message)
        return tuple({"url": one} if isinstance(one, str) else one for one in value)

    @field_validator("key_env", mode="before")
    @classmethod
    def _one_variable_or_several(cls, value: object) -> object:
        several = isinstance(value, Iterable) and not isinstance(value, (str, Mapping))
        return tuple(value) if several else (value,)  # type: ignore[arg-type]

    @field_validator("keys", mode="before")
    @classmethod
    def _keys_of_anything(cls, value: object) -> object:
        return as_keys(value)

    @field_validator("headers", mode="before")
    @classmethod
    def _headers_of_a_mapping(cls, value: object) -> object:
        pairs = value.items() if isinstance(value, Mapping) else value
        return tuple(pairs) if isinstance(pairs, Iterable) and not isinstance(pairs, str) else pairs

    @field_validator("headers")
    @classmethod
    def _headers_are_sendable(cls, pairs: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
        for name, text in pairs:
            if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(text):
                message = f"header {name[:40]!r} has a character that no header may carry"
                raise ValueError(message)
            if name.lower() in _KEY_HEADERS:
                message = f"header {name!r} carries the key: pass it as keys={{...}}"
                raise ValueError(message)
            if name.lower() in _FRAMING:
                message = f"header {name!r} follows from the request itself: leave it out"
                raise ValueError(message)
        return pairs

    @field_validator("key_header")
    @classmethod
    def _key_header_is_one(cls, value: str | None, info: ValidationInfo) -> str | None:
        taken = {name.lower() for name, _ in info.data.get("headers", ())} | _FRAMING
        if value is not None and (not _HEADER_NAME.fullmatch(value) or value.lower() in taken):
            message = "key_header is the name of a header that nothing else sets, such as X-Api-Key"
            raise ValueError(message)
        return value

    @field_validator("key_scheme")
    @classmethod
    def _key_scheme_is_a_word(cls, value: str | None) -> str | None:
        if value and not _HEADER_NAME.fullmatch(value):
            message = "key_scheme is one word such as Bearer, or empty"
            raise ValueError(message)
        return value


_OWN = ProviderSettings.model_fields.keys() - Settings.model_fields.keys()


def as_keys(value: object) -> Keys | None:
    """Keys of what callers pass: a string, a :class:`Secret`, :class:`Keys`, several of them, or None.

    Raises:
        ConfigError: It is none of these, or a key cannot be sent.
    """
    if value is None or isinstance(value, Keys):
        return value
    try:
        if isinstance(value, (str, Secret, Key)) or callable(value):
            return Keys(value)
        if isinstance(value, Iterable) and not isinstance(value, (Mapping, bytes, bytearray)):
            return Keys(*value)
        fault = f"keys are strings or Keys(...), not {type(value).__name__}"
    except ConfigError as error:
        fault = error.message
    del value  # a traceback that captures locals would show it
    raise ConfigError(fault)


def checked_url(url: str) -> str:
    """A base URL that is safe to send keys to, without its trailing slash.

    Raises:
        ConfigError: It is no http(s) URL with a host, or it has credentials, a query or a fragment. The message does
            not show it: whatever was put there by mistake may be a key.
    """
    fault = _fault(url.strip()) if isinstance(url, str) else f"is a string, not {type(url).__name__}"
    if fault:
        del url
        message = f"base_url {fault}"
        raise ConfigError(message)
    return url.strip().rstrip("/")


def _fault(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "is no URL: write http://host:port/path, the port from 1 to 65535"
    if parts.scheme not in {"http", "https", "local"}:  # local: an engine in this process
        return "must start with http:// or https://"
    if "@" in parts.netloc:
        return "has credentials in it: pass the key as keys={...}, never in a URL"
    if not parts.hostname:
        return "has no host"
    if not re.fullmatch(r"[a-z0-9._-]+|[0-9a-f:.]+(?:%25[a-z0-9._-]+)?", parts.hostname) and parts.hostname.isascii():
        return "has a host with a character that no host has: is there a key or a password before it?"
    if port == 0 or parts.netloc.endswith(":"):
        return "has no port after its colon: write one from 1 to 65535, or no colon"
    if "?" in url or "#" in url:
        return "has a query or fragment: pass only scheme, host and path"
    if not re.fullmatch(r"[\x21-\x5b\x5d-\x7e]+", url):
        return "has a space, backslash, control or non-ASCII character in it: write those percent-encoded"
    if {".", ".."} & set(re.sub("%2e", ".", parts.path, flags=re.IGNORECASE).split("/")):
        return "has a dot segment in its path"
    return None


def settings(known: Mapping[str, Any], own: Mapping[str, Any], where: str) -> ProviderSettings:
    """Settings of one provider: the client's, overridden by its own.

    Args:
        known: The client's settings.
        own: The provider's.
        where: Provider name, for the error; empty for the client's settings alone.

    Raises:
        ConfigError: A name is unknown or a value is out of range; one line, with the name.
    """
    if not isinstance(own, Mapping):
        fault = f"its settings are a mapping such as {{'max_retries': 2}}, not {type(own).__name__}"
    elif misplaced := known.keys() & _OWN:
        name = min(misplaced)
        fault = f"{name!r} belongs to one provider: pass providers={{'openai': {{{name!r}: ...}}}}"
    else:
        try:
            return ProviderSettings.model_validate({**known, **own})
        except ValidationError as error:
            fault = _first(error, ProviderSettings if where else Settings)
    del known, own  # a traceback that captures locals would show the keys in them
    raise ConfigError(fault, provider=where or None)


def _first(error: ValidationError, kind: type[Settings]) -> str:
    """The first fault in one line; pydantic's own text takes several, and shows what was passed."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    name = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        close = difflib.get_close_matches(name, kind.model_fields, n=1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        return f"there is no setting {name!r}: {hint}there are {', '.join(kind.model_fields)}"
    message = first["msg"].removeprefix("Value error, ")
    return message if not name or message.startswith(name) else f"{name}: {message}"
