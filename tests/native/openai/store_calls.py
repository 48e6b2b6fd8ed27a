"""Calls of vector stores and videos."""

from __future__ import annotations

from tests.native.openai.case import FORM, Case

DAYS = {"anchor": "last_active_at", "days": 7}
EQUAL = {"type": "eq", "key": "lang", "value": "en"}

STORE_CALLS = [
    Case(
        "vector_stores.create",
        lambda ai: ai.vector_stores.create("docs", file_ids=["f1"], expires_after=DAYS, description="d"),
        lambda sdk: sdk.vector_stores.create(name="docs", file_ids=["f1"], expires_after=DAYS, description="d"),
        "POST",
        "/vector_stores",
        {"name": "docs", "file_ids": ["f1"], "expires_after": DAYS, "description": "d"},
    ),
    Case(
        "vector_stores.list",
        lambda ai: ai.vector_stores.list(before="s9"),
        lambda sdk: sdk.vector_stores.list(before="s9"),
        "GET",
        "/vector_stores?before=s9",
    ),
    Case(
        "vector_stores.get",
        lambda ai: ai.vector_stores.get("s1"),
        lambda sdk: sdk.vector_stores.retrieve("s1"),
        "GET",
        "/vector_stores/s1",
    ),
    Case(
        "vector_stores.update",
        lambda ai: ai.vector_stores.update("s1", name="new", metadata={"a": "b"}),
        lambda sdk: sdk.vector_stores.update("s1", name="new", metadata={"a": "b"}),
        "POST",
        "/vector_stores/s1",
        {"name": "new", "metadata": {"a": "b"}},
    ),
    Case(
        "vector_stores.delete",
        lambda ai: ai.vector_stores.delete("s1"),
        lambda sdk: sdk.vector_stores.delete("s1"),
        "DELETE",
        "/vector_stores/s1",
    ),
    Case(
        "vector_stores.search",
        lambda ai: ai.vector_stores.search("s1", "cats", filters=EQUAL, max_num_results=3, rewrite_query=True),
        lambda sdk: sdk.vector_stores.search("s1", query="cats", filters=EQUAL, max_num_results=3, rewrite_query=True),
        "POST",
        "/vector_stores/s1/search",
        {"query": "cats", "filters": EQUAL, "max_num_results": 3, "rewrite_query": True},
    ),
    Case(
        "vector_stores.files.create",
        lambda ai: ai.vector_stores.files.create("s1", "f1", attributes={"lang": "en"}),
        lambda sdk: sdk.vector_stores.files.create("s1", file_id="f1", attributes={"lang": "en"}),
        "POST",
        "/vector_stores/s1/files",
        {"file_id": "f1", "attributes": {"lang": "en"}},
    ),
    Case(
        "vector_stores.files.list",
        lambda ai: ai.vector_stores.files.list("s1", filter="failed"),
        lambda sdk: sdk.vector_stores.files.list("s1", filter="failed"),
        "GET",
        "/vector_stores/s1/files?filter=failed",
    ),
    Case(
        "vector_stores.files.get",
        lambda ai: ai.vector_stores.files.get("s1", "f1"),
        lambda sdk: sdk.vector_stores.files.retrieve("f1", vector_store_id="s1"),
        "GET",
        "/vector_stores/s1/files/f1",
    ),
    Case(
        "vector_stores.files.update",
        lambda ai: ai.vector_stores.files.update("s1", "f1", attributes={"n": 2}),
        lambda sdk: sdk.vector_stores.files.update("f1", vector_store_id="s1", attributes={"n": 2}),
        "POST",
        "/vector_stores/s1/files/f1",
        {"attributes": {"n": 2}},
    ),
    Case(
        "vector_stores.files.delete",
        lambda ai: ai.vector_stores.files.delete("s1", "f1"),
        lambda sdk: sdk.vector_stores.files.delete("f1", vector_store_id="s1"),
        "DELETE",
        "/vector_stores/s1/files/f1",
    ),
    Case(
        "vector_stores.files.content",
        lambda ai: ai.vector_stores.files.content("s1", "f1"),
        lambda sdk: sdk.vector_stores.files.content("f1", vector_store_id="s1"),
        "GET",
        "/vector_stores/s1/files/f1/content",
    ),
    Case(
        "vector_stores.file_batches.create",
        lambda ai: ai.vector_stores.file_batches.create("s1", ["f1", "f2"]),
        lambda sdk: sdk.vector_stores.file_batches.create("s1", file_ids=["f1", "f2"]),
        "POST",
        "/vector_stores/s1/file_batches",
        {"file_ids": ["f1", "f2"]},
    ),
    Case(
        "vector_stores.file_batches.get",
        lambda ai: ai.vector_stores.file_batches.get("s1", "b1"),
        lambda sdk: sdk.vector_stores.file_batches.retrieve("b1", vector_store_id="s1"),
        "GET",
        "/vector_stores/s1/file_batches/b1",
    ),
    Case(
        "vector_stores.file_batches.cancel",
        lambda ai: ai.vector_stores.file_batches.cancel("s1", "b1"),
        lambda sdk: sdk.vector_stores.file_batches.cancel("b1", vector_store_id="s1"),
        "POST",
        "/vector_stores/s1/file_batches/b1/cancel",
    ),
    Case(
        "vector_stores.file_batches.files",
        lambda ai: ai.vector_stores.file_batches.files("s1", "b1", filter="completed"),
        lambda sdk: sdk.vector_stores.file_batches.list_files("b1", vector_store_id="s1", filter="completed"),
        "GET",
        "/vector_stores/s1/file_batches/b1/files?filter=completed",
    ),
]

VIDEO_CALLS = [
    Case(
        "videos.create",
        lambda ai: ai.videos.create("A cat", model="m", seconds=4, size="1280x720"),
        lambda sdk: sdk.videos.create(prompt="A cat", model="m", seconds="4", size="1280x720"),
        "POST",
        "/videos",
        FORM,
    ),
    Case(
        "videos.create",
        lambda ai: ai.videos.create("A cat", input_reference=("cat.png", b"PNG")),
        lambda sdk: sdk.videos.create(prompt="A cat", input_reference=("cat.png", b"PNG", "image/png")),
        "POST",
        "/videos",
        FORM,
    ),
    Case(
        "videos.list",
        lambda ai: ai.videos.list(limit=2),
        lambda sdk: sdk.videos.list(limit=2),
        "GET",
        "/videos?limit=2",
    ),
    Case("videos.get", lambda ai: ai.videos.get("v1"), lambda sdk: sdk.videos.retrieve("v1"), "GET", "/videos/v1"),
    Case(
        "videos.delete", lambda ai: ai.videos.delete("v1"), lambda sdk: sdk.videos.delete("v1"), "DELETE", "/videos/v1"
    ),
    Case(
        "videos.content",
        lambda ai: ai.videos.content("v1", variant="thumbnail"),
        lambda sdk: sdk.videos.download_content("v1", variant="thumbnail"),
        "GET",
        "/videos/v1/content?variant=thumbnail",
    ),
    Case(
        "videos.remix",
        lambda ai: ai.videos.remix("v1", "A dog"),
        lambda sdk: sdk.videos.remix("v1", prompt="A dog"),
        "POST",
        "/videos/v1/remix",
        {"prompt": "A dog"},
    ),
]
