"""Gemini's resumable uploads: chunks, cuts, and what cannot be resumed."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from ipfs_accel_async import Client, MockTransport
from ipfs_accel_async.errors import (
    BadRequestError,
    InterruptedCallError,
    OverloadedError,
    ProtocolError,
    ResponseValidationError,
)
from ipfs_accel_async.native.gemini._sending import GRANULARITY as SIZE
from ipfs_accel_async.native.gemini._sending import TRIES

DATA = bytes(range(256)) * (SIZE // 256) + b"the rest"
URL = "https://elsewhere.test/upload/v1beta/files?upload_id=up-1&upload_protocol=resumable"


class Service:
    """Keeps what it is sent; `script` says what goes wrong, one entry a chunk.

    Args:
        script: ``""`` for nothing, ``cut`` before and ``lost`` after the bytes were kept, a number for a status.
        start: Headers of the first answer, beside the URL.
    """

    def __init__(self, *script: str, start: dict[str, str] | None = None) -> None:
        self.script = list(script)
        self.start = start or {}
        self.kept = b""
        self.size = 0
        self.commands: list[tuple[str, str | None, int]] = []
        self.state = "active"

    def __call__(self, request: Any) -> Any:
        """Answer one step."""
        headers = {name.decode(): value.decode() for name, value in request.headers}
        command = headers["x-goog-upload-command"]
        self.commands.append((command, headers.get("x-goog-upload-offset"), len(request.body)))
        if command == "start":
            assert request.url == "http://h/upload/v1/files"
            self.size = int(headers["x-goog-upload-header-content-length"])
            self.meta = orjson.loads(request.body)["file"]
            return MockTransport.reply({}, headers={"x-goog-upload-url": URL, **self.start})
        assert request.url == "http://h/upload/v1/files?upload_id=up-1&upload_protocol=resumable"
        if command == "query":
            return self.step()
        trouble = self.script.pop(0) if self.script else ""
        if trouble == "cut":
            raise InterruptedCallError("the connection broke")
        if trouble.isdigit():
            return MockTransport.reply({"error": {"message": "Oh.", "code": int(trouble)}}, status=int(trouble))
        assert headers["x-goog-upload-offset"] == str(len(self.kept))
        self.kept += request.body
        if "finalize" in command and len(self.kept) == self.size:
            self.state = "final"
        if trouble == "lost":
            raise InterruptedCallError("the connection broke")
        return self.step()

    def step(self) -> Any:
        """Where the upload stands."""
        headers = {"x-goog-upload-status": self.state, "x-goog-upload-size-received": str(len(self.kept))}
        file = {"file": {"name": "files/made", "uri": "https://g.test/files/made", "state": "ACTIVE"}}
        return MockTransport.reply(file if self.state == "final" else None, headers=headers)


async def uploaded(service: Any, data: bytes = DATA, **options: Any) -> Any:
    """The file that becomes of an upload."""
    async with Client(
        transport=MockTransport(service), keys={"gemini": "k"}, base_urls={"gemini": "http://h"}, max_retries=1
    ) as ai:
        return await ai.gemini.files.upload(("tide.txt", data), chunk_size=SIZE, **options)


async def test_a_file_goes_in_chunks() -> None:
    """Start, chunks at their offsets, the end with the last; the answer is the file."""
    service = Service()
    file = await uploaded(service, name="made", display_name="Tide", custom=1)
    assert (file["name"], file["uri"]) == ("files/made", "https://g.test/files/made")
    assert service.kept == DATA
    assert service.commands == [
        ("start", None, service.commands[0][2]),
        ("upload", "0", SIZE),
        ("upload, finalize", str(SIZE), 8),
    ]
    assert service.meta == {
        "name": "files/made",
        "displayName": "Tide",
        "mimeType": "text/plain",
        "sizeBytes": str(len(DATA)),
        "custom": 1,
    }


@pytest.mark.parametrize("data", [b"", b"short", bytes(SIZE)])
async def test_small_files_are_one_chunk(data: bytes) -> None:
    """An empty one too, and one that fills its chunk."""
    service = Service()
    await uploaded(service, data)
    assert service.kept == data
    assert service.commands[1:] == [("upload, finalize", "0", len(data))]


@pytest.mark.parametrize(
    ("script", "offsets"),
    [
        (["cut"], ["0", None, "0", str(SIZE)]),
        (["lost"], ["0", None, str(SIZE)]),
        (["503"], ["0", None, "0", str(SIZE)]),
        (["", "cut", "cut"], ["0", str(SIZE), None, str(SIZE), None, str(SIZE)]),
    ],
)
async def test_a_cut_upload_goes_on_where_it_was(script: list[str], offsets: list[str | None]) -> None:
    """The service is asked how far it came; what it has is not sent again."""
    service = Service(*script)
    file = await uploaded(service)
    assert service.kept == DATA
    assert file["name"] == "files/made"
    assert [offset for _, offset, _ in service.commands[1:]] == offsets


async def test_an_end_that_was_kept_but_not_told_is_found() -> None:
    """The service says that the file is there when it is asked."""
    service = Service("", "lost")
    assert (await uploaded(service))["name"] == "files/made"
    assert service.commands[-1][0] == "query"


async def test_a_lost_end_without_the_file_is_looked_up_by_its_name() -> None:
    """Where the caller gave none, the error says where to look."""
    requests: list[str] = []

    def answer(request: Any) -> Any:
        if request.method == "GET":
            return MockTransport.reply({"name": "files/mine"})
        command = dict(request.headers)[b"x-goog-upload-command"].decode()
        requests.append(command)
        if command == "start":
            return MockTransport.reply({}, headers={"x-goog-upload-url": URL})
        if command == "query":
            return MockTransport.reply(None, headers={"x-goog-upload-status": "final"})
        raise InterruptedCallError("the connection broke")

    assert (await uploaded(answer, b"x", name="mine"))["name"] == "files/mine"
    with pytest.raises(ResponseValidationError, match=r"files\.list"):
        await uploaded(answer, b"x")
    assert requests == ["start", "upload, finalize", "query"] * 2


async def test_failures_in_a_row_are_an_end() -> None:
    """The last one is raised."""
    service = Service(*["503"] * 9)
    with pytest.raises(OverloadedError, match="Oh"):
        await uploaded(service)
    assert [command for command, _, _ in service.commands].count("upload") == TRIES


async def test_what_the_service_refuses_is_not_tried_again() -> None:
    """A 400 is a 400."""
    service = Service("400")
    with pytest.raises(BadRequestError, match="Oh"):
        await uploaded(service)
    assert len(service.commands) == 2


async def test_a_service_that_gives_up_is_believed() -> None:
    """A cancelled upload cannot go on."""
    service = Service("cut")
    service.state = "cancelled"
    with pytest.raises(ProtocolError, match="cancelled at byte 0 of"):
        await uploaded(service)


async def test_chunks_are_multiples_of_what_the_service_counts_in() -> None:
    """It may count in more than we do."""
    service = Service(start={"x-goog-upload-chunk-granularity": str(3 * SIZE)})
    await uploaded(service, bytes(4 * SIZE))
    assert [size for _, _, size in service.commands[1:]] == [3 * SIZE, SIZE]


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({}, "names no upload"),
        ({"x-goog-upload-url": "https://h/upload?x=1"}, "names no upload"),
        ({"x-goog-upload-url": URL, "x-goog-upload-chunk-granularity": "many"}, "granularity is no number"),
    ],
)
async def test_a_start_that_cannot_be_gone_on_from_is_refused(headers: dict[str, str], words: str) -> None:
    """The error says which header."""
    with pytest.raises(ResponseValidationError, match=words):
        await uploaded(lambda _: MockTransport.reply({}, headers=headers))


async def test_a_step_without_a_state_is_refused() -> None:
    """Whatever else it says."""

    def answer(request: Any) -> Any:
        return MockTransport.reply({}, headers={"x-goog-upload-url": URL})

    with pytest.raises(ResponseValidationError, match="x-goog-upload-status is missing"):
        await uploaded(answer)


async def test_a_service_that_has_all_and_does_not_end_is_an_error() -> None:
    """It would be asked for ever."""

    def answer(request: Any) -> Any:
        return MockTransport.reply({}, headers={"x-goog-upload-url": URL, "x-goog-upload-status": "active"})

    with pytest.raises(ProtocolError, match="active at byte 1 of 1"):
        await uploaded(answer, b"x")
