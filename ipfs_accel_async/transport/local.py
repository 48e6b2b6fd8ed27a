"""``local://`` URLs: engines in this process (and its workers), reached like any service, without HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson

from ipfs_accel_async.errors import ClientClosedError, ConfigError
from ipfs_accel_async.wire.http import Headers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ipfs_accel_async.transport.llvm.engine import Engine
    from ipfs_accel_async.wire.http import Request

SETTINGS_HEADER = "x-local-engine"
"""Carries an engine's settings as a JSON object; requests with the same ones share an engine."""

SETTINGS: Mapping[str, type] = {"models_dir": str, "workers": int, "time_limit": float, "memory_limit": int}


class LocalTransport:
    """Answers requests to ``local://llvm/...`` by the LLVM engine, which starts with the first of them.

    Whoever can call this is this process, so code may be run without a token.

    Args:
        engine: The engine for all requests, to use as given and not to close; None makes one for each set of settings.
    """

    def __init__(self, engine: Engine | None = None) -> None:
        self._given = engine
        self._own: dict[str, Engine] = {}
        self._closed = False

    async def send(self, request: Request) -> LocalIncoming:
        """Answer one request.

        Raises:
            ConfigError: The URL names no engine, llvmlite is not installed, or a setting cannot be used.
        """
        from ipfs_accel_async.transport.llvm.protocol import answer

        url = urlsplit(request.url)
        if url.netloc != "llvm":
            raise ConfigError(f"there is no local engine {url.netloc!r}: use local://llvm")
        if self._closed:
            raise ClientClosedError("the transport is closed")
        status, value = await answer(self._engine(request), request.method, url.path, request.body, trusted=True)
        return LocalIncoming(status, orjson.dumps(value))

    def _engine(self, request: Request) -> Engine:
        if self._given is not None:
            return self._given
        text = Headers(request.headers).get(SETTINGS_HEADER) or "{}"
        if text not in self._own:
            self._own[text] = _made(text)
        return self._own[text]

    async def aclose(self) -> None:
        """Close the engines that were made here. Idempotent."""
        self._closed = True
        own, self._own = self._own, {}
        for engine in own.values():
            await engine.aclose()


class LocalIncoming:
    """A response that is there already.

    Args:
        status: HTTP status.
        body: JSON.
    """

    def __init__(self, status: int, body: bytes) -> None:
        self.status = status
        self.headers = Headers([(b"content-type", b"application/json")])
        self._body = body

    async def read(self) -> bytes:
        """The body, then nothing."""
        body, self._body = self._body, b""
        return body

    async def aclose(self) -> None:
        """Nothing is left to free."""


def _made(text: str) -> Engine:
    """An engine of some settings.

    Raises:
        ConfigError: One of them is unknown or no number.
    """
    from ipfs_accel_async.transport.llvm.engine import Engine

    settings: dict[str, Any] = {}
    for name, value in orjson.loads(text).items():
        if name not in SETTINGS:
            raise ConfigError(f"the local LLVM engine has no setting {name!r}: there are {', '.join(SETTINGS)}")
        try:
            settings["directory" if name == "models_dir" else name] = SETTINGS[name](value)
        except ValueError:
            raise ConfigError(f"the setting {name} of the local LLVM engine must be a number, not {value!r}") from None
    return Engine(**settings)
