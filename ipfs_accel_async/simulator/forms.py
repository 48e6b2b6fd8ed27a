"""multipart/form-data as a server reads it (RFC 7578)."""

from dataclasses import dataclass
from email.parser import BytesHeaderParser

from .twin import RejectError


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a form: a field, or a file when it has a `filename`."""

    data: bytes
    filename: str = ""
    media: str = ""

    @property
    def text(self) -> str:
        """A field's value."""
        return self.data.decode("utf-8", "replace")


def parse_form(content_type: str, body: bytes) -> dict[str, list[Part]]:
    """Return the parts of a form by name.

    Args:
        content_type: The request's header of that name; it tells the boundary.
        body: The whole body.

    Raises:
        RejectError: 400, when it is no form.
    """
    kind, _, rest = content_type.partition(";")
    key, _, boundary = rest.strip().partition("=")
    if kind.strip().lower() != "multipart/form-data" or key.lower() != "boundary" or not boundary:
        raise RejectError(400, "The request must be multipart/form-data.")
    edge = b"--" + boundary.strip('"').encode()
    pieces = (b"\r\n" + body).split(b"\r\n" + edge)
    if len(pieces) < 2 or not pieces[-1].startswith(b"--"):
        raise RejectError(400, "The form has no end.")
    form: dict[str, list[Part]] = {}
    for piece in pieces[1:-1]:
        head, blank, data = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        if not blank:
            raise RejectError(400, "A part of the form has no headers.")
        headers = BytesHeaderParser().parsebytes(head)
        name = headers.get_param("name", header="content-disposition")
        filename = headers.get_param("filename", header="content-disposition")
        part = Part(data, str(filename or ""), headers.get_content_type() if filename else "")
        form.setdefault(str(name or ""), []).append(part)
    return form
