"""What callers wish for their calls, checked: arguments of ``Client.with_options`` over those of the view before."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, get_args

from ipfs_accel_async.arguments import as_priority, as_timeout
from ipfs_accel_async.errors import InvalidRequestError
from ipfs_accel_async.options import CacheMode, Defaults, Options

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def options(
    known: Options,
    *,
    cache: CacheMode | None,
    max_age: float | None,
    batch: bool | None,
    key: str | None,
    max_retries: int | None,
    reroute_refusals: bool | None,
) -> Options:
    """`known` with what is given over it.

    Raises:
        InvalidRequestError: A value is none of these.
    """
    if cache is not None and cache not in get_args(CacheMode):
        raise InvalidRequestError(f"cache is one of {', '.join(get_args(CacheMode))}, not {cache!r}")
    if key is not None and not isinstance(key, str):
        raise InvalidRequestError("key is the alias of a key, a string")
    if batch is not None and not isinstance(batch, bool):
        raise InvalidRequestError(f"batch is True or False, not {batch!r}")
    if reroute_refusals is not None and not isinstance(reroute_refusals, bool):
        raise InvalidRequestError(f"reroute_refusals is True or False, not {reroute_refusals!r}")
    if max_age is not None and not (isinstance(max_age, (int, float)) and max_age >= 0):
        raise InvalidRequestError(f"max_age is seconds from 0, not {max_age!r}")
    if max_retries is not None and (type(max_retries) is not int or not 0 <= max_retries <= 100):
        raise InvalidRequestError(f"max_retries is a whole number from 0 to 100, not {max_retries!r}")
    return replace(
        known,
        cache=known.cache if cache is None else cache,
        max_age=known.max_age if max_age is None else max_age,
        batch=known.batch if batch is None else batch,
        key=known.key if key is None else key,
        max_retries=known.max_retries if max_retries is None else max_retries,
        reroute_refusals=known.reroute_refusals if reroute_refusals is None else reroute_refusals,
    )


def defaults(
    known: Defaults,
    *,
    priority: int | str | None,
    timeout: float | None,
    tags: Mapping[str, str] | None,
    fallbacks: Iterable[str] | None,
) -> Defaults:
    """`known` with what is given over it.

    Raises:
        InvalidRequestError: A value is none that a call could have.
    """
    return replace(
        known,
        priority=known.priority if priority is None else as_priority(priority),
        timeout=known.timeout if timeout is None else as_timeout(timeout),
        tags=known.tags if tags is None else {**known.tags, **tags},
        fallbacks=known.fallbacks
        if fallbacks is None
        else ((fallbacks,) if isinstance(fallbacks, str) else tuple(fallbacks)),
    )
