"""Ollama's handle: each method is one request of exactly this shape; progress is read to its end."""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from ipfs_accel_async import Client, InvalidRequestError, MockTransport
from ipfs_accel_async.errors import NotFoundError, ResponseValidationError, ServerError, StreamIncompleteError

if TYPE_CHECKING:
    from pathlib import Path

BASE = "http://127.0.0.1:11434"
DIGEST = f"sha256:{hashlib.sha256(b'gguf').hexdigest()}"
LAYER = {"status": "pulling abc", "digest": "sha256:abc", "total": 9, "completed": 9}
LINES = [{"status": "pulling manifest"}, LAYER, {"status": "success"}]


def lines(*values: Any) -> bytes:
    """A stream of them."""
    return b"".join(orjson.dumps(value) + b"\n" for value in values)


def client(body: bytes, status: int = 200, **options: Any) -> tuple[Client, MockTransport]:
    """A client whose service answers so."""
    headers = {"content-type": "application/x-ndjson"}
    mock = MockTransport(lambda _: MockTransport.reply(body=body, status=status, headers=headers), chunk_size=7)
    return Client(transport=mock, initial_retry_delay=0.0, max_retry_delay=0.0, **options), mock


ANY = lines({"models": [], "details": {}, "version": "1", "done": True})
CALLS: list[tuple[Any, bytes, str, str, Any]] = [
    (lambda ai: ai.tags(), ANY, "GET", "/api/tags", None),
    (lambda ai: ai.ps(), ANY, "GET", "/api/ps", None),
    (lambda ai: ai.version(), ANY, "GET", "/api/version", None),
    (lambda ai: ai.show("m", verbose=True), ANY, "POST", "/api/show", {"model": "m", "verbose": True}),
    (
        lambda ai: ai.load("m:1b", keep_alive="10m", options={"num_ctx": 64}),
        ANY,
        "POST",
        "/api/generate",
        {"model": "m:1b", "stream": False, "keep_alive": "10m", "options": {"num_ctx": 64}},
    ),
    (lambda ai: ai.load("m"), ANY, "POST", "/api/generate", {"model": "m", "stream": False}),
    (lambda ai: ai.unload("m"), ANY, "POST", "/api/generate", {"model": "m", "stream": False, "keep_alive": 0}),
    (lambda ai: ai.copy("a", "b"), b"", "POST", "/api/copy", {"source": "a", "destination": "b"}),
    (lambda ai: ai.delete("m"), b"", "DELETE", "/api/delete", {"model": "m"}),
    (lambda ai: ai.blobs.head(DIGEST.upper().replace("SHA", "sha")), b"", "HEAD", f"/api/blobs/{DIGEST}", None),
    (
        lambda ai: ai.pull("m", insecure=True),
        lines(*LINES),
        "POST",
        "/api/pull",
        {"model": "m", "insecure": True, "stream": True},
    ),
    (lambda ai: ai.push("me/m"), lines(*LINES), "POST", "/api/push", {"model": "me/m", "stream": True}),
    (
        lambda ai: ai.create(
            "mine",
            from_="m",
            system="s",
            template="t",
            parameters={"seed": 1},
            messages=iter([{"role": "user", "content": "x"}]),
            quantize="q4_K_M",
            license="MIT",
        ),
        lines(*LINES),
        "POST",
        "/api/create",
        {
            "model": "mine",
            "from": "m",
            "system": "s",
            "template": "t",
            "parameters": {"seed": 1},
            "messages": [{"role": "user", "content": "x"}],
            "quantize": "q4_K_M",
            "license": "MIT",
            "stream": True,
        },
    ),
    (
        lambda ai: ai.create("mine", files={"m.gguf": DIGEST}, adapters={"a.gguf": DIGEST}),
        lines(*LINES),
        "POST",
        "/api/create",
        {"model": "mine", "files": {"m.gguf": DIGEST}, "adapters": {"a.gguf": DIGEST}, "stream": True},
    ),
]


@pytest.mark.parametrize(("call", "answer", "method", "path", "body"), CALLS)
async def test_a_method_is_one_request(call: Any, answer: bytes, method: str, path: str, body: Any) -> None:
    """Method, URL and body are exact."""
    ai, mock = client(answer)
    async with ai:
        await call(ai.ollama)
    (request,) = mock.requests
    assert (request.method, request.url) == (method, BASE + path)
    assert (orjson.loads(request.body) if request.body else None) == body
    assert mock.open == 0


