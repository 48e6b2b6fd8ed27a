"""Errors of files to ours: whatever the system says of a path becomes one line with the path in it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from ipfs_accel_async.errors import AccelError, InvalidRequestError

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator


@contextmanager
def file_errors(path: str | os.PathLike[str], done: str = "read") -> Iterator[None]:
    """Raise what goes wrong with a file inside the block as a typed error.

    Args:
        path: What the block is about; a path in the error itself is shown instead.
        done: What the block does with it: ``read``, ``written``.

    Raises:
        InvalidRequestError: For an ``OSError`` of the system.
    """
    try:
        yield
    except AccelError:  # some are timeouts, which are OSErrors too
        raise
    except OSError as error:
        where = error.filename or path
        reason = error.strerror or type(error).__name__
        raise InvalidRequestError(f"{where} cannot be {done}: {reason}", provider="s3_kit") from None
    except ValueError as error:
        if "null" not in str(error):  # anything but a NUL in a path is somebody else's
            raise
        raise InvalidRequestError(f"{path!r} cannot be {done}: {error}", provider="s3_kit") from None
