"""Tokens of Google's Application Default Credentials, for Gemini on Vertex AI (google-auth)."""

from __future__ import annotations

import threading
from datetime import UTC
from functools import partial
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.auth.kept import KeptToken
from ipfs_accel_async.errors import ConfigError
from ipfs_accel_async.secret import Bearer

if TYPE_CHECKING:
    from collections.abc import Iterable

SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)
LONGEST = 20.0
"""Seconds that one request to Google may take."""


def google_adc(scopes: Iterable[str] = SCOPES, *, credentials: Any = None) -> KeptToken:
    """A source of tokens of Google, to be the key of ``gemini`` at an address of Vertex AI.

    google-auth is asked in a thread, as it waits for its answers in place.

    Args:
        scopes: What the tokens are for.
        credentials: Of google-auth; default: the Application Default Credentials: the file that
            ``GOOGLE_APPLICATION_CREDENTIALS`` names, that of ``gcloud auth application-default login``, or those of the
            machine.

    Raises:
        ConfigError: The extra ``google`` is not installed, or `scopes` is no list of texts.
    """
    wanted = () if isinstance(scopes, str) else tuple(scopes)
    if not wanted or not all(isinstance(scope, str) and scope for scope in wanted):
        raise ConfigError(f"scopes is a list such as {[*SCOPES]}")
    try:
        import google.auth
        import google.auth.transport.requests  # noqa: F401 - asked for here, so that its absence is told at once
    except ImportError:
        raise ConfigError("google_adc() needs the extra: pip install 'ipfs-accel-async[google]'") from None
    source = _Source(wanted, credentials)

    async def fetch() -> tuple[str, float | None]:
        import anyio

        return await anyio.to_thread.run_sync(source.ask, abandon_on_cancel=True)

    return KeptToken(fetch)


class _Source:
    """Credentials, of which one thread at a time asks for a token: a call that gives up leaves its thread behind."""

    def __init__(self, scopes: tuple[str, ...], credentials: Any) -> None:
        self._scopes = scopes
        self._credentials = credentials
        self._found = False
        self._given: Bearer | None = None
        self._lock = threading.Lock()

    def ask(self) -> tuple[str, float | None]:
        """A token that was not given before, and its end."""
        fault = "it is still being asked"
        if self._lock.acquire(timeout=LONGEST):
            try:
                return self._renewed()
            except Exception as error:  # noqa: BLE001 - whatever google-auth raises; its text quotes the answer
                fault = type(error).__name__
            finally:
                self._lock.release()
        raise ConfigError(
            f"Google gave no token: {fault}; `gcloud auth application-default print-access-token` shows more"
        )

    def _renewed(self) -> tuple[str, float | None]:
        import google.auth.credentials
        import requests
        from google.auth.transport.requests import Request

        with requests.Session() as session:
            request: Any = partial(Request(session), timeout=LONGEST)
            library: Any = google.auth.credentials
            if not self._found:
                if self._credentials is None:
                    self._credentials, _ = google.auth.default(scopes=self._scopes, request=request)
                self._credentials = library.with_scopes_if_required(self._credentials, self._scopes)
                self._found = True
            own = self._credentials
            if not own.valid or self._given == Bearer(own.token):
                own.refresh(request)
        self._given = Bearer(own.token)
        return own.token, None if own.expiry is None else own.expiry.replace(tzinfo=UTC).timestamp()