async def test_a_pull_is_read_to_its_end_or_as_it_comes() -> None:
    """The answer is the last line; the stream has them all."""
    ai, _ = client(lines(*LINES))
    async with ai:
        assert (await ai.ollama.pull("m"))["status"] == "success"
        async with ai.ollama.stream_pull("m") as stream:
            seen = [event.data async for event in stream]
        assert seen == LINES
        assert stream.last is not None
        assert stream.last.end


@pytest.mark.parametrize("name", ["pull", "push"])
async def test_progress_that_does_not_reach_success_is_incomplete(name: str) -> None:
    """A clean end is no end; nor is a layer that is whole."""
    ai, _ = client(lines(*LINES[:-1]))
    async with ai:
        with pytest.raises(StreamIncompleteError):
            await getattr(ai.ollama, name)("m")


@pytest.mark.parametrize(
    ("error", "kind", "sent"),
    [
        ("pull model manifest: file does not exist", NotFoundError, 1),
        ("max retries exceeded", ServerError, 1),
    ],
)
async def test_an_error_on_the_way_is_raised(error: str, kind: type[Exception], sent: int) -> None:
    """Typed, after the progress that came before it."""
    ai, mock = client(lines(LINES[0], {"error": error}))
    seen = []
    async with ai:
        with pytest.raises(kind, match=error):
            async with ai.ollama.stream_pull("m") as stream:
                async for event in stream:
                    seen.append(event.data["status"])
    assert seen == ["pulling manifest"]
    assert len(mock.requests) == sent


async def test_a_pull_that_fails_at_once_is_tried_again() -> None:
    """Nothing was seen of it, and it goes on where it was."""
    answers = iter([lines({"error": "EOF"}), lines(*LINES)])
    mock = MockTransport(lambda _: MockTransport.reply(body=next(answers)))
    async with Client(transport=mock, initial_retry_delay=0.0, max_retry_delay=0.0) as ai:
        assert (await ai.ollama.pull("m"))["status"] == "success"
    assert len(mock.requests) == 2


@pytest.mark.parametrize("there", [True, False])
async def test_a_blob_is_sent_unless_it_is_there(there: bool, tmp_path: Path) -> None:
    """Its name is its digest, however the bytes were given."""

    def answer(request: Any) -> Any:
        return MockTransport.reply(status=404 if request.method == "HEAD" and not there else 200)

    path = tmp_path / "m.gguf"
    path.write_bytes(b"gguf")
    for file in (b"gguf", path, str(path), io.BytesIO(b"gguf")):
        mock = MockTransport(answer)
        async with Client(transport=mock) as ai:
            assert await ai.ollama.blobs.create(file) == DIGEST
            assert await ai.ollama.blobs.head(DIGEST) is there
        sent = [(request.method, request.url, request.body) for request in mock.requests]
        url = f"{BASE}/api/blobs/{DIGEST}"
        assert sent == [("HEAD", url, b""), *([] if there else [("POST", url, b"gguf")]), ("HEAD", url, b"")]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda ai: ai.show(""), "model is empty"),
        (lambda ai: ai.pull(None), "model must be a string"),
        (lambda ai: ai.copy("a", ""), "destination is empty"),
        (lambda ai: ai.create("m"), "from_ another or of files"),
        (lambda ai: ai.blobs.head("sha256:abc"), "64 hexadecimal digits"),
        (lambda ai: ai.blobs.head("../" * 21 + "x"), "64 hexadecimal digits"),
        (lambda ai: ai.blobs.head(None), "64 hexadecimal digits"),
        (lambda ai: ai.blobs.create("/nowhere/at/all"), "cannot be read"),
    ],
)
async def test_bad_input_is_refused_before_anything_is_sent(call: Any, words: str) -> None:
    """The error says what was expected."""
    ai, mock = client(b"")
    async with ai:
        with pytest.raises(InvalidRequestError, match=words):
            await call(ai.ollama)
    assert not mock.requests


async def test_a_wrong_answer_is_refused() -> None:
    """A list without models is none."""
    ai, _ = client(b"{}")
    async with ai:
        with pytest.raises(ResponseValidationError, match="models"):
            await ai.ollama.tags()


@pytest.mark.parametrize("base", ["http://h:11434", "http://h:11434/api"])
async def test_both_forms_of_the_address_mean_one(base: str) -> None:
    """With and without the path that the routes have themselves."""
    ai, mock = client(ANY, base_urls={"ollama": base})
    async with ai:
        await ai.ollama.tags()
        await ai.ollama.with_options(base_url="http://other:1/api").tags()
    assert [request.url for request in mock.requests] == ["http://h:11434/api/tags", "http://other:1/api/tags"]
