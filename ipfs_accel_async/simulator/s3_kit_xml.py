"""S3's XML: written as the service writes it, read no further than the twin needs."""

import re
from datetime import UTC, datetime
from html import unescape
from urllib.parse import quote
from xml.sax.saxutils import escape

from .twin import RejectError, Whole

MEDIA = "application/xml"
NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"


def element(name: str, *content: str) -> str:
    """Return an element of elements."""
    return f"<{name}>{''.join(content)}</{name}>"


def leaf(name: str, value: object) -> str:
    """Return an element of text."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"<{name}>{escape(text)}</{name}>"


def document(name: str, *content: str, status: int = 200) -> Whole:
    """Return an answer."""
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<{name} xmlns="{NAMESPACE}">{"".join(content)}</{name}>'
    return Whole(text.encode(), status, MEDIA)


def stamp(moment: float) -> str:
    """Return a time as it stands in XML."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def coded(key: str, encoding: str | None) -> str:
    """Return a key as a listing has it: quoted where the client asked for that."""
    return quote(key, safe="/") if encoding == "url" else key


def listed_keys(body: bytes) -> tuple[list[str], bool]:
    """Return the keys of a Delete document, and whether it wants to hear of errors only.

    Raises:
        RejectError: 400 MalformedXML.
    """
    text = _text(body, "Delete")
    keys = [unescape(key) for key in re.findall(r"<Key>(.*?)</Key>", text, re.DOTALL)]
    if not 1 <= len(keys) <= 1000:
        raise malformed()
    return keys, "<Quiet>true</Quiet>" in text


def listed_parts(body: bytes) -> list[tuple[int, str]]:
    """Return numbers and ETags of a CompleteMultipartUpload document.

    Raises:
        RejectError: 400 MalformedXML.
    """
    parts = []
    for part in re.findall(r"<Part>(.*?)</Part>", _text(body, "CompleteMultipartUpload"), re.DOTALL):
        number = re.search(r"<PartNumber>(\d+)</PartNumber>", part)
        etag = re.search(r"<ETag>(.*?)</ETag>", part)
        if number is None or etag is None:
            raise malformed()
        parts.append((int(number[1]), unescape(etag[1]).strip('"')))
    return parts


def malformed() -> RejectError:
    """Return the error for XML that is none."""
    message = "The XML you provided was not well-formed or did not validate against our published schema"
    return RejectError(400, message, code="MalformedXML")


def _text(body: bytes, root: str) -> str:
    text = body.decode("utf-8", "replace")
    if not re.search(rf"<{root}[\s>]", text) or not text.rstrip().endswith(f"</{root}>"):
        raise malformed()
    return text
