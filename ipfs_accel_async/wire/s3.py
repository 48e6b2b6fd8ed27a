"""A request to S3 as one of our values: boto's operation name as the method, its parameters in `params`.

Credentials travel in the header ``authorization`` and options in headers that begin with ``s3-``. Neither goes on the
wire: the library signs with the one and is set up by the other. Every other header is sent as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import quote, unquote

from ipfs_accel_async.errors import ConfigError

SCHEME = "S3"
REGION = "s3-region"
ADDRESSING = "s3-addressing"
SIGNATURE = "s3-signature"
CHECKSUMS = "s3-checksums"
PROFILE = "s3-profile"
CA_BUNDLE = "s3-ca-bundle"
LIMIT = "s3-limit"
OPTIONS = {
    REGION: None,
    ADDRESSING: ("auto", "path", "virtual"),
    SIGNATURE: ("s3v4", "s3", "unsigned"),
    CHECKSUMS: ("when_supported", "when_required"),
    PROFILE: None,
    CA_BUNDLE: None,
    LIMIT: ("none",),
}
"""Each option with the values it may have, the first one the default; None where any text will do."""

_FORM = "an S3 key is 'ACCESS:SECRET' or 'ACCESS:SECRET:SESSION'; where one of them has a colon in it, S3Key(...)"


class Credentials(NamedTuple):
    """What S3 signs requests with."""

    access: str
    secret: str
    session: str = ""

    def __repr__(self) -> str:
        return "Credentials(...)"


@dataclass(frozen=True, slots=True)
class FileSlice:
    """A part of a file as the body of a request: read in a thread when it is sent, and again when it is sent again.

    Args:
        path: Of the file.
        offset: Where the part begins.
        size: Its bytes.
    """

    path: str
    offset: int
    size: int


def joined(credentials: Credentials) -> str:
    """Credentials as the text of one key. A leading colon says that its parts are quoted.

    Raises:
        ConfigError: The access key or the secret is empty.
    """
    if not credentials.access or not credentials.secret:
        raise ConfigError(_FORM)
    parts = credentials if credentials.session else credentials[:2]
    text = ":".join(parts)
    if text.count(":") == len(parts) - 1:
        return text
    return ":" + ":".join(quote(part, safe="") for part in parts)


def split(key: str) -> Credentials:
    """The credentials in the text of a key.

    Raises:
        ConfigError: It is not of the form; the message does not show it.
    """
    quoted = key.startswith(":")
    parts = key[quoted:].split(":", 2)
    del key  # a traceback that captures locals would show it
    if len(parts) < 2 or not all(parts):
        del parts
        raise ConfigError(_FORM)
    return Credentials(*(map(unquote, parts) if quoted else parts))
