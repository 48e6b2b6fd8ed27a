"""Tokens of Microsoft Entra ID, for Azure OpenAI (azure-identity, asynchronous credentials)."""

from __future__ import annotations

import inspect
import re
from functools import partial
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.auth.kept import KeptToken
from ipfs_accel_async.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

SCOPE = "https://cognitiveservices.azure.com/.default"
_CODE = re.compile(r"AADSTS\d{3,9}")


def entra(credential: Any = None, scope: str = SCOPE) -> KeptToken:
    """A source of tokens of Entra ID, to be the key of ``azure_openai``.

    Args:
        credential: A credential of ``azure.identity.aio`` (or of ``azure.identity``, which is asked in a thread), to be
            closed by who made it; or a function that makes one, which is called for each token, its credential being
            closed again. Default: ``DefaultAzureCredential``: variables, workload or managed identity, command line.
        scope: What the token is for.

    Raises:
        ConfigError: The extra ``azure`` is not installed, or `scope` is no text.
    """
    if not isinstance(scope, str) or not scope.strip():
        raise ConfigError(f"scope is what the token is for, such as {SCOPE}")
    if hasattr(credential, "get_token") and not inspect.isclass(credential):
        return KeptToken(lambda: _asked(credential, scope))
    make = _default() if credential is None else credential
    if not callable(make):
        raise ConfigError("credential is one of azure.identity.aio, or a function that makes one")
    return KeptToken(lambda: _asked_anew(make, scope))


def _default() -> Callable[[], Any]:
    try:
        from azure.identity.aio import DefaultAzureCredential
    except ImportError:
        raise ConfigError("entra() needs the extra: pip install 'ipfs-accel-async[azure]'") from None
    return DefaultAzureCredential


async def _asked_anew(make: Callable[[], Any], scope: str) -> tuple[str, float | None]:
    """One that is kept would hold connections of the loop it was made in, which nobody would close."""
    try:
        made = make()
    except Exception as error:  # noqa: BLE001 - whatever a credential raises; its text may quote a secret
        fault = type(error).__name__
    else:
        if inspect.iscoroutinefunction(made.get_token):
            async with made:
                return await _asked(made, scope)
        with made:
            return await _asked(made, scope)
    raise ConfigError(f"Entra ID: the credential could not be made: {fault}")


async def _asked(credential: Any, scope: str) -> tuple[str, float | None]:
    try:
        if inspect.iscoroutinefunction(credential.get_token):
            given = await credential.get_token(scope)
        else:
            import anyio

            given = await anyio.to_thread.run_sync(partial(credential.get_token, scope), abandon_on_cancel=True)
        return given.token, float(given.expires_on)
    except Exception as error:  # noqa: BLE001 - as above; of its text only the code that Microsoft documents
        code = _CODE.search(str(error))
        fault = " ".join([type(error).__name__, *([code[0]] if code else [])])
    raise ConfigError(f"Entra ID gave no token: {fault}; `az account get-access-token` shows more")
