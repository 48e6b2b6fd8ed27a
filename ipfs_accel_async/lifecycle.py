"""How a client lives and ends, and what it tells of itself meanwhile."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from types import TracebackType

    from ipfs_accel_async.answers import Answer
    from ipfs_accel_async.engine import Engine
    from ipfs_accel_async.errors import AccelError
    from ipfs_accel_async.explain import Explanation
    from ipfs_accel_async.flow import Flow
    from ipfs_accel_async.metrics.report import Report
    from ipfs_accel_async.options import CacheMode


class Lifecycle:
    """Mixed into :class:`Client`."""

    _engine: Engine

    def with_options(
        self,
        *,
        cache: CacheMode | None = None,
        max_age: float | None = None,
        batch: bool | None = None,
        key: str | None = None,
        max_retries: int | None = None,
        reroute_refusals: bool | None = None,
        priority: int | str | None = None,
        timeout: float | None = None,
        tags: Mapping[str, str] | None = None,
        fallbacks: Iterable[str] | None = None,
    ) -> Self:
        """The same client with other defaults: ``await ai.with_options(cache="off").chat(...)``.

        Queue, connections, breakers and metrics are shared, and closing either closes both. What is left out stays as
        it is; a call's own arguments win, and its tags are added to these.

        Args:
            cache: Mode of the caches: ``on``, ``off``, ``read-only`` or ``write-only``.
            max_age: Oldest cached answer to accept, in seconds.
            batch: Whether calls may be put together with others.
            key: Alias of the one key to use.
            max_retries: How often to send a call again: 0 where whoever asked for it tries again by itself.
            reroute_refusals: Whether fallbacks may be asked what a service refused for its content.
            priority: Of calls that are of NORMAL priority.
            timeout: Seconds of a call for everything.
            tags: Labels of your own.
            fallbacks: Models to ask in turn when a call's own fails.

        Raises:
            InvalidRequestError: A value is none that a call could have.
        """
        from ipfs_accel_async.wishes import defaults, options

        engine = self._engine
        view = copy.copy(self)
        view._engine = engine.with_options(  # noqa: SLF001 - a copy of this very object
            options(
                engine.options,
                cache=cache,
                max_age=max_age,
                batch=batch,
                key=key,
                max_retries=max_retries,
                reroute_refusals=reroute_refusals,
            ),
            defaults(engine.defaults, priority=priority, timeout=timeout, tags=tags, fallbacks=fallbacks),
        )
        return view

    def report(self) -> Report:
        """The metrics report, in sum and under ``providers`` for each; ``to_json()`` writes it."""
        return self._engine.report()

    def statistics(self) -> dict[str, Any]:
        """What is going on right now, as plain values: lanes with their waiters, breakers, keys, budgets.

        ``under_way`` is the number of calls and streams. ``lanes`` has for each endpoint its `waiting`, `active`,
        `free` permits, `service_seconds` (how long a permit is held on average; None while that is unsure), leases a
        key (`keys`), buckets of rate limits (`limits`), limits that were found (`adaptive`) and the `retry_budget`;
        ``breakers`` the state of each endpoint and model. No key is in it.
        """
        return self._engine.statistics()

    def explain(self, thing: Answer | Flow[Any] | AccelError) -> Explanation:
        """What happened to the call behind an answer, a stream or an error.

        Waiting, attempts with their class and delay, key number and endpoint, verdicts of breaker and retry budget,
        bytes, and what this package itself took. A dictionary of plain values; ``print`` shows it as text.

        Args:
            thing: What a call gave or raised.

        Raises:
            InvalidRequestError: It comes from no call.
        """
        from ipfs_accel_async.explain import explain  # most programs never ask

        return explain(thing)

    def drain_on(self, *signals: int, grace: float | None = None, then: Callable[[], object] | None = None) -> None:
        """Close the client when the process is told to end: ``ai.drain_on(signal.SIGTERM, grace=30)``.

        From the first of the signals on, calls that wait and new ones raise ClientClosedError; those under way, and
        streams, may end within `grace`. A second signal meanwhile cuts the grace short.

        Args:
            signals: Such as ``signal.SIGTERM``; in the main thread, on systems that have them.
            grace: As of :meth:`aclose`.
            then: Is called when the client is closed, ``stop.set`` of an event that the program waits for, say.

        Raises:
            ConfigError: The signals cannot be handled here.
        """
        from ipfs_accel_async.draining import Draining

        Draining(self.aclose, signals, grace, then)  # the loop's handlers hold it

    async def aclose(self, grace: float | None = None) -> None:
        """Close: no further calls, those that wait fail, those under way may end, then the connections are closed.

        Args:
            grace: Seconds that calls and streams under way have; then they raise ClientClosedError. Default: the
                setting `close_grace`. Idempotent; calls after it raise ClientClosedError.
        """
        await self._engine.aclose(grace)

    async def __aenter__(self) -> Self:
        self._engine.runtime()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose(None if kind is None else 0)  # whoever leaves by an error does not wait for others
