"""Files as parts of Claude's messages: uploaded or inside."""

from __future__ import annotations

from base64 import b64decode
from typing import TYPE_CHECKING, Any

import pytest

from ipfs_accel_async import Client, InvalidRequestError, MockTransport, user
from ipfs_accel_async.native.claude import Files
from ipfs_accel_async.simulator import simulate

if TYPE_CHECKING:
    from pathlib import Path

CITED = {"enabled": True}


async def answered(**fields: Any) -> Any:
    """What the service says of an uploaded file."""
    transport = MockTransport(lambda _: MockTransport.reply({"id": "file_1", **fields}))
    async with Client(transport=transport, keys={"claude": "k"}) as ai:
        return await ai.claude.files.get("file_1")


@pytest.mark.parametrize(
    ("kind", "options", "block"),
    [
        ("application/pdf", {}, {"type": "document"}),
        ("text/plain", {"title": "T", "citations": True}, {"type": "document", "title": "T", "citations": CITED}),
        ("image/png", {"title": "T"}, {"type": "image"}),
        (None, {}, {"type": "document"}),
    ],
)
async def test_an_uploaded_file_is_referred_to(kind: str | None, options: Any, block: dict[str, Any]) -> None:
    """Pictures as images, all else as documents."""
    part = Files.part(await answered(mime_type=kind), **options)
    assert part.value == {**block, "source": {"type": "file", "file_id": "file_1"}}


async def test_a_pdf_goes_inside_as_base64(tmp_path: Path) -> None:
    """From a path or as bytes, under its own name or the one given."""
    path = tmp_path / "tides.pdf"
    path.write_bytes(b"%PDF-1.7")
    first, second = await Files.inline(path), await Files.inline(b"%PDF-1.7", title="Tides", citations=True)
    for part in (first, second):
        source = part.value["source"]
        assert (source["type"], source["media_type"], b64decode(source["data"])) == (
            "base64",
            "application/pdf",
            b"%PDF-1.7",
        )
    assert (first.value["title"], second.value["title"]) == ("tides.pdf", "Tides")
    assert ("citations" in first.value, second.value["citations"]) == (False, CITED)


async def test_a_text_goes_inside_as_text() -> None:
    """Any kind of text, as the one kind that the service takes."""
    part = await Files.inline(("notes.md", "Höchststand".encode()), media_type="text/markdown")
    assert part.value["source"] == {"type": "text", "media_type": "text/plain", "data": "Höchststand"}


@pytest.mark.parametrize(
    ("file", "options", "words"),
    [
        (("a.zip", b"PK"), {}, "PDF or a text"),
        (("a.txt", b"\xff\xfe"), {}, "no UTF-8"),
        ("/no/such/tides.pdf", {}, "cannot be read"),
    ],
)
async def test_what_is_no_document_is_refused(file: Any, options: Any, words: str) -> None:
    """One line that says what it is."""
    with pytest.raises(InvalidRequestError, match=words):
        await Files.inline(file, **options)


@pytest.mark.sockets
async def test_the_service_takes_both() -> None:
    """A document inside and one that was uploaded, both cited."""
    options = {"claude": {"options": {"beta": "files-api-2025-04-14"}}}
    async with (
        simulate("claude") as sim,
        Client(base_urls={"claude": sim.base_url}, keys={"claude": "k"}, providers=options) as ai,
    ):
        inside = await ai.claude.files.inline(("a.txt", b"High at noon."), citations=True)
        kept = await ai.claude.files.upload(("b.txt", b"Low at six."))
        reply = await ai.chat("claude:m", user(inside, ai.claude.files.part(kept, title="B", citations=True), "When?"))
        assert reply.verbatim is not None
        cited = [citation["cited_text"] for citation in reply.verbatim.blocks[-1]["citations"]]
        assert cited == ["High at noon.", "Low at six."]
