"""Gemini's handle: each method is one request of exactly this shape."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from ipfs_accel_async import Client, InvalidRequestError, MockTransport, user
from ipfs_accel_async.errors import PermissionDeniedError, ResponseValidationError

BASE = "https://generativelanguage.googleapis.com"
HELLO = [{"parts": [{"text": "hello"}], "role": "user"}]
REQUEST = {"model": "models/m", "contents": HELLO}


def client(body: Any = None, **options: Any) -> tuple[Client, MockTransport]:
    """A client whose service answers so."""
    mock = MockTransport(lambda _: MockTransport.reply({"name": "x/1", "embedding": {}} if body is None else body))
    return Client(transport=mock, keys={"gemini": "AIza-key"}, **options), mock


CALLS: list[tuple[Any, str, str, Any]] = [
    (lambda ai: ai.files.get("files/abc"), "GET", "/v1/files/abc", None),
    (lambda ai: ai.files.get("abc"), "GET", "/v1/files/abc", None),
    (lambda ai: ai.files.list(page_size=2, page_token="t/1"), "GET", "/v1/files?pageSize=2&pageToken=t%2F1", None),
    (lambda ai: ai.files.delete("files/abc"), "DELETE", "/v1/files/abc", None),
    (lambda ai: ai.files.download("files/abc"), "GET", "/download/v1/files/abc:download?alt=media", None),
    (
        lambda ai: ai.caches.create("m", "hello", ttl=300, display_name="rules", toolConfig={}),
        "POST",
        "/v1/cachedContents",
        {"model": "models/m", "contents": HELLO, "ttl": "300s", "displayName": "rules", "toolConfig": {}},
    ),
    (
        lambda ai: ai.caches.create("models/m", [{"role": "system", "content": "s"}, "hello"], expire_time="2030"),
        "POST",
        "/v1/cachedContents",
        {
            "model": "models/m",
            "contents": HELLO,
            "systemInstruction": {"parts": [{"text": "s"}], "role": "user"},
            "expireTime": "2030",
        },
    ),
    (lambda ai: ai.caches.get("cachedContents/7"), "GET", "/v1/cachedContents/7", None),
    (lambda ai: ai.caches.list(), "GET", "/v1/cachedContents", None),
    (lambda ai: ai.caches.update("7", ttl=0.5), "PATCH", "/v1/cachedContents/7", {"ttl": "0.5s"}),
    (lambda ai: ai.caches.delete("7"), "DELETE", "/v1/cachedContents/7", None),
    (
        lambda ai: ai.batches.create("m", {"first": "hello"}, display_name="night", temperature=0),
        "POST",
        "/v1/models/m:batchGenerateContent",
        {
            "batch": {
                "displayName": "night",
                "inputConfig": {
                    "requests": {
                        "requests": [
                            {
                                "request": {**REQUEST, "generationConfig": {"temperature": 0}},
                                "metadata": {"key": "first"},
                            }
                        ]
                    }
                },
            }
        },
    ),
    (
        lambda ai: ai.batches.create("models/m", file="lines"),
        "POST",
        "/v1/models/m:batchGenerateContent",
        {"batch": {"inputConfig": {"fileName": "files/lines"}}},
    ),
    (
        lambda ai: ai.batches.create_embeddings("m", ["hello"], taskType="CLUSTERING"),
        "POST",
        "/v1/models/m:asyncBatchEmbedContent",
        {
            "batch": {
                "inputConfig": {
                    "requests": {
                        "requests": [
                            {"request": {"model": "models/m", "content": HELLO[0], "taskType": "CLUSTERING"}},
                        ]
                    }
                }
            }
        },
    ),
    (lambda ai: ai.batches.get("batches/9"), "GET", "/v1/batches/9", None),
    (lambda ai: ai.batches.list(page_size=1), "GET", "/v1/batches?pageSize=1", None),
    (lambda ai: ai.batches.cancel("9"), "POST", "/v1/batches/9:cancel", None),
    (lambda ai: ai.batches.delete("9"), "DELETE", "/v1/batches/9", None),
    (lambda ai: ai.models.get("models/m"), "GET", "/v1/models/m", None),
    (lambda ai: ai.models.list(page_size=3), "GET", "/v1/models?pageSize=3", None),
    (
        lambda ai: ai.embed_content("m", "hello", task_type="CLUSTERING", output_dimensionality=8),
        "POST",
        "/v1/models/m:embedContent",
        {"content": HELLO[0], "taskType": "CLUSTERING", "outputDimensionality": 8},
    ),
]


@pytest.mark.parametrize(("call", "method", "path", "body"), CALLS)
async def test_a_method_is_one_request(call: Any, method: str, path: str, body: Any) -> None:
    """Method, URL and body are exact, the key is in its header."""
    ai, mock = client()
    async with ai:
        await call(ai.gemini)
    (request,) = mock.requests
    assert (request.method, request.url) == (method, BASE + path)
    assert (orjson.loads(request.body) if request.body else None) == body
    assert (b"x-goog-api-key", b"AIza-key") in request.headers


@pytest.mark.parametrize(
    ("base_url", "options", "files", "upload"),
    [
        ("http://h", {"api_version": "v1beta"}, "http://h/v1beta/files/a", "http://h/upload/v1beta/files"),
        ("http://h/v1alpha", {}, "http://h/v1alpha/files/a", "http://h/upload/v1alpha/files"),
        ("http://h/proxy", {}, "http://h/proxy/v1/files/a", "http://h/proxy/upload/v1/files"),
        ("http://h/p/v1beta/openai", {}, "http://h/p/v1beta/files/a", "http://h/p/upload/v1beta/files"),
    ],
)
async def test_the_version_has_its_place(base_url: str, options: Any, files: str, upload: str) -> None:
    """The base URL's, or the option's; uploads have another path with the same version."""
    mock = MockTransport(lambda _: MockTransport.reply({"name": "a"}, headers={"x-goog-upload-url": "/?upload_id=1"}))
    own = {"base_url": base_url, "options": options}
    async with Client(transport=mock, keys={"gemini": "k"}, providers={"gemini": own}) as ai:
        await ai.gemini.files.get("a")
        await ai.gemini.files.start(3, "text/plain")
    assert [request.url for request in mock.requests] == [files, upload]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda ai: ai.files.get(""), "file must be given"),
        (lambda ai: ai.files.get(".."), "file must be given"),
        (lambda ai: ai.files.get(7), "a string such as 'files/x'"),
        (lambda ai: ai.caches.update("7"), "pass ttl .seconds. or expire_time"),
        (lambda ai: ai.caches.update("7", ttl=1, expire_time="2030"), "not both"),
        (lambda ai: ai.caches.create("m", "x", ttl=0), "ttl is seconds above 0"),
        (lambda ai: ai.caches.create("m", "x", ttl=True), "ttl is seconds above 0"),
        (lambda ai: ai.batches.create("m"), "requests or a file"),
        (lambda ai: ai.batches.create("m", ["a"], file="f"), "requests or a file"),
        (lambda ai: ai.batches.create("m", "a text"), "pass a list of them"),
        (lambda ai: ai.batches.create("m", [""]), "empty"),
        (lambda ai: ai.embed_content("m", ["a", "b"]), "one user message"),
        (lambda ai: ai.files.upload("/nowhere/at/all"), "cannot be read"),
        (lambda ai: ai.files.upload(b"x", chunk_size=1000), "multiple of 262144"),
        (lambda ai: ai.files.wait("a", poll=0), "above 0"),
    ],
)
async def test_bad_input_is_refused_before_anything_is_sent(call: Any, words: str) -> None:
    """The error says what was expected."""
    ai, mock = client()
    async with ai:
        with pytest.raises(InvalidRequestError, match=words):
            await call(ai.gemini)
    assert not mock.requests


async def test_all_pages_are_walked() -> None:
    """Page by page, and an empty list has no field at all."""
    pages = iter([{"files": [{"name": "a"}, {"name": "b"}], "nextPageToken": "2"}, {"files": [{"name": "c"}]}, {}])
    mock = MockTransport(lambda _: MockTransport.reply(next(pages)))
    async with Client(transport=mock, keys={"gemini": "k"}) as ai:
        assert [file["name"] async for file in ai.gemini.files.iterate(page_size=2)] == ["a", "b", "c"]
        assert [file async for file in ai.gemini.files.iterate()] == []
    assert [request.url.partition("?")[2] for request in mock.requests] == ["pageSize=2", "pageSize=2&pageToken=2", ""]


@pytest.mark.parametrize(("part", "field"), [("caches", "cachedContents"), ("batches", "operations")])
async def test_a_page_of_another_shape_is_refused(part: str, field: str) -> None:
    """Not an empty list in silence."""
    ai, _ = client({field: {"name": "x"}})
    async with ai:
        with pytest.raises(ResponseValidationError, match="no list of objects"):
            [one async for one in getattr(ai.gemini, part).iterate()]


async def test_models_are_walked_on_vertex_too() -> None:
    """There the list has another name, and Google's models are in no project."""
    url = "http://h/v1/projects/p/locations/l"
    ai, mock = client({"publisherModels": [{"name": "publishers/google/models/g"}]}, base_urls={"gemini": url})
    async with ai:
        assert [one["name"] async for one in ai.gemini.models.iterate()] == ["publishers/google/models/g"]
    assert mock.requests[0].url == "http://h/v1/publishers/google/models"


