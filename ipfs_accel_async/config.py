"""Settings: frozen, checked when built, the same names on the client and per provider."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from ipfs_accel_async.errors import ConfigError
from ipfs_accel_async.keys import Keys, Secret

OverflowPolicy = Literal["reject", "drop-lowest", "wait"]
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_HEADER_VALUE = re.compile(r"[\x20-\x7e\xa0-\xff]*")


class Settings(BaseModel):
    """How calls to one provider are bounded, queued, retried and cut off. Times are in seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    max_concurrent_requests: int = Field(5, ge=1, description="calls in flight at once; a stream counts until closed")
    max_concurrent_per_endpoint: int | None = Field(None, ge=1, description="the same, for one base URL")
    queue_size: int = Field(100, ge=0, description="calls that may wait")
    queue_overflow_policy: OverflowPolicy = Field("reject", description="what a full queue does")
    priority_aging: float = Field(10.0, gt=0, le=86_400, description="waiting this long is worth one priority level")
    max_retries: int = Field(5, ge=0, le=100, description="times a call is sent again")
    initial_retry_delay: float = Field(1.0, ge=0, le=3_600)
    backoff_factor: float = Field(2.0, ge=1, le=100)
    max_retry_delay: float = Field(16.0, ge=0, le=3_600, description="longest own delay, jitter included")
    retry_jitter: float = Field(0.2, ge=0, le=1, description="share by which delays vary")
    max_retry_after: float = Field(60.0, ge=0, le=86_400, description="longest wait a server may ask for")
    failure_threshold: int = Field(5, ge=1, description="failures in a row that open the breaker")
    reset_timeout: float = Field(30.0, gt=0, le=86_400, description="time until an open breaker lets one call try")
    timeout: float = Field(300.0, gt=0, le=86_400, description="deadline of a call: queue, retries and stream together")
    connect_timeout: float = Field(10.0, gt=0, le=3_600)
    max_response_bytes: int = Field(256 * 2**20, ge=1024, description="cap on a decoded answer")

    @model_validator(mode="after")
    def _delays_are_ordered(self) -> Self:
        if self.initial_retry_delay > self.max_retry_delay:
            message = "initial_retry_delay is above max_retry_delay"
            raise ValueError(message)
        return self


class ProviderSettings(Settings):
    """Settings of one provider, with where it is and how it is opened.

    Args:
        base_url: Its address, instead of the provider's own.
        keys: One key, several, or none to look them up.
        headers: Extra headers of every request.
        options: The provider's own options, such as Claude's ``api_version``.
    """

    base_url: str | None = None
    keys: Keys | None = Field(None, repr=False)
    headers: tuple[tuple[str, str], ...] = Field((), repr=False)
    options: dict[str, str] = Field(default_factory=dict)

    @field_validator("base_url")
    @classmethod
    def _base_url_is_sound(cls, value: str | None) -> str | None:
        return None if value is None else checked_url(value)

    @field_validator("keys", mode="before")
    @classmethod
    def _keys_of_anything(cls, value: object) -> object:
        return as_keys(value)

    @field_validator("headers", mode="before")
    @classmethod
    def _headers_of_a_mapping(cls, value: object) -> object:
        pairs = tuple(value.items()) if isinstance(value, Mapping) else value
        if isinstance(pairs, tuple):
            for name, text in pairs:
                if not _HEADER_NAME.fullmatch(str(name)) or not _HEADER_VALUE.fullmatch(str(text)):
                    message = f"header {str(name)[:40]!r} has a character that no header may carry"
                    raise ValueError(message)
        return pairs


def as_keys(value: object) -> Keys | None:
    """Keys of what callers pass: a string, a :class:`Secret`, :class:`Keys`, a list of them, or None.

    Raises:
        ConfigError: It is none of these, or a key cannot be sent.
    """
    if value is None or isinstance(value, Keys):
        return value
    if isinstance(value, (str, Secret)):
        return Keys(value)
    if isinstance(value, (list, tuple)):
        return Keys(*value)
    message = f"keys are strings or Keys(...), not {type(value).__name__}"
    raise ConfigError(message)


def checked_url(url: str) -> str:
    """A base URL that is safe to send keys to, without its trailing slash.

    Raises:
        ConfigError: It is no http(s) URL with a host, or it has credentials, a query or a fragment.
    """
    fault = _fault(url.strip())
    if fault:
        shown = re.sub(r"//[^/@]*@", "//...@", url.strip())[:80]
        message = f"base_url {shown!r} {fault}"
        raise ConfigError(message)
    return url.strip().rstrip("/")


def _fault(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        return f"is no URL: {error}"
    if parts.scheme not in {"http", "https"}:
        return "must start with http:// or https://"
    if not parts.hostname or port == 0:
        return "has no host"
    if parts.username is not None or parts.password is not None:
        return "has credentials in it: pass the key as keys={...}, never in a URL"
    if parts.query or parts.fragment or "?" in url or "#" in url:
        return "has a query or fragment: pass only scheme, host and path"
    if re.search(r"[\s\\\x00-\x1f\x7f]", url) or "/../" in f"{parts.path}/":
        return "has a space, control character, backslash or dot segment in it"
    return None


def settings(known: Mapping[str, Any], own: Mapping[str, Any], where: str) -> ProviderSettings:
    """Settings of one provider: the client's, overridden by its own.

    Args:
        known: The client's settings.
        own: The provider's.
        where: Provider name, for the error.

    Raises:
        ConfigError: A name is unknown or a value is out of range; one line, with the name.
    """
    try:
        return ProviderSettings(**{**known, **own})
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            message = f"there is no setting {name!r} (settings: {', '.join(ProviderSettings.model_fields)})"
        else:
            message = f"{name or 'settings'}: {first['msg'].removeprefix('Value error, ')}"
        raise ConfigError(message, provider=where or None) from None
