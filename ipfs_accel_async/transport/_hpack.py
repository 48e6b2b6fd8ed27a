"""HTTP/2 under a client of the caller's: hpack writes every header into its debug log, and one of them is the key."""

from __future__ import annotations

import logging

LOGGERS = ("hpack.hpack", "hpack.table")
_OF_HEADERS = ("Adding", "Evicting", "Decoded %s")


class _Headerless(logging.Filter):
    """Drops the lines that have a header in them."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a line may be logged."""
        return not record.msg.startswith(_OF_HEADERS) if isinstance(record.msg, str) else False


_HEADERLESS = _Headerless()


def leave_headers_out() -> None:
    """See to it that headers stay out of hpack's log, for the whole process. Idempotent."""
    for name in LOGGERS:
        logging.getLogger(name).addFilter(_HEADERLESS)
