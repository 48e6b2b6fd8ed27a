"""Documents and images as parts of a message, in the service's own shape (Claude API reference, document blocks)."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.errors import InvalidRequestError
from ipfs_accel_async.types import NativePart

if TYPE_CHECKING:
    from ipfs_accel_async.answers import NativeAnswer
    from ipfs_accel_async.wire.multipart import Upload

PDF = "application/pdf"


def uploaded(file: NativeAnswer, *, title: str = "", citations: bool = False) -> NativePart:
    """An uploaded file as a part: an image, or else a document."""
    source = {"type": "file", "file_id": file["id"]}
    if str(file.get("mime_type") or "").startswith("image/"):
        return NativePart({"type": "image", "source": source})
    return _document(source, title, citations=citations)


def inline(file: Upload, *, title: str = "", citations: bool = False) -> NativePart:
    """A PDF or a text as a part that has it inside.

    Raises:
        InvalidRequestError: It is neither, or no UTF-8.
    """
    title = title or file.name
    if file.media_type == PDF:
        data = b64encode(file.data).decode("ascii")
        return _document({"type": "base64", "media_type": PDF, "data": data}, title, citations=citations)
    if not file.media_type.startswith("text/"):
        fault = f"a document is a PDF or a text, not {file.media_type}: pass media_type=, or use Image for a picture"
        raise InvalidRequestError(fault)
    try:
        text = file.data.decode()
    except UnicodeDecodeError as error:
        raise InvalidRequestError(f"the document {file.name!r} is no UTF-8 text: {error.reason}") from None
    return _document({"type": "text", "media_type": "text/plain", "data": text}, title, citations=citations)


def _document(source: dict[str, str], title: str, *, citations: bool) -> NativePart:
    block: dict[str, Any] = {"type": "document", "source": source}
    if title:
        block["title"] = title
    if citations:
        block["citations"] = {"enabled": True}
    return NativePart(block)
