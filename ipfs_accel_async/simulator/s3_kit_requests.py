"""What the S3 twin reads in the headers of a request."""

import base64
import re
import zlib

from .twin import Ask, RejectError

_KEPT = ("content-type", "content-encoding", "cache-control", "content-disposition", "x-amz-storage-class")
_ASKED = {"x-amz-checksum-mode", "x-amz-checksum-algorithm"}


def kept_headers(ask: Ask) -> dict[str, str]:
    """Return the headers that stay with an object."""
    names = [name for name in ask.headers if name.startswith(("x-amz-meta-", "x-amz-checksum-")) or name in _KEPT]
    return {name: ask.headers[name] for name in names if name not in _ASKED}


def checked(ask: Ask) -> bytes:
    """Return the bytes that were sent.

    Raises:
        RejectError: 400 BadDigest, they do not fit their checksum.
    """
    crc = ask.headers.get("x-amz-checksum-crc32")
    if crc and base64.b64encode(zlib.crc32(ask.raw).to_bytes(4, "big")).decode() != crc:
        raise RejectError(400, "The CRC32 you specified did not match the calculated checksum.", code="BadDigest")
    return ask.raw


def span_of(header: str, size: int) -> range | None:
    """Return the bytes that a Range header asks for; None for all.

    Raises:
        RejectError: 416, it begins behind the end.
    """
    found = re.fullmatch(r"bytes=(\d*)-(\d*)", header)
    if found is None or found[0] == "bytes=-":
        return None
    if not found[1]:
        return range(max(0, size - int(found[2])), size)
    first, last = int(found[1]), int(found[2] or size - 1)
    if first >= size:
        raise RejectError(416, "The requested range is not satisfiable", code="InvalidRange")
    return range(first, min(last, size - 1) + 1)
