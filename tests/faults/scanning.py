"""Looks for the key wherever a scenario might let it out: errors, their chains and frames, logs, and what is shown."""

from __future__ import annotations

import logging
import pickle
from typing import TYPE_CHECKING, Self

from ipfs_accel_async.errors import AccelError
from tests.canary import leaks, shows

if TYPE_CHECKING:
    from types import TracebackType

    from ipfs_accel_async import Client

LOGGERS = ("", "asyncio", "httpx", "httpcore", "aiohttp.client", "aiohttp.internal", "botocore", "ipfs_accel_async")
MOST = 30
"""Errors of one scenario that are looked at: a storm has thousands that are alike."""


class Scanner(logging.Handler):
    """Open while a scenario runs.

    Args:
        frames: Whether to look into the frames of errors. Those that read an answer hold it, and a server may echo.

    Attributes:
        found: Where the key was seen.
    """

    def __init__(self, *, frames: bool) -> None:
        super().__init__(logging.DEBUG)
        self.found: list[str] = []
        self._frames = frames
        self._errors: list[AccelError] = []
        self._levels: dict[str, int] = {}
        self._looked = 0

    def __enter__(self) -> Self:
        for name in LOGGERS:
            logger = logging.getLogger(name)
            self._levels[name] = logger.level
            logger.setLevel(logging.DEBUG)
        logging.getLogger().addHandler(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        logging.getLogger().removeHandler(self)
        for name, level in self._levels.items():
            logging.getLogger(name).setLevel(level)

    def emit(self, record: logging.LogRecord) -> None:
        """A line that is logged."""
        if shows(f"{record.getMessage()}{vars(record)}"):
            self.found.append(f"the log of {record.name}")

    def look(self, error: BaseException) -> None:
        """An error that a call ended with, as its caller gets it."""
        self._looked += 1
        if self._looked <= MOST:
            self.found += leaks(error, frames=self._frames)
            if isinstance(error, AccelError):
                self._errors.append(error)

    def end(self, client: Client) -> None:
        """What the client shows of itself, and of its errors, once all is over."""
        sinks = {
            "repr": repr(client),
            "report": client.report().to_json(),
            "statistics": repr(client.statistics()),
            "explain": "".join(str(client.explain(error)) for error in self._errors if error.trace is not None),
            "pickle": "".join(repr(vars(pickle.loads(pickle.dumps(error)))) for error in self._errors[:3]),
        }
        self.found += [sink for sink, text in sinks.items() if shows(text)]
