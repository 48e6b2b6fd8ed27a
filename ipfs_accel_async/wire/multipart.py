"""multipart/form-data (RFC 7578): fields and files to one body. Deterministic: the same form gives the same bytes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ipfs_accel_async.errors import InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Upload:
    """A file on its way to a service.

    Args:
        name: File name that the service sees; some tell the format by it.
        data: Its bytes.
        media_type: Of `data`.
    """

    name: str
    data: bytes = field(repr=False)
    media_type: str = "application/octet-stream"


def encode(form: Sequence[tuple[str, str | Upload]]) -> tuple[bytes, str]:
    """The body of a form, and its content type.

    Args:
        form: Name and value of each field, in order; names may repeat.

    Raises:
        InvalidRequestError: A text in it cannot be written.
    """
    try:
        return _encoded(form)
    except UnicodeEncodeError:
        fault = "a field of the form has half a surrogate pair in it"
    raise InvalidRequestError(fault)  # outside: the original holds the whole text


def _encoded(form: Sequence[tuple[str, str | Upload]]) -> tuple[bytes, str]:
    boundary = _boundary(form)
    pieces = []
    for name, value in form:
        head = f'--{boundary}\r\ncontent-disposition: form-data; name="{_quoted(name)}"'
        if isinstance(value, Upload):
            head += f'; filename="{_quoted(value.name)}"\r\ncontent-type: {_one_line(value.media_type)}'
            data = value.data
        else:
            data = value.encode()
        pieces += [head.encode(), b"\r\n\r\n", data, b"\r\n"]
    pieces.append(f"--{boundary}--\r\n".encode())
    return b"".join(pieces), f"multipart/form-data; boundary={boundary}"


def _boundary(form: Sequence[tuple[str, str | Upload]]) -> str:
    """From the contents themselves: a text that occurs in them by chance is as unlikely as a hash collision."""
    seen = hashlib.sha256()
    for name, value in form:
        data = value.data if isinstance(value, Upload) else value.encode()
        seen.update(f"{name}\0{len(data)}\0".encode())
        seen.update(data)
    return f"form-{seen.hexdigest()[:32]}"


def _quoted(text: str) -> str:
    """As browsers write it (WHATWG HTML, multipart/form-data): a quote or line break would end the header."""
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def _one_line(text: str) -> str:
    return text.replace("\r", " ").replace("\n", " ")
