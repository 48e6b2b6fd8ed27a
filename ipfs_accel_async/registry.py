"""``"provider:model"`` to codec: by module name, then by entry point. No table to edit."""

from __future__ import annotations

import difflib
import pkgutil
import re
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ipfs_accel_async import providers
from ipfs_accel_async.errors import ConfigError, InvalidRequestError
from ipfs_accel_async.providers._codec import Codec

if TYPE_CHECKING:
    from collections.abc import Iterable
    from importlib.metadata import EntryPoint

ENTRY_POINTS = "ipfs_accel_async.providers"
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,40}")


def entry_points(*, group: str, name: str | None = None) -> Iterable[EntryPoint]:
    """Installed entry points. Their look-up loads on first use: it is a tenth of the whole import."""
    from importlib.metadata import entry_points as installed

    return installed(group=group) if name is None else installed(group=group, name=name)


def names() -> list[str]:
    """Every provider there is, ours and installed ones, sorted."""
    own = {module.name for module in pkgutil.iter_modules(providers.__path__) if not module.name.startswith("_")}
    return sorted(own | {point.name for point in entry_points(group=ENTRY_POINTS) if _NAME.fullmatch(point.name)})


def codec(name: str) -> Codec:
    """The codec of a provider.

    Raises:
        ConfigError: There is no such provider, or an installed one is none.
    """
    if isinstance(name, str) and _NAME.fullmatch(name):
        path = f"{providers.__name__}.{name}"
        try:
            return import_module(path).codec  # type: ignore[no-any-return]
        except ModuleNotFoundError as error:
            if error.name != path:
                raise  # a module that the provider itself needs
        for point in entry_points(group=ENTRY_POINTS, name=name):
            found = point.load()
            if isinstance(found, Codec) and found.name == name:
                return found
            raise ConfigError(f"entry point {point.value!r} of provider {name!r} is no Codec of that name")
    close = difflib.get_close_matches(str(name)[:40].lower(), names(), n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    raise ConfigError(f"there is no provider {str(name)[:40]!r}: {hint}there are {', '.join(names())}")


def handle(codec: Codec) -> Any:
    """The class of a provider's own handle: that of the first of its codec's bases that has one.

    Raises:
        ConfigError: None has.
    """
    for kind in type(codec).__mro__:
        path = kind.__module__.replace(f"{providers.__name__}.", "ipfs_accel_async.native.")
        try:
            return import_module(path).handle if path != kind.__module__ else kind.__dict__["handle"]
        except ModuleNotFoundError as error:
            if error.name != path:
                raise
        except KeyError:
            continue
    raise ConfigError(f"{codec.name} has no handle of its own: use client.request", provider=codec.name)


def split(model: str) -> tuple[str, str]:
    """Provider and model of ``"provider:model"``; the model may have colons of its own.

    Raises:
        InvalidRequestError: It is not of that form.
    """
    if not isinstance(model, str):
        raise InvalidRequestError(f"model is a string 'provider:model', not {type(model).__name__}")
    return _split(model)


@lru_cache(1_024)
def _split(model: str) -> tuple[str, str]:
    provider, colon, name = model.partition(":")
    if not colon or not provider.strip() or not name.strip():
        raise InvalidRequestError(
            f"model {model[:60]!r} names no provider: write 'provider:model', as 'openai:gpt-4.1'"
        )
    if not name.isprintable():
        raise InvalidRequestError("the model name has a control character in it")
    return provider.strip(), name.strip()
