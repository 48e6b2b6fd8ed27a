"""Calls of files, uploads, batches, containers and fine-tuning."""

from __future__ import annotations

from tests.native.openai.case import FORM, Case

EXPIRES = {"anchor": "created_at", "seconds": 3600}
JSONL = ("train.jsonl", b"{}\n")
THEIR_JSONL = ("train.jsonl", b"{}\n", "application/octet-stream")

FILE_CALLS = [
    Case(
        "files.create",
        lambda ai: ai.files.create(JSONL, "fine-tune", media_type="application/octet-stream", expires_after=EXPIRES),
        lambda sdk: sdk.files.create(file=THEIR_JSONL, purpose="fine-tune", expires_after=EXPIRES),
        "POST",
        "/files",
        FORM,
    ),
    Case(
        "files.list",
        lambda ai: ai.files.list(purpose="batch", limit=5, order="asc", after="f0"),
        lambda sdk: sdk.files.list(purpose="batch", limit=5, order="asc", after="f0"),
        "GET",
        "/files?purpose=batch&limit=5&order=asc&after=f0",
    ),
    Case("files.get", lambda ai: ai.files.get("f1"), lambda sdk: sdk.files.retrieve("f1"), "GET", "/files/f1"),
    Case("files.delete", lambda ai: ai.files.delete("f1"), lambda sdk: sdk.files.delete("f1"), "DELETE", "/files/f1"),
    Case(
        "files.content",
        lambda ai: ai.files.content("f1"),
        lambda sdk: sdk.files.content("f1"),
        "GET",
        "/files/f1/content",
    ),
    Case(
        "uploads.create",
        lambda ai: ai.uploads.create(filename="a.txt", purpose="batch", size=3, media_type="text/plain"),
        lambda sdk: sdk.uploads.create(filename="a.txt", purpose="batch", bytes=3, mime_type="text/plain"),
        "POST",
        "/uploads",
        {"filename": "a.txt", "purpose": "batch", "bytes": 3, "mime_type": "text/plain"},
    ),
    Case(
        "uploads.parts.create",
        lambda ai: ai.uploads.parts.create("u1", b"abc"),
        lambda sdk: sdk.uploads.parts.create("u1", data=("part", b"abc", "application/octet-stream")),
        "POST",
        "/uploads/u1/parts",
        FORM,
    ),
    Case(
        "uploads.complete",
        lambda ai: ai.uploads.complete("u1", ["p1", "p2"], md5="abc"),
        lambda sdk: sdk.uploads.complete("u1", part_ids=["p1", "p2"], md5="abc"),
        "POST",
        "/uploads/u1/complete",
        {"part_ids": ["p1", "p2"], "md5": "abc"},
    ),
    Case(
        "uploads.cancel",
        lambda ai: ai.uploads.cancel("u1"),
        lambda sdk: sdk.uploads.cancel("u1"),
        "POST",
        "/uploads/u1/cancel",
    ),
    Case(
        "batches.create",
        lambda ai: ai.batches.create("f1", metadata={"a": "b"}, output_expires_after=EXPIRES),
        lambda sdk: sdk.batches.create(
            input_file_id="f1",
            endpoint="/v1/chat/completions",
            completion_window="24h",
            metadata={"a": "b"},
            output_expires_after=EXPIRES,
        ),
        "POST",
        "/batches",
        {
            "input_file_id": "f1",
            "endpoint": "/v1/chat/completions",
            "completion_window": "24h",
            "metadata": {"a": "b"},
            "output_expires_after": EXPIRES,
        },
    ),
    Case(
        "batches.list",
        lambda ai: ai.batches.list(limit=2, after="b0"),
        lambda sdk: sdk.batches.list(limit=2, after="b0"),
        "GET",
        "/batches?limit=2&after=b0",
    ),
    Case("batches.get", lambda ai: ai.batches.get("b1"), lambda sdk: sdk.batches.retrieve("b1"), "GET", "/batches/b1"),
    Case(
        "batches.cancel",
        lambda ai: ai.batches.cancel("b1"),
        lambda sdk: sdk.batches.cancel("b1"),
        "POST",
        "/batches/b1/cancel",
    ),
    Case(
        "containers.create",
        lambda ai: ai.containers.create("box", file_ids=["f1"]),
        lambda sdk: sdk.containers.create(name="box", file_ids=["f1"]),
        "POST",
        "/containers",
        {"name": "box", "file_ids": ["f1"]},
    ),
    Case(
        "containers.list",
        lambda ai: ai.containers.list(name="box"),
        lambda sdk: sdk.containers.list(name="box"),
        "GET",
        "/containers?name=box",
    ),
    Case(
        "containers.get",
        lambda ai: ai.containers.get("c1"),
        lambda sdk: sdk.containers.retrieve("c1"),
        "GET",
        "/containers/c1",
    ),
    Case(
        "containers.delete",
        lambda ai: ai.containers.delete("c1"),
        lambda sdk: sdk.containers.delete("c1"),
        "DELETE",
        "/containers/c1",
    ),
    Case(
        "containers.files.create",
        lambda ai: ai.containers.files.create("c1", ("a.txt", b"abc")),
        lambda sdk: sdk.containers.files.create("c1", file=("a.txt", b"abc", "text/plain")),
        "POST",
        "/containers/c1/files",
        FORM,
    ),
    Case(
        "containers.files.list",
        lambda ai: ai.containers.files.list("c1", order="asc"),
        lambda sdk: sdk.containers.files.list("c1", order="asc"),
        "GET",
        "/containers/c1/files?order=asc",
    ),
    Case(
        "containers.files.get",
        lambda ai: ai.containers.files.get("c1", "f1"),
        lambda sdk: sdk.containers.files.retrieve("f1", container_id="c1"),
        "GET",
        "/containers/c1/files/f1",
    ),
    Case(
        "containers.files.delete",
        lambda ai: ai.containers.files.delete("c1", "f1"),
        lambda sdk: sdk.containers.files.delete("f1", container_id="c1"),
        "DELETE",
        "/containers/c1/files/f1",
    ),
    Case(
        "containers.files.content",
        lambda ai: ai.containers.files.content("c1", "f1"),
        lambda sdk: sdk.containers.files.content.retrieve("f1", container_id="c1"),
        "GET",
        "/containers/c1/files/f1/content",
    ),
]

