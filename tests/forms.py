"""Forms compared by their parts: the text between them is every client's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipfs_accel_async.simulator.forms import parse_form

if TYPE_CHECKING:
    from ipfs_accel_async.wire.http import Request

Parts = dict[str, list[tuple[bytes, str, str]]]


def parts(content_type: str, body: bytes) -> Parts:
    """The parts of a form by name: data, file name and media type of each."""
    form = parse_form(content_type, body)
    return {name: [(part.data, part.filename, part.media) for part in found] for name, found in form.items()}


def sent(request: Request) -> Parts:
    """The parts of a form that we send."""
    headers = {name.decode(): value.decode() for name, value in request.headers}
    return parts(headers["content-type"], request.body)


def fields(found: Parts) -> dict[str, Any]:
    """Its fields alone, a list where a name repeats."""
    texts = {name: [data.decode() for data, filename, _ in values if not filename] for name, values in found.items()}
    return {name: values[0] if len(values) == 1 else values for name, values in texts.items() if values}