async def test_a_cache_on_vertex_names_its_model_in_full() -> None:
    """With project, location and publisher."""
    ai, mock = client(base_urls={"gemini": "http://h/v1/projects/p/locations/l/publishers/google"})
    async with ai:
        await ai.gemini.caches.create("gemini-x", "hello")
    assert mock.requests[0].url == "http://h/v1/projects/p/locations/l/cachedContents"
    assert orjson.loads(mock.requests[0].body)["model"] == "projects/p/locations/l/publishers/google/models/gemini-x"


async def test_files_are_parts_of_messages() -> None:
    """By their address, or with all their bytes."""
    file = {"name": "files/a", "mimeType": "video/mp4", "uri": "https://g.test/v1beta/files/a"}
    reply = {"candidates": [{"content": {"parts": [{"text": "A hymn."}]}, "finishReason": "STOP"}]}
    ai, mock = client({**file, **reply})
    async with ai:
        known = ai.gemini.files.part(await ai.gemini.files.get("a"))
        inline = await ai.gemini.files.inline(("hymn.mp3", b"ID3"))
        await ai.chat("gemini:m", [user("What are they?", known, inline)])
    assert orjson.loads(mock.requests[1].body)["contents"][0]["parts"][1:] == [
        {"fileData": {"mimeType": "video/mp4", "fileUri": "https://g.test/v1beta/files/a"}},
        {"inlineData": {"mimeType": "audio/mpeg", "data": "SUQz"}},
    ]


async def test_a_missing_file_is_the_services_error() -> None:
    """It does not tell files of others from files that are not there."""
    error = {"error": {"code": 403, "message": "You do not have permission.", "status": "PERMISSION_DENIED"}}
    mock = MockTransport(lambda _: MockTransport.reply(error, status=403))
    async with Client(transport=mock, keys={"gemini": "k"}) as ai:
        with pytest.raises(PermissionDeniedError, match="You do not have permission"):
            await ai.gemini.files.get("abc")
    assert len(mock.requests) == 1