TRAINING_CALLS = [
    Case(
        "fine_tuning.jobs.create",
        lambda ai: ai.fine_tuning.jobs.create("m", "f1", "f2", method={"type": "dpo"}, suffix="me", seed=7),
        lambda sdk: sdk.fine_tuning.jobs.create(
            model="m", training_file="f1", validation_file="f2", method={"type": "dpo"}, suffix="me", seed=7
        ),
        "POST",
        "/fine_tuning/jobs",
        {
            "model": "m",
            "training_file": "f1",
            "validation_file": "f2",
            "method": {"type": "dpo"},
            "suffix": "me",
            "seed": 7,
        },
    ),
    Case(
        "fine_tuning.jobs.list",
        lambda ai: ai.fine_tuning.jobs.list(limit=2, metadata={"a": "b"}),
        lambda sdk: sdk.fine_tuning.jobs.list(limit=2, metadata={"a": "b"}),
        "GET",
        "/fine_tuning/jobs?limit=2&metadata%5Ba%5D=b",
    ),
    Case(
        "fine_tuning.jobs.get",
        lambda ai: ai.fine_tuning.jobs.get("j1"),
        lambda sdk: sdk.fine_tuning.jobs.retrieve("j1"),
        "GET",
        "/fine_tuning/jobs/j1",
    ),
    Case(
        "fine_tuning.jobs.cancel",
        lambda ai: ai.fine_tuning.jobs.cancel("j1"),
        lambda sdk: sdk.fine_tuning.jobs.cancel("j1"),
        "POST",
        "/fine_tuning/jobs/j1/cancel",
    ),
    Case(
        "fine_tuning.jobs.pause",
        lambda ai: ai.fine_tuning.jobs.pause("j1"),
        lambda sdk: sdk.fine_tuning.jobs.pause("j1"),
        "POST",
        "/fine_tuning/jobs/j1/pause",
    ),
    Case(
        "fine_tuning.jobs.resume",
        lambda ai: ai.fine_tuning.jobs.resume("j1"),
        lambda sdk: sdk.fine_tuning.jobs.resume("j1"),
        "POST",
        "/fine_tuning/jobs/j1/resume",
    ),
    Case(
        "fine_tuning.jobs.events",
        lambda ai: ai.fine_tuning.jobs.events("j1", limit=2),
        lambda sdk: sdk.fine_tuning.jobs.list_events("j1", limit=2),
        "GET",
        "/fine_tuning/jobs/j1/events?limit=2",
    ),
    Case(
        "fine_tuning.jobs.checkpoints",
        lambda ai: ai.fine_tuning.jobs.checkpoints("j1", after="k0"),
        lambda sdk: sdk.fine_tuning.jobs.checkpoints.list("j1", after="k0"),
        "GET",
        "/fine_tuning/jobs/j1/checkpoints?after=k0",
    ),
]
